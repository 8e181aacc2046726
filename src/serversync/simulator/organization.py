"""The organization of the imitated server: its domains, log-ins, mailboxes, archives, rooms and public folders."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from uuid import UUID, uuid5

from serversync.simulator.accounts import Account, Directory
from serversync.simulator.folderplan import ARCHIVE, PUBLIC_FOLDERS
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import EwsError
from serversync.simulator.versions import SERVER_VERSIONS, Schema, ServerVersion


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


class Organization:
    """Who there is, and whose mailbox is where.

    Attributes:
        version: The product imitated, see ``versions.SERVER_VERSIONS``.
        domain: Its mail domain.
        directory: Who may log in.
        accepted_domains: Further domains whose mail it takes, beside ``domain``.
        room_lists: Lists of meeting rooms, by address in lower case; ``add_room_list`` adds one.
        public_folders: Folders for everybody, which ``add_public_folders`` makes; ``None`` without them.
        now: The clock.
        lock: Held while the state is read or changed.

    Args:
        version: Name of the product.
        domain: Mail domain.
        seed: Everything that looks random follows from it.
        now: The clock.

    Raises:
        ValueError: no such product.
    """

    def __init__(self, version: str, *, domain: str, seed: int, now: Callable[[], datetime]) -> None:
        if version not in SERVER_VERSIONS:
            raise ValueError(f"{version} is none of {', '.join(SERVER_VERSIONS)}")
        self.version = SERVER_VERSIONS[version]
        self.domain = domain
        self.directory = Directory(now)
        self.accepted_domains: set[str] = set()
        self.room_lists: dict[str, RoomList] = {}
        self.public_folders: Mailbox | None = None
        self.now = now
        self.lock = RLock()
        self._seed = seed
        self._held_by: dict[UUID, ServerVersion] = {}
        self._by_address: dict[str, Mailbox] = {}
        self._by_guid: dict[UUID, Mailbox] = {}
        self._without_address: dict[UUID, Mailbox] = {}

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

    def move_to_server(self, address: str, version: str) -> None:
        """Let another server of the organization hold a mailbox, behind the one that answers.

        Requests that speak a newer schema than that server are refused for the mailbox, and answers about it
        name that server's build, as in organizations with several versions.

        Raises:
            LookupError: no such mailbox or product.
        """
        with self.lock:
            self._held_by[self.mailbox(address).guid] = SERVER_VERSIONS[version]

    def version_of(self, mailbox: Mailbox | None) -> ServerVersion:
        """Return the product of the server that holds a mailbox."""
        if mailbox is None:
            return self.version
        return self._held_by.get((mailbox.owner or mailbox).guid, self.version)

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
        """Return a mailbox, an archive or the public folders by guid.

        Raises:
            EwsError: ``ErrorNonExistentMailbox``.
        """
        found = self._by_guid.get(guid) or self._without_address.get(guid)
        if found is None:
            raise EwsError("ErrorNonExistentMailbox")
        return found

    def find_mailbox_by_sid(self, sid: str) -> Mailbox | None:
        """Return the mailbox of the user with a security identifier."""
        return next((mailbox for mailbox in self._by_guid.values() if mailbox.sid == sid), None)

    def enable_archive(self, address: str) -> Mailbox:
        """Give a mailbox an archive, which its owner reaches by the distinguished ids ``archive...``.

        Raises:
            LookupError: no such mailbox.
            ValueError: it has an archive, or the product knows none (before 2010 SP1).
        """
        with self.lock:
            owner = self.mailbox(address)
            if owner.archive is not None or self.version_of(owner).schema < Schema.EXCHANGE2010_SP1:
                raise ValueError(f"{address} cannot get an archive")
            owner.archive = Mailbox(
                uuid5(_NAMESPACE, f"{self._seed}:archive:{address.lower()}"),
                owner.primary_smtp_address,
                f"In-Place Archive - {owner.display_name}",
                sid=owner.sid,
                schema=self.version_of(owner).schema,
                now=self.now,
                plan=ARCHIVE,
                owner=owner,
            )
            self.adopt(owner.archive)
            return owner.archive

    def add_public_folders(self) -> Mailbox:
        """Give the organization public folders: an empty tree below ``publicfoldersroot``, for everybody's posts.

        Raises:
            ValueError: it has them already.
        """
        with self.lock:
            if self.public_folders is not None:
                raise ValueError("there are public folders already")
            self.public_folders = Mailbox(
                uuid5(_NAMESPACE, f"{self._seed}:public folders"),
                f"publicfolders@{self.domain}",
                "Public Folders",
                sid="",
                schema=self.version.schema,
                now=self.now,
                plan=PUBLIC_FOLDERS,
            )
            self.adopt(self.public_folders)
            return self.public_folders

    def adopt(self, mailbox: Mailbox) -> None:
        """Take in a mailbox under all its addresses; an archive and public folders by their ids alone."""
        if mailbox.owner is not None or mailbox.is_public:
            self._without_address[mailbox.guid] = mailbox
            return
        for address in mailbox.addresses():
            self._by_address[address] = mailbox
        self._by_guid[mailbox.guid] = mailbox
