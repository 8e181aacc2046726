"""A simulated Exchange and a profile of it, to be tried out without a database."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic

from serversync.adapters.probe.examiner import ConnectionExaminer
from serversync.adapters.probe.target import Target
from serversync.core import clock
from serversync.engine.probe import Finished, Report, Result, run
from serversync.exchange.auth.credentials import Scheme
from serversync.exchange.inspection import names
from serversync.simulator import Exchange, Fault, SimulatorServer

SERVICE, PASSWORD, ADA, BOARD = (
    "svc-crm@example.org",
    "planted-Secret-4711",
    "ada@example.org",
    "board@example.org",
)
WINDOWS = ("NTLM", "Negotiate")


@dataclass
class Place:
    """The Exchange, its server and the profile; a broken set-up changes one of them."""

    exchange: Exchange
    server: SimulatorServer
    target: Target
    stack: AsyncExitStack
    now: Callable = clock.now
    resolve: Callable = names.resolve

    def fault(self, **what) -> None:
        """Let something go wrong with every request."""
        self.exchange.faults.add(Fault(**{"times": None, **what}))

    def change(self, **what) -> None:
        """Change the profile."""
        self.target = replace(self.target, **what)


@asynccontextmanager
async def place(version="Exchange2016", *, scheme=Scheme.NTLM, **options) -> AsyncIterator[Place]:
    """Give a correct set-up: a scoped service account, Ada inside of the scope, the board outside."""
    exchange = Exchange(version)
    exchange.add_account(SERVICE, password=PASSWORD, impersonation=[ADA])
    exchange.add_mailbox(ADA)
    exchange.add_mailbox(BOARD)
    options.setdefault("schemes", ("Basic",) if scheme is Scheme.BASIC else WINDOWS)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(SimulatorServer(exchange, **options))
        target = Target(
            profile="Exchange",
            location=server.url,
            username=SERVICE,
            password=PASSWORD,
            scheme=scheme,
            ca_file=server.ca_file,
            timeout=timedelta(seconds=20),
            sample=ADA,
            outside=BOARD,
            allowed=("example.org",),
        )
        yield Place(exchange, server, target, stack)


async def examine(where: Place) -> dict[str, Report]:
    """Take every step and return the reports by key, in order."""
    async with ConnectionExaminer(
        where.target, now=where.now, user_agent="serversync/test", resolve=where.resolve
    ) as examiner:
        events = [event async for event in run(examiner, monotonic=monotonic, profile=where.target.profile)]
    assert PASSWORD not in repr(events)
    return {event.report.step.key: event.report for event in events if isinstance(event, Finished)}


def failures(reports: dict[str, Report]) -> list[str]:
    """The steps that failed."""
    return [key for key, report in reports.items() if report.finding.result is Result.FAILED]


def warnings(reports: dict[str, Report]) -> list[str]:
    """The steps with a warning."""
    return [key for key, report in reports.items() if report.finding.result is Result.WARNING]
