"""The steps below the log-on: name, connection, TLS, the first answer, and what authentication is offered."""

import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from serversync.adapters.probe import certificate_advice as advice
from serversync.adapters.probe.target import Now, Resolve, Seen, Target
from serversync.core.errors import (
    AuthenticationNotOffered,
    CertificateExpired,
    CertificateUntrusted,
    CertificateWrongHost,
    ServiceError,
)
from serversync.engine.probe import Finding, Part, failed, ok, warning
from serversync.engine.remedies import directory
from serversync.exchange.auth.credentials import Scheme
from serversync.exchange.http_status import not_exchange, status_error
from serversync.exchange.inspection import certificates, greeting, names, wire
from serversync.exchange.response_codes import AnswerContext

_WANTED: Final = {
    Scheme.AUTO: ("NTLM", "Negotiate"),
    Scheme.NTLM: ("NTLM",),
    Scheme.NEGOTIATE: ("Negotiate",),
    Scheme.BASIC: ("Basic",),
}
_SKEW: Final = timedelta(minutes=5)
"""Windows refuses log-ons by Kerberos beyond this difference of the clocks."""


class NetworkSteps:
    """Takes the steps that need no credentials."""

    def __init__(self, target: Target, seen: Seen, *, now: Now, user_agent: str, resolve: Resolve) -> None:
        self._target = target
        self._seen = seen
        self._now = now
        self._user_agent = user_agent
        self._resolve = resolve
        self._addresses: list[str] = []

    async def dns(self) -> AsyncIterator[Part | Finding]:
        """Resolve the host, or the proxy that goes there."""
        endpoint = self._seen.known_endpoint()
        proxy = wire.Proxy.parse(endpoint.proxy) if endpoint.proxy else None
        host, port = (proxy.host, proxy.port) if proxy else (endpoint.host, endpoint.port)
        self._addresses = await self._resolve(host, port, seconds=self._target.step_seconds)
        told = tuple(("Address", f"{one} ({names.kind(one)})") for one in self._addresses)
        if proxy is not None:
            yield ok(f"The proxy {host} resolves; it resolves {endpoint.host} itself.", *told)
        elif names.is_address(host):
            yield warning(
                f"The server location is the address {host} and no name.",
                "Give a name that the certificate carries: an address breaks Kerberos, and with the next server.",
                *told,
            )
        else:
            yield ok(f"{host} resolves to {', '.join(self._addresses)}.", *told)

    async def tcp(self) -> AsyncIterator[Part | Finding]:
        """Connect to each address."""
        endpoint = self._seen.known_endpoint()
        errors: list[ServiceError] = []
        for address in self._addresses:
            began = time.monotonic()
            try:
                async with wire.connected(endpoint, address, seconds=self._target.step_seconds):
                    finding = ok(f"{address} accepts connections.")
                    self._seen.address = self._seen.address or address
            except ServiceError as error:
                errors.append(error)
                finding = failed(error)
            yield Part(address, finding, _milliseconds(began))
        through = " through the proxy" if endpoint.proxy else ""
        where = f"{endpoint.host} on port {endpoint.port}{through}"
        if not self._seen.address:
            raise errors[0]
        if errors:
            yield warning(
                f"Not every address of {where} accepts connections.",
                "Take addresses that do not answer out of DNS, or start what should answer there; each attempt "
                "at them costs time.",
            )
        else:
            yield ok(f"{where} accepts connections.")

    async def tls(self) -> AsyncIterator[Part | Finding]:
        """Set up TLS, verified, and look at the certificates."""
        endpoint, address = self._seen.known_endpoint(), self._seen.address
        seconds = self._target.step_seconds
        try:
            agreed = await wire.secured(endpoint, address, seconds=seconds)
        except (CertificateUntrusted, CertificateWrongHost, CertificateExpired) as error:
            shown = await wire.presented(endpoint, address, seconds=seconds)
            chain = [certificates.read(one) for one in shown.chain]
            evidence = (("TLS", f"{shown.protocol}, {shown.cipher}"), *advice.told(chain))
            yield failed(
                error,
                *evidence,
                remedy=advice.remedy(
                    error, chain, host=endpoint.host, profile=self._target.profile, now=self._now()
                ),
            )
            return
        chain = [certificates.read(one) for one in agreed.chain]
        evidence = (("TLS", f"{agreed.protocol}, {agreed.cipher}"), *advice.told(chain))
        concern = advice.concern(chain, self._now())
        if concern is not None:
            yield warning(*concern, *evidence)
        else:
            yield ok(f"The certificate is valid for {endpoint.host}; {agreed.protocol}.", *evidence)

    async def http(self) -> AsyncIterator[Part | Finding]:
        """Ask the address without credentials, and judge who answers."""
        endpoint = self._seen.known_endpoint()
        seconds = self._target.step_seconds
        answer = await greeting.greet(endpoint, user_agent=self._user_agent, seconds=seconds)
        self._seen.greeting = answer
        told = (("Status", f"HTTP {answer.status}"), *answer.headers.items())
        context = AnswerContext(
            operation="the first request",
            host=endpoint.host,
            account=self._target.username,
            request_id=answer.headers.get("request-id"),
        )
        if answer.status != 401:
            error = status_error(answer.status, answer.headers, answer.body, context, endpoint.url)
            if error is None:
                error = not_exchange(context, endpoint.url, answer.body, "it asks nobody to log on")
            yield failed(error, *told)
            return
        difference = _skew(answer.headers.get("Date"), self._now())
        if abs(difference) > _SKEW:
            yield warning(
                f"The clock of the server differs from that of this machine by {_minutes(difference)} minutes.",
                "Let both take the time from the domain (w32tm /resync on the server; chronyc or timedatectl "
                "here): log-ons fail from 5 minutes on.",
                *told,
            )
        else:
            yield ok(f"{endpoint.host} answers and asks for a log-on.", *told)

    async def offer(self) -> AsyncIterator[Part | Finding]:
        """Compare what the server offers with what the profile wants."""
        answer, endpoint = self._seen.greeting, self._seen.known_endpoint()
        if answer is None:
            raise RuntimeError("the server has not answered yet")
        wanted = _WANTED[self._target.scheme]
        told = ("Offered", ", ".join(answer.schemes) or "none")
        usable = [scheme for scheme in wanted if answer.offers(scheme)]
        if not usable:
            raise AuthenticationNotOffered(
                host=endpoint.host,
                account=self._target.username,
                wanted=" or ".join(wanted),
                offered=", ".join(answer.schemes) or "none",
                server=self._seen.server or None,
            )
        self._seen.scheme = usable[0]
        windows = answer.offers("NTLM") or answer.offers("Negotiate")
        if windows and answer.offers("Basic"):
            identity = directory(self._seen.server)
            yield warning(
                "The server offers Basic beside Windows authentication: whoever guesses passwords may try there.",
                f"In the Exchange Management Shell: Set-WebServicesVirtualDirectory -Identity {identity} "
                + (
                    "-BasicAuthentication $false, then iisreset, and choose Windows authentication in the profile: "
                    f"serversync profile edit '{self._target.profile}' --auth ntlm."
                    if self._target.scheme is Scheme.BASIC
                    else "-BasicAuthentication $false, then iisreset."
                ),
                told,
            )
        else:
            yield ok(f"{usable[0]} will be used.", told)


def _skew(date: str | None, now: datetime) -> timedelta:
    """Return how far the server's clock is ahead of ours."""
    try:
        told = parsedate_to_datetime(date or "")
    except (ValueError, TypeError):
        return timedelta()
    return told - now if told.tzinfo is not None else timedelta()


def _minutes(difference: timedelta) -> int:
    return round(abs(difference).total_seconds() / 60)


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
