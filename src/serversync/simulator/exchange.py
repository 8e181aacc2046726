"""The state of the imitated server: accounts, mailboxes, mail, and what shall go wrong.

Everything here may be called from any thread; the server answers requests under the same lock.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from serversync.simulator.autodiscover.configuration import AutodiscoverConfiguration
from serversync.simulator.calendar.series import occurrence
from serversync.simulator.certificates import CertificateOptions
from serversync.simulator.faults import FaultPlan
from serversync.simulator.foldertree import Folder
from serversync.simulator.identifiers import decode
from serversync.simulator.items import render_item
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.registry import kind_of
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.mailsource import MailSource
from serversync.simulator.meetingmail import take
from serversync.simulator.meetings import Attendant, process_waiting
from serversync.simulator.mime import parse_message
from serversync.simulator.mimeheaders import with_headers
from serversync.simulator.organization import Organization
from serversync.simulator.renderings import Renderings
from serversync.simulator.response import EwsError
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.subscriptions import SubscriptionTable
from serversync.simulator.throttling import Load, Throttle, ThrottlingPolicy
from serversync.simulator.transport import Envelope, OutgoingMail, arrive, bounce, send_read_receipt
from serversync.simulator.versions import ServerVersion
from serversync.simulator.xmltext import IllegalCharacters


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Exchange(Organization):
    """An Exchange organization with one server.

    Attributes:
        autodiscover: What Autodiscover answers.
        clock_skew: How far its clock is ahead, in NTLM challenges and ``Date`` headers.
        certificate_changed: Told by ``change_certificate``; servers that run show another certificate then.
        faults: What goes wrong on command.
        outbox: Mail that left for other servers, in the order of sending; for tests to look at.
        max_message_size: The largest message in bytes that it sends and takes; ``None`` for any.
        named_by_directory: Addresses, lower case, of people whom items name by the distinguished name given here
            (routing type ``EX``), as people who have left are named.
        load: How much goes on.
        throttle: Keeps the budgets of ``throttling``.
        illegal_characters: ``reference`` writes characters that XML forbids as a real server does, which no
            strict parser reads; ``drop`` leaves them out.
        subscriptions: Who is told what happens.
        attendant: Turns meeting messages into appointments and answers; can be held back.

    Args:
        version: Name of the product.
        domain: Mail domain.
        seed: Everything that looks random follows from it.
        now: The clock, for times of delivery.

    Raises:
        ValueError: no such product.
    """

    def __init__(
        self,
        version: str = "Exchange2016",
        *,
        domain: str = "example.org",
        seed: int = 0,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__(version, domain=domain, seed=seed, now=now)
        self.clock_skew = timedelta()
        self.certificate_changed: list[Callable[[CertificateOptions], None]] = []
        self.faults = FaultPlan(seed)
        self.autodiscover = AutodiscoverConfiguration()
        self.outbox: list[OutgoingMail] = []
        self.max_message_size: int | None = None
        self.named_by_directory: dict[str, str] = {}
        self.load = Load()
        self.throttle = Throttle(now)
        self.illegal_characters: IllegalCharacters = "drop"
        self.secret = hashlib.sha256(f"{seed}:{domain}".encode()).digest()
        self.attendant = Attendant()
        self.subscriptions = SubscriptionTable(self.version, now)
        self._delivered = 0
        self._renderings = Renderings()

    @property
    def throttling(self) -> ThrottlingPolicy | None:
        """The throttling policy in force; ``None``, as at first, limits nothing."""
        return self.throttle.policy

    @throttling.setter
    def throttling(self, policy: ThrottlingPolicy | None) -> None:
        self.throttle.policy = policy

    @property
    def largest_message(self) -> int:
        """``max_message_size``, or what an HTTP request can carry at most."""
        return self.max_message_size or 64 * 1024 * 1024

    def change_certificate(self, options: CertificateOptions) -> None:
        """Let all servers that run show another certificate of the same authority; open connections go on."""
        with self.lock:
            for change in self.certificate_changed:
                change(options)

    def deliver(self, mime: bytes, to: Iterable[str], received: datetime | None = None) -> list[str]:
        """Deliver a message into the Inbox of each recipient and return the item ids, in the same order.

        A message without a Message-ID gets one, as transport gives it; the same for all recipients.

        Raises:
            LookupError: somebody has no mailbox here; nothing was delivered.
        """
        when = received or self.now()
        with self.lock:
            mailboxes = [self.mailbox(address) for address in to]
            complete = with_headers(mime, {"Message-ID": self.new_message_id(mime)})
            author = (
                parse_message(complete).from_
                if any(one.oof.state != "Disabled" for one in mailboxes)
                else None
            )
            envelope = Envelope(author.address if author else "", tuple(to), complete)
            return [one.item_id(arrive(self, one, envelope, when)) for one in mailboxes]

    def bounce(self, mail: OutgoingMail, *, status: str = "5.1.1", diagnostic: str = "user unknown") -> None:
        """Let the other server refuse mail of the outbox: its sender gets a non-delivery report."""
        with self.lock:
            bounce(self, mail, status=status, diagnostic=diagnostic)

    def _on_seen(self, mailbox: Mailbox, item: StoredItem, is_read: bool) -> None:  # noqa: FBT001 - a callback
        send_read_receipt(self, mailbox, item, is_read=is_read)

    def new_message_id(self, content: bytes) -> str:
        """Return a Message-ID that was not given out before."""
        self._delivered += 1
        digest = hashlib.sha256(self.secret + self._delivered.to_bytes(8, "big") + content).hexdigest()[:32]
        return f"<{digest}@{self.domain}>"

    def take_meeting(self, mailbox: Mailbox, item: StoredItem) -> StoredItem:
        """Make mail that arrived a meeting message, if it carries an invitation, an answer or a cancellation."""
        return take(self, mailbox, item)

    def process_meetings(self) -> int:
        """Let the calendar attendant do what it was held back from; returns how many messages that were."""
        with self.lock:
            return process_waiting(self)

    def seed_mailbox(self, address: str, source: MailSource, messages: int) -> None:
        """Fill a new mailbox with mail that is made only when somebody reads it."""
        with self.lock:
            self.mailbox(address).seed(source, messages)

    def find_item(self, item_id: str) -> tuple[Mailbox, StoredItem]:
        """Return where the item with an id is, and the item.

        Raises:
            EwsError: ``ErrorInvalidIdMalformed``, ``ErrorItemNotFound`` or ``ErrorNonExistentMailbox``.
        """
        found = decode(item_id)
        if not found.item or found.attachment:
            raise EwsError("ErrorInvalidIdMalformed")
        mailbox = self.mailbox_by_guid(found.mailbox)
        item = mailbox.item(found.item)
        if item.folder != found.folder:
            raise EwsError("ErrorItemNotFound")
        return mailbox, occurrence(item, date.fromordinal(found.occurrence)) if found.occurrence else item

    def mark_read(self, item_id: str, *, is_read: bool = True) -> None:
        """Set or clear the read flag of an item."""
        with self.lock:
            mailbox, item = self.find_item(item_id)
            mailbox.mark_read(item.number, is_read=is_read)

    def edit(self, item_id: str, *, subject: str | None = None) -> None:
        """Change an item as a person would in Outlook."""
        with self.lock:
            mailbox, item = self.find_item(item_id)
            mailbox.edit(item.number, properties={} if subject is None else {"item:Subject": subject})

    def move(self, item_id: str, folder: Folder | str) -> str:
        """Move an item into a folder of its mailbox and return its new id."""
        with self.lock:
            mailbox, item = self.find_item(item_id)
            into = mailbox.distinguished_folder(folder) if isinstance(folder, str) else folder
            return mailbox.item_id(mailbox.move(item.number, into))

    def delete(self, item_id: str) -> None:
        """Delete an item for good."""
        with self.lock:
            mailbox, item = self.find_item(item_id)
            mailbox.delete(item.number)

    def view(self, mailbox: Mailbox, item: StoredItem, shape: Shape) -> ItemView:
        """Return an item with everything that its rendering needs."""
        mime = mailbox.mime(item)
        return ItemView(
            mailbox,
            item,
            self._renderings.content(mailbox, item, mime),
            mime,
            shape,
            self.illegal_characters,
            self._is_internal,
            kind_of,
            self.version_of(mailbox),
            named_by_directory=self.named_by_directory,
        )

    def _is_internal(self, address: str) -> bool:
        return address.lower() in self._by_address

    def subject_of(self, mailbox: Mailbox, item: StoredItem) -> str:
        """Return the subject of an item."""
        return self.view(mailbox, item, Shape(self.version.schema)).subject

    def kept(self) -> tuple[dict[UUID, ServerVersion], int]:
        """Return what a snapshot keeps that nothing else needs: where mailboxes are, and the count of Message-IDs."""
        return dict(self._held_by), self._delivered

    def restore(self, held_by: dict[UUID, ServerVersion], delivered: int) -> None:
        """Take over what ``kept`` gave."""
        self._held_by, self._delivered = held_by, delivered

    def move_to_server(self, address: str, version: str) -> None:
        """Let another server hold a mailbox, see ``Organization``; what it shows of items may differ."""
        with self.lock:
            super().move_to_server(address, version)
            self._renderings = Renderings()

    def adopt(self, mailbox: Mailbox) -> None:
        """Take in a mailbox, and be told what happens in it."""
        super().adopt(mailbox)
        mailbox.on_change = self.subscriptions.note
        mailbox.on_seen = self._on_seen

    def render(self, mailbox: Mailbox, item: StoredItem, shape: Shape) -> str:
        """Return an item's element in a shape; kept, up to 64 MB, while the item does not change."""
        if item.item_class is None and shape.is_id_only:
            return f'<t:Message><t:ItemId Id="{mailbox.item_id(item)}" ChangeKey="{mailbox.change_key(item)}"/></t:Message>'
        key = (mailbox.guid, item.number, item.occurrence, item.change, self.illegal_characters, shape)
        return self._renderings.rendered(key) or self._renderings.keep(
            key, render_item(self.view(mailbox, item, shape))
        )
