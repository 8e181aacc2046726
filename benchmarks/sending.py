"""How long an e-mail takes from *Send* until it has left Exchange, and how many leave in a second.

A worker in a process of its own sends through a simulator in this one. The latency is that of single e-mails, each
sent when the one before has left; the throughput that of many, handed over at once, of four mailboxes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection
from rich.console import Console

from benchmarks.result import Row
from serversync import bootstrap
from serversync.core import clock
from serversync.database.leasing import take_lease
from serversync.simulator import Exchange, SimulatorThread

if TYPE_CHECKING:
    from serversync.crm.models import Email

SENDERS = tuple(f"user{number}@example.org" for number in range(4))
SERVICE, PASSWORD = "svc-crm@example.org", "a long password"
GOAL_SECONDS = 1.0


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure and return the rows."""
    single, many = (5, 8) if quick else (50, 400)
    with tempfile.TemporaryDirectory(prefix="serversync-bench-") as folder:
        os.environ["SERVERSYNC_DATA"] = str(Path(folder) / "data")
        os.environ.pop("DATABASE_URL", None)
        with closing(take_lease()):
            return _measure(console, single, many)


def _measure(console: Console, single: int, many: int) -> list[Row]:
    exchange = Exchange("Exchange2016")
    exchange.add_account(SERVICE, password=PASSWORD, impersonation=True)
    for address in SENDERS:
        exchange.add_mailbox(address)
    with ExitStack() as stack:
        stack.enter_context(bootstrap.start())
        simulator = stack.enter_context(SimulatorThread(exchange))
        from serversync.administration import actor

        stack.enter_context(actor.acting(actor.INSTALLATION))
        _prepare(simulator.url, str(simulator.ca_file))
        with _worker():
            outbox = exchange.outbox
            console.print(f"sending: {single} e-mails, one after the other ...")
            _send_and_wait(outbox)
            seconds = [_send_and_wait(outbox) for _ in range(single)]
            console.print(f"sending: {many} e-mails at once ...")
            together = _send_together(outbox, many)
    median = statistics.median(seconds)
    return [
        Row("sending.goal", GOAL_SECONDS, "s"),
        Row("sending.latency-median", median, "s", "sending.goal", median / GOAL_SECONDS, 1.0),
        Row("sending.latency-worst", max(seconds), "s"),
        Row("sending.throughput", many / together, "e-mails/s"),
    ]


def _send_and_wait(outbox: list[object]) -> float:
    """Hand an e-mail over; return the seconds from then until it has left."""
    from serversync.administration import sending

    before, email = len(outbox), _draft(0)
    begun = time.perf_counter()
    sending.send(email)
    _until(lambda: len(outbox) > before)
    return time.perf_counter() - begun


def _send_together(outbox: list[object], count: int) -> float:
    """Hand e-mails over that are all to leave at one moment; return the seconds from then until the last has left."""
    from serversync.administration import sending
    from serversync.crm.models import EmailDelivery

    before = len(outbox)
    far = clock.now() + timedelta(days=1)
    for number in range(count):
        sending.send(_draft(number, send_later=far))
    begun = time.perf_counter()
    EmailDelivery.objects.update(dueon=clock.now())
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify('serversync_send', '')")
    _until(lambda: len(outbox) == before + count)
    return time.perf_counter() - begun


def _draft(number: int, *, send_later: datetime | None = None) -> "Email":
    from serversync.administration import composing

    return composing.compose(
        {
            "sender": SENDERS[number % len(SENDERS)],
            "to": ["grete@harbour.example"],
            "subject": f"Offer {number}",
            "body": "<p>Dear Grete</p>" * 50,
            "send_later": send_later,
        }
    )


def _until(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > end:
            raise SystemExit("the e-mails did not leave")
        time.sleep(0.002)


def _prepare(url: str, ca_file: str) -> None:
    from serversync.crm.models import EmailServerProfile, Mailbox, Organization, SystemUser

    Organization.objects.current()
    Organization.objects.update(allowunresolvedpartiesonemailsend=True)
    profile = EmailServerProfile(
        name="bench",
        incomingserverlocation=url,
        cafile=ca_file,
        incomingusername=SERVICE,
        incominguseimpersonation=True,
        incomingauthenticationprotocol=3,
    )
    profile.set_incomingpassword(PASSWORD)
    profile.save()
    for address in SENDERS:
        SystemUser.objects.create_user(address, internalemailaddress=address)
    Mailbox.objects.update(
        emailserverprofile=profile,
        outgoingemaildeliverymethod=2,
        emailrouteraccessapproval=1,
        enabledforincomingemail=False,
    )


@contextmanager
def _worker() -> Iterator[None]:
    """Run a worker until the block ends."""
    with subprocess.Popen([sys.executable, "-m", "serversync", "worker"]) as process:
        try:
            yield
        finally:
            process.terminate()
