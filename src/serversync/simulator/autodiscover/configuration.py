"""What Autodiscover answers, and what shall go wrong with it."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Form = Literal["POX", "SOAP", "JSON"]
"""The three services."""


@dataclass(slots=True)
class AutodiscoverFault:
    """One thing to go wrong.

    Which requests it concerns: those that match every condition given. The first ``nth - 1`` are let through, then it
    happens ``times`` times. It happens before anybody is asked who he is, as at a web site that knows nothing of Exchange.

    Attributes:
        form: The service; ``None`` for all three.
        host: The host that was asked, without port, lower case.
        address: The mail address that was asked for; concerns requests that say one.
        nth: The first matching request that it happens to, from 1.
        times: How often it happens; ``None`` for always.
        http_status: Answer this status.
        location: The ``Location`` header.
        body: Answer these bytes; a page with a title where there are none.
        content_type: Type of the body.
        headers: Further headers, for example ``Retry-After`` or ``WWW-Authenticate``.
        delay: Seconds to wait first.
        reset: Break the connection instead of answering.
        seen: How many requests have matched so far.
        happened: How often it has happened.
    """

    form: Form | None = None
    host: str | None = None
    address: str | None = None
    nth: int = 1
    times: int | None = None
    http_status: int = 404
    location: str | None = None
    body: bytes | None = None
    content_type: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False
    seen: int = 0
    happened: int = 0

    def strikes(self, form: Form, host: str, address: str | None) -> bool:
        """Whether it happens to this request; counts it."""
        if self.form not in (None, form) or self.host not in (None, host):
            return False
        if self.address is not None and self.address.lower() != (address or "").lower():
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.happened >= self.times):
            return False
        self.happened += 1
        return True


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came, over HTTPS or plain HTTP.

    Attributes:
        scheme: ``https`` or ``http``.
        method: HTTP method.
        host: The host that was asked, without port.
        path: Path and query.
        address: The mail address in it, if there is one.
        authorization: Whether an ``Authorization`` header came along.
        body: Bytes of the body.
    """

    scheme: str
    method: str
    host: str
    path: str
    address: str | None
    authorization: bool
    body: int


@dataclass(slots=True)
class AutodiscoverConfiguration:
    """How the service is set up; change it at any time.

    Attributes:
        is_enabled: Without it every request is answered 404.
        ews_url: The internal URL that is told; the server's own where it is ``None``.
        external_ews_url: The external URL; the internal one where it is ``None``, none at all where it is empty.
        ews_urls: Another internal URL for single mailboxes, by address: a farm.
        ews_partner_url: For servers of other sites.
        grouping_information: Site of the mailboxes.
        redirect_addresses: Addresses that are sent on to another address.
        redirect_urls: Addresses that are sent on to another Autodiscover URL, whose host then answers.
        redirects_in_circles: Let the host of that URL send on as well, to itself.
        errors: Addresses that are answered with an error code: a number for POX, a name for SOAP and JSON.
        faults: What goes wrong.
        http_redirect: Where the plain HTTP listener redirects; ``None`` answers 404.
        http_accepts_post: Whether the plain HTTP listener answers a POST as the service would, as bait.
        seen: The latest requests, oldest first.
    """

    is_enabled: bool = True
    ews_url: str | None = None
    external_ews_url: str | None = None
    ews_urls: dict[str, str] = field(default_factory=dict)
    ews_partner_url: str | None = None
    grouping_information: str = "Default-First-Site-Name"
    redirect_addresses: dict[str, str] = field(default_factory=dict)
    redirect_urls: dict[str, str] = field(default_factory=dict)
    redirects_in_circles: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    faults: list[AutodiscoverFault] = field(default_factory=list)
    http_redirect: str | None = None
    http_accepts_post: bool = False
    seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=10_000))

    def fault(self, form: Form, host: str, address: str | None) -> AutodiscoverFault | None:
        """Return what goes wrong with a request, if anything."""
        return next((one for one in self.faults if one.strikes(form, host, address)), None)
