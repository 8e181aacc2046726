"""What Test Connection is to look at, and what the steps find out about it on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from serversync.core.errors import ServiceError
from serversync.exchange.auth.credentials import Scheme
from serversync.exchange.auth.guard import LogOnGuard
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.inspection.greeting import Greeting
from serversync.exchange.lane import Turn
from serversync.exchange.outcome import Failure, Outcome
from serversync.exchange.types.folder import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A profile as it is to be tried out; never shows the password.

    Attributes:
        profile: Its name, for remedies.
        problem: What keeps it from being used at all, for example a password that cannot be opened.
        location: The server location, or ``None`` where it is to be found.
        outgoing: The server location for sending, where it is another one.
        autodiscover: Whether to look for the server.
        autodiscover_url: An Autodiscover address to ask first.
        autodiscover_hosts: Hosts that a search may be led to.
        username: The account that logs on.
        password: Its password.
        sample: Address of the mailbox to act as.
        outside: Address of a mailbox that Exchange has to deny.
        allowed: The allow-list of the profile.
        allow_other_servers: Whether servers that are no Exchange but speak its protocol may be used.
        diagnoses: Whether a refused log-on is followed by at most one more of another kind, to tell why.
        guard: Counts refusals together with the workers; a log-on that succeeds starts a stopped account again.
        own_credentials: Whether the account is the sample mailbox's own.
        connections: How many requests may be sent at the same time.
        turn: When requests may be sent: the lease of these connections.
        password_warning: A password that ends within this time is warned about.
    """

    profile: str
    location: str | None
    username: str
    password: str = field(repr=False)
    problem: ServiceError | None = None
    outgoing: str | None = None
    autodiscover: bool = False
    autodiscover_url: str | None = None
    autodiscover_hosts: tuple[str, ...] = ()
    scheme: Scheme = Scheme.AUTO
    ca_file: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=100)
    connections: int = 10
    impersonate: bool = True
    own_credentials: bool = False
    sample: str | None = None
    outside: str | None = None
    allowed: tuple[str, ...] = ()
    allow_other_servers: bool = False
    diagnoses: bool = True
    guard: LogOnGuard | None = field(default=None, repr=False)
    turn: Turn | None = field(default=None, repr=False)
    password_warning: timedelta = timedelta(days=14)

    @property
    def step_seconds(self) -> float:
        """How long one step below HTTP may take."""
        return min(self.timeout.total_seconds(), 15.0)

    @property
    def acting_as(self) -> str | None:
        """The mailbox to act as in requests; ``None`` for the account's own."""
        return self.sample if self.impersonate and not self.own_credentials else None


@dataclass(slots=True)
class Seen:
    """What the steps have found out so far.

    Attributes:
        endpoint: The server, once it is known.
        address: An IP address that accepted a connection.
        greeting: What the server says to strangers.
        scheme: The authentication that will be used, for people.
        refusals: How many passwords were refused before the log-on, in the search for the server.
        client: The client of all later steps.
        to_close: The connections that it uses, open until the end.
        first_answer: How the first request after the log-on was answered, or the error that it got.
    """

    endpoint: Endpoint | None = None
    address: str = ""
    greeting: Greeting | None = None
    scheme: str = ""
    refusals: int = 0
    client: EwsClient | None = None
    to_close: EwsClient | None = None
    first_answer: list[Outcome[Folder]] | ServiceError | None = None
    first_milliseconds: int = 0

    @property
    def first_error(self) -> ServiceError | None:
        """What was wrong with the answer to the first request."""
        answer = self.first_answer
        if isinstance(answer, ServiceError):
            return answer
        return answer[0].error if answer and isinstance(answer[0], Failure) else None

    @property
    def server(self) -> str:
        """The name of the server that answers, where it tells it."""
        return self.greeting.headers.get("X-FEServer", "") if self.greeting else ""

    def known_endpoint(self) -> Endpoint:
        """Return the server; a step that needs it comes after the one that finds it.

        Raises:
            RuntimeError: it does not.
        """
        if self.endpoint is None:
            raise RuntimeError("the server is not known yet")
        return self.endpoint

    def open_client(self) -> EwsClient:
        """Return the client; a step that needs it comes after the log-on.

        Raises:
            RuntimeError: it does not.
        """
        if self.client is None:
            raise RuntimeError("nobody has logged on yet")
        return self.client


Now = Callable[[], datetime]


class Resolve(Protocol):
    """Turns a host name into addresses; see ``inspection.names.resolve``."""

    async def __call__(self, host: str, port: int, *, seconds: float) -> list[str]:
        """Return the addresses of a host."""
        ...
