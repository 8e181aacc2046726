"""Meetings between mailboxes: invitations, updates, answers and cancellations, and what each does where it arrives.

Attendees of this organization get a meeting message into their Inbox, which the calendar attendant then turns into
an appointment, or an answer into the organizer's tracking; that changes both items a second time. All others get
iCalendar by mail (RFC 6047), in ``Exchange.outbox``. The attendant waits while ``Exchange.attendant.is_held``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from serversync.simulator.addresses import Address
from serversync.simulator.calendar.meeting import (
    MEETING,
    RequestType,
    attendee_copy,
    attendees,
    cancelled_copy,
    message,
    request,
    told,
    tracked,
)
from serversync.simulator.calendar.series import occurrence, series_of
from serversync.simulator.delivery import is_address
from serversync.simulator.kinds.attendee import Attendee
from serversync.simulator.kinds.forms import BodyText
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.meetingdelegates import hand_to_delegates
from serversync.simulator.response import EwsError
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.transport import Envelope, route

if TYPE_CHECKING:
    from serversync.simulator.exchange import Exchange


@dataclass(slots=True)
class Attendant:
    """The calendar attendant of a server.

    Attributes:
        is_held: While it is set, meeting messages wait in their Inboxes for ``Exchange.process_meetings``.
        waiting: Mailbox and item number of those that wait.
    """

    is_held: bool = False
    waiting: list[tuple[Mailbox, int]] = field(default_factory=list)


def owner(mailbox: Mailbox) -> Address:
    """Return whose mailbox it is."""
    return Address(mailbox.display_name, mailbox.primary_smtp_address)


def is_organizer(item: StoredItem) -> bool:
    """Whether an appointment is its mailbox's own."""
    given = item.properties or {}
    return given.get("calendar:MyResponseType", "Organizer") in {"Organizer", "Unknown"}


def find_meeting(mailbox: Mailbox, said: dict[str, Any]) -> StoredItem | None:
    """Return the appointment in the calendar of a mailbox that a message is about.

    One occurrence to which somebody was invited alone has the UID of its series; it is found by its own day alone.
    """
    uid, original = said.get("calendar:UID"), said.get("calendar:OriginalStart")
    if not uid:
        return None
    for number in reversed(mailbox.distinguished_folder("calendar").items):
        found = mailbox.item(number)
        given = found.properties or {}
        if given.get("calendar:UID") == uid and (
            original is None or given.get("calendar:OriginalStart") in (None, original)
        ):
            return found
    return None


def check_people(people: Iterable[Attendee]) -> None:
    """Refuse people who cannot be sent anything.

    Raises:
        EwsError: ``ErrorInvalidRecipients``.
    """
    if any(not is_address(one.person.address) for one in people):
        raise EwsError("ErrorInvalidRecipients")


def mark_as_meeting(item: StoredItem) -> None:
    """Note on an appointment that its invitations are sent."""
    given = item.properties or {}
    given |= {"calendar:MeetingRequestWasSent": True, "calendar:AppointmentState": MEETING}


def invite(
    exchange: "Exchange",
    mailbox: Mailbox,
    item: StoredItem,
    people: Iterable[Attendee],
    kind: RequestType,
    *,
    saves_copy: bool,
) -> None:
    """Send the request of a meeting to some people, its organizer excepted."""
    organizer = owner(mailbox)
    chosen = _others(mailbox, people)
    said = request(item, organizer, kind)
    _send(
        exchange,
        mailbox,
        item,
        chosen,
        "IPM.Schedule.Meeting.Request",
        said,
        saves_copy=saves_copy,
    )


def cancel(
    exchange: "Exchange",
    mailbox: Mailbox,
    item: StoredItem,
    people: Iterable[Attendee],
    *,
    saves_copy: bool,
    body: Any = None,
    goes_on: bool = False,
) -> None:
    """Tell some people that a meeting does not take place, or goes on without them.

    One that goes on keeps its number, so that whoever is invited again takes that for newer.
    """
    said = told(item)
    if not goes_on:
        said["calendar:AppointmentSequenceNumber"] = (said.get("calendar:AppointmentSequenceNumber") or 0) + 1
    said["item:Subject"] = f"Canceled: {said.get('item:Subject') or ''}"
    said |= {"calendar:Organizer": owner(mailbox), "calendar:IsOrganizer": False, "item:Importance": "High"}
    if body is not None:
        said["item:Body"] = body
    _send(
        exchange,
        mailbox,
        item,
        _others(mailbox, people),
        "IPM.Schedule.Meeting.Canceled",
        said,
        saves_copy=saves_copy,
    )


