"""E-mails on their way out, on PostgreSQL: claims, what is to be sent, and what became of it.

A claim is a lease with a fence, as for mailboxes. Everything that a run writes names its fence; where another worker
has taken the e-mail over meanwhile, no row is found and nothing is written.
"""

from base64 import b64decode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.sending_statistics import record_sending
from serversync.adapters.spool import CHUNK, SpooledContent
from serversync.core.errors import LeaseLost, ServiceError
from serversync.engine.sending import DeliveryRun, Draft, OutgoingFile, OutgoingMessage
from serversync.rules.email.message import Address
from serversync.rules.email.sending import Stage, Trail

SEND_CHANNEL: Final = "serversync_send"
"""NOTIFY on this channel when an e-mail was handed over to be sent."""

_PENDING, _SENDING = 6, 7
_FROM, _TO, _CC, _BCC = 1, 2, 3, 4

_TIMEOUT: Final = timedelta(seconds=100)
_RELEASED: Final = "leaseuntil = null"
MAY_SEND = """
    m.statecode = 0 and m.enabledforoutgoingemail and m.outgoingemaildeliverymethod = 2 and p.statecode = 0
    and (m.postponesendinguntil is null or m.postponesendinguntil <= now())
    and not exists (
        select from exchangeaccount a where a.stoppedon is not null
        and (a.exchangeaccountid = p.emailserverprofileid and a.credentialsof = p.modifiedon
             or a.exchangeaccountid = m.mailboxid and a.credentialsof = m.modifiedon))
    and (m.emailrouteraccessapproval = 1
         or not case when m.regardingobjecttypecode = 'queue'
                     then o.requireapprovalforqueueemail else o.requireapprovalforuseremail end)
"""
_JOINS = """
    join mailbox m on m.mailboxid = d.mailboxid
    join emailserverprofile p on p.emailserverprofileid = m.emailserverprofile
    cross join organization o
"""

_IS_DUE = f"""
    d.dueon <= now() and (d.leaseuntil is null or d.leaseuntil < now()) and {MAY_SEND}
    and not exists (select from emaildelivery other where other.mailboxid = d.mailboxid
        and other.activityid <> d.activityid and other.leaseuntil >= now())
    and d.activityid = (select first.activityid from emaildelivery first
        where first.mailboxid = d.mailboxid and first.dueon <= now()
        order by first.dueon, first.activityid limit 1)
"""  # noqa: S608 - put together from constants
# The first of each profile, then the second of each ..., so that none keeps those of another waiting.
_CANDIDATES = f"""
    select activityid, emailserverprofileid, mailboxid from (
        select d.activityid, d.dueon, p.emailserverprofileid,
            case when p.incomingcredentialretrieval = 0 then d.mailboxid end as mailboxid,
            row_number() over (partition by p.emailserverprofileid order by d.dueon) as place
        from emaildelivery d {_JOINS}
        where {_IS_DUE}) due
    order by place, dueon limit %(limit)s
"""  # noqa: S608 - put together from constants

_CLAIM = f"""
    with due as (
        select d.activityid, d.stage from emaildelivery d {_JOINS}
        where {_IS_DUE} and (%(only)s::uuid is null or d.activityid = %(only)s)
        order by d.dueon limit %(limit)s
        for update of d skip locked)
    update emaildelivery set hostid = %(host)s, leasefence = leasefence + 1, leaseuntil = now() + %(lease)s,
        stage = greatest(emaildelivery.stage, {int(Stage.PREPARING)}), modifiedon = now()
    from due where emaildelivery.activityid = due.activityid
    returning emaildelivery.activityid, emaildelivery.mailboxid, emaildelivery.leasefence, due.stage
"""  # noqa: S608 - put together from constants

_NEXT_DUE = f"""
    select greatest(min(greatest(d.dueon, d.leaseuntil)) - now(), interval '0') from emaildelivery d {_JOINS}
    where d.dueon is not null and {MAY_SEND} having count(*) > 0
"""  # noqa: S608 - put together from constants

