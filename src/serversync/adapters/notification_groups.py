"""Groups of mailboxes that one stream tells of: who holds them, who is in them, and what is due because of them.

A mailbox is told of where its mail, or its appointments, contacts and tasks, are processed: of the folders of what is.
A group is held by one worker at a time, by a lease with a fence as mailboxes are. Whatever is written about the
mailboxes of a group is written for all of them at once.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_leases import ACT_CHANNEL, MAY_BE_SYNCHRONIZED
from serversync.adapters.leases import MAY_RUN
from serversync.adapters.mail_plan import FOLDERS_OF_A_PLAN

MOST_MAILBOXES = 200
"""Mailboxes in a group: as many subscriptions as one stream may tell of."""
WAKE_CHANNEL = "serversync_due"

_READS_MAIL = f"(m.nextpasson is not null and {MAY_RUN})"
_READS_ACT = f"""
    (m.enabledforact and {MAY_BE_SYNCHRONIZED}
     and exists (select from exchangesyncmailbox s where s.mailboxid = m.mailboxid and s.nextpasson is not null))
"""
_MAY_STREAM = f"""
    o.streamingnotificationsenabled and p.usestreamingnotifications
    and p.incominguseimpersonation and p.incomingcredentialretrieval is distinct from 0
    and (not p.useautodiscover or m.ewsurl is not null)
    and ({_READS_MAIL}
        or (o.appointmentsyncdirection <> 0 or o.contactsyncdirection <> 0 or o.tasksyncdirection <> 0) and {_READS_ACT})
"""
_TOLD_OF = f"""
    (case when {_READS_MAIL} then {FOLDERS_OF_A_PLAN} else array[]::text[] end || array(
        select f.folder from (values ('calendar', o.appointmentsyncdirection), ('contacts', o.contactsyncdirection),
            ('tasks', o.tasksyncdirection)) f (folder, direction)
        where f.direction <> 0 and {_READS_ACT}))
"""  # noqa: S608 - put together from constants
_ENDPOINT = "case when p.useautodiscover then m.ewsurl else '' end"
_GROUPING = "case when p.useautodiscover then coalesce(m.groupinginformation, '') else '' end"
_GROUP = "notificationgroupid, emailserverprofileid, endpoint, anchormailboxid, anchoraddress, leasefence, groupinginformation"

_TAKE_OVER = f"""
    update notificationgroup g set hostid = %(host)s, leaseuntil = now() + %(lease)s, leasefence = leasefence + 1,
        livesince = null, modifiedon = now()
    where notificationgroupid in (
        select notificationgroupid from notificationgroup
        where (leaseuntil is null or leaseuntil < now() or hostid = %(host)s) and not notificationgroupid = any(%(own)s)
        order by createdon limit %(limit)s for update skip locked)
    returning {_GROUP}
"""  # noqa: S608 - put together from constants
_CREATE = f"""
    insert into notificationgroup (emailserverprofileid, endpoint, groupinginformation, anchormailboxid, anchoraddress,
        hostid, leaseuntil, leasefence)
    values (%s, %s, %s, %s, %s, %s, now() + %s, 1) returning {_GROUP}
"""  # noqa: S608 - put together from constants
_FREE = f"""
    select m.mailboxid, m.emailaddress, {_TOLD_OF}, m.emailserverprofile, {_ENDPOINT}, {_GROUPING}
    from mailbox m join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
    cross join organization o
    where m.notificationgroupid is null and (m.streamretryon is null or m.streamretryon < now()) and {_MAY_STREAM}
        and (m.receivingpostponeduntil is null or m.receivingpostponeduntil < now())
    order by 4, 5, 6, lower(m.emailaddress) limit %s for update of m skip locked
"""  # noqa: S608 - put together from constants
_MEMBERS = f"""
    select m.mailboxid, m.emailaddress, {_TOLD_OF} from mailbox m
    join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile cross join organization o
    where m.notificationgroupid = %s
"""  # noqa: S608 - put together from constants
_FOLDERS = f"""
    select m.notificationgroupid, md5(string_agg({_TOLD_OF}::text, ',' order by m.mailboxid))
    from mailbox m join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
    cross join organization o where m.notificationgroupid = any(%s) group by 1
