"""Takes the steps of Test Connection at a real server."""

from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from serversync.adapters.probe.autodiscovery import AutodiscoverStep
from serversync.adapters.probe.exchange import ExchangeSteps
from serversync.adapters.probe.logon import LogOnSteps
from serversync.adapters.probe.network import NetworkSteps
from serversync.adapters.probe.notification import NotificationStep
from serversync.adapters.probe.outgoing import OutgoingStep
from serversync.adapters.probe.target import Now, Resolve, Seen, Target
from serversync.core.errors import MailboxNotAllowed
from serversync.engine.probe import Finding, Part, failed, not_needed, ok, warning
from serversync.exchange.autodiscover.discover import Network
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.inspection import authorities, names
from serversync.exchange.tls import ssl_context
from serversync.rules.allow_list import allows


class ConnectionExaminer:
    """``Examiner`` over the network; use it as ``async with``, so that its connections end with it."""

    def __init__(
        self,
        target: Target,
        *,
        now: Now,
        user_agent: str,
        resolve: Resolve = names.resolve,
        search_network: Network | None = None,
    ) -> None:
        self._target = target
        self._seen = Seen()
        self._now = now
        network = NetworkSteps(target, self._seen, now=now, user_agent=user_agent, resolve=resolve)
        finder = AutodiscoverStep(target, self._seen, user_agent=user_agent, network=search_network)
        logon = LogOnSteps(target, self._seen, now=now, user_agent=user_agent)
        exchange = ExchangeSteps(target, self._seen)
        self._steps: dict[str, Callable[[], AsyncIterator[Part | Finding]]] = {
            "profile": self._profile,
            "sample": self._sample,
            "autodiscover": finder.autodiscover,
            "dns": network.dns,
            "tcp": network.tcp,
            "tls": network.tls,
            "http": network.http,
            "offer": network.offer,
            "logon": logon.logon,
            "version": exchange.version,
            "ews": exchange.ews,
            "expiry": logon.expiry,
            "impersonation": exchange.impersonation,
            "outside": exchange.outside,
            "folders": exchange.folders,
            "sync": exchange.sync,
            "throttling": exchange.throttling,
            "notification": NotificationStep(target, self._seen).notification,
            "outgoing": OutgoingStep(target, user_agent=user_agent).outgoing,
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._seen.to_close = self._seen.to_close, None
        if client is not None:
            await client.__aexit__(kind, error, trace)

    def examine(self, key: str) -> AsyncIterator[Part | Finding]:
        """See ``Examiner``."""
        return self._steps[key]()

    async def _profile(self) -> AsyncIterator[Part | Finding]:
        target = self._target
        if target.problem is not None:
            raise target.problem
        ssl_context(target.ca_file)
        told = [("Authentication", target.scheme.value), ("User name", target.username)]
        if target.location is not None:
            self._seen.endpoint = Endpoint.parse(
                target.location, ca_file=target.ca_file, timeout=target.timeout, proxy=target.proxy
            )
            told.append(("Server location", self._seen.endpoint.url))
        if target.ca_file is not None:
            for one in authorities.read_file(target.ca_file):
                told.append(("Authority", f"{one.subject}, until {one.not_after:%Y-%m-%d}"))
                if one.ends_soon(self._now()):
                    yield warning(
                        f"The authority {one.subject} in the CA file ends on {one.not_after:%Y-%m-%d}.",
                        "Give its successor to the profile before: serversync profile edit "
                        f"'{target.profile}' --ca FILE.",
                        *told,
                    )
                    return
        yield ok(f"The profile {target.profile} has everything that a connection needs.", *told)

    async def _sample(self) -> AsyncIterator[Part | Finding]:
        sample = self._target.sample
        if sample is None:
            yield not_needed(
                "No mailbox has this profile, so none is opened.", "Name one with --mailbox ADDRESS."
            )
        elif not allows(self._target.allowed, sample):
            yield failed(MailboxNotAllowed(mailbox=sample, profile=self._target.profile))
        else:
            listed = ", ".join(self._target.allowed)
            yield ok(f"{sample} may be opened.", ("Allowed mailboxes", listed or "all"))
