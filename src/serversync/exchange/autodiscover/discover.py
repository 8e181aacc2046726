"""Searches for the server of a mailbox over the network, showing each attempt as it ends."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from serversync.exchange.auth.credentials import Credentials
from serversync.exchange.autodiscover.connections import Connections, Network
from serversync.exchange.autodiscover.lookup import Question, lookup
from serversync.exchange.autodiscover.result import Discovery
from serversync.exchange.autodiscover.steps import Reply, Step

__all__ = ["Discovery", "Network", "Question", "Step", "discover", "find"]


async def discover(
    question: Question, credentials: Credentials, network: Network
) -> AsyncGenerator[Step, None]:
    """Search, and give every attempt; the last one of a search that found something has the ``discovery``.

    Args:
        question: What to look for.
        credentials: The account that asks; it may ask for any mailbox, without impersonation.
        network: How to get there.

    Raises:
        ServiceError: nothing was found, after the last step; the class says what is to be done.
    """
    connections = Connections(credentials, network)
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


async def find(question: Question, credentials: Credentials, network: Network) -> Discovery:
    """Search, and return what was found.

    Raises:
        ServiceError: nothing was found; the class says what is to be done.
    """
    found: Discovery | None = None
    async with aclosing(discover(question, credentials, network)) as steps:
        async for step in steps:
            found = step.discovery or found
    if found is None:
        raise RuntimeError("a search ended without a result and without an error")
    return found
