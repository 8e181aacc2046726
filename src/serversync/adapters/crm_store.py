"""The CRM side of a pass, on PostgreSQL: what is known, who is who, and one transaction a page.

The passes write in sets through psycopg; schema, constraints and defaults belong to the Django models, and
a test holds table and column names against them.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4
from zlib import crc32

from psycopg import AsyncConnection
from psycopg.errors import DeadlockDetected, UniqueViolation
from psycopg.sql import SQL, Composed, Identifier
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.copying import CopyTarget, LargeColumn, Row, copy_rows, fill_large
from serversync.core import faults
from serversync.core.errors import LeaseLost
from serversync.engine.ports import IdentityTaken, NewEmail, PageWrite, Trace
from serversync.rules.email.acceptance import Outcome
from serversync.rules.email.body import text_to_html
from serversync.rules.email.identity import Known
from serversync.rules.email.message import Address
from serversync.rules.email.parties import MATCH_LIMIT, Record

EMAIL: Final = CopyTarget(
    "email",
    (
        ("activityid", "uuid"),
        ("subject", "text"),
        ("description", "text"),
        ("mimetype", "text"),
        ("directioncode", "bool"),
        ("statecode", "int2"),
        ("statuscode", "int2"),
        ("sender", "text"),
        ("torecipients", "text"),
        ("emailsender", "uuid"),
        ("emailsenderobjecttypecode", "text"),
        ("messageid", "text"),
        ("messageiddupcheck", "uuid"),
        ("contentdigest", "uuid"),
        ("inreplyto", "text"),
        ("conversationindex", "text"),
        ("baseconversationindexhash", "int4"),
        ("prioritycode", "int2"),
        ("senton", "timestamptz"),
        ("receivedon", "timestamptz"),
        ("receivingmailboxid", "uuid"),
        ("ownerid", "uuid"),
        ("attachmentcount", "int4"),
        ("notifications", "int2"),
    ),
)
PARTY: Final = CopyTarget(
    "activityparty",
    (
        ("activityid", "uuid"),
        ("participationtypemask", "int2"),
        ("partyid", "uuid"),
        ("partyobjecttypecode", "text"),
        ("addressused", "text"),
        ("addressusedemailcolumnnumber", "int4"),
        ("unresolvedpartyname", "text"),
    ),
)
BLOB: Final = CopyTarget(
    "attachment", (("attachmentid", "uuid"), ("body", "bytea"), ("filesize", "int8"), ("mimetype", "text"))
)
ATTACHMENT: Final = CopyTarget(
    "activitymimeattachment",
    (
        ("activityid", "uuid"),
        ("attachmentid", "uuid"),
        ("attachmentnumber", "int4"),
        ("filename", "text"),
        ("mimetype", "text"),
        ("attachmentcontentid", "text"),
        ("filesize", "int8"),
        ("isinline", "bool"),
    ),
)
TRACE: Final = CopyTarget(
    "messagetrace",
    (
        ("mailboxid", "uuid"),
        ("itemkey", "uuid"),
        ("exchangeentryid", "text"),
        ("searchkey", "text"),
        ("distinguishedfolderid", "text"),
        ("messageid", "text"),
        ("subject", "text"),
        ("senderaddress", "text"),
        ("receivedon", "timestamptz"),
        ("outcome", "int2"),
        ("reasoncode", "text"),
        ("detail", "jsonb"),
        ("activityid", "uuid"),
    ),
)
TARGETS: Final = (EMAIL, PARTY, BLOB, ATTACHMENT, TRACE)

ADDRESS_COLUMNS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("systemuser", ("internalemailaddress", "personalemailaddress", "mobilealertemail")),
    ("contact", ("emailaddress1", "emailaddress2", "emailaddress3")),
    ("account", ("emailaddress1", "emailaddress2", "emailaddress3")),
    ("lead", ("emailaddress1", "emailaddress2", "emailaddress3")),
    ("queue", ("emailaddress",)),
)
"""The columns that are searched when an address is resolved."""

_DESCRIPTION = LargeColumn("email", "activityid", "description", is_text=True)
_BODY = LargeColumn("attachment", "attachmentid", "body", is_text=False)

_INCOMING, _COMPLETED, _RECEIVED = False, 1, 4
_SENDER, _TO, _CC, _BCC = 1, 2, 3, 4
_NOT_ALL_ATTACHMENTS = 1
_CONVERSATION_BASE_BYTES = 22


def _resolution() -> Composed:
    """One look-up by index for each address and column."""
    branches: list[Composed] = []
    for table, columns in ADDRESS_COLUMNS:
        owner = "systemuserid" if table == "systemuser" else "ownerid"
        active = SQL("not isdisabled") if table == "systemuser" else SQL("statecode = 0")
        branches.extend(
            SQL(
                "select wanted.address, {table}, r.* from wanted cross join lateral"
                " (select {key}, {owner}, createdon, {number} from {source}"
                " where lower({column}) = wanted.address and {active} limit {limit}) r"
            ).format(
                table=table,
                key=Identifier(f"{table}id"),
                owner=Identifier(owner),
                number=number,
                source=Identifier(table),
                column=Identifier(column),
                active=active,
                limit=MATCH_LIMIT + 1,
            )
            for number, column in enumerate(columns, start=1)
        )
    wanted = SQL("with wanted (address) as (select unnest(%s::text[])) {}")
    return wanted.format(SQL(" union all ").join(branches))


_RESOLUTION: Final = _resolution()


class CrmStore:
    """``MailStore`` on a pool of connections in autocommit mode."""

    def __init__(self, pool: AsyncConnectionPool, *, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease

    async def traced(self, mailboxid: UUID, item_keys: Sequence[UUID]) -> dict[UUID, Outcome]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select itemkey, outcome from messagetrace where mailboxid = %s and itemkey = any(%s::uuid[])",
                (mailboxid, _array(item_keys)),
                binary=True,
            )
            return {key: Outcome(outcome) async for key, outcome in rows}

    async def known(self, dupchecks: Sequence[UUID]) -> dict[UUID, Known]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select messageiddupcheck, activityid, contentdigest from email where messageiddupcheck = any(%s::uuid[])",
                (_array(dupchecks),),
                binary=True,
            )
            return {key: Known(activityid, digest) async for key, activityid, digest in rows}

    async def held(self, mailboxid: UUID, activityids: Sequence[UUID]) -> dict[UUID, set[str]]:
        """See ``MailStore``."""
        found: dict[UUID, set[str]] = {}
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select activityid, searchkey from messagetrace"
                " where mailboxid = %s and activityid = any(%s) and searchkey is not null",
                (mailboxid, list(activityids)),
            )
            async for activityid, search_key in rows:
                found.setdefault(activityid, set()).add(search_key)
        return found

    async def records(self, addresses: Sequence[str]) -> dict[str, list[Record]]:
        """See ``MailStore``."""
        found: dict[str, dict[UUID, Record]] = {}
        async with self._pool.connection() as connection:
            rows = await connection.execute(_RESOLUTION, (list(addresses),))
            async for address, table, recordid, ownerid, createdon, column in rows:
                found.setdefault(address, {}).setdefault(
                    recordid, Record(table, recordid, ownerid, createdon, column)
                )
        return {address: list(records.values()) for address, records in found.items()}

    async def write(self, page: PageWrite) -> None:
        """See ``MailStore``."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await self._hold_fence(connection, page)
                await self._write_position(connection, page)
                if page.replaced:
                    await connection.execute(
                        "delete from messagetrace where mailboxid = %s and itemkey = any(%s)",
                        (page.run.mailboxid, page.replaced),
                    )
                # One order for all workers, so that two that hold copies of the same mail wait, not deadlock.
                await self._write_emails(connection, page, sorted(page.emails, key=lambda e: e.dupcheck.int))
                if page.traces:
                    await copy_rows(connection, TRACE, (_trace_row(page, trace) for trace in page.traces))
                faults.reach("incoming.rows-copied")
        except (UniqueViolation, DeadlockDetected) as error:
            raise IdentityTaken from error

    async def _hold_fence(self, connection: AsyncConnection, page: PageWrite) -> None:
        """Prolong the lease; whoever lost it writes nothing."""
        held = await connection.execute(
            "update mailbox set leaseuntil = now() + %s where mailboxid = %s and leasefence = %s and hostid = %s",
            (self._lease, page.run.mailboxid, page.run.fence, page.run.hostid),
        )
        if held.rowcount != 1:
            raise LeaseLost(mailbox=page.run.address)

    async def _write_position(self, connection: AsyncConnection, page: PageWrite) -> None:
        await connection.execute(
            "insert into mailboxfolder (mailboxid, distinguishedfolderid, syncstate, positionedon)"
            " values (%(mailbox)s, %(folder)s, %(position)s, case when %(last)s then now() end)"
            " on conflict (mailboxid, distinguishedfolderid) do update set syncstate = excluded.syncstate,"
            " positionedon = coalesce(excluded.positionedon, mailboxfolder.positionedon), modifiedon = now()",
            {
                "mailbox": page.run.mailboxid,
                "folder": page.folder,
                "position": page.position,
                "last": page.is_last,
            },
        )

    async def _write_emails(
        self, connection: AsyncConnection, page: PageWrite, emails: Sequence[NewEmail]
    ) -> None:
        if not emails:
            return
        await copy_rows(connection, EMAIL, (_email_row(page, email) for email in emails))
        await copy_rows(connection, PARTY, _party_rows(emails))
        for email in emails:
            if not isinstance(email.message.body, str):
                await fill_large(connection, _DESCRIPTION, email.activityid, email.message.body)
        attachments = [
            (email.activityid, uuid4(), number, attachment)
            for email in emails
            for number, attachment in enumerate(email.message.attachments, start=1)
            if attachment.content is not None
        ]
        if not attachments:
            return
        await copy_rows(
            connection,
            BLOB,
            (
                (blobid, a.content, len(a.content), a.content_type[:256])
                if isinstance(a.content, bytes)
                else (blobid, b"", a.content.size_bytes if a.content else 0, a.content_type[:256])
                for _, blobid, _, a in attachments
            ),
        )
        await copy_rows(
            connection,
            ATTACHMENT,
            (
                (
                    activityid,
                    blobid,
                    number,
                    a.name[:255],
                    a.content_type[:256],
                    a.content_id[:250] or None,
                    len(a.content)
                    if isinstance(a.content, bytes)
                    else a.content.size_bytes
                    if a.content
                    else 0,
                    a.is_inline,
                )
                for activityid, blobid, number, a in attachments
            ),
        )
        for _, blobid, _, a in attachments:
            if a.content is not None and not isinstance(a.content, bytes):
                await fill_large(connection, _BODY, blobid, a.content)