_BEGIN = f"""
    select e.subject, e.description, e.sender, e.prioritycode, e.readreceiptrequested, e.deliveryreceiptrequested,
        e.inreplyto, e.conversationindex, e.deliveryattempts, d.askedon, d.dueon, now() as begunon, m.emailaddress as mailboxaddress,
        m.ownerid, m.emailserverprofile, p.timeoutmailboxconnectionafteramount as timeout, o.maximumemaildeliveryattempts,
        o.ssssaveoutgoingemailtoexchangesentfolder as keepscopy, parent.messageid as parentid,
        parent.inreplyto as grandparentid
    from emaildelivery d {_JOINS}
    join email e on e.activityid = d.activityid
    left join email parent on parent.activityid = e.parentactivityid
    where d.activityid = %(email)s and d.leasefence = %(fence)s and d.hostid = %(host)s
"""  # noqa: S608 - put together from constants

_PARTIES = """
    select participationtypemask, coalesce(addressused, ''), coalesce(unresolvedpartyname, '')
    from activityparty where activityid = %s and participationtypemask in (1, 2, 3, 4) and not donotemail
    order by activitypartyid
"""
_FILES = """
    select attachmentid, coalesce(filename, 'ATT'), coalesce(mimetype, 'application/octet-stream'),
        coalesce(attachmentcontentid, ''), isinline, filesize
    from activitymimeattachment where activityid = %s order by attachmentnumber
"""


class DeliveryCandidate(NamedTuple):
    """An e-mail that is due; ``mailboxid`` where the limit of connections is that of its mailbox."""

    activityid: UUID
    profileid: UUID
    mailboxid: UUID | None


class DeliveryClaim(NamedTuple):
    """An e-mail claimed for a run that has not begun; ``stage`` is what was written down before."""

    activityid: UUID
    mailboxid: UUID
    fence: int
    stage: Stage


async def due_deliveries(connection: AsyncConnection, *, limit: int) -> list[DeliveryCandidate]:
    """Return e-mails that could be claimed, the profiles in turns, longest waiting first."""
    rows = await connection.execute(_CANDIDATES, {"limit": limit})
    return [DeliveryCandidate(*row) for row in await rows.fetchall()]


async def claim_deliveries(
    connection: AsyncConnection, *, host: str, lease: timedelta, limit: int, only: UUID | None = None
) -> list[DeliveryClaim]:
    """Claim e-mails that are due, at most one of each mailbox and none where one is being sent, longest waiting first.

    Args:
        connection: In autocommit mode, or in a transaction.
        host: Who claims.
        lease: How long a claim stands without a sign of life.
        limit: The most that are claimed.
        only: Nothing but this e-mail.
    """
    rows = await connection.execute(_CLAIM, {"host": host, "lease": lease, "limit": limit, "only": only})
    return [
        DeliveryClaim(email, mailbox, fence, Stage(stage))
        for email, mailbox, fence, stage in await rows.fetchall()
    ]


async def next_delivery_due(connection: AsyncConnection) -> timedelta | None:
    """Return how long until the next e-mail is due; ``None`` where none ever is."""
    rows = await connection.execute(_NEXT_DUE)
    row = await rows.fetchone()
    return row[0] if row else None