"""  # noqa: S608 - put together from constants
_DROP = f"""
    with gone as (
        select mailbox.mailboxid, mailbox.notificationgroupid from mailbox
        where notificationgroupid = any(%s) and not exists (
            select from mailbox m join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
            cross join organization o join notificationgroup g on g.notificationgroupid = m.notificationgroupid
            where m.mailboxid = mailbox.mailboxid and g.emailserverprofileid = p.emailserverprofileid
                and g.endpoint = {_ENDPOINT} and g.groupinginformation = {_GROUPING} and {_MAY_STREAM})
        order by mailbox.mailboxid for no key update of mailbox)
    update mailbox set notificationgroupid = null, streamedon = null from gone
    where mailbox.mailboxid = gone.mailboxid and mailbox.notificationgroupid = gone.notificationgroupid
    returning mailbox.mailboxid, gone.notificationgroupid
"""  # noqa: S608 - put together from constants
_WAKE = """
    with woken as (
        select mailboxid from mailbox
        where mailboxid = any(%s) and nextpasson is not null and coalesce(transientfailurecount, 0) = 0
            and enabledforincomingemail and incomingemaildeliverymethod = 2
        order by mailboxid for no key update)
    update mailbox m set wokenon = now(), foldersreadon = null, nextpasson = least(m.nextpasson, now())
    from woken where m.mailboxid = woken.mailboxid
"""
_WAKE_ACT = """
    with woken as (
        select mailboxid from exchangesyncmailbox
        where mailboxid = any(%s) and nextpasson is not null and failures = 0
        order by mailboxid for no key update)
    update exchangesyncmailbox s set nextpasson = least(s.nextpasson, now()), modifiedon = now()
    from woken where s.mailboxid = woken.mailboxid
"""
_POLL_ACT = """
    with polled as (
        select s.mailboxid, o.actpollingintervalinseconds as interval from exchangesyncmailbox s
        join mailbox m on m.mailboxid = s.mailboxid
        join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
        cross join organization o
        where m.notificationgroupid = %s and s.nextpasson is not null and s.failures = 0
            and coalesce(p.minpollingintervalinminutes, 0) * 60 <= o.actpollingintervalinseconds
        order by s.mailboxid for no key update of s)
    update exchangesyncmailbox s set nextpasson = least(s.nextpasson, now() + make_interval(secs => polled.interval)),
        modifiedon = now()
    from polled where s.mailboxid = polled.mailboxid
"""
# Several rows are always locked in the order of their ids, as by passes, so that nobody waits in a circle.
_LOCK_GROUPS = """
    select from mailbox where notificationgroupid = any(%s) order by mailboxid for no key update