def _array(keys: Iterable[UUID]) -> str:
    """Return keys as the text of an array; cheaper than a list, whose every member is adapted by itself."""
    return f"{{{','.join([key.hex for key in keys])}}}"


def _email_row(page: PageWrite, email: NewEmail) -> Row:
    m = email.message
    if not isinstance(m.body, str):
        description = ""
    elif m.body_is_html:
        description = m.body
    else:
        description = text_to_html(m.body)
    index = m.conversation_index
    return (
        email.activityid,
        m.subject[:800],
        description,
        "text/html",
        _INCOMING,
        _COMPLETED,
        _RECEIVED,
        m.sender.address[:250] if m.sender else None,
        ";".join([a.address for a in m.to if a.address])[:500],
        email.sender.recordid if email.sender else None,
        email.sender.table if email.sender else None,
        m.message_id[:320] if m.message_id else None,
        email.dupcheck,
        email.contentdigest,
        m.in_reply_to[:320] if m.in_reply_to else None,
        b64encode(index).decode()[:2048] if index else None,
        conversation_base_hash(index),
        m.importance,
        m.sent_on,
        m.received_on,
        page.run.mailboxid,
        page.run.ownerid,
        len(m.attachments),
        _NOT_ALL_ATTACHMENTS if email.attachments_missing else 0,
    )


