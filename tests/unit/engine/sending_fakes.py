"""An Exchange and a store for sending, which break where a test wants them to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from serversync.core.errors import ConnectionLost, ItemGone, LeaseLost
from serversync.engine.sending import DeliveryRun, Draft, OutgoingFile, OutgoingMessage
from serversync.rules.email.message import Address
from serversync.rules.email.sending import Place, Stage, Trail

IN_FLIGHT = timedelta(seconds=90)
START = datetime(2026, 5, 4, 12, tzinfo=UTC)
FILE = OutgoingFile(uuid4(), "offer.pdf", "application/pdf", "", is_inline=False, size_bytes=5)


class Killed(BaseException):
    """The process was killed here."""


class Clock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, span: timedelta) -> None:
        self.now += span


@dataclass
class Item:
    """An item in the fake mailbox."""

    item_id: str
    place: Place
    stamp: UUID
    files: list[str]
    is_draft: bool = True
    version: int = 1


class FakeExchange:
    """One mailbox. ``trouble`` is asked before and after each change takes effect and may raise."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.received: list[tuple[UUID, tuple[str, ...]]] = []
        self.trouble: Callable[[str], None] = lambda _: None
        self.waits_in_outbox = False
        self.keeps_copies = True
        self.late: list[str] = []
        """Drafts whose request to send is still on its way."""

    def _changes(self, name: str) -> None:
        self.trouble(f"{name}-before")

    def _changed(self, name: str) -> None:
        self.trouble(f"{name}-after")

    async def trails(self, stamp: UUID, *, everywhere: bool = False) -> list[Trail]:
        self.trouble("trails")
        return [
            Trail(i.place, i.item_id, str(i.version), i.is_draft, None if i.is_draft else f"<{i.item_id}>")
            for i in self.items.values()
            if i.stamp == stamp and (everywhere or i.place is not Place.ELSEWHERE)
        ]

    async def make_draft(self, message: OutgoingMessage) -> Draft:
        self._changes("draft")
        item = Item(str(uuid4()), Place.DRAFTS, message.activityid, [])
        self.items[item.item_id] = item
        self._changed("draft")
        return Draft(item.item_id, str(item.version))

    async def attach(self, draft: Draft, file: OutgoingFile, content: object) -> Draft:
        self._changes("attach")
        item = self._draft(draft)
        item.files.append(file.name)
        item.version += 1
        self._changed("attach")
        return Draft(item.item_id, str(item.version))

    def _draft(self, draft: Draft) -> Item:
        item = self.items.get(draft.item_id)
        if item is None or item.place is not Place.DRAFTS:
            raise ItemGone
        return item

    async def send(self, draft: Draft) -> None:
        self._changes("send")
        self.take_over(self._draft(draft))
        self._changed("send")

    def take_over(self, item: Item) -> None:
        """Send an item: it leaves Drafts, and arrives."""
        del self.items[item.item_id]
        sent = replace(item, item_id=str(uuid4()), place=Place.SENT_ITEMS, is_draft=False)
        if self.waits_in_outbox:
            sent = replace(sent, place=Place.OUTBOX)
        else:
            self.received.append((item.stamp, tuple(item.files)))
        if self.keeps_copies or self.waits_in_outbox:
            self.items[sent.item_id] = sent

    def empty_outbox(self) -> None:
        """Let the transport do its work."""
        for item in self.items.values():
            if item.place is Place.OUTBOX:
                item.place = Place.SENT_ITEMS
                self.received.append((item.stamp, tuple(item.files)))

    def deliver_late(self) -> None:
        """Let requests that were on their way take effect."""
        for item_id in self.late:
            item = self.items.get(item_id)
            if item is not None and item.place is Place.DRAFTS:
                self.take_over(item)
        self.late.clear()

    async def remove(self, item_id: str) -> None:
        self._changes("remove")
        self.items.pop(item_id, None)
        self._changed("remove")

    async def find_copy(self, stamp: UUID) -> Trail | None:
        self.trouble("find-copy")
        found = [t for t in await self.trails(stamp) if t.place is Place.SENT_ITEMS]
        return found[0] if found else None


class FakeContent:
    """A file's content."""

    size_bytes = 5

    def chunks(self):
        yield b"bytes"


class FakeDeliveries:
    """One e-mail's delivery in the database."""

    def __init__(self, clock: Clock, *, files: tuple[OutgoingFile, ...] = (), keep_copy: bool = True) -> None:
        self.clock = clock
        self.stage = Stage.WAITING
        self.asked_on: datetime | None = None
        self.fence = 0
        self.attempts = 0
        self.due: datetime | None = START
        self.status = "pending"
        self.message_id: str | None = None
        self.stopped = False
        self.error: object = None
        self.keep_copy = keep_copy
        self.message = OutgoingMessage(
            uuid4(), "Offer", "<p>Hello</p>", None, [Address("", "a@example.com")], files=files
        )

    def claim(self) -> DeliveryRun:
        """Claim it, as the dispatcher does; whoever held it before has lost it."""
        before, self.stage = self.stage, max(self.stage, Stage.PREPARING)
        self.fence += 1
        self.due = None
        return DeliveryRun(
            message=self.message,
            mailboxid=uuid4(),
            address="ada@example.org",
            ownerid=None,
            profileid=uuid4(),
            hostid="here",
            fence=self.fence,
            stage=before,
            asked_on=self.asked_on,
            attempts=self.attempts,
            most_attempts=10,
            keep_copy=self.keep_copy,
            in_flight=IN_FLIGHT,
        )

    def _hold(self, run: DeliveryRun) -> None:
        if run.fence != self.fence:
            raise LeaseLost(mailbox=run.address)

    async def content(self, file: OutgoingFile) -> FakeContent:
        return FakeContent()

    def discard(self) -> None:
        """Nothing is kept."""

    async def intend(self, run: DeliveryRun, draft: Draft) -> None:
        self._hold(run)
        self.stage, self.asked_on = Stage.SENDING, self.clock()

    async def sent(self, run: DeliveryRun, *, sent_on: datetime) -> None:
        self._hold(run)
        self.stage, self.status = Stage.SENT, "sent"

    async def finish(self, run: DeliveryRun, trail: Trail | None) -> None:
        self._hold(run)
        self.status, self.due = "sent", None
        self.message_id = trail.message_id if trail else None

    async def look_again(self, run: DeliveryRun, *, due: datetime) -> None:
        self._hold(run)
        self.due = due

    async def postpone(self, run: DeliveryRun, error, *, due: datetime, stage: Stage | None = None) -> None:
        self._hold(run)
        self.due, self.attempts, self.error = due, self.attempts + 1, error
        if stage is not None:
            self.stage = stage

    async def fail(self, run: DeliveryRun, error, *, stage: Stage) -> None:
        self._hold(run)
        self.status, self.stage, self.due, self.error = "failed", stage, None, error

    async def stop_mailbox(self, run: DeliveryRun, error) -> None:
        self._hold(run)
        self.stopped, self.due, self.error = True, None, error


class FakeAlerts:
    """Remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def raise_for_email(self, run: DeliveryRun, error) -> None:
        self.said.append(f"email {error.code}")

    async def raise_for_sender(self, run: DeliveryRun, error) -> None:
        self.said.append(f"sender {error.code}")


def lost_answer(name: str) -> Callable[[str], None]:
    """Trouble: the connection breaks once, before or after ``name`` took effect."""
    left = [name]

    def trouble(point: str) -> None:
        if left and point == left[0]:
            left.clear()
            raise ConnectionLost(host="exchange", reason="cut")

    return trouble