def _others(mailbox: Mailbox, people: Iterable[Attendee]) -> list[Attendee]:
    own = mailbox.addresses()
    chosen = {one.person.address.lower(): one for one in people if one.person.address.lower() not in own}
    check_people(chosen.values())
    return list(chosen.values())


def _send(
    exchange: "Exchange",
    mailbox: Mailbox,
    item: StoredItem,
    people: list[Attendee],
    item_class: str,
    said: dict[str, Any],
    *,
    saves_copy: bool,
) -> None:
    if not people:
        return
    now = exchange.now()
    message_id = exchange.new_message_id((said.get("item:Subject") or "").encode("utf-8", "replace"))
    made = message(item_class, owner(mailbox), people, said, now, message_id)
    made.exceptions = None if item.exceptions is None else dict(item.exceptions)
    carry(exchange, mailbox, made, [one.person for one in people], saves_copy=saves_copy)


def carry(
    exchange: "Exchange",
    mailbox: Mailbox,
    made: StoredItem,
    people: list[Address],
    *,
    saves_copy: bool,
) -> None:
    """Bring a meeting message to its recipients, and a copy into Sent Items.

    Args:
        exchange: The server.
        mailbox: Whose message it is.
        made: The message.
        people: Who gets it.
        saves_copy: Whether a copy is kept.
    """
    view = exchange.view(mailbox, made.copy(), Shape(exchange.version.schema))
    if saves_copy:
        kept = made.copy()
        kept.is_read = True
        mailbox.add(kept, mailbox.distinguished_folder("sentitems"))
    to = tuple(one.address for one in people)
    envelope = Envelope(
        mailbox.primary_smtp_address,
        to,
        view.mime or b"",
        put=lambda found: arrive(exchange, found, made.copy()),
    )
    route(exchange, envelope)


def arrive(exchange: "Exchange", mailbox: Mailbox, made: StoredItem) -> StoredItem:
    """Let a meeting message arrive; the attendant sees to it now or later, and delegates get copies of it."""
    mailbox.receive_item(made)
    return see_to(exchange, mailbox, made)


def see_to(exchange: "Exchange", mailbox: Mailbox, made: StoredItem) -> StoredItem:
    """Let the attendant process a meeting message that arrived, now or later; returns where it is then."""
    if exchange.attendant.is_held:
        exchange.attendant.waiting.append((mailbox, made.number))
    else:
        process(exchange, mailbox, made)
    return hand_to_delegates(exchange, mailbox, mailbox.item(made.number))


def process_waiting(exchange: "Exchange") -> int:
    """Let the attendant do what it was held back from; returns how many messages that were."""
    waiting, exchange.attendant.waiting = exchange.attendant.waiting, []
    done = 0
    for mailbox, number in waiting:
        found = mailbox.find_original(number)
        if found is not None:  # one that was deleted meanwhile is never processed
            process(exchange, mailbox, found)
            done += 1
    return done


def process(exchange: "Exchange", mailbox: Mailbox, made: StoredItem) -> None:
    """Do what a meeting message asks for: keep the appointment, note the answer, or mark it as cancelled."""
    item_class = (made.item_class or "").upper()
    said = _said(exchange, mailbox, made)
    if item_class.startswith("IPM.SCHEDULE.MEETING.RESP"):
        found = _track(exchange, mailbox, said, item_class)
    elif item_class.startswith("IPM.SCHEDULE.MEETING.CANCELED"):
        found = _mark_cancelled(mailbox, said)
    else:
        found = _keep(exchange, mailbox, made, said)
    _note(mailbox, made, found)


def _said(exchange: "Exchange", mailbox: Mailbox, made: StoredItem) -> dict[str, Any]:
    """Return what a meeting message says; of one that came by mail, subject and body are in its MIME."""
    said = dict(made.properties or {})
    if mailbox.mime(made) is None:
        return said
    view = exchange.view(mailbox, made, Shape(exchange.version.schema))
    kind, content = view.body("Best")
    return {
        "item:Subject": view.subject,
        "item:Body": BodyText(kind, content),
        "message:From": view.get("message:From"),
        **said,
    }


def _note(mailbox: Mailbox, made: StoredItem, found: StoredItem | None) -> None:
    """Write on a message that it was processed, and where its appointment is."""
    changed: dict[str, Any] = {"meeting:HasBeenProcessed": True}
    if found is not None:
        item_id, change_key = mailbox.item_id(found), mailbox.change_key(found)
        changed["meeting:AssociatedCalendarItemId"] = (
            f'<t:AssociatedCalendarItemId Id="{item_id}" ChangeKey="{change_key}"/>'
        )
    else:
        changed["meeting:IsOutOfDate"] = True
        if (made.properties or {}).get("meetingRequest:MeetingRequestType"):
            changed["meetingRequest:MeetingRequestType"] = "Outdated"
    mailbox.edit(made.number, properties=changed)


