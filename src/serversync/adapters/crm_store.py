"""The CRM side of a pass, on PostgreSQL: what is known, who is who, and one transaction a page.

The passes write in sets through psycopg; schema, constraints and defaults belong to the Django models, and
a test holds table and column names against them.
"""

from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import msgspec
from psycopg import AsyncConnection
from psycopg.errors import DeadlockDetected, UniqueViolation
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import delivery_reports, mail_lookups, mail_plan
from serversync.adapters.arrays import uuid_array
from serversync.adapters.copying import CopyTarget, LargeColumn, Row, copy_rows, fill_large
from serversync.core import faults
from serversync.core.errors import LeaseLost, ServiceError
from serversync.engine.ports import (
    Action,
    IdentityTaken,
    Listed,
    MailboxRun,
    MailFolder,
    MailPlan,
    NewEmail,
    PageWrite,
    Seen,
    Trace,
)
from serversync.rules.email import content
from serversync.rules.email.acceptance import UNTRACKED, Outcome
from serversync.rules.email.body import text_to_html
from serversync.rules.email.category import TrackingCategory
from serversync.rules.email.correlation import Book, Keys, Method, conversation_base_hash
from serversync.rules.email.filtering import Principal
from serversync.rules.email.identity import Known
from serversync.rules.email.internal import Opposite
from serversync.rules.email.judgement import FolderKind
from serversync.rules.email.message import Address
from serversync.rules.email.parties import Record

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
        ("sendermailboxid", "uuid"),
        ("ownerid", "uuid"),
        ("acceptingentityid", "uuid"),
        ("acceptingentitytypecode", "text"),
        ("correlationmethod", "int2"),
        ("correlatedactivityid", "uuid"),
        ("parentactivityid", "uuid"),
        ("correlatedsubjectchanged", "bool"),
        ("regardingobjectid", "uuid"),
        ("regardingobjecttypecode", "text"),
        ("isduplicatesenderunresolved", "bool"),
        ("leftout", "jsonb"),
        ("attachmentcount", "int4"),
        ("notifications", "int2"),
    ),
)
HASH: Final = CopyTarget("emailhash", (("activityid", "uuid"), ("hash", "int8")))
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
        ("mailboxtrackingfolderid", "uuid"),
        ("iscategorized", "bool"),
        ("attempts", "int4"),
    ),
)
TARGETS: Final = (EMAIL, HASH, PARTY, BLOB, ATTACHMENT, TRACE)

_DESCRIPTION = LargeColumn("email", "activityid", "description", is_text=True)
_BODY = LargeColumn("attachment", "attachmentid", "body", is_text=False)

_COMPLETED, _SENT, _RECEIVED = 1, 3, 4
_SENDER, _TO, _CC, _BCC = 1, 2, 3, 4


_encode: Final = msgspec.json.encode
_NEWCOMER_LOCK: Final = 0x5E11DE4
"""First half of the advisory lock under which an unknown sender becomes a record; the second is the address."""
_NEWCOMERS: Final = {
    "contact": "insert into contact (contactid, firstname, lastname, fullname, emailaddress1, ownerid)"
    " values (%(id)s, %(first)s, %(last)s, %(full)s, %(address)s, %(owner)s)",
    "lead": "insert into lead (leadid, firstname, lastname, fullname, subject, emailaddress1, ownerid)"
    " values (%(id)s, %(first)s, %(last)s, %(full)s, %(full)s, %(address)s, %(owner)s)",
}
_ANSWERS: Final = """
    update email answer set correlatedactivityid = first.activityid, parentactivityid = first.activityid,
        correlationmethod = %(method)s,
        regardingobjectid = coalesce(answer.regardingobjectid, first.regardingobjectid),
        regardingobjecttypecode = coalesce(answer.regardingobjecttypecode, first.regardingobjecttypecode)
    from email first
    where first.activityid = any(%(activities)s::uuid[]) and answer.inreplyto = first.messageid
        and answer.correlatedactivityid is null and answer.activityid <> first.activityid
"""
"""Answers that were tracked before what they answer, because Exchange lists the newest first."""
_REGARDING: Final = """
    update email set regardingobjectid = wanted.recordid, regardingobjecttypecode = wanted.tablename,
        modifiedon = now()
    from unnest(%(activities)s::uuid[], %(records)s::uuid[], %(tables)s::text[])
        as wanted (activityid, recordid, tablename)
    where email.activityid = wanted.activityid
        and (email.regardingobjectid, email.regardingobjecttypecode)
            is distinct from (wanted.recordid, wanted.tablename)
        and not exists (select from messagetrace t where t.activityid = email.activityid
            and t.mailboxid <> %(mailbox)s and t.mailboxtrackingfolderid is not null)
"""
"""A tracked folder's record overrides what was there, unless somebody else has filed the message before."""


