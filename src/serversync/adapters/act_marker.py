"""Keeps the marker of the organization that synchronizes a mailbox, in the mailbox itself.

It is a hidden item of the mailbox's root folder, as Outlook on the web keeps its options there: no folder that people see or
passes list changes by it, every version since 2010 has it, and of two organizations that make it at the same time one is
refused.
"""

from datetime import datetime
from typing import Final

import structlog

from serversync.core.errors import SyncedByAnotherOrganization
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.create_user_configuration import CreateUserConfiguration
from serversync.exchange.operations.get_user_configuration import GetUserConfiguration
from serversync.exchange.operations.update_user_configuration import UpdateUserConfiguration
from serversync.exchange.outcome import Failure
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.exchange.types.user_configuration import UserConfigurationName
from serversync.rules.marker import Marker, SyncingOrganization

NAME: Final = UserConfigurationName("serversync.Organization", DistinguishedFolderId("root"))
"""Where the marker is, and under which name."""
_NOBODY: Final = frozenset({"ErrorItemNotFound", "ErrorCorruptData"})
"""Answers after which nobody is named: there is nothing, or nothing that can be read."""
_TAKEN: Final = "ErrorItemSave"

log = structlog.get_logger(__name__)


class MailboxMarker:
    """The marker of one mailbox, as one organization sees it.

    Args:
        client: The connection.
        mailbox: Whom to act as, ``None`` for the account's own mailbox.
        address: The address of the mailbox, for errors.
        organization: The organization that this program stands for.

    Attributes:
        is_new: Whether ``claim`` has found none, or one that named nobody.
    """

    def __init__(
        self, client: EwsClient, mailbox: str | None, *, address: str, organization: SyncingOrganization
    ) -> None:
        self.is_new = False
        self._client = client
        self._mailbox = mailbox
        self._address = address
        self._organization = organization

    async def read(self) -> Marker | None:
        """Return the marker; ``None`` where there is none, or one that names nobody."""
        (outcome,) = await self._client.call(GetUserConfiguration(NAME), mailbox=self._mailbox)
        if isinstance(outcome, Failure) and outcome.code in _NOBODY:
            return None
        return Marker.read(outcome.unwrap())

    async def check(self) -> Marker | None:
        """Return the marker where it does not stand in the way.

        Raises:
            SyncedByAnotherOrganization: it is that of another organization.
        """
        found = await self.read()
        if found is not None and not found.is_of(self._organization):
            raise self._refusal(found)
        return found

    async def claim(self, at: datetime, *, overtakes: bool = False) -> Marker | None:
        """Make the mailbox ours.

        Args:
            at: Now.
            overtakes: Also where it is another organization's.

        Returns:
            The marker of the other organization that was overtaken.

        Raises:
            SyncedByAnotherOrganization: it is another organization's, also where that one was quicker just now.
        """
        found = await self.read()
        if found is None:
            self.is_new = await self._create(at)
            if self.is_new:
                return None
            found = await self.read()  # somebody was quicker, or it names nobody
            self.is_new = found is None
        if found is not None:
            if found.is_of(self._organization):
                return None
            if not overtakes:
                raise self._refusal(found)
        await self._replace(at)
        if found is not None:
            log.warning(
                "mailbox overtaken from another organization",
                mailbox=self._address,
                organization=str(found.organization),
            )
        return found

    async def _create(self, at: datetime) -> bool:
        request = CreateUserConfiguration(NAME, Marker(self._organization, at).texts())
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        if isinstance(outcome, Failure) and outcome.code == _TAKEN:
            return False
        return outcome.unwrap()

    async def _replace(self, at: datetime) -> None:
        request = UpdateUserConfiguration(NAME, Marker(self._organization, at).texts())
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        outcome.unwrap()

    def _refusal(self, found: Marker) -> SyncedByAnotherOrganization:
        since = "an unknown time" if found.since is None else f"{found.since:%Y-%m-%d %H:%M} UTC"
        return SyncedByAnotherOrganization(
            mailbox=self._address,
            organization=found.organization.name or "without a name",
            organizationid=found.organization.organizationid,
            since=since,
        )
