"""Runs the demonstration: an Exchange in this process, the pages, a worker, and mail that keeps coming.

It works in a data folder of its own and begins afresh each time; with ``DATABASE_URL`` it takes an empty
database of yours instead.
"""

import asyncio
import fcntl
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from serversync import bootstrap
from serversync.core import clock
from serversync.core.errors import InputInvalid
from serversync.database.address import data_folder
from serversync.demo.company import CUSTOMERS, DOMAIN, MAILBOXES, PEOPLE, QUEUE, SERVICE_ACCOUNT
from serversync.demo.mail import conversation, week_of_mail
from serversync.rules.email.acceptance import REASONS, Outcome
from serversync.simulator import Exchange, SimulatorThread

POLLING_SECONDS = 2
NEW_MAIL_EVERY = timedelta(seconds=12)
PATIENCE = timedelta(seconds=60)
"""How long nothing may happen before the rest is given up as lost."""
_NEW_TOPICS = 1000
"""Conversations of new mail are counted from here, those of the past week from 0."""


@dataclass(slots=True)
class Delivered:
    """What was put into the mailboxes: Exchange item ids by address, the files of those that came from one."""

    items: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def add(self, addresses: Sequence[str], item_ids: Sequence[str]) -> None:
        """Note one delivery."""
        for address, item_id in zip(addresses, item_ids, strict=True):
            self.items.setdefault(address, []).append(item_id)

    @property
    def total(self) -> int:
        """Messages in all mailboxes together."""
        return sum(map(len, self.items.values()))


def run(console: Console, *, once: bool, mail: Path | None, host: str, port: int) -> int:
    """Run the demonstration.

    Args:
        console: Where to print.
        once: Do the whole job, print a summary, end.
        mail: Deliver every ``.eml`` below this folder as well, to the queue.
        host: Where the pages listen.
        port: Their port; 0 takes a free one.

    Returns:
        Exit code: 1 if anything that was delivered is neither tracked nor reported.

    Raises:
        InputInvalid: the folder of mail does not exist, another demonstration is running, or the database
            that ``DATABASE_URL`` names is in use.
    """
    files = _messages_below(mail)
    with ExitStack() as stack:
        stack.enter_context(_terminated_like_interrupted())
        stack.enter_context(_own_folder())
        console.print("Starting the database ...")
        environment = stack.enter_context(bootstrap.start(migrate=False))
        _begin_afresh(environment.dsn)
        environment.migrate()
        exchange = _company()
        delivered = _deliver(exchange, files)
        simulator = stack.enter_context(SimulatorThread(exchange))
        console.print(f"Exchange (simulated) answers at {simulator.url}")
        from serversync.administration import actor

        with actor.acting(actor.INSTALLATION):
            password = _set_up(simulator)
        stack.enter_context(_worker(environment.data))
        missing = _wait_until_tracked(console, environment.dsn, delivered)
        _summary(console, environment.dsn, delivered, missing)
        if once:
            return 1 if missing else 0
        _go_on(console, environment, exchange, password, host, port)
        return 0


