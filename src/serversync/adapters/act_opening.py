"""Opens mailboxes for passes over appointments, contacts and tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_facts import FactsOfRecords
from serversync.adapters.act_mailbox import EwsActMailbox
from serversync.adapters.act_marked_mailbox import MarkedMailbox
from serversync.adapters.act_marker import MailboxMarker
from serversync.adapters.profiles import ProfileConnections
from serversync.core.clock import now
from serversync.engine.act_run import ActClaim
from serversync.exchange.lane import Turn


class ActMailboxes:
    """Opens mailboxes over the connections of their profiles.

    Args:
        profiles: The connections.
        turn: When requests may be sent: the lease of a connection.
        pool: The database, which knows what items say of their records.
    """

    def __init__(self, profiles: ProfileConnections, turn: Turn | None, pool: AsyncConnectionPool) -> None:
        self._profiles = profiles
        self._turn = turn
        self._pool = pool

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
                takes_assigned=claim.takes_assigned,
                calendar=calendar,
                facts=FactsOfRecords(self._pool, claim.mailboxid),
            )
            marker = MailboxMarker(client, mailbox, address=claim.address, organization=claim.organization)
            yield MarkedMailbox(opened_mailbox, marker, may_write=claim.run.may_write, clock=now)
