"""Groups of mailboxes that one stream tells of: who holds them, who is in them, and what is due because of them.

A group is held by one worker at a time, by a lease with a fence as mailboxes are. Whatever is written about the
mailboxes of a group is written for all of them at once.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.leases import MAY_RUN

MOST_MAILBOXES = 200
"""Mailboxes in a group: as many subscriptions as one stream may tell of."""
WAKE_CHANNEL = "serversync_due"

_MAY_STREAM = f"""
    {MAY_RUN} and m.nextpasson is not null and o.streamingnotificationsenabled and p.usestreamingnotifications
    and p.incominguseimpersonation and p.incomingcredentialretrieval is distinct from 0
    and (not p.useautodiscover or m.ewsurl is not null)
"""
_ENDPOINT = "case when p.useautodiscover then m.ewsurl else '' end"

_TAKE_OVER = """
    update notificationgroup g set hostid = %(host)s, leaseuntil = now() + %(lease)s, leasefence = leasefence + 1,
        livesince = null, modifiedon = now()
    where notificationgroupid in (
        select notificationgroupid from notificationgroup
        where (leaseuntil is null or leaseuntil < now() or hostid = %(host)s) and not notificationgroupid = any(%(own)s)
        order by createdon limit %(limit)s for update skip locked)
    returning notificationgroupid, emailserverprofileid, endpoint, anchormailboxid, anchoraddress, leasefence
"""
_FREE = f"""
    select m.mailboxid, m.emailaddress, m.emailserverprofile, {_ENDPOINT}
    from mailbox m join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
    cross join organization o
    where m.notificationgroupid is null and (m.streamretryon is null or m.streamretryon < now()) and {_MAY_STREAM}
    order by 3, 4, lower(m.emailaddress) limit %s for update of m skip locked
"""  # noqa: S608 - put together from constants
_DROP = f"""
    with gone as (
        select mailbox.mailboxid, mailbox.notificationgroupid from mailbox
        where notificationgroupid = any(%s) and not exists (
            select from mailbox m join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
            cross join organization o join notificationgroup g on g.notificationgroupid = m.notificationgroupid
            where m.mailboxid = mailbox.mailboxid and g.emailserverprofileid = p.emailserverprofileid
                and g.endpoint = {_ENDPOINT} and {_MAY_STREAM}))
    update mailbox set notificationgroupid = null, streamedon = null from gone
    where mailbox.mailboxid = gone.mailboxid and mailbox.notificationgroupid = gone.notificationgroupid
    returning mailbox.mailboxid, gone.notificationgroupid
"""  # noqa: S608 - put together from constants
_WAKE = """
    update mailbox set wokenon = now(), foldersreadon = null, nextpasson = least(nextpasson, now())
    where mailboxid = any(%s) and nextpasson is not null and coalesce(transientfailurecount, 0) = 0
