"""The state of the imitated server: accounts, mailboxes, mail, and what shall go wrong.

Everything here may be called from any thread; the server answers requests under the same lock.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import RLock
from uuid import UUID, uuid5

from serversync.simulator.accounts import Account, Directory
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
from serversync.simulator.renderings import Renderings
from serversync.simulator.response import EwsError
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.subscriptions import SubscriptionTable
from serversync.simulator.throttling import Load, Throttle, ThrottlingPolicy
from serversync.simulator.transport import Envelope, OutgoingMail, arrive, bounce, send_read_receipt
from serversync.simulator.versions import SERVER_VERSIONS, ServerVersion
from serversync.simulator.xmltext import IllegalCharacters


@dataclass(frozen=True, slots=True)
class RoomList:
    """A list of meeting rooms.

    Attributes:
        address: Its address.
        name: Its name.
        rooms: The mailboxes on it.
    """

    address: str
    name: str
    rooms: tuple[Mailbox, ...]


_NAMESPACE = UUID("6f1a3c52-7f0e-4d3b-9d0a-3c8b8a1f7e11")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Exchange:
    """An Exchange organization with one server.

    Attributes:
        version: The product imitated, see ``versions.SERVER_VERSIONS``.
        domain: Its mail domain.
        directory: Who may log in.
        autodiscover: What Autodiscover answers.
        clock_skew: How far its clock is ahead, in NTLM challenges and ``Date`` headers.
        certificate_changed: Told by ``change_certificate``; servers that run show another certificate then.
        faults: What goes wrong on command.
        outbox: Mail that left for other servers, in the order of sending; for tests to look at.
        accepted_domains: Further domains whose mail it takes, beside ``domain``.
        max_message_size: The largest message in bytes that it sends and takes; ``None`` for any.
        room_lists: Lists of meeting rooms, by address in lower case; ``add_room_list`` adds one.
        named_by_directory: Addresses, lower case, of people whom items name by the distinguished name given here
            (routing type ``EX``), as people who have left are named.
        load: How much goes on.
        throttle: Keeps the budgets of ``throttling``.
        illegal_characters: ``reference`` writes characters that XML forbids as a real server does, which no
            strict parser reads; ``drop`` leaves them out.
        subscriptions: Who is told what happens.
        attendant: Turns meeting messages into appointments and answers; can be held back.
        now: The clock.
        lock: Held while the state is read or changed.

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
        if version not in SERVER_VERSIONS:
            raise ValueError(f"{version} is none of {', '.join(SERVER_VERSIONS)}")
        self.version = SERVER_VERSIONS[version]
        self.domain = domain
        self.directory = Directory(now)
        self.clock_skew = timedelta()
        self.certificate_changed: list[Callable[[CertificateOptions], None]] = []
        self.faults = FaultPlan(seed)
        self.autodiscover = AutodiscoverConfiguration()
        self.outbox: list[OutgoingMail] = []
        self.accepted_domains: set[str] = set()
        self.max_message_size: int | None = None
        self.room_lists: dict[str, RoomList] = {}
        self.named_by_directory: dict[str, str] = {}
        self.load = Load()
        self.throttle = Throttle(now)
        self.illegal_characters: IllegalCharacters = "drop"
        self.lock = RLock()
        self.secret = hashlib.sha256(f"{seed}:{domain}".encode()).digest()
        self._held_by: dict[UUID, ServerVersion] = {}
        self._seed = seed
        self.now = now
        self.attendant = Attendant()
        self.subscriptions = SubscriptionTable(self.version, now)
        self._delivered = 0
        self._by_address: dict[str, Mailbox] = {}
        self._by_guid: dict[UUID, Mailbox] = {}
        self._renderings = Renderings()

    @property
    def throttling(self) -> ThrottlingPolicy | None:
        """The throttling policy in force; ``None``, as at first, limits nothing."""
        return self.throttle.policy

    @throttling.setter
    def throttling(self, policy: ThrottlingPolicy | None) -> None:
        self.throttle.policy = policy

    @property
    def netbios_domain(self) -> str:
        r"""The domain's short name, as in ``DOMAIN\user``."""
        return self.domain.partition(".")[0].upper()

    @property
    def own_domains(self) -> list[str]:
        """The domains whose recipients have to have a mailbox here."""
        return [self.domain, *sorted(self.accepted_domains)]

    def is_own_domain(self, address: str) -> bool:
        """Whether an address belongs to this organization."""
        domain = address.rpartition("@")[2].lower()
        return domain == self.domain.lower() or domain in {one.lower() for one in self.accepted_domains}

    @property
    def largest_message(self) -> int:
        """``max_message_size``, or what an HTTP request can carry at most."""
        return self.max_message_size or 64 * 1024 * 1024

    def add_room_list(self, address: str, name: str, rooms: Iterable[Mailbox]) -> RoomList:
        """Add a list of meeting rooms."""
        with self.lock:
            added = RoomList(address, name, tuple(rooms))
            self.room_lists[address.lower()] = added
        return added

    @property
    def mailboxes(self) -> list[Mailbox]:
        """All mailboxes, in the order of their creation."""
        return list(self._by_guid.values())

    def add_account(
        self,
        address: str,
        *,
        password: str,
        domain_login: str | None = None,
        impersonation: bool | Iterable[str] = False,
    ) -> Account:
        r"""Add a log-in.

        Args:
            address: Address and user principal name.
            password: Its password.
            domain_login: ``DOMAIN\user``; made of the address where it is not given.
            impersonation: ``True`` for the right to act as anybody, or the addresses of its scope.
        """
        login = domain_login or f"{self.netbios_domain}\\{address.partition('@')[0]}"
        scope = (
            impersonation
            if isinstance(impersonation, bool)
            else frozenset(one.lower() for one in impersonation)
        )
        account = Account(address, password, login, scope)
        with self.lock:
            self.directory.add(account)
        return account

    def add_mailbox(
        self, address: str, *, display_name: str | None = None, password: str | None = None
    ) -> Mailbox:
        """Add a mailbox, and with a password also the log-in of its owner.

        Raises:
            ValueError: the address is taken.
        """
        with self.lock:
            if address.lower() in self._by_address:
                raise ValueError(f"{address} has a mailbox already")
            guid = uuid5(_NAMESPACE, f"{self._seed}:{address.lower()}")
            sid = f"S-1-5-21-{guid.int % 2**31}-{(guid.int >> 32) % 2**31}-{(guid.int >> 64) % 2**31}-{1100 + len(self._by_guid)}"
            name = display_name or address.partition("@")[0]
            mailbox = Mailbox(guid, address, name, sid=sid, schema=self.version.schema, now=self.now)
            self.adopt(mailbox)
        if password is not None:
            self.add_account(address, password=password)
        return mailbox

    def change_certificate(self, options: CertificateOptions) -> None:
        """Let all servers that run show another certificate of the same authority; open connections go on."""
        with self.lock:
            for change in self.certificate_changed:
                change(options)

    def move_to_server(self, address: str, version: str) -> None:
        """Let another server of the organization hold a mailbox, behind the one that answers.

        Requests that speak a newer schema than that server are refused for the mailbox, and answers about it
        name that server's build, as in organizations with several versions.

        Raises:
            LookupError: no such mailbox or product.
        """
        with self.lock:
            self._held_by[self.mailbox(address).guid] = SERVER_VERSIONS[version]
            self._renderings = Renderings()

    def version_of(self, mailbox: Mailbox | None) -> ServerVersion:
        """Return the product of the server that holds a mailbox."""
        return self.version if mailbox is None else self._held_by.get(mailbox.guid, self.version)

    def add_proxy_address(self, mailbox: Mailbox, address: str) -> None:
        """Let a mailbox receive mail under a further address."""
        with self.lock:
            mailbox.proxy_addresses.add(address)
            self._by_address[address.lower()] = mailbox

    def find_mailbox(self, address: str) -> Mailbox | None:
        """Return the mailbox with a primary or further address."""
        return self._by_address.get(address.strip().lower())

    def mailbox(self, address: str) -> Mailbox:
        """Return a mailbox by address.

        Raises:
            LookupError: there is none.
        """
        found = self.find_mailbox(address)
        if found is None:
            raise LookupError(f"no mailbox has the address {address}")
        return found

    def mailbox_by_guid(self, guid: UUID) -> Mailbox:
        """Return a mailbox by its guid.

        Raises:
            EwsError: ``ErrorNonExistentMailbox``.
        """
        found = self._by_guid.get(guid)
        if found is None:
            raise EwsError("ErrorNonExistentMailbox")
        return found

    def find_mailbox_by_sid(self, sid: str) -> Mailbox | None:
        """Return the mailbox of the user with a security identifier."""
        return next((mailbox for mailbox in self._by_guid.values() if mailbox.sid == sid), None)

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

    def adopt(self, mailbox: Mailbox) -> None:
        """Take in a mailbox under all its addresses."""
        mailbox.on_change = self.subscriptions.note
        mailbox.on_seen = self._on_seen
        for address in mailbox.addresses():
            self._by_address[address] = mailbox
        self._by_guid[mailbox.guid] = mailbox

    def render(self, mailbox: Mailbox, item: StoredItem, shape: Shape) -> str:
        """Return an item's element in a shape; kept, up to 64 MB, while the item does not change."""
        if item.item_class is None and shape.is_id_only:
            return f'<t:Message><t:ItemId Id="{mailbox.item_id(item)}" ChangeKey="{mailbox.change_key(item)}"/></t:Message>'
        key = (mailbox.guid, item.number, item.occurrence, item.change, self.illegal_characters, shape)
        return self._renderings.rendered(key) or self._renderings.keep(
            key, render_item(self.view(mailbox, item, shape))
        )
