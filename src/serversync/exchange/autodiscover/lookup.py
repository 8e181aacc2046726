"""Decides what to ask next: the lookup order, and what a password may be sent to. Does nothing itself.

The order: an address that the administrator gave; ``https://<domain>``; ``https://autodiscover.<domain>``; the redirect
of ``http://autodiscover.<domain>``, asked without credentials; the SRV record ``_autodiscover._tcp.<domain>``; JSON,
without credentials. On each host SOAP comes before POX. The service connection point of Active Directory is left out,
since it needs LDAP. What always holds:

- A request that may carry the password goes over https to a host that was given or allowed, or that the domain of the
  address names. A redirect or a record never makes a host trusted.
- No URL is asked twice for the same address; at most ten redirects by URL and ten by address are followed.
- A refused log-on ends the host, not the search; the second one ends the search, before an account locks itself.
"""

from collections.abc import Generator
from typing import Final

from msgspec import Struct

from serversync.core.errors import (
    AuthenticationFailed,
    AuthenticationNotOffered,
    AutodiscoverDomainUnusable,
    AutodiscoverHostNotAllowed,
    AutodiscoverRedirectLoop,
    MailboxInExchangeOnline,
    ServiceError,
    Transient,
)
from serversync.exchange.autodiscover import json_v2, pox, soap_settings
from serversync.exchange.autodiscover.attempts import Attempt, authority_of, protocol_of, services_of
from serversync.exchange.autodiscover.evidence import evidence_of
from serversync.exchange.autodiscover.interpretation import Location, interpret, joined
from serversync.exchange.autodiscover.names import domain_of, host_of, is_allowed, is_online
from serversync.exchange.autodiscover.result import (
    Discovery,
    RedirectAddress,
    RedirectUrl,
    Settings,
    discovery_of,
)
from serversync.exchange.autodiscover.steps import (
    Get,
    Outcome,
    Place,
    Post,
    Protocol,
    Reply,
    Request,
    Resolve,
    Step,
)
from serversync.exchange.autodiscover.verdict import Verdict

MOST_REDIRECTS: Final = 10
"""Redirects by URL in a search, and redirects by address."""
MOST_REFUSALS: Final = 2
MOST_SRV_RECORDS: Final = 4

Lookup = Generator[Request | Step, Reply | None, Discovery]
"""Yields requests and is sent their replies; yields steps and is sent ``None``; returns what was found."""
_Part = Generator[Request | Step, Reply | None, Discovery | str | None]
"""A part of it: returns the result, another address to start over with, or ``None`` to go on."""
_CONNECTION_LOST_CAUSE: Final = frozenset(
    {
        "exchange.unreachable",
        "exchange.host-unknown",
        "exchange.connection-refused",
        "exchange.connection-lost",
        "exchange.certificate-untrusted",
        "exchange.certificate-wrong-host",
        "exchange.certificate-expired",
        "profile.insecure-address",
    }
)
"""After one of these the host is not asked again in the same search."""


class Question(Struct, frozen=True, kw_only=True):
    """What to look for, and where it may be looked for.

    Attributes:
        address: The mail address of the mailbox.
        given_url: An Autodiscover URL that the administrator gave; its host is trusted.
        allowed_hosts: Hosts that the administrator allows, see ``names.parse_hosts``.
    """

    address: str
    given_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()


def lookup(question: Question) -> Lookup:
    """Search for the server of a mailbox.

    Raises:
        ServiceError: nothing was found; the class says what is to be done.
    """
    return _Search(question).run()