"""


class Group(NamedTuple):
    """A group that this worker holds."""

    groupid: UUID
    profileid: UUID
    endpoint: str
    anchorid: UUID
    anchor: str
    fence: int


class NotificationGroups:
    """The groups on a pool of connections in autocommit mode, for one worker."""

    def __init__(self, pool: AsyncConnectionPool, *, host: str, lease: timedelta) -> None:
        self._pool = pool
        self._host = host
        self._lease = lease

    async def take_over(self, own: Sequence[UUID], *, limit: int) -> list[Group]:
        """Take groups that nobody holds, or whose worker gives no sign of life any more."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                _TAKE_OVER, {"host": self._host, "lease": self._lease, "own": list(own), "limit": limit}
            )
            return [Group(*row) for row in await rows.fetchall()]

    async def gather(self, own: Sequence[Group]) -> dict[Group, dict[UUID, str]]:
        """Put mailboxes that are in no group into groups, own ones with room first; return who came to which."""
        async with self._pool.connection() as connection, connection.transaction():
            rows = await connection.execute(_FREE, (MOST_MAILBOXES,))
            free: dict[tuple[UUID, str], list[tuple[UUID, str]]] = defaultdict(list)
            for mailboxid, address, profileid, endpoint in await rows.fetchall():
                free[profileid, endpoint].append((mailboxid, address))
            joined: dict[Group, dict[UUID, str]] = {}
            if free:
                room = await self._room(connection, own)
                for (profileid, endpoint), mailboxes in free.items():
                    left = mailboxes
                    for group in own:
                        if (group.profileid, group.endpoint) == (profileid, endpoint) and room[
                            group.groupid
                        ] > 0:
                            left, come = left[room[group.groupid] :], left[: room[group.groupid]]
                            joined[group] = dict(come)
                            if not left:
                                break
                    if left:
                        group = await self._create(connection, profileid, endpoint, *left[0])
                        joined[group] = dict(left)
                for group, members in joined.items():
                    await connection.execute(
                        "update mailbox set notificationgroupid = %s, streamedon = null where mailboxid = any(%s)",
                        (group.groupid, list(members)),
                    )
            return joined

    async def _room(self, connection: AsyncConnection, own: Sequence[Group]) -> dict[UUID, int]:
        rows = await connection.execute(
            "select g, %s - (select count(*) from mailbox m where m.notificationgroupid = g) from unnest(%s::uuid[]) g",
            (MOST_MAILBOXES, [group.groupid for group in own]),
        )
        return {groupid: int(room) for groupid, room in await rows.fetchall()}

    async def _create(
        self, connection: AsyncConnection, profileid: UUID, endpoint: str, anchorid: UUID, anchor: str
    ) -> Group:
        rows = await connection.execute(
            "insert into notificationgroup (emailserverprofileid, endpoint, anchormailboxid, anchoraddress, hostid,"
            " leaseuntil, leasefence) values (%s, %s, %s, %s, %s, now() + %s, 1)"
            " returning notificationgroupid, emailserverprofileid, endpoint, anchormailboxid, anchoraddress, leasefence",
            (profileid, endpoint, anchorid, anchor, self._host, self._lease),
        )
        (row,) = await rows.fetchall()
        return Group(*row)

    async def members(self, group: Group) -> dict[UUID, str]:
        """Return the mailboxes of a group with their addresses."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select mailboxid, emailaddress from mailbox where notificationgroupid = %s", (group.groupid,)
            )
            return {mailboxid: address async for mailboxid, address in rows}

    async def drop(self, own: Sequence[UUID]) -> dict[UUID, set[UUID]]:
        """Let mailboxes go that are not to be told of any more; return them by group."""
        gone: dict[UUID, set[UUID]] = defaultdict(set)
        async with self._pool.connection() as connection:
            rows = await connection.execute(_DROP, (list(own),))
            for mailboxid, groupid in await rows.fetchall():
                gone[groupid].add(mailboxid)
        return gone

    async def put_aside(self, mailboxid: UUID, pause: timedelta) -> None:
        """Let a mailbox go that cannot be subscribed; it is polled, once at once, and tried again after a pause."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "update mailbox set notificationgroupid = null, streamedon = null, streamretryon = now() + %s,"
                " nextpasson = case when coalesce(transientfailurecount, 0) = 0 then least(nextpasson, now())"
                " else nextpasson end where mailboxid = %s",
                (pause, mailboxid),
            )

    async def prolong(self, own: Sequence[Group]) -> set[UUID]:
        """Prolong the leases; return the groups that are still ours."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "update notificationgroup g set leaseuntil = now() + %s"
                " from unnest(%s::uuid[], %s::bigint[]) as h (id, fence)"
                " where g.notificationgroupid = h.id and g.leasefence = h.fence and g.hostid = %s"
                " returning g.notificationgroupid",
                (self._lease, [g.groupid for g in own], [g.fence for g in own], self._host),
            )
            return {groupid async for (groupid,) in rows}

    async def live(self, group: Group, told: Sequence[UUID], missed: Sequence[UUID]) -> None:
        """Note that a stream is open, and make those due once of whom it may have missed something."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "update notificationgroup set livesince = now(), failures = 0, lasterror = null, modifiedon = now()"
                " where notificationgroupid = %s and leasefence = %s",
                (group.groupid, group.fence),
            )
            await connection.execute(
                "update mailbox set streamedon = coalesce(streamedon, now()), streamretryon = null"
                " where mailboxid = any(%s) and notificationgroupid = %s",
                (list(told), group.groupid),
            )
            await self._wake(connection, missed)

    async def down(self, group: Group, error: str) -> None:
        """Note that the stream is not open any more; its mailboxes are polled as usual."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "update notificationgroup set livesince = null, failures = failures + 1, lasterror = %s,"
                " modifiedon = now() where notificationgroupid = %s and leasefence = %s",
                (error[:2000], group.groupid, group.fence),
            )
            await connection.execute(
                "update mailbox m set streamedon = null,"
                " nextpasson = least(m.nextpasson, now() + make_interval(secs => o.pollingintervalinseconds))"
                " from organization o, emailserverprofile p"
                " where m.notificationgroupid = %s and p.emailserverprofileid = m.emailserverprofile"
                " and m.nextpasson is not null and coalesce(m.transientfailurecount, 0) = 0"
                " and coalesce(p.minpollingintervalinminutes, 0) * 60 <= o.pollingintervalinseconds",
                (group.groupid,),
            )
            await connection.execute(
                "update mailbox set streamedon = null where notificationgroupid = %s and streamedon is not null",
                (group.groupid,),
            )

    async def wake(self, mailboxids: Sequence[UUID]) -> None:
        """Make mailboxes due now; those that wait after trouble go on waiting."""
        async with self._pool.connection() as connection, connection.transaction():
            await self._wake(connection, mailboxids)

    async def _wake(self, connection: AsyncConnection, mailboxids: Sequence[UUID]) -> None:
        if mailboxids:
            await connection.execute(_WAKE, (list(mailboxids),))
            await connection.execute("select pg_notify(%s, '')", (WAKE_CHANNEL,))

    async def give_back(self, own: Sequence[Group]) -> None:
        """Let go of groups, so that another worker takes them at once; a group without members ends."""
        async with self._pool.connection() as connection, connection.transaction():
            ids = [group.groupid for group in own]
            await connection.execute(
                "update mailbox set streamedon = null where notificationgroupid = any(%s) and streamedon is not null",
                (ids,),
            )
            await connection.execute(
                "update notificationgroup g set hostid = null, leaseuntil = null, livesince = null, modifiedon = now()"
                " from unnest(%s::uuid[], %s::bigint[]) as h (id, fence)"
                " where g.notificationgroupid = h.id and g.leasefence = h.fence",
                (ids, [group.fence for group in own]),
            )
            await connection.execute(
                "delete from notificationgroup g where notificationgroupid = any(%s)"
                " and not exists (select from mailbox m where m.notificationgroupid = g.notificationgroupid)",
                (ids,),
            )
