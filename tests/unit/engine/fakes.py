"""An Exchange mailbox and a CRM store in memory, for the engine's tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from serversync.core.errors import LeaseLost, SyncStateInvalid
from serversync.engine.ports import Change, ChangePage, IdentityTaken, Listed, MailboxRun
from serversync.rules.email.acceptance import Outcome
from serversync.rules.email.identity import Known, item_key
from serversync.rules.email.message import Address, ReceivedMessage

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
):
    return ReceivedMessage(
        item_id=item_id,
        item_key=item_key(item_id),
        item_class="IPM.Note",
        search_key=search_key or f"key-of-{item_id}",
        message_id=message_id or f"<{item_id}@example.com>",
        in_reply_to=None,
        conversation_index=b"",
        subject=subject,
        body=body,
        body_is_html=False,
        sender=Address("Grete", "Grete@Harbour.example"),
        to=[Address("", a) for a in to] or [Address("Ada", "ada@example.org")],
        cc=[],
        bcc=[],
        sent_on=sent,
        received_on=received,
        importance=1,
        size_bytes=len(body),
    )


class FakeExchange:
    """A folder as a list of changes; a position is how many of them were seen."""

    def __init__(self, *messages, page_size=512):
        self.feed = []
        self.items = {}
        self.broken = {}
        self.page_size = page_size
        self.positions_valid = True
        self.fetched = []
        self.asked_limits = []
        self.marks_asked = 0
        self.mark = lambda: f"{len(self.feed)} changes"
        self.discarded = 0
        for message in messages:
            self.arrive(message)

    def arrive(self, message, kind=Change.CREATE, item_class="IPM.Note"):
        self.items[message.item_id] = message
        self.feed.append(
            Listed(
                kind, message.item_id, message.item_key, item_class, message.received_on, message.size_bytes
            )
        )

    async def changes(self, folder, position, *, limit):
        assert folder == "inbox"
        self.asked_limits.append(limit)
        if position is not None and not self.positions_valid:
            self.positions_valid = True
            raise SyncStateInvalid(folder=folder, mailbox="ada@example.org")
        start = int(position or 0)
        end = min(start + min(limit, self.page_size), len(self.feed))
        return ChangePage(self.feed[start:end], str(end), end == len(self.feed))

    async def change_mark(self, folders):
        assert tuple(folders) == ("inbox",)
        self.marks_asked += 1
        return self.mark()

    async def messages(self, listed):
        self.fetched.extend(change.item_id for change in listed)
        return [self.broken.get(c.item_id) or replace(self.items[c.item_id]) for c in listed]

    async def fetch_attachments(self, messages):
        pass

    def discard(self):
        self.discarded += 1


class FakeStore:
    """The CRM in memory, with the promises of the real one: all of a page or nothing, unique identities."""

    def __init__(self):
        self.emails = {}
        self.traces = {}
        self.positions = {}
        self.records_by_address = {}
        self.before_write = []
        self.pages_written = 0
        self.lost = False

    async def traced(self, mailboxid, item_keys):
        return {
            k: self.traces[mailboxid, k].decision.outcome for k in item_keys if (mailboxid, k) in self.traces
        }

    async def known(self, dupchecks):
        return {
            k: Known(e.activityid, e.contentdigest) for k, e in self.emails.items() if k in set(dupchecks)
        }

    async def held(self, mailboxid, activityids):
        found: dict[UUID, set[str]] = {}
        for (owner, _), trace in self.traces.items():
            if owner == mailboxid and trace.activityid in set(activityids):
                found.setdefault(trace.activityid, set()).add(trace.search_key)
        return found

    async def records(self, addresses):
        return {a: self.records_by_address[a] for a in addresses if a in self.records_by_address}

    async def write(self, page):
        if self.before_write:
            self.before_write.pop(0)()
        if self.lost:
            raise LeaseLost(mailbox=page.run.address)
        if any(email.dupcheck in self.emails for email in page.emails):
            raise IdentityTaken
        for key in page.replaced:
            del self.traces[page.run.mailboxid, key]
        for trace in page.traces:
            assert (page.run.mailboxid, trace.item_key) not in self.traces, "traced twice"
            self.traces[page.run.mailboxid, trace.item_key] = trace
        for email in page.emails:
            self.emails[email.dupcheck] = email
        self.positions[page.run.mailboxid] = page.position
        self.pages_written += 1

    def outcomes(self):
        return sorted(trace.decision.outcome for trace in self.traces.values())

    def count(self, outcome=Outcome.TRACKED):
        return self.outcomes().count(outcome)


class FakeAlerts:
    def __init__(self):
        self.items = []
        self.mailboxes = []
        self.healed = 0

    async def raise_for_item(self, run, error, *, subject, item_id):
        self.items.append((error.code, item_id))

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
