"""Finds out why a log-on was refused, with at most one bad log-on more.

Windows says only *no* (401) for a wrong password, a locked account, an expired password and a broken channel
binding alike. What can be told apart is told apart by what the server says of itself, and by one log-on of
another kind. A log-on that fails because of the binding alone does not count against the account, one with a
wrong password does; so after the first one that fails nothing more is tried.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum

from msgspec import Struct

from serversync.core.errors import (
    AccountBlocked,
    AuthenticationFailed,
    AuthenticationNotOffered,
    ClockSkewed,
    ConnectionLost,
    ExtendedProtectionRefused,
    LogOnCutOff,
    ServiceError,
)
from serversync.exchange.auth.basic import BasicAuthentication
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.auth.evidence import LogOnEvidence
from serversync.exchange.auth.flow import ASK_FOR_CHALLENGE, Authentication
from serversync.exchange.auth.ntlm import NTLM, WindowsAuthentication
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.transport import Transport

MOST_SKEW = timedelta(minutes=5)
"""What Windows allows between two clocks."""

_CHALLENGES = 3
"""So many are asked for, to see whether several servers answer behind one address."""

_WANTED = {
    Scheme.BASIC: ("basic",),
    Scheme.NTLM: ("ntlm",),
    Scheme.NEGOTIATE: ("negotiate",),
    Scheme.KERBEROS: ("negotiate",),
    Scheme.AUTO: ("ntlm", "negotiate"),
}


class Cause(Enum):
    """Why it was refused, as far as it can be told."""

    NOT_OFFERED = "not offered"
    CLOCK_SKEW = "clock skew"
    CUT_OFF = "cut off by a proxy"
    EXTENDED_PROTECTION = "extended protection"
    LOCKED_OR_CHANGED = "locked or changed"
    WRONG_PASSWORD = "wrong password"  # noqa: S105 - the name of a cause
    UNKNOWN = "unknown"
    """A wrong password, or Extended Protection behind a proxy: nothing more may be tried."""


class Diagnosis(Struct, frozen=True, gc=False):
    """The cause, the error that says what to do about it, and what it was concluded from."""

    cause: Cause
    error: ServiceError
    is_certain: bool
    evidence: tuple[tuple[str, str], ...]


async def diagnose_refusal(
    endpoint: Endpoint,
    credentials: Credentials,
    refused: ServiceError,
    *,
    user_agent: str = "serversync",
    may_try_basic: bool = False,
) -> Diagnosis:
    """Say why a log-on was refused.

    Args:
        endpoint: The server.
        credentials: What was refused.
        refused: The error of the refusal: ``AuthenticationFailed``, or ``ConnectionLost`` where the log-on broke off.
        user_agent: Names the program to the server.
        may_try_basic: Whether the administrator allows one log-on by Basic, over verified TLS, for the diagnosis.

    Raises:
        ServiceError: the server cannot be reached any more; the class says why.
    """
    return await _Trial(endpoint, credentials, refused, user_agent).diagnose(may_try_basic=may_try_basic)


class _Trial:
    def __init__(
        self, endpoint: Endpoint, credentials: Credentials, refused: ServiceError, user_agent: str
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._refused = refused
        self._user_agent = user_agent
        self._seen: list[tuple[str, str]] = []
        self._details: dict[str, object] = {"host": endpoint.host, "account": credentials.username}

    async def diagnose(self, *, may_try_basic: bool) -> Diagnosis:
        evidence = await self._look()
        offered = {name.lower() for name in evidence.offered_schemes}
        wanted = _WANTED[self._credentials.scheme]
        if offered and offered.isdisjoint(wanted):
            error: ServiceError = AuthenticationNotOffered(
                **self._details, wanted=" or ".join(wanted), offered=", ".join(evidence.offered_schemes)
            )
            return self._diagnosis(Cause.NOT_OFFERED, error, is_certain=True)
        skew = evidence.clock_skew_seconds
        if skew is not None and abs(skew) > MOST_SKEW.total_seconds():
            error = ClockSkewed(**self._details, seconds=round(skew))
            return self._diagnosis(Cause.CLOCK_SKEW, error, is_certain=False)
        return await self._judge(evidence, by_basic=may_try_basic and "basic" in offered)

    async def _judge(self, evidence: LogOnEvidence, *, by_basic: bool) -> Diagnosis:
        """Judge a refusal that offers and clock do not explain."""
        if isinstance(self._refused, ConnectionLost):
            reason = "the connection was closed in the middle of it"
            return self._cut_off(reason, is_certain=True)
        if type(self._refused) is not AuthenticationFailed:
            return self._diagnosis(Cause.LOCKED_OR_CHANGED, self._refused, is_certain=True)
        if self._refused.details.get("worked_before"):
            reason = "the same password worked before; it was changed since, or the account is locked"
            return self._diagnosis(
                Cause.LOCKED_OR_CHANGED, AccountBlocked(**self._details, reason=reason), is_certain=False
            )
        if self._credentials.scheme is Scheme.BASIC:
            return self._diagnosis(Cause.WRONG_PASSWORD, self._refused, is_certain=True)
        return await self._try(evidence, by_basic=by_basic)

    async def _look(self) -> LogOnEvidence:
        """Ask what is offered, and for a challenge; no password is used for either."""
        unused = Credentials(username="", password="", scheme=Scheme.NTLM)
        async with _opened(self._endpoint, unused, self._user_agent) as transport:
            await transport.ask_offer()
            if "ntlm" in {name.lower() for name in transport.evidence.offered_schemes}:
                for _ in range(_CHALLENGES):
                    await transport.ask_offer(ASK_FOR_CHALLENGE)
            evidence = transport.evidence
        self._note("offered", ", ".join(evidence.offered_schemes))
        if (info := evidence.target_info) is not None:
            self._note("server", info.dns_computer or info.computer)
            self._note("domain", f"{info.netbios_domain} ({info.dns_domain})")
        if evidence.clock_skew_seconds is not None:
            self._note("clock skew", _skew(evidence.clock_skew_seconds))
        self._note("front ends", ", ".join(sorted(evidence.front_ends)))
        self._note("in between", "; ".join(sorted(evidence.proxies)))
        return evidence

    async def _try(self, evidence: LogOnEvidence, *, by_basic: bool) -> Diagnosis:
        """Make one log-on of another kind; once it shows that the password is right, one more may follow."""
        basic = BasicAuthentication(self._credentials, self._endpoint.host)
        if by_basic and not await self._works("Basic", basic):
            return self._diagnosis(Cause.WRONG_PASSWORD, self._refused, is_certain=True)
        unbound = WindowsAuthentication(self._credentials, self._endpoint.host, (NTLM,), binds_channel=False)
        if await self._works("NTLM without channel binding", unbound):
            return self._protected(
                "it is accepted without channel binding and refused with that of the certificate shown here",
                is_certain=True,
            )
        if not by_basic:
            return self._diagnosis(Cause.UNKNOWN, self._refused, is_certain=False)
        if evidence.proxies and len(evidence.front_ends) > 1:
            return self._cut_off(
                "Basic accepts the same password, and one after the other several servers answer through "
                + "; ".join(sorted(evidence.proxies)),
                is_certain=False,
            )
        return self._protected("Basic accepts the same password", is_certain=False)

    async def _works(self, name: str, scheme: Authentication) -> bool:
        async with _opened(self._endpoint, self._credentials, self._user_agent, scheme) as transport:
            try:
                async with transport.exchange(b"", {}):
                    works = True
            except (AuthenticationFailed, AuthenticationNotOffered, ConnectionLost):
                works = False
        self._note(name, "accepted" if works else "refused")
        return works

    def _protected(self, reason: str, *, is_certain: bool) -> Diagnosis:
        error = ExtendedProtectionRefused(**self._details, scheme="NTLM", reason=reason)
        return self._diagnosis(Cause.EXTENDED_PROTECTION, error, is_certain=is_certain)

    def _cut_off(self, reason: str, *, is_certain: bool) -> Diagnosis:
        return self._diagnosis(
            Cause.CUT_OFF, LogOnCutOff(**self._details, reason=reason), is_certain=is_certain
        )

    def _note(self, name: str, value: str) -> None:
        if value:
            self._seen.append((name, value))

    def _diagnosis(self, cause: Cause, error: ServiceError, *, is_certain: bool) -> Diagnosis:
        return Diagnosis(cause, error, is_certain, tuple(self._seen))


def _skew(seconds: float) -> str:
    """Return the difference of the clocks for a person; a header tells whole seconds only."""
    whole = round(abs(seconds))
    if whole <= 1:
        return "none"
    return f"{whole} s, the server is {'ahead' if seconds > 0 else 'behind'}"


@asynccontextmanager
async def _opened(
    endpoint: Endpoint, credentials: Credentials, user_agent: str, scheme: Authentication | None = None
) -> AsyncIterator[Transport]:
    """Give a transport of one connection."""
    transport = Transport(
        endpoint,
        credentials,
        connections=1,
        user_agent=user_agent,
        max_answer_bytes=1 << 20,
        scheme=scheme,
    )
    try:
        yield transport
    finally:
        await transport.close()
