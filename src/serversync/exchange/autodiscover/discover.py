"""Searches for the server of a mailbox over the network, showing each attempt as it ends."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.auth.guard import LogOnGuard
from serversync.exchange.autodiscover import soap_settings
from serversync.exchange.autodiscover.attempts import protocol_of
from serversync.exchange.autodiscover.connections import Connections, Network
from serversync.exchange.autodiscover.documents import Unreadable
from serversync.exchange.autodiscover.lookup import Question, lookup
from serversync.exchange.autodiscover.names import host_of, is_online
from serversync.exchange.autodiscover.result import Discovery, Settings, discovery_of
from serversync.exchange.autodiscover.steps import Post, Protocol, Reply, Step

__all__ = ["Discovery", "Network", "Question", "Step", "discover", "find", "find_beside"]


async def discover(
    question: Question, credentials: Credentials, network: Network, *, guard: LogOnGuard | None = None
) -> AsyncGenerator[Step, None]:
    """Search, and give every attempt; the last one of a search that found something has the ``discovery``.

    Args:
        question: What to look for.
        credentials: The account that asks; it may ask for any mailbox, without impersonation.
        network: How to get there.
        guard: Who else tries the same password.

    Raises:
        ServiceError: nothing was found, after the last step; the class says what is to be done.
    """
    connections = Connections(credentials, network, guard)
    search = lookup(question)
    reply: Reply | None = None
    while True:
        try:
            wanted = search.send(reply)
        except StopIteration:
            return
        if isinstance(wanted, Step):
            reply = None
            yield wanted
        else:
            reply = await connections.perform(wanted)


async def find(
    question: Question, credentials: Credentials, network: Network, *, guard: LogOnGuard | None = None
) -> Discovery:
    """Search, and return what was found.

    Raises:
        ServiceError: nothing was found; the class says what is to be done.
    """
    found: Discovery | None = None
    async with aclosing(discover(question, credentials, network, guard=guard)) as steps:
        async for step in steps:
            found = step.discovery or found
    if found is None:
        raise RuntimeError("a search ended without a result and without an error")
    return found


async def find_beside(
    source: str,
    addresses: Sequence[str],
    credentials: Credentials,
    network: Network,
    *,
    guard: LogOnGuard | None = None,
) -> dict[str, Discovery]:
    """Ask the SOAP service that has just answered for further mailboxes of the same domain, in one request.

    Args:
        source: ``Discovery.source``; another service than SOAP can only be asked for one address at a time.
        addresses: At most ``soap_settings.MOST_USERS`` addresses.
        credentials: The account that asks.
        network: How to get there.
        guard: Who else tries the same password.

    Returns:
        What was found, by address; those that are elsewhere or unknown are left out and have to be searched for.
    """
    if protocol_of(source) is not Protocol.SOAP or not addresses:
        return {}
    asked = list(addresses)[: soap_settings.MOST_USERS]
    request = Post(url=source, body=soap_settings.request(source, *asked), address=asked[0])
    reply = await Connections(credentials, network, guard).perform(request)
    if reply.error is not None or reply.status != 200:
        return {}
    try:
        answers = soap_settings.read_all(reply.body)
    except Unreadable:
        return {}
    if len(answers) != len(asked):
        return {}
    found: dict[str, Discovery] = {}
    for address, answer in zip(asked, answers, strict=True):
        discovery = discovery_of(answer, address, source) if isinstance(answer, Settings) else None
        if discovery is not None and not is_online(host_of(discovery.ews_url)):
            found[address] = discovery
    return found
