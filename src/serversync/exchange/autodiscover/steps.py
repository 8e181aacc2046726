"""What a search asks for, what comes back, and the steps that it shows."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from serversync.core.errors import ServiceError
from serversync.exchange.autodiscover.result import Discovery


class Place(StrEnum):
    """Where in the lookup order a step stands."""

    SERVICE_CONNECTION_POINT = "service connection point"
    GIVEN = "given address"
    DOMAIN = "domain"
    AUTODISCOVER_HOST = "autodiscover host"
    HTTP_REDIRECT = "HTTP redirect"
    SRV = "SRV record"
    JSON = "JSON"
    REDIRECT = "redirect"


class Protocol(StrEnum):
    """How a step asks."""

    LDAP = "LDAP"
    SOAP = "SOAP"
    POX = "POX"
    JSON = "JSON"
    HTTP = "HTTP"
    DNS = "DNS"


class Outcome(StrEnum):
    """How a step ended."""

    FOUND = "found"
    REDIRECTED = "redirected"
    FAILED = "failed"
    REFUSED = "refused"
    BLOCKED = "blocked"
    SKIPPED = "skipped"


class Post(Struct, frozen=True, kw_only=True):
    """POST over https. Asked without the account first; the account logs on only where a 401 asks for it.

    Attributes:
        url: Always https, on a host that may get the password.
        body: The document.
        address: The mailbox, for ``X-AnchorMailbox``.
    """

    url: str
    body: bytes
    address: str


class Get(Struct, frozen=True, kw_only=True):
    """GET without credentials, over https or http; redirects are reported, not followed."""

    url: str


class Resolve(Struct, frozen=True, kw_only=True):
    """Ask DNS for the SRV records of a name."""

    name: str


Request = Post | Get | Resolve


class SrvRecord(Struct, frozen=True, order=True):
    """An SRV record: lower ``priority`` first, then higher ``weight``."""

    priority: int
    weight: int
    port: int
    target: str


class Reply(Struct, frozen=True, kw_only=True):
    """What came back.

    Attributes:
        milliseconds: How long it took.
        status: HTTP status; ``None`` where there was no answer over HTTP.
        headers: Headers of the answer, names in lower case.
        body: At most ``documents.LARGEST`` bytes and one.
        error: Why there is no answer, or why the log-on failed.
        offered: The authentication that a 401 offered, for a person.
        certificate_names: Names in the server's certificate.
        records: SRV records.
    """

    milliseconds: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: ServiceError | None = None
    offered: str = ""
    certificate_names: tuple[str, ...] = ()
    records: tuple[SrvRecord, ...] = ()


class Step(Struct, frozen=True, kw_only=True):
    """One attempt, ready to be shown.

    Attributes:
        place: Where in the lookup order.
        protocol: How it asked.
        url: What it asked; for DNS the name.
        address: The mail address that it asked for.
        depth: 0 for an attempt of the lookup order, one more for each redirect that led to it.
        outcome: How it ended.
        milliseconds: How long it took; 0 where nothing was asked.
        status: HTTP status, if there was an answer.
        evidence: What was seen, by name: title of a page, error code, certificate names, offered authentication.
        error: What went wrong, with its remedy.
        discovery: The result, in the last step of a search that found one.
    """

    place: Place
    protocol: Protocol
    url: str
    address: str
    outcome: Outcome
    depth: int = 0
    milliseconds: int = 0
    status: int | None = None
    evidence: tuple[tuple[str, str], ...] = ()
    error: ServiceError | None = None
    discovery: Discovery | None = None
