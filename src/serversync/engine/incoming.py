"""The incoming pass: new messages of a folder become e-mail activities.

See ``serversync.engine`` for the order of steps and what may go wrong at each.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from serversync.core import faults
from serversync.core.errors import AnswerUnreadable, ItemGone, Permanent, ServiceError, SyncStateInvalid
from serversync.core.ids import random_uuids
from serversync.engine.ports import (
    Alerts,
    Change,
    ChangePage,
    ExchangeMailbox,
    IdentityTaken,
    Listed,
    MailboxRun,
    MailStore,
    NewEmail,
    PageWrite,
    PassResult,
    Trace,
)
from serversync.rules.email.acceptance import ACCEPTED, COPY, GONE, UNREADABLE, Outcome, examine
from serversync.rules.email.identity import Known, content_digest, identity, judge, twin
from serversync.rules.email.message import ReceivedMessage
from serversync.rules.email.parties import Record, resolve_recipient, resolve_sender

INBOX = "inbox"
PAGE_ITEMS = 512
"""Changes asked for in one page; the most that Exchange gives."""
PAGE_BYTES = 64 * 1024 * 1024
"""What the messages of one page may weigh together before the page is made smaller."""
BATCH_ITEMS = 200
"""Messages asked for in one request."""
SETTLED = frozenset({Outcome.TRACKED, Outcome.ALREADY_TRACKED})
"""Outcomes that a replay leaves as they are without reading the message again."""
COLLISIONS_BEFORE_GIVING_UP = 20


class IncomingPass:
    """Reads one folder of one claimed mailbox to its end."""

    def __init__(
        self,
        run: MailboxRun,
        exchange: ExchangeMailbox,
        store: MailStore,
        alerts: Alerts,
        *,
        folder: str = INBOX,
    ) -> None:
        self._run = run
        self._exchange = exchange
        self._store = store
        self._alerts = alerts
        self._folder = folder
        self._first_listing = not run.listed_once
        self.result = PassResult()

    async def __call__(self) -> PassResult:
        """Read page after page until the folder has no more changes.

        Raises:
            ServiceError: the mailbox cannot be read now; all pages before are written.
        """
        faults.reach("incoming.claimed")
        position = self._run.position
        while True:
            page = await self._list(position)
            if page.position == position and not page.is_last:
                raise AnswerUnreadable(operation="SyncFolderItems", reason="the position did not move")
            faults.reach("incoming.page-listed")
            await self._read(page, moved=page.position != position)
            position = page.position
            if page.is_last:
                faults.reach("incoming.finished")
                return self.result

    async def _list(self, position: str | None) -> ChangePage:
        """Ask for a page whose messages fit into memory; from the start where the position is refused."""
        try:
            page = await self._exchange.changes(self._folder, position, limit=PAGE_ITEMS)
        except SyncStateInvalid:
            if position is None:
                raise
            self.result.replayed = True
            self._first_listing = True
            return await self._list(None)
        total = 0
        for count, change in enumerate(page.changes):
            total += change.size_bytes
            if total > PAGE_BYTES and count:
                return await self._exchange.changes(self._folder, position, limit=count)
        return page

    async def _read(self, page: ChangePage, *, moved: bool) -> None:
        self.result.pages += 1
        self.result.listed += len(page.changes)
        write = PageWrite(self._run, self._folder, page.position, page.is_last)
        messages = await self._fetch(await self._select(page.changes, write), write)
        try:
            if messages:
                await self._exchange.fetch_attachments(messages)
                faults.reach("incoming.attachments-fetched")
            if messages or write.traces or moved or (page.is_last and self._first_listing):
                await self._write(messages, write)
                faults.reach("incoming.after-commit")
        finally:
            self._exchange.discard()
        for trace in write.traces:
            self.result.count(trace.decision.outcome)

    async def _select(self, changes: Sequence[Listed], write: PageWrite) -> list[Listed]:
        """Decide on each new item what can be decided unread; return those to be fetched."""
        new: dict[UUID, Listed] = {}
        for change in changes:
            if change.kind is Change.CREATE or change.kind is Change.UPDATE:
                new[change.item_key] = change
        self.result.news += len(new)
        if not new:
            return []
        traced = await self._store.traced(self._run.mailboxid, list(new))
        chosen = []
        for key, change in new.items():
            before = traced.get(key)
            if before in SETTLED:
                continue
            decision = examine(
                change.item_class,
                change.received_on,
                process_from=self._run.process_from,
                listing_first_time=self._first_listing,
            )
            if before is decision.outcome and decision is not ACCEPTED:
                continue
            if before is not None:
                write.replaced.append(key)
            if decision is ACCEPTED:
                chosen.append(change)
            else:
                write.traces.append(
                    Trace(
                        key,
                        change.item_id,
                        decision,
                        change.received_on,
                        detail={"item_class": change.item_class},
                    )
                )
        return chosen

    async def _fetch(self, chosen: Sequence[Listed], write: PageWrite) -> list[ReceivedMessage]:
        """Read the chosen items; those that cannot be read are set aside with an alert."""
        messages: list[ReceivedMessage] = []
        for start in range(0, len(chosen), BATCH_ITEMS):
            batch = chosen[start : start + BATCH_ITEMS]
            for listed, outcome in zip(batch, await self._exchange.messages(batch), strict=True):
                if isinstance(outcome, ReceivedMessage):
                    messages.append(outcome)
                else:
                    await self._set_aside(listed, outcome, write)
        if chosen:
            faults.reach("incoming.items-fetched")
        return messages

    async def _set_aside(self, listed: Listed, error: ServiceError, write: PageWrite) -> None:
        if not isinstance(error, Permanent):
            raise error
        gone = isinstance(error, ItemGone)
        detail: dict[str, object] = {} if gone else {"code": error.code, "text": str(error)}
        write.traces.append(
            Trace(
                listed.item_key,
                listed.item_id,
                GONE if gone else UNREADABLE,
                listed.received_on,
                detail=detail,
            )
        )
        if not gone:
            await self._alerts.raise_for_item(self._run, error, subject="", item_id=listed.item_id)

    async def _write(self, messages: Sequence[ReceivedMessage], write: PageWrite) -> None:
        """Write the page; where another worker wrote one of its messages meanwhile, decide anew."""
        judged = _Judged(messages)
        records = await self._store.records(judged.addresses()) if messages else {}
        before = len(write.traces)
        for _ in range(COLLISIONS_BEFORE_GIVING_UP):
            del write.traces[before:]
            write.emails.clear()
            if messages:
                await self._plan(judged, records, write)
            faults.reach("incoming.before-commit")
            try:
                await self._store.write(write)
            except IdentityTaken:
                continue
            return
        raise AnswerUnreadable(operation="write", reason="the same messages kept being written by others")

    async def _plan(self, judged: "_Judged", records: dict[str, list[Record]], write: PageWrite) -> None:
        known = await self._store.known([key for _, key, _ in judged.rows])
        held: dict[UUID, set[str]] = {}
        if known:
            known |= await self._store.known(judged.twins(known))
            held = await self._store.held(self._run.mailboxid, [k.activityid for k in known.values()])
        new_id = random_uuids(len(judged.rows)).__next__
        for message, key, digest in judged.rows:
            verdict = judge(key, digest, message.search_key, known=known, held=held)
            activityid = verdict.activityid
            if activityid is None:
                activityid = new_id()
                known[verdict.dupcheck] = Known(activityid, digest)
                write.emails.append(self._email(activityid, verdict.dupcheck, digest, message, records))
                decision = ACCEPTED
            else:
                decision = COPY
            if message.search_key:
                held.setdefault(activityid, set()).add(message.search_key)
            write.traces.append(
                Trace(
                    message.item_key,
                    message.item_id,
                    decision,
                    message.received_on,
                    message.search_key,
                    message.message_id,
                    message.subject,
                    message.sender.address if message.sender else "",
                    activityid,
                )
            )

    def _email(
        self,
        activityid: UUID,
        dupcheck: UUID,
        digest: UUID,
        message: ReceivedMessage,
        records: dict[str, list[Record]],
    ) -> NewEmail:
        run = self._run
        sender = None
        if message.sender and message.sender.address:
            sender = resolve_sender(records.get(message.sender.address.lower(), ()), owner=run.ownerid)
        recipients: dict[str, Sequence[Record]] = {}
        if records:
            for party in (*message.to, *message.cc, *message.bcc):
                address = party.address.lower()
                if address in records:
                    recipients[address] = resolve_recipient(
                        records[address], unresolve_multiple=run.unresolve_multiple
                    )
        missing = bool(message.attachments) and any(a.content is None for a in message.attachments)
        return NewEmail(activityid, dupcheck, digest, message, sender, recipients, missing)


class _Judged:
    """The messages of a page with their identities, worked out once."""

    def __init__(self, messages: Sequence[ReceivedMessage]) -> None:
        self.rows = [
            (
                m,
                identity(
                    m.message_id,
                    m.sender.address if m.sender else None,
                    m.sent_on,
                    m.subject,
                    direction="incoming",
                ),
                content_digest(m.body, m.attachments, (*([m.sender] if m.sender else ()), *m.to, *m.cc)),
            )
            for m in messages
        ]

    def twins(self, known: Mapping[UUID, Known]) -> list[UUID]:
        """Identities under which messages may be known that are not what is known under their first one."""
        return [twin(key, digest) for _, key, digest in self.rows if key in known]

    def addresses(self) -> list[str]:
        """Every address of the page once, lower case."""
        found = set()
        for message, _, _ in self.rows:
            if message.sender:
                found.add(message.sender.address.lower())
            for party in (*message.to, *message.cc, *message.bcc):
                found.add(party.address.lower())
        found.discard("")
        return sorted(found)