def conversation_base_hash(index: bytes) -> int | None:
    """Return the hash under which mails of one conversation are found, from the first 22 bytes of its index."""
    if len(index) < _CONVERSATION_BASE_BYTES:
        return None
    return crc32(index[:_CONVERSATION_BASE_BYTES]) - 2**31


def _party_rows(emails: Iterable[NewEmail]) -> Iterator[Row]:
    for email in emails:
        message = email.message
        if message.sender:
            yield _party_row(email.activityid, _SENDER, message.sender, email.sender)
        for mask, addresses in ((_TO, message.to), (_CC, message.cc), (_BCC, message.bcc)):
            for address in addresses:
                records = email.recipients.get(address.address.lower())
                if records:
                    for record in records:
                        yield _party_row(email.activityid, mask, address, record)
                else:
                    yield _party_row(email.activityid, mask, address, None)


def _party_row(activityid: UUID, mask: int, address: Address, record: Record | None) -> Row:
    return (
        activityid,
        mask,
        record.recordid if record else None,
        record.table if record else None,
        address.address[:320],
        record.column if record else None,
        address.name[:200] if address.name else None,
    )


def _trace_row(page: PageWrite, trace: Trace) -> Row:
    return (
        page.run.mailboxid,
        trace.item_key,
        trace.item_id,
        trace.search_key,
        page.folder,
        trace.message_id[:500] if trace.message_id else None,
        trace.subject[:2000],
        trace.sender[:500],
        trace.received_on,
        trace.decision.outcome.value,
        trace.decision.reason,
        Jsonb(trace.detail) if trace.detail else None,
        trace.activityid,
    )
