"""How an appointment, a series or a task stands in the mailboxes of Exchange: what waits there, fails, or lost a conflict."""

from dataclasses import dataclass
from typing import Final

from serversync.administration import privileges, unsynchronized
from serversync.administration.activities import Activity
from serversync.administration.unsynchronized import LostValue
from serversync.crm.models import ExchangeSyncIdMapping, ExchangeSyncRecord, Mailbox
from serversync.crm.models.exchangesyncidmapping import SyncStage
from serversync.crm.privileges import Privilege

_STAGES: Final = {
    int(SyncStage.CREATING_IN_CRM): ("info", "Being written to the CRM"),
    int(SyncStage.CREATING_IN_EXCHANGE): ("info", "Being written to Exchange"),
    int(SyncStage.UNLINKED): ("idle", "Not kept in step any more"),
    int(SyncStage.GONE): ("idle", "Gone from Exchange"),
}


@dataclass(frozen=True, slots=True)
class ExchangeLink:
    """A mailbox in which something stands.

    Attributes:
        mailbox: The mailbox.
        kind: How it stands, as statuses are shown: good, warn, bad, info or idle.
        words: The same in words.
        reason: What hinders it; empty where nothing does.
        remedy: What is to be done about that.
        conflicts: Values that lost, where both sides had changed a field.
    """

    mailbox: Mailbox
    kind: str
    words: str
    reason: str
    remedy: str
    conflicts: tuple[LostValue, ...]


def of(row: Activity) -> list[ExchangeLink]:
    """Return how something stands in each mailbox that may be read, by the names of these."""
    readable = privileges.reach(Privilege.READ_MAILBOX, Mailbox.objects.all())
    links = list(
        ExchangeSyncIdMapping.objects.filter(objectid=row.pk, mailboxid__in=readable)
        .select_related("mailboxid")
        .order_by("mailboxid__name", "pk")
    )
    waiting = set(
        ExchangeSyncRecord.objects.filter(
            objectid=row.pk, mailboxid__in=[one.mailboxid_id for one in links]
        ).values_list("mailboxid", flat=True)
    )
    return [_shown(one, is_waiting=one.mailboxid_id in waiting) for one in links]


def _shown(link: ExchangeSyncIdMapping, *, is_waiting: bool) -> ExchangeLink:
    kind, words = _standing(link, is_waiting=is_waiting)
    code, _, reason = (link.lastsyncerror or "").partition(": ")
    reads = privileges.reads_content(link.mailboxid)
    if not reads:
        reason = unsynchronized.QUOTED.sub(f'"{privileges.HIDDEN}"', reason)
    conflicts = tuple(unsynchronized.lost_values(link)) if reads else ()
    remedy = unsynchronized.remedies().get(code, "") if code else ""
    return ExchangeLink(link.mailboxid, kind, words, reason or code, remedy, conflicts)


def _standing(link: ExchangeSyncIdMapping, *, is_waiting: bool) -> tuple[str, str]:
    if link.stage in (SyncStage.UNLINKED, SyncStage.GONE):
        return _STAGES[link.stage]
    if link.lastsyncerror:
        return "bad", "Not synchronized"
    if link.stage in _STAGES:
        return _STAGES[link.stage]
    if link.isparked:
        return "idle", "Rests: it has left the filters"
    if is_waiting or link.dueon is not None:
        return "warn", "Changed; the next pass brings it into step"
    return "good", "In step"
