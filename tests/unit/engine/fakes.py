"""An Exchange mailbox and a CRM store in memory, for the engine's tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from serversync.core.errors import ItemGone, ItemUnreadable, LeaseLost, SyncStateInvalid
from serversync.engine.ports import (
    ActionKind,
    Change,
    ChangePage,
    IdentityTaken,
    Listed,
    MailboxRun,
    MailPlan,
    Seen,
)
from serversync.rules.email.acceptance import UNTRACKED, Outcome
from serversync.rules.email.correlation import Book, Earlier, people_of
from serversync.rules.email.filtering import Filter, Principal
from serversync.rules.email.identity import Known, item_key
from serversync.rules.email.internal import Opposite
from serversync.rules.email.message import Address, ReceivedMessage
from serversync.rules.email.parties import Record
from serversync.rules.email.retrying import MOST_ATTEMPTS
from serversync.rules.email.settings import EmailSettings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_run(address="ada@example.org", **changes):
    run = MailboxRun(
        mailboxid=uuid4(),
        address=address,
        hostid="test",
        fence=1,
        profileid=uuid4(),
        ownerid=uuid4(),
        regardingtable="systemuser",
        process_from=None,
        position=None,
        listed_once=False,
        unresolve_multiple=False,
        polling=timedelta(seconds=30),
        polling_floor=timedelta(0),
        failures=0,
    )
    return replace(run, **changes)


def a_message(
    item_id,
    *,
    message_id=None,
    subject="Offer",
    body="text",
    sent=NOON,
    received=NOON,
    search_key=None,
    to=(),
    **more,
):
    return ReceivedMessage(
        item_id=item_id,
        item_key=item_key(item_id),
        item_class="IPM.Note",
        search_key=search_key or f"key-of-{item_id}",
        message_id=message_id or f"<{item_id}@example.com>",
        subject=subject,
        body=body,
        body_is_html=False,
        sender=Address("Grete", "Grete@Harbour.example"),
        to=[Address("", a) for a in to] or [Address("Ada", "ada@example.org")],
        sent_on=sent,
        received_on=received,
        importance=1,
        size_bytes=len(body),
        **{"in_reply_to": None, "conversation_index": b"", "cc": [], "bcc": []} | more,
    )


def a_principal(address="ada@example.org", *, table="systemuser", takes=Filter.ALL, recordid=None, **more):
    recordid = recordid or uuid4()
    owner = more.pop("ownerid", recordid if table == "systemuser" else None)
    return Principal(table, recordid, address, takes, owner, **more)


class FakeExchange:
    """Folders as lists of changes; a position is how many of them were seen."""

    def __init__(self, *messages, page_size=512):
        self.feed = []
        self.others = {}
        self.gone_folders = set()
        self.moved_out = set()
        self.gone = ItemGone
        self.performed = []
        self.refuses = {}
        self.items = {}
        self.broken = {}
        self.page_size = page_size
        self.positions_valid = True
        self.fetched = []
        self.asked_limits = []
        self.marks_asked = 0
        self.mark = lambda: f"{len(self.feed)} changes"
        self.attachments_fetched = []
        self.raw = {}
        self.categories_asked = 0
        self.discarded = 0
        for message in messages:
            self.arrive(message)

    def arrive(self, message, kind=Change.CREATE, item_class="IPM.Note", folder="inbox"):
        """Put a message into a folder: one that every mailbox has, or a tracked one by its Exchange id."""
        self.items[message.item_id] = message
        feed = self.feed if folder == "inbox" else self.others.setdefault(folder, [])
        feed.append(
            Listed(
                kind,
                message.item_id,
                message.item_key,
                item_class,
                message.received_on,
                message.size_bytes,
                message.categories,
            )
        )

    async def changes(self, folder, position, *, limit):
        name = folder.exchange_id or folder.key
        if name in self.gone_folders:
            raise self.gone(folder=folder.name, mailbox="the mailbox")
        feed = self.feed if name == "inbox" else self.others.get(name, [])
        self.asked_limits.append(limit)
        if position is not None and not self.positions_valid:
            self.positions_valid = True
            raise SyncStateInvalid(folder=folder, mailbox="ada@example.org")
        start = int(position or 0)
        end = min(start + min(limit, self.page_size), len(feed))
        return ChangePage(feed[start:end], str(end), end == len(feed))

    async def outside_inbox(self, folders):
        return [folder for folder in folders if folder.exchange_id in self.moved_out]

    async def change_mark(self, folders):
        assert folders[0].key == "inbox"
        self.marks_asked += 1
        return self.mark()

    async def perform(self, actions, undeliverable):
        kind = actions[0].kind
        done = []
        for action in actions:
            error = self.refuses.get((kind, action.item_id))
            if error is None:
                self.performed.append((kind, action.item_id, action.category))
            done.append(error)
        return done, undeliverable or ("folder" if kind is ActionKind.MOVE_UNDELIVERABLE else None)

    async def messages(self, listed, folder):
        self.fetched.extend(change.item_id for change in listed)
        return [self.broken.get(c.item_id) or replace(self.items[c.item_id]) for c in listed]

    async def keep_category(self, known):
        self.categories_asked += 1
        raise ItemUnreadable(response_code="this mailbox has no list")

    async def whole(self, messages):
        return [self.raw.get(message.item_id) for message in messages]

    async def fetch_attachments(self, messages):
        self.attachments_fetched += [a.name for message in messages for a in message.attachments]

    def discard(self):
        self.discarded += 1


class FakeStore:
    """The CRM in memory, with the promises of the real one: all of a page or nothing, unique identities.

    Every mailbox belongs to a user of its own who takes all messages, unless a test says otherwise by
    ``readers`` and ``plans``.
    """

    def __init__(self, settings=None):
        self.settings = settings or EmailSettings()
        self.emails = {}
        self.outgoing = set()
        self.traces = {}
        self.positions = {}
        self.folder_positions = {}
        self.records_by_address = {}
        self.known_principals = {}
        self.readers = {}
        self.plans = {}
        self.pending = {}
        self.retry_due = []
        self.missing = []
        self.forgotten = []
        self.people = []
        self.queue_items = set()
        self.regardings = {}
        self.before_write = []
        self.pages_written = 0
        self.lost = False

    def add_principal(self, principal, address=None):
        """Make a user or queue known, found under its address."""
        self.known_principals[principal.recordid] = principal
        record = Record(principal.table, principal.recordid, principal.ownerid, NOON)
        self.records_by_address.setdefault((address or principal.name).lower(), []).append(record)
        return principal

    def reader_of(self, run):
        """Return the user whose mailbox it is."""
        if run.mailboxid not in self.readers:
            reader = a_principal(run.address)
            self.known_principals[reader.recordid] = reader
            self.readers[run.mailboxid] = reader
        return self.readers[run.mailboxid]

    async def plan(self, run):
        reader = self.reader_of(run)
        plan = MailPlan(
            self.settings,
            readerid=reader.recordid,
            reader_is_queue=reader.table == "queue",
            category="Tracked to Dynamics 365" if self.settings.trackcategorizeditems else "",
            undeliverable_category="Tracked to Dynamics 365 (Undeliverable)",
        )
        plan = replace(plan, **self.plans.get(run.mailboxid, {}))
        folders = [
            folder._replace(
                position=self.folder_positions.get((run.mailboxid, folder.exchange_id or folder.key)),
                listed_once=(run.mailboxid, folder.exchange_id or folder.key) in self.folder_positions,
            )
            for folder in plan.folders
        ]
        return replace(
            plan,
            folders=tuple(folders),
            has_actions=bool(self.pending),
            has_retries=bool(self.retry_due),
        )

    async def traced(self, mailboxid, item_keys):
        return {
            k: Seen(trace.decision.outcome, trace.attempts, trace.is_categorized)
            for k in item_keys
            if (trace := self.traces.get((mailboxid, k))) is not None
        }

    async def known(self, dupchecks):
        return {
            k: Known(e.activityid, e.contentdigest) for k, e in self.emails.items() if k in set(dupchecks)
        }

    async def existing(self, activityids):
        return {e.activityid for e in self.emails.values()} & set(activityids)

    async def held(self, mailboxid, activityids):
        found: dict[UUID, set[str]] = {}
        for (owner, _), trace in self.traces.items():
            if owner == mailboxid and trace.activityid in set(activityids):
                found.setdefault(trace.activityid, set()).add(trace.search_key)
        return found

    async def records(self, addresses, *, inactive=False):
        return {
            a: [r for r in self.records_by_address[a] if inactive or r.is_active]
            for a in addresses
            if a in self.records_by_address
        }

    async def principals(self, ids):
        return {i: self.known_principals[i] for i in ids if i in self.known_principals}

    async def earlier(self, keys):
        book = Book()
        for email in self.emails.values():
            m = email.message
            book.add(
                Earlier(
                    email.activityid,
                    m.message_id,
                    m.subject,
                    m.sent_on,
                    email.judgement.ownership.ownerid,
                    self.regardings.get(email.activityid),
                    None,
                    m.conversation_index,
                    frozenset(people_of(m)),
                    email.activityid in self.outgoing,
                ),
                email.subject_keys,
            )
        return book

    async def opposites(self, message_ids, *, is_outgoing):
        found = {}
        for email in self.emails.values():
            if (
                email.activityid in self.outgoing
            ) is not is_outgoing and email.message.message_id in message_ids:
                found.setdefault(email.message.message_id, []).append(
                    Opposite(email.activityid, email.message.sender.address)
                )
        return found

    async def retries(self, run, *, limit):
        due, self.retry_due = self.retry_due[:limit], self.retry_due[limit:]
        return due

    async def has_waiting_retries(self, run):
        return any(trace.next_attempt is not None for trace in self.traces.values())

    async def actions(self, run, *, limit):
        return [a for a in self.pending.values() if a.attempts < MOST_ATTEMPTS][:limit]

    async def acted(self, run, done, failed, *, undeliverable):
        for action in done:
            del self.pending[action.item_key, action.kind, action.category]
        for action, _ in failed:
            self.pending[action.item_key, action.kind, action.category] = action._replace(
                attempts=MOST_ATTEMPTS
            )

    async def forget_reasons(self, run, *, days):
        self.forgotten.append(days)

    async def folder_missing(self, run, folder):
        self.missing.append(folder.name)

    async def write(self, page):
        if self.before_write:
            self.before_write.pop(0)()
        if self.lost:
            raise LeaseLost(mailbox=page.run.address)
        taken = any(email.dupcheck in self.emails for email in page.emails)
        if taken or any(person.address.lower() in self.records_by_address for person in page.people):
            raise IdentityTaken
        self._write_traces(page)
        self._write_emails(page)
        for person in page.people:
            self.people.append(person)
            record = Record(person.table, person.recordid, person.ownerid, NOON)
            self.records_by_address[person.address.lower()] = [record]
        self.queue_items |= {(one.queueid, one.activityid) for one in page.queue_items}
        for action in page.actions:
            self.pending.setdefault((action.item_key, action.kind, action.category), action)
        if page.position is not None and page.folder.key == "inbox":
            self.positions[page.run.mailboxid] = page.position
        elif page.position is not None:
            name = page.folder.exchange_id or page.folder.key
            self.folder_positions[page.run.mailboxid, name] = page.position
        self.pages_written += 1

    def _write_traces(self, page):
        for key in page.replaced:
            del self.traces[page.run.mailboxid, key]
        for trace in page.traces:
            assert (page.run.mailboxid, trace.item_key) not in self.traces, "traced twice"
            self.traces[page.run.mailboxid, trace.item_key] = trace
        for key in page.untracked:
            trace = self.traces[page.run.mailboxid, key]
            trace.decision, trace.is_categorized = UNTRACKED, False
        for key in page.categorized:
            self.traces[page.run.mailboxid, key].is_categorized = True

    def _write_emails(self, page):
        for email in page.emails:
            self.emails[email.dupcheck] = email
            if page.folder.key == "sentitems":
                self.outgoing.add(email.activityid)
            if email.judgement.regarding:
                self.regardings[email.activityid] = email.judgement.regarding
        for activityid, regarding in page.regardings:
            self.regardings[activityid] = regarding

    def outcomes(self):
        return sorted(trace.decision.outcome for trace in self.traces.values())

    def count(self, outcome=Outcome.TRACKED):
        return self.outcomes().count(outcome)


class FakeAlerts:
    def __init__(self):
        self.items = []
        self.mailboxes = []
        self.healed = 0
        self.healed_items = 0
        self.given_up = []
        self.reports = []
        self.categories = []

    async def raise_for_item(self, run, error, *, subject, item_id, given_up=False):
        self.items.append((error.code, item_id))
        if given_up:
            self.given_up.append(item_id)

    async def raise_for_folder(self, run, error):
        self.mailboxes.append(error.code)

    async def note_category(self, run, name):
        self.categories.append(name)

    async def raise_for_report(self, run, error):
        self.reports.append(str(error))

    async def heal_items(self, run):
        self.healed_items += 1

    async def raise_for_mailbox(self, run, error):
        self.mailboxes.append(error.code)

    async def heal_mailbox(self, run):
        self.healed += 1


class FakeLeases:
    def __init__(self):
        self.finished = []
        self.failed = []

    async def finish(self, run, result, *, next_pass):
        self.finished.append((result, next_pass))

    async def fail(self, run, result, error, *, next_pass):
        self.failed.append((error, next_pass))
