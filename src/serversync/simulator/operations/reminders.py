"""GetReminders and PerformReminderAction (2013 and later): what reminds of appointments and tasks, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from serversync.simulator.calendar.series import occurrences_between
from serversync.simulator.call import Call
from serversync.simulator.kinds.forms import read_time
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, single
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.xmltext import text, timestamp

M, T = f"{{{MESSAGES_NS}}}", f"{{{TYPES_NS}}}"
_LONGEST = timedelta(days=14)
"""How long before its time something can remind, as far as occurrences are looked for."""
_USUAL = timedelta(days=1)
_MOST = 200


@dataclass(frozen=True, slots=True)
class _Reminder:
    when: datetime
    item: StoredItem
    group: str
    start: datetime
    end: datetime


def get(call: Call) -> str:
    """Return the reminders of a span of time, the earliest first; of the day around now where none is given."""
    try:
        call.check()
        mailbox, now = call.own_mailbox, call.exchange.now()
        begins = _time(call, "BeginTime", now - _USUAL)
        ends = _time(call, "EndTime", now + _USUAL)
        kind = (call.request.findtext(f"{M}ReminderType") or "All").strip()
        found = [one for one in _reminders(mailbox, begins, ends) if begins <= one.when <= ends]
    except EwsError as error:
        return single("GetRemindersResponse", "<m:Reminders/>", error)
    if kind != "All":
        found = [one for one in found if (one.end < now) == (kind == "Old")]
    limit = (call.request.findtext(f"{M}MaxItems") or "").strip()
    count = min(int(limit), _MOST) if limit.isdigit() and int(limit) else _MOST
    chosen = sorted(found, key=lambda one: one.when)[:count]
    rows = "".join(_row(call, mailbox, one) for one in chosen)
    return single("GetRemindersResponse", f"<m:Reminders>{rows}</m:Reminders>")


def _time(call: Call, name: str, otherwise: datetime) -> datetime:
    given = (call.request.findtext(f"{M}{name}") or "").strip()
    return read_time(given) if given else otherwise


def _reminders(mailbox: Mailbox, begins: datetime, ends: datetime) -> Iterator[_Reminder]:
    calendar, tasks = (mailbox.find_distinguished_folder(name) for name in ("calendar", "tasks"))
    for number in () if calendar is None else calendar.items:
        item = mailbox.item(number)
        is_series = bool((item.properties or {}).get("calendar:Recurrence"))
        for one in occurrences_between(item, begins, ends + _LONGEST) if is_series else (item,):
            given = one.properties or {}
            start, end = given.get("calendar:Start"), given.get("calendar:End")
            if given.get("item:ReminderIsSet") and start is not None and end is not None:
                before = timedelta(minutes=given.get("item:ReminderMinutesBeforeStart") or 0)
                yield _Reminder(
                    given.get("item:ReminderNextTime") or start - before, one, "Calendar", start, end
                )
    for number in () if tasks is None else tasks.items:
        item = mailbox.item(number)
        given = item.properties or {}
        when = given.get("item:ReminderNextTime") or given.get("item:ReminderDueBy")
        if given.get("item:ReminderIsSet") and when is not None:
            yield _Reminder(when, item, "Task", when, when)


def _row(call: Call, mailbox: Mailbox, reminder: _Reminder) -> str:
    item = reminder.item
    view = call.exchange.view(mailbox, item, Shape(call.schema))
    place = view.get("calendar:Location")
    master = ""
    if item.occurrence:
        whole = mailbox.item(item.number)
        master = f'<t:RecurringMasterItemId Id="{mailbox.item_id(whole)}" ChangeKey="{mailbox.change_key(whole)}"/>'
    return (
        f"<t:Reminder><t:Subject>{text(view.subject)}</t:Subject>"
        + (f"<t:Location>{text(place)}</t:Location>" if place else "")
        + f"<t:ReminderTime>{timestamp(reminder.when)}</t:ReminderTime>"
        f"<t:StartDate>{timestamp(reminder.start)}</t:StartDate><t:EndDate>{timestamp(reminder.end)}</t:EndDate>"
        f'<t:ItemId Id="{mailbox.item_id(item)}" ChangeKey="{mailbox.change_key(item)}"/>{master}'
        f"<t:ReminderGroup>{reminder.group}</t:ReminderGroup><t:UID>{text(view.get('calendar:UID') or '')}</t:UID>"
        "</t:Reminder>"
    )


def perform(call: Call) -> str:
    """Dismiss reminders or let them come again later, and return the ids of the items that were changed.

    Raises:
        EwsError: an item is not there; an answer with no id at all is not valid, so that it becomes a fault.
    """
    call.check()
    actions = call.request.iterfind(f"{M}ReminderItemActions/{T}ReminderItemAction")
    changed = [_perform(call, action) for action in actions]
    return single("PerformReminderActionResponse", f"<m:UpdatedItemIds>{''.join(changed)}</m:UpdatedItemIds>")


def _perform(call: Call, action: etree._Element) -> str:
    wanted = action.find(f"{T}ItemId")
    if wanted is None:
        raise EwsError("ErrorInvalidIdEmpty")
    mailbox, stored = call.item_of(wanted, Right.EDIT)
    item = stored.copy()
    if (action.findtext(f"{T}ActionType") or "").strip() == "Dismiss":
        said: dict[str, object] = {"item:ReminderIsSet": False, "item:ReminderNextTime": None}
    else:
        said = {"item:ReminderNextTime": read_time((action.findtext(f"{T}NewReminderTime") or "").strip())}
    item.properties = {**(item.properties or {}), **said}
    kept = mailbox.store(item, modifier=call.modifier)
    return f'<t:ItemId Id="{mailbox.item_id(kept)}" ChangeKey="{mailbox.change_key(kept)}"/>'