def sequence(properties: dict[str, Any]) -> int:
    """Return the sequence number of a meeting, which rises with each new time."""
    return int(properties.get("calendar:AppointmentSequenceNumber") or 0)


def _keep(
    exchange: "Exchange", mailbox: Mailbox, made: StoredItem, said: dict[str, Any]
) -> StoredItem | None:
    """Create or update the attendee's appointment; ``None`` for a request that is out of date."""
    found = find_meeting(mailbox, said)
    original: datetime | None = said.get("calendar:OriginalStart")
    if found is not None and original is not None and (series := series_of(found)) is not None:
        day = original.astimezone(series.zone).date()
        return _keep_occurrence(mailbox, found, day, said)
    if found is not None and is_organizer(found):
        return None
    if found is None:
        copy = StoredItem(
            0,
            0,
            None,
            exchange.now(),
            item_class="IPM.Appointment",
            is_read=True,
            properties=attendee_copy(said, None),
            exceptions=made.exceptions,
        )
        return mailbox.add(copy, mailbox.distinguished_folder("calendar"))
    if sequence(said) < sequence(found.properties or {}):
        return None
    _outdate(mailbox, made)
    again = found.copy()
    again.properties = attendee_copy(said, found.properties)
    again.exceptions = made.exceptions
    return mailbox.store(again)


def _keep_occurrence(
    mailbox: Mailbox, master: StoredItem, day: date, said: dict[str, Any]
) -> StoredItem | None:
    exceptions = dict(master.exceptions or {})
    if exceptions.get(day.toordinal(), master) is None:
        exceptions.pop(day.toordinal())
        master = master.copy()
        master.exceptions = exceptions
        mailbox.store(master)
    try:
        found = occurrence(master, day)
    except EwsError:
        return None
    found.properties = attendee_copy(said, found.properties)
    return mailbox.store(found)


def _outdate(mailbox: Mailbox, newest: StoredItem) -> None:
    """Mark earlier requests of the same meeting as out of date."""
    said = newest.properties or {}
    for number in tuple(mailbox.inbox.items):
        if number == newest.number:
            continue
        given = mailbox.item(number).properties or {}
        is_same = given.get("calendar:UID") == said.get("calendar:UID")
        is_request = given.get("meetingRequest:MeetingRequestType") not in {None, "Outdated"}
        if (
            is_same
            and is_request
            and given.get("calendar:OriginalStart") == said.get("calendar:OriginalStart")
        ):
            changed = {"meeting:IsOutOfDate": True, "meetingRequest:MeetingRequestType": "Outdated"}
            mailbox.edit(number, properties=changed)


def occurrence_of(master: StoredItem, said: dict[str, Any]) -> StoredItem:
    """Return the occurrence that a message is about, or the whole series."""
    original, series = said.get("calendar:OriginalStart"), series_of(master)
    if original is None or series is None:
        return master
    try:
        return occurrence(master, original.astimezone(series.zone).date())
    except EwsError:
        return master


def _mark_cancelled(mailbox: Mailbox, said: dict[str, Any]) -> StoredItem | None:
    found = find_meeting(mailbox, said)
    if found is None or is_organizer(found):
        return None
    again = occurrence_of(found, said).copy()
    again.properties = cancelled_copy(again.properties or {})
    again.properties["calendar:AppointmentSequenceNumber"] = sequence(said)
    return mailbox.store(again)


def _track(
    exchange: "Exchange", mailbox: Mailbox, said: dict[str, Any], item_class: str
) -> StoredItem | None:
    found = find_meeting(mailbox, said)
    author: Address | None = said.get("meeting:Author") or said.get("message:From")
    if found is None or author is None or not is_organizer(found):
        return None
    response = {"POS": "Accept", "TENT": "Tentative"}.get(item_class.rpartition(".")[2], "Decline")
    again = occurrence_of(found, said).copy()
    given = again.properties or {}
    if sequence(said) < sequence(given):
        return None
    start, end = said.get("meeting:ProposedStart"), said.get("meeting:ProposedEnd")
    proposed = (start, end) if start and end else None
    answering = exchange.find_mailbox(author.address)
    known = answering.addresses() if answering is not None else {author.address.lower()}
    for address in known:
        given |= tracked(given, address, response, said.get("item:DateTimeSent") or exchange.now(), proposed)
    again.properties = given
    return mailbox.store(again)


def everybody(item: StoredItem) -> tuple[Attendee, ...]:
    """Return who is invited to a meeting."""
    return attendees(item.properties or {})
