"""What a message's look-ups cost in a CRM of a million e-mails and 200,000 contacts, against one of ten thousand.

Looked up is all that a pass asks about the messages of a page: who their people are, to what e-mail each belongs,
whether it is there already. The time is that of the whole question, from the call until the answer has been read,
with PostgreSQL on the same machine; what a look-up finds is the same in both. Every statement is explained too, with
the values of a page: none may read a table to its end.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool
from rich.console import Console

from benchmarks.crowd import CONVERSATION, fill, row_id
from benchmarks.result import Row
from serversync import bootstrap
from serversync.database.leasing import take_lease

PAGE = 200
PAGES = 30
WARM = 5
GOAL = 1.5
SMALL = 10_000
"""Small, but not so small that PostgreSQL rightly reads a table to its end."""
CONTACTS_OF = 5
"""E-mails for each contact."""
TABLES = ("email", "activityparty", "emailhash", "messagetrace", "contact")


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    many = 100_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as folder:
        os.environ["SERVERSYNC_DATA"] = str(Path(folder) / "data")
        os.environ.pop("DATABASE_URL", None)
        with closing(take_lease()), bootstrap.start() as environment:
            mailbox = _mailbox()
            few = _measure(console, environment.dsn, mailbox, SMALL)
            full = _measure(console, environment.dsn, mailbox, many)
            scans = asyncio.run(_sequential_scans(environment.dsn, mailbox, many))
    rows = []
    for name, before, after in zip(("resolution", "correlation", "identity"), few, full, strict=True):
        rows += _rows(name, before, after, many)
    rows += _rows("all", sum(few), sum(full), many, GOAL)
    for scan in scans:
        console.print(scan)
    return [
        *rows,
        Row("lookups.sequential-scans", len(scans), "plans", "lookups.goal", float(len(scans)), 0.0),
    ]


def _rows(name: str, before: float, after: float, many: int, goal: float | None = None) -> list[Row]:
    small = f"lookups.{name}-{SMALL}"
    return [
        Row(small, before, "ms/message"),
        Row(f"lookups.{name}-{many}", after, "ms/message", small, after / before, goal),
    ]


def _mailbox() -> UUID:
    from serversync.administration import actor
    from serversync.crm.models import Organization, SystemUser

    with actor.acting(actor.INSTALLATION):
        Organization.objects.current()
        user = SystemUser.objects.create_user("ada@example.org", internalemailaddress="ada@example.org")
    mailboxid: UUID = user.defaultmailbox_id
    return mailboxid


def _measure(console: Console, dsn: str, mailbox: UUID, emails: int) -> tuple[float, float, float]:
    """Return milliseconds a message: for its people, for what it belongs to, for whether it is there."""
    console.print(f"look-ups: {emails} e-mails ...")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("truncate email, messagetrace, emailhash, contact cascade")
        fill(
            connection,
            mailbox=mailbox,
            emails=emails,
            contacts=emails // CONTACTS_OF,
            tell=lambda done: console.print(f"  {done}") if done > 500_000 else None,
        )
    return asyncio.run(_time(dsn, mailbox, emails))


def _numbers(emails: int) -> Iterator[list[int]]:
    """Pages of e-mails that are asked for, spread over all of them, none twice before all were."""
    step = max(emails // (PAGE * (PAGES + WARM)), 1)
    for page in range(PAGES + WARM):
        yield [1 + (page * PAGE + one) * step % emails for one in range(PAGE)]


async def _time(dsn: str, mailbox: UUID, emails: int) -> tuple[float, float, float]:
    from serversync.adapters.crm_store import CrmStore
    from serversync.jobs.worker import LEASE, open_pool

    figures: tuple[list[float], list[float], list[float]] = ([], [], [])
    async with open_pool(dsn, size=1) as pool:
        store = CrmStore(pool, lease=LEASE)
        for numbers in _numbers(emails):
            await _one_page(store, mailbox, emails, numbers, figures)
    resolution, correlation, identity = (1000 * statistics.median(each[WARM:]) / PAGE for each in figures)
    return resolution, correlation, identity


async def _one_page(store, mailbox, emails, numbers, figures) -> None:  # type: ignore[no-untyped-def]
    begun = time.perf_counter()
    found = await store.records(_addresses(emails, numbers))
    await store.principals([mailbox])
    looked = time.perf_counter()
    book = await store.earlier(_keys(numbers))
    correlated = time.perf_counter()
    ids = [row_id("e", n) for n in numbers]
    await store.traced(mailbox, [row_id("b", n) for n in numbers])
    known = await store.known([row_id("d", n) for n in numbers])
    await store.held(mailbox, ids)
    ended = time.perf_counter()
    if len(known) != len(set(numbers)) or not found or not book.by_message_id:
        raise SystemExit("what is there was not found")
    for figure, seconds in zip(
        figures, (looked - begun, correlated - looked, ended - correlated), strict=True
    ):
        figure.append(seconds)


def _addresses(emails: int, numbers: list[int]) -> list[str]:
    """Whom a page names: each sender, a colleague, and two whom nobody knows."""
    contacts = emails // CONTACTS_OF
    senders = {f"person{n % contacts}@customer.example" for n in numbers}
    return sorted(senders | {"ada@example.org"} | {f"{who}{n}@x.example" for n in numbers for who in "yz"})


def _keys(numbers: list[int]) -> list:  # type: ignore[type-arg]
    """What a page is held against: ids of three e-mails, a token of every fifth, subjects, conversations."""
    from serversync.rules.email.correlation import Keys

    return [
        Keys(
            message_ids=tuple(f"<{one}@customer.example>" for one in (n, n + 1, -n)),
            tokens=(f"CRM:{n - n % 5}",) if n % CONVERSATION == 0 else (),
            conversation=n // CONVERSATION,
            subject_keys=(n,),
        )
        for n in numbers
    ]


async def _sequential_scans(dsn: str, mailbox: UUID, emails: int) -> list[str]:
    """Return the plans of look-ups that read one of the large tables to its end."""
    from serversync.adapters.crm_store import CrmStore
    from serversync.jobs.worker import LEASE

    asked: list[tuple[str, object]] = []

    class Recording(psycopg.AsyncConnection[tuple[object, ...]]):
        async def execute(self, query, params=None, **more):  # type: ignore[no-untyped-def, override]
            text = query if isinstance(query, (str, bytes)) else query.as_bytes(self)
            asked.append((text if isinstance(text, str) else text.decode(), params))
            return await super().execute(query, params, **more)

    numbers = next(iter(_numbers(emails)))
    async with AsyncConnectionPool(
        dsn, connection_class=Recording, min_size=1, max_size=1, open=False, kwargs={"autocommit": True}
    ) as pool:
        await _one_page(CrmStore(pool, lease=LEASE), mailbox, emails, numbers, ([], [], []))
        await CrmStore(pool, lease=LEASE).opposites(
            [f"<{n}@customer.example>" for n in numbers], is_outgoing=True
        )
    plans = []
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        for statement, values in asked:
            rows = await connection.execute(f"explain {statement}".encode(), values)  # type: ignore[arg-type]
            plans.append("\n".join([line for (line,) in await rows.fetchall()]))
    return [plan for plan in plans if any(f"Seq Scan on {table} " in plan for table in TABLES)]
