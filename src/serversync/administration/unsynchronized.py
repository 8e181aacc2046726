"""Contacts, tasks and appointments that could not be synchronized, and values that lost a conflict: listed for people.

Each is retried by itself later and later. A person has it retried at once, or ignored until somebody retries it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from serversync.administration import act_schedule, audit, privileges
from serversync.core import clock
from serversync.core.errors import RecordNotFound, ServiceError
from serversync.crm.models import (
    ExchangeSyncIdMapping,
    ExchangeSyncItem,
    ExchangeSyncRecord,
    Mailbox,
    Organization,
)
from serversync.crm.models.exchangesyncidmapping import SyncStage
from serversync.crm.privileges import Privilege

IGNORED: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""When something is tried again that a person ignores."""
SHOWN: Final = 500
"""So many are listed at most."""
_CLEARED_AT_ONCE: Final = 1000

QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
"""How errors name the title of what they are about."""


@dataclass(frozen=True, slots=True)
class NotSynchronized:
    """A record or item that could not be synchronized.

    ``next_try`` is missing where it is ignored; ``retries`` are the tries so far.
    """

    key: UUID
    kind: str
    title: str
    code: str
    reason: str
    remedy: str
    retries: int
    failed_on: datetime | None
    next_try: datetime | None

    @property
    def is_ignored(self) -> bool:
        """Whether a person has said that it is to be left alone."""
        return self.next_try is None


@dataclass(frozen=True, slots=True)
class LostValue:
    """A field that both sides had changed: both values, and whose stayed."""

    key: UUID
    kind: str
    title: str
    field: str
    crm: str
    exchange: str
    stayed: str


def find_all(mailbox: Mailbox) -> list[NotSynchronized]:
    """Return what could not be synchronized of a mailbox, what failed last first.

    Raises:
        PrivilegeMissing: the actor may not read the mailbox.
    """
    privileges.require_for(Privilege.READ_MAILBOX, [mailbox])
    found = [
        _row(one.pk, one.objecttypecode, one.itemsubject or "", one.lastsyncerror or "", one)
        for one in _links(mailbox).order_by("-lastsyncerroroccurredon")[:SHOWN]
    ]
    found += [
        _row(one.pk, one.objecttypecode, "", one.lastsyncerror or "", one)
        for one in _items(mailbox).order_by("-modifiedon")[:SHOWN]
    ]
    if not privileges.reads_content(mailbox):
        found = [_hidden(one) for one in found]
    return found[:SHOWN]


def retry(mailbox: Mailbox, keys: Sequence[UUID]) -> int:
    """Have some of them tried again at once, and return how many.

    Raises:
        RecordNotFound: one of them is not in the list any more.
        PrivilegeMissing: the mailbox may not be written.
    """
    changed = _put_off(mailbox, keys, until=clock.now(), act="mailbox.items-retried")
    act_schedule.make_due([mailbox])
    return changed


def ignore(mailbox: Mailbox, keys: Sequence[UUID]) -> int:
    """Leave some of them alone until somebody retries them, and return how many.

    Raises:
        RecordNotFound: one of them is not in the list any more.
        PrivilegeMissing: the mailbox may not be written.
    """
    return _put_off(mailbox, keys, until=IGNORED, act="mailbox.items-ignored")


def clear_away(organization: Organization) -> int:
    """Drop from the lists what is ignored and failed longer ago than the organization keeps it; return how many.

    It goes on being left alone until it is changed on either side. What still fails stays listed as long as it does.
    Called by the worker's housekeeping; nobody in particular acts.
    """
    oldest = clock.now() - timedelta(days=organization.exchangesyncidmappingpersistencetimeindays)
    items = ExchangeSyncItem.objects.filter(
        lastsyncerror__isnull=False, dueon__gte=IGNORED, modifiedon__lt=oldest
    ).delete()[0]
    links = ExchangeSyncIdMapping.objects.filter(
        lastsyncerror__isnull=False, dueon__gte=IGNORED, lastsyncerroroccurredon__lt=oldest
    )[:_CLEARED_AT_ONCE]
    for one in links:
        # What it was due for has been looked at, and ignored.
        ExchangeSyncItem.objects.filter(
            mailboxid=one.mailboxid, exchangeentryid=one.exchangeentryid, copyof__isnull=True
        ).delete()
        ExchangeSyncRecord.objects.filter(mailboxid=one.mailboxid, objectid=one.objectid).delete()
        ExchangeSyncIdMapping.objects.filter(pk=one.pk, dueon__gte=IGNORED).update(
            lastsyncerror=None, lastsyncerroroccurredon=None, retries=0
        )
    return items + len(links)