class CrmStore:
    """``MailStore`` on a pool of connections in autocommit mode."""

    def __init__(self, pool: AsyncConnectionPool, *, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease

    async def plan(self, run: MailboxRun) -> MailPlan:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            plans = await mail_plan.read(connection, [run.mailboxid])
        return plans.get(run.mailboxid) or MailPlan()

    async def traced(self, mailboxid: UUID, item_keys: Sequence[UUID]) -> dict[UUID, Seen]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select itemkey, outcome, attempts, iscategorized from messagetrace"
                " where mailboxid = %s and itemkey = any(%s::uuid[])",
                (mailboxid, uuid_array(item_keys)),
                binary=True,
            )
            return {key: Seen(Outcome(outcome), *rest) async for key, outcome, *rest in rows}

    async def known(self, dupchecks: Sequence[UUID]) -> dict[UUID, Known]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select messageiddupcheck, activityid, contentdigest from email where messageiddupcheck = any(%s::uuid[])",
                (uuid_array(dupchecks),),
                binary=True,
            )
            return {key: Known(activityid, digest) async for key, activityid, digest in rows}

    async def existing(self, activityids: Sequence[UUID]) -> set[UUID]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select activityid from email where activityid = any(%s)", (list(activityids),)
            )
            return {activityid async for (activityid,) in rows}

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

    async def records(self, addresses: Sequence[str], *, inactive: bool = False) -> dict[str, list[Record]]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            return await mail_lookups.records(connection, addresses, inactive=inactive)

    async def principals(self, ids: Sequence[UUID]) -> dict[UUID, Principal]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            return await mail_lookups.principals(connection, ids)

    async def earlier(self, keys: Sequence[Keys]) -> Book:
        """See ``MailStore``."""
        if not keys:
            return Book()
        async with self._pool.connection() as connection:
            return await mail_lookups.earlier(connection, keys)

    async def opposites(self, message_ids: Sequence[str], *, is_outgoing: bool) -> dict[str, list[Opposite]]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            return await mail_lookups.opposites(connection, message_ids, is_outgoing=is_outgoing)

    async def retries(self, run: MailboxRun, *, limit: int) -> list[Listed]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            return await mail_plan.retries(connection, run, limit)

    async def has_waiting_retries(self, run: MailboxRun) -> bool:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            return await mail_plan.has_waiting_retries(connection, run)

    async def actions(self, run: MailboxRun, *, limit: int) -> list[Action]:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            return await mail_plan.actions(connection, run, limit)

    async def acted(
        self,
        run: MailboxRun,
        done: Sequence[Action],
        failed: Sequence[tuple[Action, ServiceError]],
        *,
        undeliverable: str | None,
    ) -> None:
        """See ``MailStore``."""
        async with self._pool.connection() as connection, connection.transaction():
            await mail_plan.acted(connection, run, done, failed, undeliverable)

    async def forget_reasons(self, run: MailboxRun, *, days: int) -> None:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            await mail_plan.forget_reasons(connection, run, days)

    async def category_kept(
        self, run: MailboxRun, known: TrackingCategory, error: ServiceError | None
    ) -> None:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            await mail_plan.category_kept(connection, run, known, error)

    async def folder_missing(self, run: MailboxRun, folder: MailFolder) -> None:
        """See ``MailStore``."""
        async with self._pool.connection() as connection:
            await mail_plan.folder_missing(connection, run, folder)

    async def write(self, page: PageWrite) -> None:
        """See ``MailStore``."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await self._hold_fence(connection, page)
                if page.position is not None:
                    await mail_plan.write_position(connection, page)
                if page.replaced:
                    await connection.execute(
                        "delete from messagetrace where mailboxid = %s and itemkey = any(%s)",
                        (page.run.mailboxid, page.replaced),
                    )
                await self._write_people(connection, page)
                # One order for all workers, so that two that hold copies of the same mail wait, not deadlock.
                await self._write_emails(connection, page, sorted(page.emails, key=lambda e: e.dupcheck.int))
                await self._write_links(connection, page)
                if page.traces:
                    await copy_rows(connection, TRACE, (_trace_row(page, trace) for trace in page.traces))
                await self._write_marks(connection, page)
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

    async def _write_people(self, connection: AsyncConnection, page: PageWrite) -> None:
        """Make unknown senders contacts or leads, unless somebody else has done so in the same moment."""
        for person in sorted(page.people, key=lambda one: one.address.lower()):
            address = person.address.lower()
            await connection.execute(
                "select pg_advisory_xact_lock(%s, hashtext(%s))", (_NEWCOMER_LOCK, address)
            )
            if await mail_lookups.records(connection, [address], inactive=True):
                raise IdentityTaken
            first, _, last = person.name.strip().rpartition(" ")
            await connection.execute(
                _NEWCOMERS[person.table],
                {
                    "id": person.recordid,
                    "first": first[:50] or None,
                    "last": (last or address)[:50],
                    "full": (person.name.strip() or address)[:160],
                    "address": person.address[:100],
                    "owner": person.ownerid,
                },
            )

    async def _write_links(self, connection: AsyncConnection, page: PageWrite) -> None:
        """What hangs on e-mails beside their own rows: hashes, queue items, later answers, folders' records."""
        if any(email.subject_keys for email in page.emails):
            await copy_rows(
                connection,
                HASH,
                ((email.activityid, key) for email in page.emails for key in email.subject_keys),
            )
        if page.queue_items:
            await connection.execute(
                "insert into queueitem (queueid, objectid, objecttypecode, title)"
                " select queueid, objectid, 'email', title from unnest(%s::uuid[], %s::uuid[], %s::text[])"
                " as wanted (queueid, objectid, title) order by queueid, objectid"
                " on conflict (queueid, objectid) do nothing",
                (
                    [one.queueid for one in page.queue_items],
                    [one.activityid for one in page.queue_items],
                    [one.title[:800] for one in page.queue_items],
                ),
            )
        if page.correlates and page.emails:
            await connection.execute(
                _ANSWERS,
                {
                    "activities": uuid_array([email.activityid for email in page.emails]),
                    "method": int(Method.IN_REPLY_TO),
                },
            )
        if page.regardings:
            await connection.execute(
                _REGARDING,
                {
                    "activities": [activityid for activityid, _ in page.regardings],
                    "records": [regarding.recordid for _, regarding in page.regardings],
                    "tables": [regarding.table for _, regarding in page.regardings],
                    "mailbox": page.run.mailboxid,
                },
            )

    async def _write_marks(self, connection: AsyncConnection, page: PageWrite) -> None:
        """What changed about items that were seen before, and what is to be done to items."""
        if page.untracked:
            await connection.execute(
                "update messagetrace set outcome = %s, reasoncode = %s, iscategorized = false, examinedon = now()"
                " where mailboxid = %s and itemkey = any(%s)",
                (UNTRACKED.outcome.value, UNTRACKED.reason, page.run.mailboxid, page.untracked),
            )
        if page.categorized:
            await connection.execute(
                "update messagetrace set iscategorized = true where mailboxid = %s and itemkey = any(%s)",
                (page.run.mailboxid, page.categorized),
            )
        waiting = [trace for trace in page.traces if trace.next_attempt is not None]
        for trace in waiting:
            await connection.execute(
                "update messagetrace set nextattempton = now() + %s where mailboxid = %s and itemkey = %s",
                (trace.next_attempt, page.run.mailboxid, trace.item_key),
            )
        if page.actions:
            await mail_plan.write_actions(connection, page)
        if page.told:
            await delivery_reports.write(connection, page.told)

    async def _write_emails(
        self, connection: AsyncConnection, page: PageWrite, emails: Sequence[NewEmail]
    ) -> None:
        if not emails:
            return
        await copy_rows(connection, EMAIL, _email_rows(page, emails))
        await copy_rows(connection, PARTY, _party_rows(emails))
        for email in emails:
            body = email.message.body
            if not isinstance(body, str):
                await fill_large(
                    connection, _DESCRIPTION, email.activityid, content.cut_chunks(body.chunks())
                )
        attachments = [
            (email.activityid, uuid4(), number, attachment)
            for email in emails
            for number, attachment in enumerate(email.judgement.kept, start=1)
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
                await fill_large(connection, _BODY, blobid, a.content.chunks())


def _email_rows(page: PageWrite, emails: Iterable[NewEmail]) -> Iterator[Row]:
    run = page.run
    is_outgoing = page.folder.kind is FolderKind.SENT
    status = _SENT if is_outgoing else _RECEIVED
    receiving, sending = (None, run.mailboxid) if is_outgoing else (run.mailboxid, None)
    for email in emails:
        m, judgement = email.message, email.judgement
        left_out = judgement.left_out
        if not isinstance(m.body, str):
            description, cut = "", max(m.body.size_bytes - content.LONGEST_BODY_BYTES, 0)
        else:
            text, cut = content.cut_text(m.body)
            description = text if m.body_is_html else text_to_html(text)
        if cut:
            left_out = [*left_out, content.LeftOut("body", cut, "body-too-long")]
        index = m.conversation_index
        acceptor = judgement.acceptance.acceptor if judgement.acceptance else None
        correlation, regarding, sender = judgement.correlation, judgement.regarding, judgement.sender
        yield (
            email.activityid,
            m.subject[:800],
            description,
            "text/html",
            is_outgoing,
            _COMPLETED,
            status,
            m.sender.address[:250] if m.sender else None,
            ";".join([a.address for a in m.to if a.address])[:500],
            sender.recordid if sender else None,
            sender.table if sender else None,
            m.message_id[:320] if m.message_id else None,
            email.dupcheck,
            email.contentdigest,
            m.in_reply_to[:320] if m.in_reply_to else None,
            b2a_base64(index, newline=False).decode()[:2048] if index else None,
            conversation_base_hash(index),
            m.importance,
            m.sent_on,
            m.received_on,
            receiving,
            sending,
            judgement.ownership.ownerid if judgement.ownership else run.ownerid,
            acceptor.recordid if acceptor else None,
            acceptor.table if acceptor else None,
            int(correlation.method) if correlation else 0,
            email.correlated,
            email.parent,
            correlation.subject_changed if correlation else False,
            regarding.recordid if regarding else None,
            regarding.table if regarding else None,
            judgement.sender_is_ambiguous,
            Jsonb([one._asdict() for one in left_out], _encode) if left_out else None,
            len(m.attachments),
            content.notification(left_out) if left_out else 0,
        )


def _party_rows(emails: Iterable[NewEmail]) -> Iterator[Row]:
    for email in emails:
        message = email.message
        if message.sender:
            yield _party_row(email.activityid, _SENDER, message.sender, email.judgement.sender)
        for mask, addresses in ((_TO, message.to), (_CC, message.cc), (_BCC, message.bcc)):
            for address in addresses:
                records = email.judgement.recipients.get(address.address.lower())
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
        page.folder.key,
        trace.message_id[:500] if trace.message_id else None,
        trace.subject[:2000],
        trace.sender[:500],
        trace.received_on,
        int(trace.decision.outcome),
        trace.decision.reason,
        Jsonb(trace.detail, _encode) if trace.detail else None,
        trace.activityid,
        page.folder.trackingid,
        trace.is_categorized,
        trace.attempts,
    )