class _Search:
    """One search and what it has learned so far."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._address = question.address.strip()
        self._addresses = {self._address.lower()}
        self._own: set[str] = set()
        self._asked: set[tuple[str, str]] = set()
        self._given_up: set[str] = set()
        self._answering: dict[str, None] = {}
        self._url_redirects = 0
        self._verdict = Verdict(question.address)

    def run(self) -> Lookup:
        question = self._question
        domain = domain_of(self._address)
        self._own = {domain, f"autodiscover.{domain}"}
        if question.given_url:
            self._own.add(host_of(question.given_url))
        yield Step(
            place=Place.SERVICE_CONNECTION_POINT,
            protocol=Protocol.LDAP,
            url="-",
            address=self._address,
            outcome=Outcome.SKIPPED,
            evidence=(("reason", "left out: Active Directory is not asked"),),
        )
        while True:
            found = yield from self._round(domain)
            if isinstance(found, Discovery):
                return found
            if found is None:
                raise self._verdict.error(domain)
            self._address = found
            domain = domain_of(found)

    def _round(self, domain: str) -> _Part:
        """Go through the lookup order once."""
        for attempt in self._attempts(domain):
            if (found := (yield from self._ask(attempt))) is not None:
                return found
        for part in (self._http_redirect(domain), self._srv(domain), self._json()):
            if (found := (yield from part)) is not None:
                return found
        return None

    def _attempts(self, domain: str) -> list[Attempt]:
        attempts = []
        given = self._question.given_url
        if given:
            attempts.append(Attempt(place=Place.GIVEN, protocol=protocol_of(given), url=given))
        for place, host in (
            (Place.DOMAIN, domain),
            (Place.AUTODISCOVER_HOST, f"autodiscover.{domain}"),
        ):
            attempts += services_of(place, host)
        return attempts

    def _ask(self, attempt: Attempt) -> _Part:
        """Ask one address, and what it redirects to."""
        if (refusal := self._refusal(attempt)) is not None:
            yield refusal
            return None
        self._asked.add((attempt.url.lower(), self._address.lower()))
        reply = yield from _reply(self._request(attempt))
        return (yield from self._understand(attempt, reply))

    def _request(self, attempt: Attempt) -> Request:
        if attempt.protocol is Protocol.JSON:
            return Get(url=attempt.url)
        if attempt.protocol is Protocol.POX:
            body = pox.request(self._address)
        else:
            body = soap_settings.request(attempt.url, self._address)
        return Post(url=attempt.url, body=body, address=self._address)

    def _refusal(self, attempt: Attempt) -> Step | None:
        """Return the step that says why an address is not asked, or ``None`` where it may be."""
        error: ServiceError | None = None
        outcome = Outcome.BLOCKED
        if (unusable := attempt.problem) is not None:
            error = unusable
        elif is_online(attempt.host) and not self._is_trusted(attempt.host):
            error = MailboxInExchangeOnline(mailbox=self._question.address, target=attempt.host)
        elif not self._is_trusted(attempt.host):
            if attempt.place in {Place.DOMAIN, Place.AUTODISCOVER_HOST}:
                # After a redirect by address at least one of the two is allowed.
                return self._step(attempt, Reply(), Outcome.SKIPPED, seen=("reason", "not an allowed host"))
            error = AutodiscoverHostNotAllowed(
                mailbox=self._question.address, host=attempt.host, origin=attempt.place.value
            )
        elif (attempt.url.lower(), self._address.lower()) in self._asked:
            if not attempt.depth:
                return self._step(attempt, Reply(), Outcome.SKIPPED, seen=("reason", "it was asked before"))
            error, outcome = self._loop(attempt.url, "it was asked before"), Outcome.FAILED
        elif attempt.authority in self._given_up and attempt.protocol is not Protocol.JSON:
            return self._step(attempt, Reply(), Outcome.SKIPPED, seen=("reason", "the host was given up"))
        if error is None:
            return None
        self._verdict.note(error, attempt.place)
        return self._step(attempt, Reply(), outcome, error)

    def _is_trusted(self, host: str) -> bool:
        return host in self._own or is_allowed(host, self._question.allowed_hosts)

    def _loop(self, url: str, reason: str) -> AutodiscoverRedirectLoop:
        return AutodiscoverRedirectLoop(mailbox=self._question.address, address=url, reason=reason)

    def _understand(self, attempt: Attempt, reply: Reply) -> _Part:
        """Show a reply as a step, and do what it says."""
        if reply.status is not None:
            self._answering.setdefault(attempt.authority)
        meaning = interpret(attempt.protocol, attempt.url, self._address, reply)
        match meaning:
            case Settings():
                return (yield from self._settled(attempt, reply, meaning))
            case RedirectAddress(address):
                return (yield from self._other_address(attempt, reply, address))
            case RedirectUrl(target):
                return (yield from self._redirected(attempt, reply, target, is_answer=True))
            case Location(target):
                return (yield from self._redirected(attempt, reply, target, is_answer=False))
        yield from self._failed(attempt, reply, meaning)
        return None

    def _failed(
        self, attempt: Attempt, reply: Reply, error: ServiceError
    ) -> Generator[Step, Reply | None, None]:
        refused = isinstance(error, AuthenticationFailed)
        if refused or isinstance(error, AuthenticationNotOffered) or error.code in _CONNECTION_LOST_CAUSE:
            self._given_up.add(attempt.authority)
        self._verdict.note(error, attempt.place)
        yield self._step(attempt, reply, Outcome.REFUSED if refused else Outcome.FAILED, error)
        if self._verdict.refusals >= MOST_REFUSALS:
            raise error

    def _settled(self, attempt: Attempt, reply: Reply, settings: Settings) -> _Part:
        discovery = discovery_of(settings, self._question.address, attempt.url)
        if discovery is None:
            error = self._verdict.nowhere(attempt.url, self._address)
            yield self._step(attempt, reply, Outcome.FAILED, error)
            return None
        host = host_of(discovery.ews_url)
        if is_online(host) and not self._is_trusted(host):
            yield from self._online(attempt, reply, host)
        yield self._step(attempt, reply, Outcome.FOUND, seen=("EWS", discovery.ews_url), discovery=discovery)
        return discovery

    def _online(self, attempt: Attempt, reply: Reply, target: str) -> Generator[Step, Reply | None, None]:
        """Stop: a server that we trust says that the mailbox is in the cloud.

        Raises:
            MailboxInExchangeOnline: always.
        """
        error = MailboxInExchangeOnline(mailbox=self._question.address, target=target)
        yield self._step(attempt, reply, Outcome.BLOCKED, error)
        raise error

    def _other_address(self, attempt: Attempt, reply: Reply, target: str) -> _Part:
        """Start over with another address, if it may be asked."""
        error: ServiceError | None = None
        domain = ""
        try:
            domain = domain_of(target)
        except AutodiscoverDomainUnusable as unusable:
            error = unusable
        if error is None and is_online(domain):
            yield from self._online(attempt, reply, target)
        if error is None and target.lower() in self._addresses:
            error = self._loop(attempt.url, f"{target} was asked before")
        elif error is None and len(self._addresses) > MOST_REDIRECTS:
            error = self._loop(attempt.url, f"more than {MOST_REDIRECTS} redirects to other addresses")
        elif error is None and not (self._is_trusted(domain) or self._is_trusted(f"autodiscover.{domain}")):
            host = f"autodiscover.{domain}"
            origin = f"redirect to {target}"
            error = AutodiscoverHostNotAllowed(mailbox=self._question.address, host=host, origin=origin)
        seen = ("redirect to address", target)
        if error is None:
            self._addresses.add(target.lower())
            yield self._step(attempt, reply, Outcome.REDIRECTED, seen=seen)
            return target
        self._verdict.note(error, Place.REDIRECT)
        yield self._step(attempt, reply, Outcome.BLOCKED, error, seen=seen)
        return None

    def _redirected(self, attempt: Attempt, reply: Reply, target: str, *, is_answer: bool) -> _Part:
        """Follow a redirect, if it may be followed.

        Args:
            attempt: What was redirected.
            reply: What it answered.
            target: Where to.
            is_answer: The redirect stands in an answer of Autodiscover, not in an HTTP header.
        """
        seen = ("redirect to", target[:500])
        host = host_of(target)
        is_plain = attempt.protocol is Protocol.HTTP
        if is_online(host) and not self._is_trusted(host) and is_answer:
            yield from self._online(attempt, reply, host)
        if self._url_redirects >= MOST_REDIRECTS:
            error = self._loop(attempt.url, f"more than {MOST_REDIRECTS} redirects to other URLs")
            self._verdict.note(error, attempt.place)
            yield self._step(attempt, reply, Outcome.BLOCKED, error, seen=seen)
            return None
        self._url_redirects += 1
        yield self._step(attempt, reply, Outcome.REDIRECTED, seen=seen)
        place = Place.HTTP_REDIRECT if is_plain else Place.REDIRECT
        protocol = Protocol.JSON if attempt.protocol is Protocol.JSON else protocol_of(target)
        return (
            yield from self._ask(Attempt(place=place, protocol=protocol, url=target, depth=attempt.depth + 1))
        )

    def _http_redirect(self, domain: str) -> _Part:
        """Ask plain HTTP where the service is, without credentials; only the Location of a 301 or 302 counts."""
        url = f"http://autodiscover.{domain}/autodiscover/autodiscover.xml"
        attempt = Attempt(place=Place.HTTP_REDIRECT, protocol=Protocol.HTTP, url=url)
        if (url, self._address.lower()) in self._asked:
            return None
        self._asked.add((url, self._address.lower()))
        reply = yield from _reply(Get(url=url))
        location = reply.headers.get("location", "")
        if reply.status in {301, 302} and location:
            return (yield from self._redirected(attempt, reply, joined(url, location), is_answer=False))
        meaning = interpret(Protocol.HTTP, url, self._address, reply)
        if isinstance(meaning, ServiceError):
            yield self._step(attempt, reply, Outcome.FAILED, meaning)
            if isinstance(meaning, Transient):
                self._verdict.note(meaning, attempt.place)
        return None

    def _srv(self, domain: str) -> _Part:
        name = f"_autodiscover._tcp.{domain}"
        attempt = Attempt(place=Place.SRV, protocol=Protocol.DNS, url=name)
        reply = yield from _reply(Resolve(name=name))
        records = [one for one in reply.records if one.target.strip(".")]
        if reply.error is not None:
            self._verdict.note(reply.error, Place.SRV)
            yield self._step(attempt, reply, Outcome.FAILED, reply.error)
            return None
        if not records:
            yield self._step(attempt, reply, Outcome.FAILED, seen=("records", "none"))
            return None
        best = sorted(records, key=lambda one: (one.priority, -one.weight, one.target))[:MOST_SRV_RECORDS]
        shown = ", ".join(f"{one.target}:{one.port}" for one in best)
        yield self._step(attempt, reply, Outcome.REDIRECTED, seen=("records", shown))
        for record in best:
            for found_attempt in services_of(Place.SRV, authority_of(record), depth=1):
                if (found := (yield from self._ask(found_attempt))) is not None:
                    return found
                if not self._is_trusted(found_attempt.host):
                    break
        return None

    def _json(self) -> _Part:
        """Ask the hosts that answered anything, last, for the one thing that needs no log-on."""
        for authority in list(self._answering):
            attempt = Attempt(
                place=Place.JSON, protocol=Protocol.JSON, url=json_v2.url(authority, self._address)
            )
            if (found := (yield from self._ask(attempt))) is not None:
                return found
        return None

    def _step(
        self,
        attempt: Attempt,
        reply: Reply,
        outcome: Outcome,
        error: ServiceError | None = None,
        *,
        seen: tuple[str, str] | None = None,
        discovery: Discovery | None = None,
    ) -> Step:
        return Step(
            place=attempt.place,
            protocol=attempt.protocol,
            url=attempt.url,
            address=self._address,
            depth=attempt.depth,
            outcome=outcome,
            milliseconds=reply.milliseconds,
            status=reply.status,
            evidence=evidence_of(reply, error, seen),
            error=error,
            discovery=discovery,
        )


def _reply(request: Request) -> Generator[Request, Reply | None, Reply]:
    """Ask, and return the reply."""
    reply = yield request
    if reply is None:
        raise RuntimeError("a request was not answered")
    return reply
