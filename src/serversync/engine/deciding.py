"""Decides on the messages of a page together: what they need from the store is asked for once for all of them.

Messages are decided in the order they were sent, so that an answer in the same page finds what it answers. A
message that is taken is known to the ones behind it under the key that its activity will have; should it turn out
to be a copy of an activity, the key of that one takes its place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from serversync.core.clock import now
from serversync.core.ids import random_uuids
from serversync.engine.ports import (
    Action,
    ActionKind,
    ExchangeMailbox,
    MailboxRun,
    MailFolder,
    MailPlan,
    MailStore,
    NewEmail,
    NewPerson,
    NewQueueItem,
    PageWrite,
    Trace,
)
from serversync.rules.email.acceptance import COPY, OURS, Decision, Outcome
from serversync.rules.email.circle import People
from serversync.rules.email.content import LeftOut
from serversync.rules.email.correlation import (
    NO_KEYS,
    Book,
    Earlier,
    Keys,
    hashes_to_store,
    keys_of,
    normalized_id,
)
from serversync.rules.email.filtering import NewSender, Principal
from serversync.rules.email.forwarding import attached_message, unpack
from serversync.rules.email.identity import Known, content_digest, identity, judge, twin
from serversync.rules.email.judgement import FolderKind, Judgement, Place, judge_message
from serversync.rules.email.message import ReceivedMessage
from serversync.rules.email.parties import Record
from serversync.rules.email.queueing import queues_of

_NOBODY = NewSender.NOTHING
_PERSON_TABLES = {NewSender.CONTACT: "contact", NewSender.LEAD: "lead"}


class Judged:
    """A message with its identity and what was decided about it."""

    __slots__ = ("activityid", "digest", "is_accepted", "judgement", "keys", "message", "reader", "stamp")

    def __init__(
        self, message: ReceivedMessage, judgement: Judgement, keys: tuple[UUID, ...], activityid: UUID
    ) -> None:
        self.message = message
        self.judgement = judgement
        self.is_accepted = judgement.is_accepted
        self.keys = keys
        """Identities under which it may be there already; a new activity gets the last one."""
        self.activityid = activityid
        """The key that its activity has if it is a new one."""
        self.digest: UUID | None = None
        self.stamp = _stamp(message.stamp) if message.stamp else None
        self.reader: Principal | None = None


class PageDecisions:
    """The messages of one page of one folder, and what is decided about them."""

    def __init__(
        self,
        run: MailboxRun,
        plan: MailPlan,
        folder: MailFolder,
        store: MailStore,
        messages: Sequence[ReceivedMessage],
    ) -> None:
        self._run = run
        self._plan = plan
        self._folder = folder
        self._store = store
        self._messages = sorted(messages, key=_when_sent)
        self._is_outgoing = folder.kind is FolderKind.SENT
        self._takes_by_hand = folder.kind is FolderKind.TRACKED or bool(plan.category)
        self._acts = plan.delete_after_processing or (plan.stamps_category and bool(plan.category))
        self._unpacked: dict[UUID, ReceivedMessage] = {}
        self._may_meet = True
        self.rows: list[Judged] = []

    def to_fetch(self) -> list[ReceivedMessage]:
        """Return the messages whose attachments are needed, without those that are left out."""
        wanted = []
        for row in self.rows:
            if not row.is_accepted or not row.judgement.kept:
                continue
            missing = [one for one in row.judgement.kept if one.content is None]
            if missing:
                wanted.append(
                    row.message
                    if len(missing) == len(row.message.attachments)
                    else replace(row.message, attachments=missing)
                )
        return wanted

    async def judge(self, exchange: ExchangeMailbox) -> None:
        """Decide on every message but whether it is a copy, which needs its whole content."""
        people = await self._people(self._messages)
        readers: dict[UUID, Principal | None] = {}
        reader = people.principals.get(self._plan.readerid) if self._plan.readerid else None
        messages = self._messages
        refused: dict[UUID, Judgement] = {}
        if self._plan.is_forward_mailbox:
            messages, readers, refused = await self._unwrap(exchange, people)
            people = await self._people(messages)
        settings = self._plan.settings
        keys, looking = [NO_KEYS] * len(messages), []
        if settings.correlates:
            keys = [keys_of(message, settings) for message in messages]
            looking = [key for key in keys if any(key)]
        book = await self._store.earlier(looking) if looking else Book()
        opposites = {}
        if settings.ignoreinternalemail:
            ids = [m.message_id for m in messages if m.message_id]
            opposites = await self._store.opposites(ids, is_outgoing=self._is_outgoing)
        place = Place(
            self._folder.kind, reader, self._folder.name, self._folder.regarding, self._plan.category
        )
        new_ids = random_uuids(len(messages))
        self.rows = []
        for message, key in zip(messages, keys, strict=True):
            here = place._replace(reader=readers[message.item_key]) if readers else place
            judgement = (refused.get(message.item_key) if refused else None) or judge_message(
                message,
                here,
                people,
                keys=key,
                book=book,
                opposites=opposites.get(message.message_id or "", ()) if opposites else (),
                settings=settings,
            )
            row = Judged(message, judgement, self._identities(message, judgement), next(new_ids))
            row.reader = here.reader
            self.rows.append(row)
            if looking and row.is_accepted:
                self._make_known(row, key, book)

    async def _people(self, messages: Sequence[ReceivedMessage]) -> People:
        addresses = _addresses(messages)
        records = await self._store.records(
            addresses, inactive=self._plan.settings.resolveforinactiveentities
        )
        ids = [
            record.recordid
            for found in records.values()
            for record in found
            if record.table in ("systemuser", "queue")
        ]
        if self._plan.readerid is not None:
            ids.append(self._plan.readerid)
        principals = await self._store.principals(ids) if ids else {}
        return People(records, principals)

    async def _unwrap(
        self, exchange: ExchangeMailbox, people: People
    ) -> tuple[list[ReceivedMessage], dict[UUID, Principal | None], dict[UUID, Judgement]]:
        """Take the forwarded messages out of their wrappers; only from users who forward to this mailbox."""
        new = [one for one in self._messages if one.item_key not in self._unpacked]
        parts = [replace(one, attachments=[part]) for one in new if (part := attached_message(one))]
        if parts:
            await exchange.fetch_attachments(parts)
        messages: list[ReceivedMessage] = []
        readers: dict[UUID, Principal | None] = {}
        refused: dict[UUID, Judgement] = {}
        for wrapper in self._messages:
            key = wrapper.item_key
            if key not in self._unpacked and (inner := unpack(wrapper)) is not None:
                self._unpacked[key] = inner
            sender = wrapper.sender.address if wrapper.sender else ""
            forwarders = [
                principal
                for record in people.of(sender)
                if (principal := people.principals.get(record.recordid)) is not None and principal.forwards
            ]
            readers[key] = forwarders[0] if forwarders else None
            messages.append(self._unpacked.get(key, wrapper))
            if not forwarders or key not in self._unpacked:
                refused[key] = Judgement(Decision(Outcome.NOT_ACCEPTED, "invalid-forward"))
        return messages, readers, refused

    def _identities(self, message: ReceivedMessage, judgement: Judgement) -> tuple[UUID, ...]:
        """Return the message's identity; of internal mail that is one activity, the same for both halves."""
        sender = message.sender.address if message.sender else None
        told = message.message_id, sender, message.sent_on, message.subject
        if not self._is_outgoing:
            return (identity(*told, direction="incoming"),)
        if judgement.internal == "its other half is not tracked":
            return identity(*told, direction="outgoing"), identity(*told, direction="incoming")
        return (identity(*told, direction="outgoing"),)

    def _make_known(self, row: Judged, keys: Keys, book: Book) -> None:
        message, judgement = row.message, row.judgement
        if message.message_id:
            for one in book.by_message_id.get(normalized_id(message.message_id), ()):
                if one.is_outgoing is self._is_outgoing:
                    return
        earlier = Earlier(
            row.activityid,
            message.message_id,
            message.subject,
            message.sent_on,
            judgement.ownership.ownerid if judgement.ownership else None,
            judgement.regarding,
            None,
            message.conversation_index,
            keys.people,
            self._is_outgoing,
        )
        book.add(earlier, keys.subject_keys)

    async def plan(self, write: PageWrite) -> None:
        """Say which messages are copies, and put everything that is to be written into the page."""
        keys: list[UUID] = []
        for row in self.rows:
            keys += row.keys
            if row.digest is None and row.is_accepted:
                m = row.message
                if row.judgement.kept:
                    _note_missing(row)
                people = [m.sender, *m.to, *m.cc] if m.sender else [*m.to, *m.cc]
                row.digest = content_digest(m.body, m.attachments, people)
        known = await self._store.known(keys)
        held: dict[UUID, set[str]] = {}
        if known:
            twins = [
                twin(key, row.digest)
                for row in self.rows
                if row.digest is not None
                for key in row.keys
                if key in known
            ]
            known |= await self._store.known(twins)
            held = await self._store.held(self._run.mailboxid, [one.activityid for one in known.values()])
        # Nearly always every message of a page has keys of its own, and none can be a copy of another one.
        self._may_meet = len(set(keys)) < len(keys)
        actual: dict[UUID, UUID] = {}
        newcomers: dict[str, Record] = {}
        stamps = {row.stamp for row in self.rows if row.stamp is not None}
        ours = await self._store.existing(list(stamps)) if stamps else set()
        for row in self.rows:
            if row.stamp is not None and row.stamp in ours:
                actual[row.activityid] = row.stamp
                write.traces.append(self._trace(row, OURS, row.stamp))
            elif row.is_accepted:
                self._plan_accepted(row, write, known, held, actual, newcomers)
            else:
                self._plan_refused(row, write, known)

    def _plan_refused(self, row: Judged, write: PageWrite, known: dict[UUID, Known]) -> None:
        """A message that nobody takes here may be an activity all the same, taken elsewhere."""
        there = next((known[key] for key in row.keys if key in known), None)
        decision = COPY if there else row.judgement.decision
        write.traces.append(self._trace(row, decision, there.activityid if there else None))

    def _plan_accepted(
        self,
        row: Judged,
        write: PageWrite,
        known: dict[UUID, Known],
        held: dict[UUID, set[str]],
        actual: dict[UUID, UUID],
        newcomers: dict[str, Record],
    ) -> None:
        message, judgement = row.message, row.judgement
        digest = row.digest
        if digest is None:
            raise RuntimeError("an accepted message has a digest")
        key = row.keys[-1]
        if len(row.keys) > 1:
            key = next((one for one in row.keys if one in known), key)
        # Most keys are new; what can be said of those needs no judgement.
        activityid, dupcheck = (
            judge(key, digest, message.search_key, known=known, held=held) if key in known else (None, key)
        )
        decision, is_new = judgement.decision, activityid is None
        if activityid is None:
            activityid = row.activityid
            if self._may_meet:
                known[dupcheck] = Known(activityid, digest)
            if judgement.new_sender is not _NOBODY:
                self._welcome(row, write, newcomers)
            write.emails.append(self._email(row, dupcheck, digest, actual))
        else:
            actual[row.activityid] = activityid
            decision = COPY
            if self._folder.regarding is not None:
                write.regardings.append((activityid, self._folder.regarding))
        if self._may_meet and (search_key := message.search_key):
            _hold(held, activityid, search_key)
        if judgement.queues or self._plan.reader_is_queue:
            self._queue(row, write, activityid, is_new=is_new)
        if self._acts:
            self._act(row, write)
        write.traces.append(self._trace(row, decision, activityid))

    def _email(self, row: Judged, dupcheck: UUID, digest: UUID, actual: dict[UUID, UUID]) -> NewEmail:
        correlation = row.judgement.correlation
        earlier = correlation.earlier if correlation else None
        parent = correlation.parent if correlation else None
        settings = self._plan.settings
        return NewEmail(
            row.activityid,
            dupcheck,
            digest,
            row.message,
            row.judgement,
            actual.get(earlier.activityid, earlier.activityid) if earlier else None,
            actual.get(parent, parent) if parent else None,
            hashes_to_store(row.message.subject, settings) if settings.makes_hashes else (),
        )

    def _welcome(self, row: Judged, write: PageWrite, newcomers: dict[str, Record]) -> None:
        """Make an unknown sender a contact or lead where the taker of the message wants it, once a page."""
        judgement, sender = row.judgement, row.message.sender
        table = _PERSON_TABLES.get(judgement.new_sender)
        if table is None or sender is None:
            return
        address = sender.address.lower()
        if address not in newcomers:
            recordid = next(random_uuids(1))
            owner = judgement.ownership.ownerid if judgement.ownership else None
            write.people.append(NewPerson(table, recordid, sender.name, sender.address, owner))
            newcomers[address] = Record(table, recordid, owner, now())
        judgement.sender = newcomers[address]

    def _queue(self, row: Judged, write: PageWrite, activityid: UUID, *, is_new: bool) -> None:
        reading = self._plan.readerid if self._plan.reader_is_queue else None
        for waiting in queues_of(row.judgement.queues, reading, is_new=is_new, settings=self._plan.settings):
            write.queue_items.append(NewQueueItem(waiting.queueid, activityid, row.message.subject))

    def _act(self, row: Judged, write: PageWrite) -> None:
        """What is to be done to the item in Exchange, now that it is an activity."""
        message = row.message
        if self._plan.delete_after_processing:
            write.actions.append(Action(ActionKind.DELETE, message.item_key, message.item_id))
        elif self._plan.category not in message.categories:
            write.actions.append(
                Action(ActionKind.ADD_CATEGORY, message.item_key, message.item_id, self._plan.category)
            )

    def _trace(self, row: Judged, decision: Decision, activityid: UUID | None) -> Trace:
        message = row.message
        detail = row.judgement.detail()
        if self._takes_by_hand:
            if decision.reason == "tracked-folder":
                detail["folder"] = self._folder.name
            elif decision.reason == "category":
                detail["category"] = self._plan.category
        if self._plan.is_forward_mailbox and row.reader is not None:
            detail["forwarder"] = row.reader.name
        return Trace(
            message.item_key,
            message.item_id,
            decision,
            message.received_on,
            message.search_key,
            message.message_id,
            message.subject,
            message.sender.address if message.sender else "",
            activityid,
            detail,
            bool(self._plan.category) and self._plan.category in message.categories,
        )


def _hold(held: dict[UUID, set[str]], activityid: UUID, search_key: str) -> None:
    if activityid in held:
        held[activityid].add(search_key)
    else:
        held[activityid] = {search_key}


def _stamp(text: str) -> UUID | None:
    """Return the activity that an item says it was sent as; what is no id is nobody's stamp."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _when_sent(message: ReceivedMessage) -> tuple[float, str]:
    when: datetime | None = message.sent_on or message.received_on
    return (when.timestamp() if when else 0.0, message.item_id)


def _addresses(messages: Iterable[ReceivedMessage]) -> list[str]:
    """Return every address once, in lower case."""
    found = set()
    for message in messages:
        if message.sender:
            found.add(message.sender.address.lower())
        for party in (*message.to, *message.cc, *message.bcc):
            found.add(party.address.lower())
    found.discard("")
    return sorted(found)


def _note_missing(row: Judged) -> None:
    """What Exchange could not hand over, though it was wanted, is left out and said so."""
    for one in row.judgement.kept:
        if one.content is None:
            row.judgement.left_out.append(LeftOut(one.name, one.size_bytes, "unreadable"))
    row.judgement.kept = [one for one in row.judgement.kept if one.content is not None]
