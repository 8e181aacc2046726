"""Subscriptions: who wants to know what happens in which mailbox, and what has not been told yet.

The events of a mailbox are kept, the latest thousand of them, from its first subscription on. A watermark is a
position among them. Everything is lost when the server fails over, as on a real one.
"""

import base64
import binascii
import struct
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from serversync.simulator.mailbox import Mailbox
from serversync.simulator.mailboxevent import MailboxEvent
from serversync.simulator.response import EwsError, SoapFault
from serversync.simulator.versions import Schema, ServerVersion

MOST_IDS = 200
"""Subscriptions that one GetStreamingEvents may ask for."""
_KEPT = 1000
_WATERMARK = struct.Struct(">4s16sQ")
_MARK = b"WM\x00\x01"


@dataclass(frozen=True, slots=True)
class Noted:
    """An event with its place in the mailbox's journal, and how much was unread in its folder then."""

    number: int
    at: datetime
    event: MailboxEvent
    unread: int


@dataclass(slots=True)
class Journal:
    """The latest events of a mailbox."""

    last: int = 0
    events: deque[Noted] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def after(self, number: int) -> list[Noted]:
        """Return what came after a position.

        Raises:
            EwsError: ``ErrorMissedNotificationEvents``: some of it is no longer kept.
        """
        if number >= self.last:
            return []
        if self.events[0].number > number + 1:
            raise EwsError("ErrorMissedNotificationEvents")
        return [noted for noted in self.events if noted.number > number]


@dataclass(slots=True, eq=False)
class Subscription:
    """One subscription.

    Attributes:
        subscription_id: Its id.
        owner: The account that made it, and that alone may use it.
        mailbox: What is watched.
        kinds: Element names of the events wanted.
        folders: Numbers of the folders watched; ``None`` for all.
        mode: ``pull``, ``push`` or ``streaming``.
        timeout: How long it lives without being asked.
        used: When it was last asked.
        position: Up to where its events were told.
        backend: The server that holds it.
        url: Where a push goes.
    """

    subscription_id: str
    owner: str
    mailbox: Mailbox
    kinds: frozenset[str]
    folders: frozenset[int] | None
    mode: str
    timeout: timedelta
    used: datetime
    position: int
    backend: str
    url: str = ""

    def wants(self, event: MailboxEvent) -> bool:
        """Whether the event is one to tell."""
        if event.kind.value not in self.kinds:
            return False
        if self.folders is None:
            return True
        # An event of a folder is one of its parent, too.
        parent = self.mailbox.folder_ever(event.folder).parent if not event.item else None
        return not self.folders.isdisjoint({event.folder, event.old_folder, parent})


