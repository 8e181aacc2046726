"""Reads the rows of the list of mailboxes and of one mailbox's page, a fixed number of queries each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.http import QueryDict

from serversync.administration import systemviews
from serversync.crm.models import Mailbox, MessageTrace, TraceLog
from serversync.crm.models.messagetrace import TraceOutcome

PAGE_SIZE: Final = 50
LATEST: Final = 10
SORTS: Final = {
    "name": "name",
    "address": "emailaddress",
    "profile": "emailserverprofile__name",
    "approval": "emailrouteraccessapproval",
    "incoming": "incomingemailstatus",
    "outgoing": "outgoingemailstatus",
    "act": "actstatus",
    "last": "processinglastattemptedon",
    "next": "nextpasson",
}
"""What the list can be sorted by: the word in the address, and the column."""
_NEVER_EMPTY: Final = frozenset({"name", "approval", "incoming", "outgoing", "act"})
"""Columns without empty values; plain order lets the database read along an index, both ways."""


@dataclass(frozen=True, slots=True)
class MailboxCounts:
    """How many messages of a mailbox were tracked, and how many set aside."""

    tracked: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A line of the list."""

    mailbox: Mailbox
    counts: MailboxCounts


@dataclass(frozen=True, slots=True)
class MailboxList:
    """A page of the list, and by what it is sorted."""

    rows: list[MailboxRow]
    page: "Page[Mailbox]"
    sort: str
    descending: bool
    nothing_set_up: bool


def list_mailboxes(query: QueryDict) -> MailboxList:
    """Read the page that ``q``, ``sort`` and ``page`` of an address ask for; anything unknown means the default."""
    found = (
        systemviews.select(
            query.get("view", systemviews.DEFAULT),
            search=query.get("q", ""),
            profile=profile_key(query.get("profile", "")),
        )
        .select_related("emailserverprofile")
        .defer("password", "folderhierarchy")
    )
    asked = query.get("sort", "name")
    descending, sort = asked.startswith("-"), asked.removeprefix("-")
    sort = sort if sort in SORTS else "name"
    if sort in _NEVER_EMPTY:
        order = (f"-{SORTS[sort]}", "-pk") if descending else (SORTS[sort], "pk")
        ordered = found.order_by(*order)
    else:
        by = F(SORTS[sort])
        ordered = found.order_by(by.desc(nulls_last=True) if descending else by.asc(nulls_last=True), "pk")
    page = Paginator(ordered, PAGE_SIZE).get_page(query.get("page"))
    counts = count_messages([mailbox.mailboxid for mailbox in page])
    rows = [MailboxRow(mailbox, counts.get(mailbox.mailboxid, MailboxCounts())) for mailbox in page]
    set_up = any(row.mailbox.emailserverprofile_id for row in rows) or bool(query.get("q")) or _any_set_up()
    return MailboxList(rows, page, sort, descending, nothing_set_up=not set_up)


def profile_key(text: str) -> str:
    """Return the id of a profile that an address names, empty for anything else."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _any_set_up() -> bool:
    return Mailbox.objects.filter(emailserverprofile__isnull=False).exists()


def count_messages(mailboxids: Iterable[UUID]) -> dict[UUID, MailboxCounts]:
    """Count the messages of some mailboxes; one without any is missing."""
    tracked = Q(outcome__in=(TraceOutcome.TRACKED, TraceOutcome.ALREADY_TRACKED))
    found = (
        MessageTrace.objects.filter(mailboxid__in=list(mailboxids))
        .values("mailboxid")
        .annotate(tracked=Count("pk", filter=tracked))
        .annotate(set_aside=Count("pk", filter=Q(outcome=TraceOutcome.SET_ASIDE)))
        .order_by()
    )
    return {row["mailboxid"]: MailboxCounts(row["tracked"], row["set_aside"]) for row in found}


def latest_tracked(mailbox: Mailbox) -> QuerySet[MessageTrace]:
    """Return the newest messages of the mailbox that became e-mails."""
    found = MessageTrace.objects.filter(mailboxid=mailbox, activityid__isnull=False)
    return found.order_by("-receivedon", "pk")[:LATEST]


def latest_set_aside(mailbox: Mailbox) -> QuerySet[MessageTrace]:
    """Return the newest messages of the mailbox that could not be tracked."""
    found = MessageTrace.objects.filter(mailboxid=mailbox, outcome=TraceOutcome.SET_ASIDE)
    return found.order_by("-receivedon", "pk")[:LATEST]


def open_alerts(mailbox: Mailbox) -> QuerySet[TraceLog]:
    """Return what is wrong with the mailbox or its profile now, the worst first."""
    about = [mailbox.mailboxid]
    if mailbox.emailserverprofile_id is not None:
        about.append(mailbox.emailserverprofile_id)
    found = TraceLog.objects.filter(regardingobjectid__in=about, resolvedon=None)
    return found.order_by("-level", "-laston")[:LATEST]
