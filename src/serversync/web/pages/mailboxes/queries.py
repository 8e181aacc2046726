"""Reads the rows of the list of mailboxes and of one mailbox's page, a fixed number of queries each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat
from django.http import QueryDict

from serversync.administration import alerts, systemviews, traces
from serversync.crm.models import Mailbox, MessageTrace, TraceLog
from serversync.crm.models.messagetrace import TraceOutcome
from serversync.web.numbered import numbered_page, read_rows

PAGE_SIZE: Final = 50
LATEST: Final = 10
MOST_FOUND: Final = 2000
"""So many are shown of a search that finds more."""
MOST_COUNTED: Final = 1000
"""How far messages are counted in the list; ``MOST_COUNTED_ALONE`` on the page of one mailbox."""
MOST_COUNTED_ALONE: Final = 100_000
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
    """How many messages of a mailbox were tracked, and how many set aside; no farther than they were counted."""

    tracked: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A line of the list; ``trouble`` is the latest error of a mailbox, where the view is that of those that fail."""

    mailbox: Mailbox
    counts: MailboxCounts
    trouble: TraceLog | None = None


@dataclass(frozen=True, slots=True)
class MailboxList:
    """A page of the list, and by what it is sorted; a search that finds very many is cut off."""

    rows: list[MailboxRow]
    page: "Page[Mailbox]"
    sort: str
    descending: bool
    nothing_set_up: bool
    is_cut: bool = False


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
    page, is_cut = _page(_in_order(found, sort, query, descending=descending), query)
    counts = count_messages([mailbox.mailboxid for mailbox in page])
    told = alerts.of_mailboxes(counts) if query.get("view") == "failing" else {}
    rows = [
        MailboxRow(
            mailbox,
            counts.get(mailbox.mailboxid, MailboxCounts()),
            next(reversed(told.get(mailbox.mailboxid, {}).values()), None),
        )
        for mailbox in page
    ]
    set_up = any(row.mailbox.emailserverprofile_id for row in rows) or bool(query.get("q")) or _any_set_up()
    return MailboxList(rows, page, sort, descending, nothing_set_up=not set_up, is_cut=is_cut)


def _in_order(rows: QuerySet[Mailbox], sort: str, query: QueryDict, *, descending: bool) -> QuerySet[Mailbox]:
    if sort == "name" and _is_narrowed(query):
        # Names in order would be looked through from the beginning for the few that are meant, wherever these stand.
        name = Concat("name", Value(""))
        return rows.order_by(name.desc() if descending else name.asc(), "-pk" if descending else "pk")
    if sort in _NEVER_EMPTY:
        return rows.order_by(*((f"-{SORTS[sort]}", "-pk") if descending else (SORTS[sort], "pk")))
    by = F(SORTS[sort])
    return rows.order_by(by.desc(nulls_last=True) if descending else by.asc(nulls_last=True), "pk")


def _is_narrowed(query: QueryDict) -> bool:
    narrowing = query.get("view", systemviews.DEFAULT) != systemviews.DEFAULT
    return narrowing or bool(query.get("q", "").strip() or query.get("profile"))


def _page(rows: QuerySet[Mailbox], query: QueryDict) -> "tuple[Page[Mailbox], bool]":
    """Return the page of a list, and whether the list was cut off.

    A search reads every mailbox there is, once: for the keys of what it finds.
    """
    if not query.get("q", "").strip():
        return numbered_page(rows, query.get("page"), PAGE_SIZE), False
    keys = list(rows.select_related(None).values_list("pk", flat=True)[: MOST_FOUND + 1])
    found = Paginator(keys[:MOST_FOUND], PAGE_SIZE).get_page(query.get("page"))
    shown = read_rows(rows, list(found))
    return Page(shown, found.number, found.paginator), len(keys) > MOST_FOUND  # type: ignore[arg-type]  # keys instead of rows


def profile_key(text: str) -> str:
    """Return the id of a profile that an address names, empty for anything else."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _any_set_up() -> bool:
    return Mailbox.objects.filter(emailserverprofile__isnull=False).exists()


def count_messages(mailboxids: Iterable[UUID], *, most: int = MOST_COUNTED) -> dict[UUID, MailboxCounts]:
    """Count the messages of some mailboxes, up to one more than ``most`` each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select m.id, (select count(*) from (select from messagetrace t where t.mailboxid = m.id"
            " and t.outcome in (%(tracked)s, %(again)s) limit %(most)s) tracked),"
            " (select count(*) from (select from messagetrace t where t.mailboxid = m.id"
            " and t.outcome = 4 limit %(most)s) aside) from unnest(%(keys)s::uuid[]) m(id)",
            {
                "tracked": TraceOutcome.TRACKED,
                "again": TraceOutcome.ALREADY_TRACKED,
                "most": most + 1,
                "keys": [str(key) for key in mailboxids],
            },
        )
        return {key: MailboxCounts(tracked, aside) for key, tracked, aside in cursor.fetchall()}


def latest_tracked(mailbox: Mailbox) -> list[MessageTrace]:
    """Return the newest messages of the mailbox that became e-mails."""
    found = MessageTrace.objects.filter(mailboxid=mailbox, activityid__isnull=False)
    return traces.as_may_be_read(mailbox, found.order_by("-receivedon", "pk")[:LATEST])


def latest_set_aside(mailbox: Mailbox) -> list[MessageTrace]:
    """Return the newest messages of the mailbox that could not be tracked."""
    found = MessageTrace.objects.filter(mailboxid=mailbox, outcome=TraceOutcome.SET_ASIDE)
    return traces.as_may_be_read(mailbox, found.order_by("-receivedon", "pk")[:LATEST])


def open_alerts(mailbox: Mailbox) -> QuerySet[TraceLog]:
    """Return what is wrong with the mailbox or its profile now, the worst first."""
    about = [mailbox.mailboxid]
    if mailbox.emailserverprofile_id is not None:
        about.append(mailbox.emailserverprofile_id)
    found = TraceLog.objects.filter(regardingobjectid__in=about, resolvedon=None)
    return found.order_by("-level", "-laston")[:LATEST]