"""


class Member(NamedTuple):
    """A mailbox of a group: its address, and the folders that are read of it."""

    address: str
    folders: tuple[str, ...]

    @classmethod
    def of(cls, address: str, folders: Sequence[str]) -> "Member":
        """Return a member; where its folders are those that every mailbox has, one list serves all such members."""
        read = tuple(folders)
        return cls(address, _SHARED.setdefault(read, read) if _OF_EVERYBODY.issuperset(read) else read)


_OF_EVERYBODY: Final = frozenset({"inbox", "sentitems", "calendar", "contacts", "tasks"})
_SHARED: Final[dict[tuple[str, ...], tuple[str, ...]]] = {}


Members = dict[UUID, Member]
"""Mailboxes of a group by their ids."""


class Group(NamedTuple):
    """A group that this worker holds."""

    groupid: UUID
    profileid: UUID
    endpoint: str
    anchorid: UUID
    anchor: str
    fence: int
    grouping: str

    @property
    def place(self) -> "Place":
        """Where its mailboxes are."""
        return Place(self.profileid, self.endpoint, self.grouping)


class Place(NamedTuple):
    """What the mailboxes of a group have in common.

    Attributes:
        profileid: Their profile.
        endpoint: Their server, where autodiscover finds it.
        grouping: ``GroupingInformation``, where autodiscover tells it: the site whose servers may share a stream.
    """

    profileid: UUID
    endpoint: str
    grouping: str


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

    async def gather(self, own: Sequence[Group]) -> dict[Group, Members]:
        """Put mailboxes that are in no group into groups, own ones with room first; return who came to which."""
        async with self._pool.connection() as connection, connection.transaction():
            rows = await connection.execute(_FREE, (MOST_MAILBOXES,))
            free: dict[Place, list[tuple[UUID, Member]]] = defaultdict(list)
            for mailboxid, address, folders, *where in await rows.fetchall():
                free[Place(*where)].append((mailboxid, Member.of(address, folders)))
            joined: dict[Group, Members] = {}
            if free:
                room = await self._room(connection, own)
                for place, mailboxes in free.items():
                    left = mailboxes
                    for group in own:
                        if group.place == place and room[group.groupid] > 0:
                            left, come = left[room[group.groupid] :], left[: room[group.groupid]]
                            joined[group] = dict(come)
                            if not left:
                                break
                    if left:
                        anchorid, anchor = left[0]
                        group = await self._create(connection, place, anchorid, anchor.address)
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

    async def _create(self, connection: AsyncConnection, place: Place, anchorid: UUID, anchor: str) -> Group:
        rows = await connection.execute(
            _CREATE,
            (*place, anchorid, anchor, self._host, self._lease),
        )
        (row,) = await rows.fetchall()
        return Group(*row)

    async def members(self, group: Group) -> Members:
        """Return the mailboxes of a group."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(_MEMBERS, (group.groupid,))
            return {mailboxid: Member.of(address, folders) async for mailboxid, address, folders in rows}

    async def folders(self, own: Sequence[UUID]) -> dict[UUID, str]:
        """Return for each group a text that is another one whenever its mailboxes or their folders are."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(_FOLDERS, (list(own),))
            return {groupid: digest async for groupid, digest in rows}

    async def drop(self, own: Sequence[UUID]) -> dict[UUID, set[UUID]]:
        """Let mailboxes go that are not to be told of any more; return them by group."""
        gone: dict[UUID, set[UUID]] = defaultdict(set)
        async with self._pool.connection() as connection:
            rows = await connection.execute(_DROP, (list(own),))
            for mailboxid, groupid in await rows.fetchall():
                gone[groupid].add(mailboxid)
        return gone

    async def put_aside(
        self, mailboxid: UUID, pause: timedelta, *, busy_for: timedelta | None = None
    ) -> None:
        """Let a mailbox go that cannot be subscribed; it is polled, once at once, and tried again after a pause.

        Args:
            mailboxid: The mailbox.
            pause: When it is tried again.
            busy_for: For so long its server wants to hear nothing of it; it is not polled meanwhile.
        """
        async with self._pool.connection() as connection:
            await connection.execute(
                "update mailbox set notificationgroupid = null, streamedon = null, streamretryon = now() + %(pause)s,"
                " receivingpostponeduntil = greatest(receivingpostponeduntil, now() + %(busy)s::interval),"
                " nextpasson = case when coalesce(transientfailurecount, 0) = 0"
                " then least(nextpasson, now()) else nextpasson end where mailboxid = %(mailbox)s",
                {"pause": pause, "busy": busy_for, "mailbox": mailboxid},
            )
        await self._wake_act([mailboxid])

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
            await connection.execute(_LOCK_GROUPS, ([group.groupid],))
            await connection.execute(
                "update mailbox set streamedon = coalesce(streamedon, now()), streamretryon = null"
                " where mailboxid = any(%s) and notificationgroupid = %s",
                (list(told), group.groupid),
            )
            await self._wake(connection, missed)
        await self._wake_act(missed)

    async def down(self, group: Group, error: str) -> None:
        """Note that the stream is not open any more; its mailboxes are polled as usual."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "update notificationgroup set livesince = null, failures = failures + 1, lasterror = %s,"
                " modifiedon = now() where notificationgroupid = %s and leasefence = %s",
                (error[:2000], group.groupid, group.fence),
            )
            await connection.execute(_LOCK_GROUPS, ([group.groupid],))
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
        async with self._pool.connection() as connection:
            await connection.execute(_POLL_ACT, (group.groupid,))

    async def wake(self, mailboxids: Sequence[UUID], act: Sequence[UUID] = ()) -> None:
        """Make mailboxes due now; those that wait after trouble go on waiting.

        Args:
            mailboxids: Those whose mail is due.
            act: Those whose appointments, contacts and tasks are.
        """
        async with self._pool.connection() as connection, connection.transaction():
            await self._wake(connection, mailboxids)
        await self._wake_act(act)

    async def _wake_act(self, mailboxids: Sequence[UUID]) -> None:
        """Make appointments, contacts and tasks due, in a transaction of its own: no row of another table is held meanwhile."""
        if not mailboxids:
            return
        async with self._pool.connection() as connection, connection.transaction():
            woken = await connection.execute(_WAKE_ACT, (list(mailboxids),))
            if woken.rowcount:
                await connection.execute("select pg_notify(%s, '')", (ACT_CHANNEL,))

    async def _wake(self, connection: AsyncConnection, mailboxids: Sequence[UUID]) -> None:
        if mailboxids:
            woken = await connection.execute(_WAKE, (list(mailboxids),))
            if woken.rowcount:
                await connection.execute("select pg_notify(%s, '')", (WAKE_CHANNEL,))

    async def give_back(self, own: Sequence[Group]) -> None:
        """Let go of groups, so that another worker takes them at once; a group without members ends."""
        async with self._pool.connection() as connection, connection.transaction():
            ids = [group.groupid for group in own]
            await connection.execute(_LOCK_GROUPS, (ids,))
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