class DeliveryStore:
    """``Deliveries`` on a pool of connections in autocommit mode, for one worker."""

    def __init__(self, pool: AsyncConnectionPool, *, host: str, lease: timedelta) -> None:
        self._pool = pool
        self._host = host
        self._lease = lease
        self._spools: list[SpooledContent] = []

    async def begin(self, claim: DeliveryClaim) -> DeliveryRun | None:
        """Take up a claim; ``None`` where it is no longer ours."""
        async with self._pool.connection() as connection, connection.transaction():
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(
                _BEGIN, {"email": claim.activityid, "fence": claim.fence, "host": self._host}
            )
            row = await cursor.fetchone()
            if row is None:
                return None
            await connection.execute(
                "update email set statuscode = %s, modifiedon = now() where activityid = %s and statuscode = %s",
                (_SENDING, claim.activityid, _PENDING),
            )
            parties = await (await connection.execute(_PARTIES, (claim.activityid,))).fetchall()
            files = await (await connection.execute(_FILES, (claim.activityid,))).fetchall()
        return DeliveryRun(
            message=_message(claim.activityid, row, parties, files),
            mailboxid=claim.mailboxid,
            address=row["mailboxaddress"],
            ownerid=row["ownerid"],
            profileid=row["emailserverprofile"],
            hostid=self._host,
            fence=claim.fence,
            stage=claim.stage,
            asked_on=row["askedon"],
            attempts=row["deliveryattempts"],
            most_attempts=row["maximumemaildeliveryattempts"],
            keep_copy=row["keepscopy"],
            in_flight=timedelta(milliseconds=row["timeout"]) if row["timeout"] else _TIMEOUT,
            due_on=row["dueon"],
            begun_on=row["begunon"],
        )

    async def prolong(self, held: Sequence[tuple[UUID, int]]) -> None:
        """Prolong the leases of runs that are under way."""
        if not held:
            return
        async with self._pool.connection() as connection:
            await connection.execute(
                "update emaildelivery d set leaseuntil = now() + %s from unnest(%s::uuid[], %s::bigint[])"
                " as h (id, fence) where d.activityid = h.id and d.leasefence = h.fence and d.hostid = %s",
                (self._lease, [i for i, _ in held], [f for _, f in held], self._host),
            )

    async def release(self, claim: DeliveryClaim) -> None:
        """Give a claim back undone; the e-mail stays due."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "update emaildelivery set leaseuntil = null, hostid = null"
                " where activityid = %s and leasefence = %s and hostid = %s",
                (claim.activityid, claim.fence, self._host),
            )

    async def content(self, file: OutgoingFile) -> SpooledContent:
        """See ``Deliveries``."""
        spool = SpooledContent()
        self._spools.append(spool)
        async with self._pool.connection() as connection:
            for start in range(1, file.size_bytes + 1, CHUNK):
                rows = await connection.execute(
                    "select substring(body from %s for %s) from attachment where attachmentid = %s",
                    (start, CHUNK, file.attachmentid),
                    binary=True,
                )
                row = await rows.fetchone()
                if row is not None and row[0]:
                    spool.write(row[0])
        return spool

    def discard(self) -> None:
        """See ``Deliveries``."""
        for spool in self._spools:
            spool.close()
        self._spools.clear()

    async def intend(self, run: DeliveryRun, draft: Draft) -> None:
        """See ``Deliveries``."""
        await self._write(
            run,
            "stage = %(stage)s, askedon = now(), draftitemid = %(draft)s, draftchangekey = %(key)s,"
            " leaseuntil = now() + %(lease)s",
            {
                "stage": int(Stage.SENDING),
                "draft": draft.item_id,
                "key": draft.change_key,
                "lease": self._lease,
            },
        )

    async def sent(self, run: DeliveryRun, *, sent_on: datetime) -> None:
        """See ``Deliveries``."""
        async with self._pool.connection() as connection, connection.transaction():
            await self._write(
                run,
                "stage = %(stage)s",
                {"stage": int(Stage.SENT)},
                email="statecode = 1, statuscode = 3, senton = %(senton)s, actualend = %(senton)s,"
                " postponeemailprocessinguntil = null",
                values={"senton": sent_on},
                connection=connection,
            )
            await record_sending(connection, run, succeeded=True)

    async def finish(self, run: DeliveryRun, trail: Trail | None) -> None:
        """See ``Deliveries``."""
        async with self._pool.connection() as connection, connection.transaction():
            gone = await connection.execute(
                "delete from emaildelivery where activityid = %s and leasefence = %s and hostid = %s",
                (run.message.activityid, run.fence, run.hostid),
            )
            if gone.rowcount != 1:
                raise LeaseLost(mailbox=run.address)
            if trail is not None and trail.message_id:
                await connection.execute(
                    "update email set messageid = %s, modifiedon = now() where activityid = %s",
                    (trail.message_id[:320], run.message.activityid),
                )

    async def look_again(self, run: DeliveryRun, *, due: datetime) -> None:
        """See ``Deliveries``."""
        await self._write(run, f"dueon = %(due)s, {_RELEASED}", {"due": due})

    async def postpone(
        self, run: DeliveryRun, error: ServiceError, *, due: datetime, stage: Stage | None = None
    ) -> None:
        """See ``Deliveries``."""
        async with self._pool.connection() as connection, connection.transaction():
            await self._write(
                run,
                f"dueon = %(due)s, lasterror = %(error)s, stage = coalesce(%(stage)s, stage), {_RELEASED}",
                {"due": due, "error": _words(error), "stage": None if stage is None else int(stage)},
                email="statuscode = case when statuscode = 7 then 6 else statuscode end,"
                " deliveryattempts = deliveryattempts + 1, postponeemailprocessinguntil = %(due)s",
                values={"due": due},
                connection=connection,
            )
            await record_sending(connection, run, succeeded=False)

    async def fail(self, run: DeliveryRun, error: ServiceError, *, stage: Stage) -> None:
        """See ``Deliveries``."""
        async with self._pool.connection() as connection, connection.transaction():
            await self._write(
                run,
                f"dueon = null, lasterror = %(error)s, stage = %(stage)s, {_RELEASED}",
                {"error": _words(error), "stage": int(stage)},
                email="statecode = 0, statuscode = 8, deliveryattempts = deliveryattempts + 1,"
                " postponeemailprocessinguntil = null",
                connection=connection,
            )
            await record_sending(connection, run, succeeded=False)

    async def stop_mailbox(self, run: DeliveryRun, error: ServiceError) -> None:
        """See ``Deliveries``."""
        async with self._pool.connection() as connection, connection.transaction():
            await self._write(
                run,
                f"dueon = now(), lasterror = %(error)s, {_RELEASED}",
                {"error": _words(error)},
                email="statuscode = case when statuscode = 7 then 6 else statuscode end",
                connection=connection,
            )
            await connection.execute(
                "update mailbox set enabledforoutgoingemail = false, outgoingemailstatus = 2, mailboxstatus = 2,"
                " lastsyncerror = %s, lastsyncerroroccurredon = now(),"
                " lastsyncerrorcount = coalesce(lastsyncerrorcount, 0) + 1 where mailboxid = %s",
                (_words(error), run.mailboxid),
            )

    async def _write(
        self,
        run: DeliveryRun,
        delivery: str,
        parameters: Mapping[str, object],
        *,
        email: str = "",
        values: Mapping[str, object] | None = None,
        connection: AsyncConnection | None = None,
    ) -> None:
        """Change the delivery, under its fence, and the e-mail with it, in one transaction."""
        if connection is None:
            async with self._pool.connection() as own, own.transaction():
                await self._write(run, delivery, parameters, email=email, values=values, connection=own)
            return
        fenced = {**parameters, "email": run.message.activityid, "fence": run.fence, "host": run.hostid}
        held = await connection.execute(
            f"update emaildelivery set {delivery}, modifiedon = now() where activityid = %(email)s"  # noqa: S608 - constants
            " and leasefence = %(fence)s and hostid = %(host)s",
            fenced,
        )
        if held.rowcount != 1:
            raise LeaseLost(mailbox=run.address)
        if email:
            await connection.execute(
                f"update email set {email}, modifiedon = now() where activityid = %(email)s",  # noqa: S608 - constants
                {**(values or {}), "email": run.message.activityid},
            )


def _words(error: ServiceError) -> str:
    return f"{error.code}: {error}"[:2048]


def _message(
    activityid: UUID, row: Mapping[str, Any], parties: Sequence[Any], files: Sequence[Any]
) -> OutgoingMessage:
    """Put the e-mail together; its sender is named where it is not the mailbox itself."""
    people: dict[int, list[Address]] = defaultdict(list)
    for part, address, name in parties:
        if address:
            people[part].append(Address(name, address))
    sender = next(iter(people[_FROM]), None)
    is_own = sender is None or sender.address.lower() == (row["mailboxaddress"] or "").lower()
    index = row["conversationindex"]
    references = " ".join(one for one in (row["grandparentid"], row["parentid"]) if one)
    return OutgoingMessage(
        activityid=activityid,
        subject=row["subject"] or "",
        body=row["description"] or "",
        sender=None if is_own else sender,
        to=people[_TO],
        cc=people[_CC],
        bcc=people[_BCC],
        importance=row["prioritycode"],
        read_receipt=row["readreceiptrequested"],
        delivery_receipt=row["deliveryreceiptrequested"],
        in_reply_to=row["inreplyto"],
        references=references or None,
        conversation_index=b64decode(index) if index else None,
        files=tuple([OutgoingFile(*file) for file in files]),
    )