def conflicts(mailbox: Mailbox) -> list[LostValue]:
    """Return the fields that both sides had changed, latest first, with the value that stayed and the one that did not.

    Raises:
        PrivilegeMissing: the actor may not read the mailbox.
    """
    privileges.require_for(Privilege.READ_MAILBOX, [mailbox])
    rows = (
        ExchangeSyncIdMapping.objects.filter(mailboxid=mailbox).exclude(conflicts=None).exclude(conflicts=[])
    )
    found = [lost for one in rows.order_by("-modifiedon")[:SHOWN] for lost in lost_values(one)][:SHOWN]
    if privileges.reads_content(mailbox):
        return found
    hidden = privileges.HIDDEN
    return [replace(one, title=hidden, crm=hidden, exchange=hidden) for one in found]


def dismiss_conflicts(mailbox: Mailbox, keys: Iterable[UUID]) -> int:
    """Forget the lost values of some pairs, and return of how many.

    Raises:
        PrivilegeMissing: the mailbox may not be written.
    """
    privileges.require_for(Privilege.WRITE_MAILBOX, [mailbox])
    with transaction.atomic():
        changed = ExchangeSyncIdMapping.objects.filter(mailboxid=mailbox, pk__in=list(keys)).update(
            conflicts=[]
        )
        audit.noted("mailbox.conflicts-dismissed", mailbox, {"count": changed})
    return changed


def _links(mailbox: Mailbox) -> "QuerySet[ExchangeSyncIdMapping]":
    return ExchangeSyncIdMapping.objects.filter(
        mailboxid=mailbox, lastsyncerror__isnull=False, stage__lt=SyncStage.UNLINKED
    )


def _items(mailbox: Mailbox) -> "QuerySet[ExchangeSyncItem]":
    return ExchangeSyncItem.objects.filter(mailboxid=mailbox, lastsyncerror__isnull=False)


def _put_off(mailbox: Mailbox, keys: Sequence[UUID], *, until: datetime, act: str) -> int:
    privileges.require_for(Privilege.WRITE_MAILBOX, [mailbox])
    wanted = set(keys)
    with transaction.atomic():
        changed = _links(mailbox).filter(pk__in=wanted).update(dueon=until)
        changed += _items(mailbox).filter(pk__in=wanted).update(dueon=until)
        if changed < len(wanted):
            raise RecordNotFound(kind="item that is not synchronized", name="one of those named")
        audit.noted(act, mailbox, {"count": changed})
    return changed


def _row(key: UUID, kind: str, title: str, error: str, one: Any) -> NotSynchronized:
    code, _, reason = error.partition(": ")
    return NotSynchronized(
        key,
        kind,
        title or "not readable",
        code,
        reason or error,
        remedies().get(code, ""),
        one.retries,
        getattr(one, "lastsyncerroroccurredon", None) or one.modifiedon,
        None if one.dueon is not None and one.dueon >= IGNORED else one.dueon,
    )


def _hidden(one: NotSynchronized) -> NotSynchronized:
    """Return a row for somebody who may not read what the mailbox holds; its error may name the title."""
    return replace(one, title=privileges.HIDDEN, reason=QUOTED.sub(f'"{privileges.HIDDEN}"', one.reason))


def remedies() -> dict[str, str]:
    """Return the remedy of each error by its code; a detail that is not kept reads as a dash."""

    def classes(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
        for one in kind.__subclasses__():
            yield one
            yield from classes(one)

    return {one.code: one().remedy_text for one in classes(ServiceError) if hasattr(one, "code")}


def lost_values(one: ExchangeSyncIdMapping) -> Iterator[LostValue]:
    """Yield the values of a pair that lost a conflict."""
    for each in one.conflicts or ():
        yield LostValue(
            one.pk,
            one.objecttypecode,
            one.itemsubject or "without a name",
            str(each["name"]),
            _shown(each["crm"]),
            _shown(each["exchange"]),
            "The CRM" if each["winner"] == "crm" else "Exchange",
        )


def _shown(value: Any) -> str:
    """Return a stored value as people read it.

    >>> _shown({"group": [1, {"date": "2026-07-01"}]})
    '1, 2026-07-01'
    """
    if isinstance(value, dict):
        if "group" in value:
            return ", ".join(_shown(each) for each in value["group"])
        return str(next(iter(value.values()), ""))
    return "" if value is None else str(value)
