"""The step of Test Connection that finds the server: every attempt of autodiscover is a part of it."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from serversync.adapters.probe.target import Seen, Target
from serversync.core.errors import AuthenticationFailed, InputInvalid
from serversync.engine.probe import Finding, Part, failed, not_needed, ok
from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.autodiscover.discover import Discovery, Network, Question, Step, discover
from serversync.exchange.autodiscover.steps import Outcome
from serversync.exchange.endpoint import Endpoint

_LONGEST: Final = 300


class AutodiscoverStep:
    """Searches for the server of the sample mailbox, or of the account's own.

    Args:
        target: What is tried out.
        seen: Is told the server.
        user_agent: Names the program to the servers.
        network: How to get to servers; by default as the target says.
    """

    def __init__(
        self, target: Target, seen: Seen, *, user_agent: str, network: Network | None = None
    ) -> None:
        self._target = target
        self._seen = seen
        self._user_agent = user_agent
        self._given_network = network

    async def autodiscover(self) -> AsyncIterator[Part | Finding]:
        """Search where the profile does not say the server.

        Raises:
            ServiceError: nothing was found.
        """
        target = self._target
        if not target.autodiscover:
            if self._seen.endpoint is None:
                raise InputInvalid(field=f"Profile {target.profile}", reason="it has no server location")
            yield not_needed("The profile gives the server location.")
            return
        address = target.sample or target.username
        if "@" not in address:
            reason = "autodiscover needs an e-mail address; name a mailbox (--mailbox ADDRESS)"
            raise InputInvalid(field=f"Profile {target.profile}", reason=reason)
        question = Question(
            address=address, given_url=target.autodiscover_url, allowed_hosts=target.autodiscover_hosts
        )
        credentials = Credentials(username=target.username, password=target.password, scheme=target.scheme)
        found: Discovery | None = None
        async with aclosing(discover(question, credentials, self._network, guard=target.guard)) as search:
            async for step in search:
                found = step.discovery or found
                self._seen.refusals += isinstance(step.error, AuthenticationFailed)
                yield Part(_title(step), _finding(step), step.milliseconds)
        if found is None:
            raise RuntimeError("a search ended without a result and without an error")
        self._seen.endpoint = Endpoint.parse(
            found.ews_url, ca_file=target.ca_file, timeout=target.timeout, proxy=target.proxy
        )
        yield ok(f"{address} is served at {found.ews_url}.", *_told(found))

    @property
    def _network(self) -> Network:
        target = self._target
        return self._given_network or Network(
            ca_file=target.ca_file, timeout=target.timeout, proxy=target.proxy, user_agent=self._user_agent
        )


def _title(step: Step) -> str:
    deeper = "redirected to " if step.depth else ""
    where = "" if step.url == "-" else f" {step.url[:_LONGEST]}"
    return f"{step.place.value}, {deeper}{step.protocol.value}{where}"


def _finding(step: Step) -> Finding:
    evidence = (*((("Status", f"HTTP {step.status}"),) if step.status else ()), *step.evidence)
    if step.error is not None:
        return failed(step.error, *evidence)
    if step.discovery is not None:
        return ok(f"It names {step.discovery.ews_url}.", *evidence)
    if step.outcome is Outcome.REDIRECTED:
        return ok(f"It leads on: {step.evidence[0][1]}.", *evidence)
    return not_needed(f"Not asked or nothing there: {step.evidence[0][1] if step.evidence else 'no answer'}.")


def _told(found: Discovery) -> tuple[tuple[str, str], ...]:
    told = (
        ("Found at", found.source),
        ("Primary address", found.primary_smtp_address),
        ("Internal URL", found.internal_ews_url),
        ("External URL", found.external_ews_url),
        ("Version", str(found.server_version) if found.server_version else None),
        ("Schemas", ", ".join(found.supported_schemas)),
        ("Site", found.grouping_information),
    )
    return tuple([(label, text) for label, text in told if text])