class SubscriptionTable:
    """All subscriptions of the server.

    Attributes:
        heartbeat: How often a stream without events says that it is alive.
        idle: How long a streaming subscription lives without an open stream.
        most_a_mailbox: ``EWSMaxSubscriptions`` of the throttling policy.
        require_affinity: Whether requests without the cookie ``X-BackEndOverrideCookie`` reach another server
            than the one that holds the subscription, as in a farm behind a load balancer.
        hanging_limit: Streams that may be open for one budget; by version where it is ``None``.
    """

    def __init__(self, version: ServerVersion, now: Callable[[], datetime]) -> None:
        self.heartbeat = timedelta(seconds=45)
        self.idle = timedelta(minutes=30)
        self.most_a_mailbox = 5000
        self.require_affinity = False
        self.hanging_limit: int | None = None
        self._version = version
        self._now = now
        self._numbers = count(1)
        self._turns = count(1)
        self._journals: dict[UUID, Journal] = {}
        self._by_id: dict[str, Subscription] = {}
        self._streams: dict[UUID, set[OpenStream]] = defaultdict(set)
        self._pushers: set[Callable[[], object]] = set()

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def streams(self) -> "set[OpenStream]":
        """All open streams."""
        return {stream for found in self._streams.values() for stream in found}

    # --- what happens -----------------------------------------------------------------------------

    def note(self, mailbox: Mailbox, event: MailboxEvent) -> None:
        """Keep an event if anybody might want it, and wake those who wait; called with the lock held."""
        journal = self._journals.get(mailbox.guid)
        if journal is None:
            return
        journal.last += 1
        unread = mailbox.folder_ever(event.folder).unread
        journal.events.append(Noted(journal.last, self._now(), event, unread))
        for stream in self._streams.get(mailbox.guid, ()):
            stream.wake()
        for wake in self._pushers:
            wake()

    # --- subscribing ------------------------------------------------------------------------------

    def add(self, subscription: Subscription) -> None:
        """Take up a subscription.

        Raises:
            EwsError: ``ErrorExceededSubscriptionCount``.
        """
        self._expire()
        mailbox = subscription.mailbox
        if sum(one.mailbox is mailbox for one in self._by_id.values()) >= self.most_a_mailbox:
            raise EwsError("ErrorExceededSubscriptionCount")
        self._by_id[subscription.subscription_id] = subscription

    def journal(self, mailbox: Mailbox) -> Journal:
        """Return the journal of a mailbox, kept from now on."""
        return self._journals.setdefault(mailbox.guid, Journal())

    def new_id(self, mailbox: Mailbox) -> str:
        """Return an id for a subscription."""
        raw = mailbox.guid.bytes + next(self._numbers).to_bytes(8, "big")
        return base64.b64encode(b"SUB\x01" + raw).decode()

    def backend(self, cookie: str) -> str:
        """Return the server that answers a request: the one of the cookie, otherwise one after the other."""
        if not self.require_affinity:
            return "EXCH01"
        return cookie.partition("~")[0] or f"EXCH{next(self._turns) % 2 + 1:02d}"

    def find(self, subscription_id: str, account: str, backend: str) -> Subscription:
        """Return a subscription for its owner.

        Raises:
            EwsError: gone, expired, of another account, or held by another server.
        """
        found = self._by_id.get(subscription_id)
        if found is None or found.backend != backend:
            raise EwsError("ErrorSubscriptionNotFound")
        if self._is_expired(found):
            del self._by_id[subscription_id]
            raise EwsError("ErrorExpiredSubscription")
        if found.owner != account.lower():
            raise EwsError("ErrorSubscriptionAccessDenied")
        return found

    def remove(self, subscription: Subscription) -> None:
        """End a subscription; a stream that tells it says so."""
        self._by_id.pop(subscription.subscription_id, None)
        for stream in set(self._streams.get(subscription.mailbox.guid, ())):
            stream.wake()

    def is_known(self, subscription: Subscription) -> bool:
        """Whether it has not ended."""
        return self._by_id.get(subscription.subscription_id) is subscription

    def of_mode(self, mode: str) -> list[Subscription]:
        """Return all subscriptions of a kind."""
        return [one for one in self._by_id.values() if one.mode == mode]

    def _is_expired(self, one: Subscription) -> bool:
        if one.mode == "push" or any(
            one in stream.subscriptions for stream in self._streams[one.mailbox.guid]
        ):
            return False
        return self._now() - one.used > one.timeout

    def _expire(self) -> None:
        for one in [one for one in self._by_id.values() if self._is_expired(one)]:
            del self._by_id[one.subscription_id]

    # --- telling ----------------------------------------------------------------------------------

    def untold(self, subscription: Subscription, limit: int = 50) -> tuple[list[Noted], bool]:
        """Return the next events to tell, and whether there are more; they count as told.

        Raises:
            EwsError: ``ErrorMissedNotificationEvents``.
        """
        journal = self.journal(subscription.mailbox)
        wanted = [one for one in journal.after(subscription.position) if subscription.wants(one.event)]
        told, rest = wanted[:limit], wanted[limit:]
        subscription.position = told[-1].number if rest else journal.last
        subscription.used = self._now()
        return told, bool(rest)

    def watermark(self, mailbox: Mailbox, number: int) -> str:
        """Return a position as a client sees it."""
        return base64.b64encode(_WATERMARK.pack(_MARK, mailbox.guid.bytes, number)).decode()

    def position(self, mailbox: Mailbox, watermark: str) -> int:
        """Read a position back.

        Raises:
            EwsError: ``ErrorInvalidWatermark``: damaged, of another mailbox, or of an earlier life of the server.
        """
        try:
            mark, guid, number = _WATERMARK.unpack(base64.b64decode(watermark, validate=True))
        except (binascii.Error, struct.error, ValueError):
            raise EwsError("ErrorInvalidWatermark") from None
        if mark != _MARK or guid != mailbox.guid.bytes or number > self.journal(mailbox).last:
            raise EwsError("ErrorInvalidWatermark")
        return int(number)

    # --- streams ----------------------------------------------------------------------------------

    def open(self, stream: "OpenStream") -> None:
        """Take up a stream; an older one with one of its subscriptions ends.

        Raises:
            SoapFault: ``ErrorExceededConnectionCount``: the budget has too many open already.
        """
        for one in stream.subscriptions:
            for older in set(self._streams[one.mailbox.guid]):
                if one in older.subscriptions:
                    older.end("ErrorNewEventStreamConnectionOpened")
                    self.close(older)
        if sum(one.budget == stream.budget for one in self.streams) >= self._limit():
            raise SoapFault("ErrorExceededConnectionCount")
        for one in stream.subscriptions:
            self._streams[one.mailbox.guid].add(stream)

    def close(self, stream: "OpenStream") -> None:
        """Forget a stream; its subscriptions live on for a while."""
        for one in stream.subscriptions:
            one.used = self._now()
            self._streams[one.mailbox.guid].discard(stream)

    def _limit(self) -> int:
        """Return ``HangingConnectionLimit``: 3 on 2013, 10 from 2016 on; 2010 counts them as any connection, 10."""
        if self.hanging_limit is not None:
            return self.hanging_limit
        return 3 if Schema.EXCHANGE2013 <= self._version.schema <= Schema.EXCHANGE2013_SP1 else 10

    def when_pushing(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Call ``wake`` at each event until the function that is returned is called."""
        self._pushers.add(wake)
        return lambda: self._pushers.discard(wake)

    # --- trouble on command -----------------------------------------------------------------------

    def cut_streams(self, address: str | None = None) -> int:
        """Break the connections of all open streams, or of those that tell of one mailbox; how many there were."""
        cut = [one for one in self.streams if address is None or one.tells_of(address)]
        for stream in cut:
            stream.cut()
        return len(cut)

    def lose(self, address: str | None = None) -> int:
        """Forget all subscriptions, or those of one mailbox, without a word; open streams tell it."""
        lost = [
            one
            for one in self._by_id.values()
            if address is None or one.mailbox.primary_smtp_address == address
        ]
        for one in lost:
            self.remove(one)
        return len(lost)

    def fail_over(self) -> None:
        """Go on as another server: no subscription, no journal, no stream is left."""
        self.cut_streams()
        self._by_id.clear()
        self._journals.clear()


class OpenStream:
    """One open stream: what it tells of, and how it is woken and ended from any thread.

    Attributes:
        subscriptions: What it tells of.
        budget: Whose budget it counts in.
        duration: After which the server closes it.
        error: Response code that it is to end with.
    """

    def __init__(self, subscriptions: Iterable[Subscription], budget: str, duration: timedelta) -> None:
        self.subscriptions = list(subscriptions)
        self.budget = budget
        self.duration = duration
        self.error = ""
        self.is_cut = False
        self._wake: Callable[[], object] | None = None

    def listen(self, wake: Callable[[], object]) -> None:
        """Call ``wake`` from now on; once at once if something happened before."""
        self._wake = wake
        wake()

    def wake(self) -> None:
        """Let the stream look for what is new."""
        if self._wake is not None:
            self._wake()

    def end(self, response_code: str) -> None:
        """Let the stream end with an error."""
        self.error = response_code
        self.wake()

    def cut(self) -> None:
        """Let the connection break."""
        self.is_cut = True
        self.wake()

    def tells_of(self, address: str) -> bool:
        """Whether it tells of a mailbox."""
        return any(one.mailbox.primary_smtp_address == address for one in self.subscriptions)
