"""Opens mailboxes for passes over appointments, contacts and tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_attachments import Attachments
from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_facts import FactsOfRecords
from serversync.adapters.act_files import Files
from serversync.adapters.act_mailbox import EwsActMailbox, Extent
from serversync.adapters.act_marked_mailbox import MarkedMailbox
from serversync.adapters.act_marker import MailboxMarker
from serversync.adapters.act_pictures import Pictures
from serversync.adapters.profiles import ProfileConnections
from serversync.core.clock import now
from serversync.engine.act_run import ActClaim
from serversync.exchange.client import EwsClient
from serversync.exchange.lane import Turn
from serversync.rules.attachments import PREFIX
from serversync.rules.pictures import PICTURE
from serversync.rules.record import Kind

_NOTE_REPLACED: Final = """
    update exchangesyncmailbox set isreplaced = true where mailboxid = %s and leasefence = %s and not isreplaced
        and exists (select from exchangesyncidmapping l where l.mailboxid = exchangesyncmailbox.mailboxid and l.stage = 2)
"""

log = structlog.get_logger(__name__)


class ActMailboxes:
    """Opens mailboxes over the connections of their profiles.

    Args:
        profiles: The connections.
        turn: When requests may be sent: the lease of a connection.
        pool: The database, which knows what items say of their records, and has the bytes of photos and files.
    """

    def __init__(self, profiles: ProfileConnections, turn: Turn | None, pool: AsyncConnectionPool) -> None:
        self._profiles = profiles
        self._turn = turn
        self._pool = pool
        self._files = Files(pool)

    @asynccontextmanager
    async def open(self, claim: ActClaim) -> AsyncIterator[MarkedMailbox]:
        """Give the mailbox."""
        opened = self._profiles.client(claim.profileid, mailboxid=claim.mailboxid, turn=self._turn)
        async with opened as (client, mailbox):
            calendar = Calendar(
                claim.address,
                now,
                zone=claim.zone,
                policy=claim.run.appointments,
                category=claim.category,
            )
            opened_mailbox = EwsActMailbox(
                client,
                mailbox,
                takes_all=claim.takes_all,
                category=claim.category,
                extent=Extent(claim.takes_assigned, claim.subfolders),
                calendar=calendar,
                facts=FactsOfRecords(self._pool, claim.mailboxid),
                pictures=self._pictures(claim, client, mailbox),
                attachments={
                    kind: self._attachments(kind, claim, client, mailbox) for kind in _with_files(claim)
                },
            )
            marker = MailboxMarker(client, mailbox, address=claim.address, organization=claim.organization)
            yield MarkedMailbox(
                opened_mailbox,
                marker,
                may_write=claim.run.may_write,
                clock=now,
                missing=lambda: self._note_replaced(claim),
            )

    async def _note_replaced(self, claim: ActClaim) -> None:
        """Note that the mailbox has no marker of ours; where items of it are linked, it is another one than it was."""
        async with self._pool.connection() as connection:
            noted = await connection.execute(_NOTE_REPLACED, (claim.mailboxid, claim.run.fence))
            if noted.rowcount:
                log.warning("mailbox without its marker", mailbox=claim.address)

    def _pictures(self, claim: ActClaim, client: EwsClient, mailbox: str | None) -> Pictures | None:
        """Return the photos of the mailbox; ``None`` where they do not go either way."""
        rules = claim.run.rules.get(Kind.CONTACT)
        if rules is None or not rules.effective.get(PICTURE):
            return None
        return Pictures(client, mailbox, self._files, mailboxid=claim.mailboxid, largest=claim.largest_file)

    def _attachments(
        self, kind: Kind, claim: ActClaim, client: EwsClient, mailbox: str | None
    ) -> Attachments:
        return Attachments(
            client,
            mailbox,
            self._files,
            kind=kind,
            mailboxid=claim.mailboxid,
            largest=claim.largest_file,
            blocked=claim.blocked_files,
        )


def _with_files(claim: ActClaim) -> list[Kind]:
    """Return the kinds whose files go either way."""
    return [kind for kind, rules in claim.run.rules.items() if rules.effective.get(PREFIX)]
