"""Test & Enable: trying out how Exchange answers for mailboxes that are to be enabled.

It really opens the Inbox as the engine would and lists one page of it, sends a message from the mailbox to itself where
the mailbox sends, writes and removes a contact and a task where these are kept in step, and writes down what came of it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from serversync.adapters.act_marker import MailboxMarker
from serversync.adapters.act_trial import write_and_remove
from serversync.adapters.exchange_mailbox import EwsMailbox
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.sending_trial import send_to_itself
from serversync.administration import audit, by_hand, enabling, mailboxes, privileges, readiness
from serversync.administration.enabling import Direction, Trial
from serversync.core import clock
from serversync.core.errors import InputInvalid, ServiceError
from serversync.crm.models import EmailServerProfile, Mailbox, Organization
from serversync.crm.privileges import Privilege
from serversync.engine.ports import INBOX
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.rules.marker import SyncingOrganization


@dataclass(frozen=True, slots=True)
class Asked:
    """What is tried: the mailbox with an address, over a profile, for an organization.

    ``overtakes`` says that its appointments, contacts and tasks are ours from now on, whoever kept them in step before.
    """

    profileid: UUID
    address: str | None
    organization: SyncingOrganization
    overtakes: bool = False


TryOut = Callable[[ProfileConnections, Asked], Awaitable[Trial]]
"""Tries one direction of a mailbox."""

_AT_ONCE: Final = 10
_SAMPLE: Final = 10


@dataclass(frozen=True, slots=True)
class EnableResult:
    """A mailbox after Test & Enable."""

    state: mailboxes.MailboxState
    trial: Trial


def enable(chosen: Sequence[Mailbox]) -> list[EnableResult]:
    """Open the Inbox of mailboxes; those that answer are enabled and due at once, the others get an alert.

    What has to be set up first (profile, approval ...) counts as a failure of the test, with its remedy.

    Returns:
        One result a mailbox, in order.
    """
    privileges.require_for(Privilege.WRITE_MAILBOX, chosen)
    for one in chosen:
        audit.noted("mailbox.test-enable", one)
    organization = Organization.objects.current()
    refusals = {one.pk: readiness.blocked_from_test(one, organization) for one in chosen}
    ready = [one for one in chosen if refusals[one.pk] is None]
    tried = asyncio.run(_try_all(ready, organization)) if ready else []
    trials = dict(zip([one.pk for one in ready], tried, strict=True))
    results = []
    for mailbox in chosen:
        refusal = refusals[mailbox.pk]
        of_mailbox = trials.get(mailbox.pk) or {
            Direction.INCOMING: Trial(
                mailbox.emailaddress or "",
                0,
                error=InputInvalid(
                    field=f"Mailbox {mailbox.emailaddress or mailbox.name}",
                    reason=f"{refusal.sentence.rstrip('.')}. {refusal.remedy.rstrip('.')}" if refusal else "",
                ),
            )
        }
        enabling.write_down(mailbox, of_mailbox)
        failed = next((trial for trial in of_mailbox.values() if trial.error is not None), None)
        results.append(
            EnableResult(mailboxes.show(str(mailbox.pk)), failed or next(iter(of_mailbox.values())))
        )
    answering = {_profile_of(one) for one in ready if enabling.first_error(trials[one.pk]) is None}
    # Workers that were refused before, and keep quiet to spare the account, connect anew.
    EmailServerProfile.objects.filter(pk__in=answering).update(modifiedon=clock.now())
    mailboxes.wake_workers()
    return results


def asked_of(mailbox: Mailbox, organization: Organization) -> Asked:
    """Return what is to be tried of a mailbox.

    Raises:
        InputInvalid: it has no profile.
    """
    return Asked(
        _profile_of(mailbox),
        mailbox.emailaddress,
        SyncingOrganization(organization.organizationid, organization.name),
        mailbox.orgmarkedasprimaryforexchangesync,
    )


def _profile_of(mailbox: Mailbox) -> UUID:
    profile = mailbox.emailserverprofile
    if profile is None:
        raise InputInvalid(field=f"Mailbox {mailbox.emailaddress}", reason="it has no Server Profile")
    return profile.pk


@asynccontextmanager
async def _connections() -> AsyncIterator[ProfileConnections]:
    async with by_hand.database() as pool, by_hand.connection_slots(pool) as slots:
        connections = by_hand.connections(pool, slots)
        try:
            yield connections
        finally:
            await connections.close()


async def _try_all(chosen: Sequence[Mailbox], organization: Organization) -> list[dict[Direction, Trial]]:
    room = asyncio.Semaphore(_AT_ONCE)
    async with _connections() as connections:

        async def one(mailbox: Mailbox) -> dict[Direction, Trial]:
            async with room:
                return {
                    direction: await try_out(connections, asked_of(mailbox, organization))
                    for direction, try_out in TRIALS.items()
                    if enabling.uses(mailbox, direction)
                }

        return await asyncio.gather(*(one(mailbox) for mailbox in chosen))


async def try_inbox(connections: ProfileConnections, asked: Asked) -> Trial:
    """Open the Inbox and list some of it; what goes wrong is in the result."""
    started = time.monotonic()

    def milliseconds() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        async with connections.client(asked.profileid, address=asked.address) as (client, mailbox):
            (found,) = await client.call(GetFolder((DistinguishedFolderId("inbox"),)), mailbox=mailbox)
            folder = found.unwrap()
            await EwsMailbox(client, mailbox).changes(INBOX, None, limit=_SAMPLE)
            version = client.server_version
    except ServiceError as error:
        return Trial(asked.address or "", milliseconds(), error=error)
    return Trial(
        mailbox or "",
        milliseconds(),
        folder=folder.display_name or "Inbox",
        total_count=folder.total_count,
        server=str(version) if version else "",
    )


async def try_sending(connections: ProfileConnections, asked: Asked) -> Trial:
    """Send a message from the mailbox to itself and see it arrive; what goes wrong is in the result."""
    started = time.monotonic()
    try:
        opened = connections.client(asked.profileid, address=asked.address, sends=True)
        async with opened as (client, mailbox):
            await send_to_itself(client, mailbox, asked.address or "")
    except ServiceError as error:
        return Trial(asked.address or "", round((time.monotonic() - started) * 1000), error=error)
    return Trial(asked.address or "", round((time.monotonic() - started) * 1000))


async def try_synchronizing(connections: ProfileConnections, asked: Asked) -> Trial:
    """Open the folders, write an item into each and remove it, and mark the mailbox as ours.

    Where the marker is another organization's nothing is written, unless the mailbox is to be overtaken. What goes wrong is
    in the result.
    """
    started = time.monotonic()
    address = asked.address or ""
    try:
        async with connections.client(asked.profileid, address=asked.address) as (client, mailbox):
            marker = MailboxMarker(client, mailbox, address=address, organization=asked.organization)
            if not asked.overtakes:
                await marker.check()
            folders = await write_and_remove(client, mailbox)
            overtaken = await marker.claim(clock.now(), overtakes=asked.overtakes)
    except ServiceError as error:
        return Trial(address, round((time.monotonic() - started) * 1000), error=error)
    return Trial(
        address,
        round((time.monotonic() - started) * 1000),
        folder=folders,
        overtaken="" if overtaken is None else str(overtaken.organization),
        is_new=marker.is_new,
    )


TRIALS: Final[Mapping[Direction, TryOut]] = {
    Direction.INCOMING: try_inbox,
    Direction.OUTGOING: try_sending,
    Direction.ACT: try_synchronizing,
}
"""How each direction is really tried; a direction that is missing is not tried."""
