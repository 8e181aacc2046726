"""What happened to a mailbox, in one list: passes, alerts, people's acts and tests, latest first."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from serversync.administration import audit, privileges
from serversync.crm.models import AsyncOperationItem, Audit, Mailbox, MailboxStatistics, TraceLog
from serversync.crm.models.asyncoperation import ItemState
from serversync.crm.models.tracelog import TraceLevel
from serversync.crm.privileges import Privilege

LATEST: Final = 40


class Kind(StrEnum):
    """What an event is."""

    RUN = "pass"
    ALERT = "alert"
    ACT = "act"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event, in a sentence; ``is_good`` is missing where it is neither good nor bad.

    ``pass_id`` is that of a pass, by which its lines are found in the log.
    """

    at: datetime
    kind: Kind
    sentence: str
    is_good: bool | None = None
    pass_id: str = ""


def of(mailbox: Mailbox, *, limit: int = LATEST) -> list[Happening]:
    """Return the latest events of a mailbox, in four queries.

    Raises:
        PrivilegeMissing: the actor may not read the mailbox.
    """
    privileges.require_for(Privilege.READ_MAILBOX, [mailbox])
    found = [
        *_passes(mailbox, limit),
        *_alerts(mailbox, limit),
        *_acts(mailbox, limit),
        *_tests(mailbox, limit),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def _passes(mailbox: Mailbox, limit: int) -> list[Happening]:
    rows = MailboxStatistics.objects.filter(mailboxid=mailbox, mailboxprocessstartedon__isnull=False)
    found = []
    for row in rows.order_by("-mailboxprocessstartedon")[:limit]:
        at = row.mailboxprocesscompletedon or row.mailboxprocessstartedon
        if at is None:
            continue
        failed = f", {row.itemsfailed} set aside" if row.itemsfailed else ""
        ended = "" if row.processresult else ", then it failed"
        count = f"{row.itemsprocessed} item{'' if row.itemsprocessed == 1 else 's'}"
        sentence = f"{row.get_operationtypeid_display()}: {count}{failed}{ended}."
        key = str(row.asynceventid or "")
        found.append(Happening(at, Kind.RUN, sentence, bool(row.processresult), key))
    return found


def _alerts(mailbox: Mailbox, limit: int) -> list[Happening]:
    found = []
    for row in TraceLog.objects.filter(regardingobjectid=mailbox.pk).order_by("-laston")[:limit]:
        is_good = row.level == TraceLevel.INFORMATION
        times = f" ({row.occurrences} times)" if row.occurrences > 1 else ""
        found.append(Happening(row.firston, Kind.ALERT, f"{row.text}{times}", is_good))
        if row.resolvedon is not None and not is_good:
            how = f"dismissed by {row.dismissedby}" if row.dismissedby_id else "over"
            found.append(Happening(row.resolvedon, Kind.ALERT, f"{row.code}: {how}.", is_good=True))
    return found


def _acts(mailbox: Mailbox, limit: int) -> list[Happening]:
    rows = Audit.objects.filter(objectid=mailbox.pk).order_by("-createdon")[:limit]
    return [
        Happening(row.createdon, Kind.ACT, f"{row.actorname}: {row.act} {audit.told(row)}".strip())
        for row in rows
    ]


def _tests(mailbox: Mailbox, limit: int) -> list[Happening]:
    rows = AsyncOperationItem.objects.filter(mailboxid=mailbox.pk, completedon__isnull=False)
    return [
        Happening(
            row.completedon,
            Kind.TEST,
            f"{row.asyncoperationid.name}: {row.message or row.get_itemstate_display()}",
            row.itemstate == ItemState.SUCCEEDED,
        )
        for row in rows.select_related("asyncoperationid").order_by("-completedon")[:limit]
        if row.completedon is not None
    ]
