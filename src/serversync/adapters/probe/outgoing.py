"""The step of Test Connection about the server that sends, where it is another one."""

from collections.abc import AsyncIterator
from typing import Final

from serversync.adapters.probe.target import Target
from serversync.engine.probe import Finding, Part, not_needed, ok
from serversync.exchange.client import Credentials, EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId

_DRAFTS: Final = GetFolder((DistinguishedFolderId("drafts"),))


class OutgoingStep:
    """Logs on to the Outgoing Server Location as the passes do that send.

    Args:
        target: What is tried out.
        user_agent: Names the program to the server.
    """

    def __init__(self, target: Target, *, user_agent: str) -> None:
        self._target = target
        self._user_agent = user_agent

    async def outgoing(self) -> AsyncIterator[Part | Finding]:
        """Open the folder in which e-mail is written before it leaves.

        Raises:
            ServiceError: it does not open.
        """
        target = self._target
        if target.outgoing is None:
            yield not_needed("E-mail leaves through the same server.")
            return
        if target.acting_as is None and target.impersonate and not target.own_credentials:
            yield not_needed("There is no mailbox to try.", "Name one with --mailbox ADDRESS.")
            return
        endpoint = Endpoint.parse(
            target.outgoing, ca_file=target.ca_file, timeout=target.timeout, proxy=target.proxy
        )
        client = EwsClient(
            endpoint,
            Credentials(username=target.username, password=target.password, scheme=target.scheme),
            connections=1,
            user_agent=self._user_agent,
            guard=target.guard,
            allow_other_servers=target.allow_other_servers,
        )
        async with client as opened:
            lane = opened if target.turn is None else opened.lane(target.turn)
            (folder,) = await lane.call(_DRAFTS, mailbox=target.acting_as)
            folder.unwrap()
            version = opened.server_version
        yield ok(f"E-mail leaves through {endpoint.url}.", ("Build", str(version) if version else "-"))