def _messages_below(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise InputInvalid(field="--mail", reason=f"{folder} is not a folder")
    return sorted(path for path in folder.rglob("*.eml") if path.is_file())


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM end the program as Ctrl-C does, so that everything started here is stopped."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _own_folder() -> Iterator[None]:
    """Work in a folder of the demonstration's own, one demonstration at a time."""
    folder = data_folder() / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputInvalid(
                field="demo", reason=f"a demonstration is running already in {folder}"
            ) from error
        before = os.environ.get("SERVERSYNC_DATA")
        os.environ["SERVERSYNC_DATA"] = str(folder)
        try:
            yield
        finally:
            if before is None:
                del os.environ["SERVERSYNC_DATA"]
            else:
                os.environ["SERVERSYNC_DATA"] = before


def _begin_afresh(dsn: str) -> None:
    """Empty the demonstration's own database; refuse one of somebody's that is in use."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        if os.environ.get("DATABASE_URL", "").strip():
            row = connection.execute("select to_regclass('mailbox')").fetchone()
            if row and row[0] is not None:
                raise InputInvalid(
                    field="DATABASE_URL",
                    reason="the database is in use; the demonstration needs an empty one",
                )
        else:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")


def _company() -> Exchange:
    exchange = Exchange("Exchange2016", domain=DOMAIN)
    for person in MAILBOXES:
        exchange.add_mailbox(person.address, display_name=person.name)
    return exchange


def _deliver(exchange: Exchange, files: Sequence[Path]) -> Delivered:
    delivered = Delivered()
    for delivery in week_of_mail(clock.now()):
        delivered.add(delivery.to, exchange.deliver(delivery.mime, delivery.to, delivery.received))
    for path in files:
        ids = exchange.deliver(path.read_bytes(), [QUEUE.address], clock.now())
        delivered.add([QUEUE.address], ids)
        delivered.files[ids[0]] = path
    return delivered


def _set_up(simulator: SimulatorThread) -> str:
    """Do what an administrator does on the first day; return the log-in password of the first person."""
    from serversync.administration import (
        connection,
        filters,
        mailboxes,
        organization,
        people,
        profiles,
        queues,
    )
    from serversync.crm.models import Account, Contact, Lead

    service_password, password = secrets.token_urlsafe(12), secrets.token_urlsafe(9)
    simulator.exchange.add_account(SERVICE_ACCOUNT, password=service_password, impersonation=True)
    organization.change("pollingintervalinseconds", str(POLLING_SECONDS))
    first, *others = PEOPLE
    people.add(first.address, fullname=first.name, password=password, administrator=True)
    for person in others:
        people.add(person.address, fullname=person.name)
    for user in people.find_all():
        filters.set_for_user(user, track="all")
    queues.add(QUEUE.name, address=QUEUE.address, owner=first.address)
    for customer in CUSTOMERS:
        firstname, _, lastname = customer.name.rpartition(" ")
        match customer.table:
            case "contact":
                Contact.objects.create(firstname=firstname, lastname=lastname, emailaddress1=customer.address)
            case "account":
                Account.objects.create(name=customer.company, emailaddress1=customer.address)
            case "lead":
                Lead.objects.create(
                    subject=customer.company,
                    firstname=firstname,
                    lastname=lastname,
                    emailaddress1=customer.address,
                )
    profiles.add(
        "Demonstration",
        {
            "incomingserverlocation": simulator.url,
            "incomingusername": SERVICE_ACCOUNT,
            "incomingpassword": service_password,
            "incomingauthenticationprotocol": "ntlm",
            "incominguseimpersonation": True,
            "cafile": simulator.ca_file,
        },
    )
    organization.change("defaultemailserverprofileid", "Demonstration")
    chosen = mailboxes.choose([person.address for person in MAILBOXES], everything=False)
    mailboxes.apply_defaults(chosen)
    mailboxes.approve(chosen)
    for result in connection.enable(mailboxes.choose([p.address for p in MAILBOXES], everything=False)):
        if result.trial.error is not None:
            raise result.trial.error
    return password


@contextmanager
def _worker(data: Path) -> Iterator[None]:
    """Run a worker process; it ends with us even if we are killed, because its standard input does."""
    with (data / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "serversync", "worker", "--until-input-ends"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin:
                process.stdin.close()


def _wait_until_tracked(console: Console, dsn: str, delivered: Delivered) -> set[str]:
    """Wait until every delivered item was examined; return those that were not when nothing moves any more."""
    wanted = {item_id for ids in delivered.items.values() for item_id in ids}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with psycopg.connect(dsn, autocommit=True) as connection, Progress(*columns, console=console) as progress:
        task = progress.add_task("Synchronizing", total=len(wanted))
        missing, last_change = wanted, time.monotonic()
        while missing and time.monotonic() - last_change < PATIENCE.total_seconds():
            rows = connection.execute("select exchangeentryid from messagetrace").fetchall()
            left = wanted - {item_id for (item_id,) in rows}
            if left != missing:
                missing, last_change = left, time.monotonic()
                progress.update(task, completed=len(wanted) - len(left))
            if missing:
                time.sleep(0.1)
    return missing


def _summary(console: Console, dsn: str, delivered: Delivered, missing: set[str]) -> None:
    seconds = time.monotonic() - delivered.started
    with psycopg.connect(dsn, autocommit=True) as connection:
        counts: dict[str, Counter[Outcome]] = {address: Counter() for address in delivered.items}
        for address, outcome, count in connection.execute(
            "select m.emailaddress, t.outcome, count(*) from messagetrace t join mailbox m using (mailboxid) group by 1, 2"
        ):
            counts.setdefault(address, Counter())[Outcome(outcome)] = count
        row = connection.execute("select count(*) from email").fetchone()
        activities = row[0] if row else 0
        other = connection.execute(
            "select m.emailaddress, t.exchangeentryid, t.messageid, t.outcome, t.reasoncode, t.detail"
            " from messagetrace t join mailbox m using (mailboxid) where t.outcome <> %s order by 1, 3",
            (Outcome.TRACKED,),
        ).fetchall()
    table = Table(title="What became of the mail")
    for heading in ("mailbox", "delivered", "tracked", "copy of a tracked one", "other reason", "failed"):
        table.add_column(heading, justify="left" if heading == "mailbox" else "right")
    for address, ids in delivered.items.items():
        outcomes = counts[address]
        lost = sum(item_id in missing for item_id in ids)
        known = outcomes[Outcome.TRACKED] + outcomes[Outcome.ALREADY_TRACKED] + outcomes[Outcome.SET_ASIDE]
        table.add_row(
            address,
            str(len(ids)),
            str(outcomes[Outcome.TRACKED]),
            str(outcomes[Outcome.ALREADY_TRACKED]),
            str(outcomes.total() - known),
            str(outcomes[Outcome.SET_ASIDE] + lost),
        )
    console.print(table)
    for address, item_id, messageid, outcome, reason, detail in other:
        file = delivered.files.get(item_id)
        if outcome == Outcome.ALREADY_TRACKED and file is None:
            continue
        sentence = (detail or {}).get("text") or REASONS[reason].format_map(Counter(detail or {}))
        console.print(
            f"{file or messageid or '(no message id)'} in {address}: {sentence}", markup=False, soft_wrap=True
        )
    for item_id in sorted(missing):
        console.print(f"neither tracked nor reported: item {item_id}", markup=False)
    console.print(
        f"{delivered.total} messages in {len(delivered.items)} mailboxes became {activities} e-mail activities "
        f"in {seconds:.1f} seconds."
    )


def _go_on(
    console: Console,
    environment: bootstrap.Environment,
    exchange: Exchange,
    password: str,
    host: str,
    port: int,
) -> None:
    """Serve the pages while new mail arrives, until Ctrl-C."""
    from serversync.web.server import serve

    def started(address: str) -> None:
        console.print(f"\nPages:  [bold]{address}[/bold]")
        console.print(f"Log-in: [bold]{PEOPLE[0].address}[/bold]  password [bold]{password}[/bold]")
        console.print(
            f"Command line, in another terminal: export SERVERSYNC_DATA={environment.data}", soft_wrap=True
        )
        console.print("New mail arrives every few seconds. Ctrl-C ends the demonstration.\n")

    async def both() -> None:
        arriving = asyncio.create_task(_new_mail(console, exchange))
        try:
            await serve(host, port, started=started)
        finally:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)

    asyncio.run(both())


async def _new_mail(console: Console, exchange: Exchange) -> None:
    number = _NEW_TOPICS
    while True:
        await asyncio.sleep(NEW_MAIL_EVERY.total_seconds())
        for delivery in conversation(number, clock.now(), pace=0):
            await asyncio.to_thread(exchange.deliver, delivery.mime, delivery.to)
            console.print(f"{clock.now():%H:%M:%S} delivered to {', '.join(delivery.to)}", markup=False)
        number += 1
