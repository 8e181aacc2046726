"""One mailbox: whose it is, what its owner set, and what arrives in it."""

import base64
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from serversync.simulator.delegate import Delegate
from serversync.simulator.folderplan import MAILBOX, PUBLIC_FOLDERS, FolderPlan
from serversync.simulator.foldertree import Folder
from serversync.simulator.itemstore import ItemStore
from serversync.simulator.mailboxevent import EventKind, MailboxEvent
from serversync.simulator.mailsource import MailSource
from serversync.simulator.oof import OofSettings
from serversync.simulator.response import EwsError
from serversync.simulator.rules import InboxRule
from serversync.simulator.storeditem import ExtendedKey, ExtendedValue, StoredItem
from serversync.simulator.versions import Schema
from serversync.simulator.workinghours import WorkingHours


@dataclass(slots=True)
class Quota:
    """How many bytes a mailbox may hold; ``None`` for any number.

    Attributes:
        prohibit_send: From here on its owner cannot send.
        prohibit_send_receive: From here on nothing comes in either.
    """

    prohibit_send: int | None = None
    prohibit_send_receive: int | None = None


class Mailbox(ItemStore):
    """A person's or a resource's mailbox, an archive, or the public folders.

    Attributes:
        display_name: Name as others see it.
        proxy_addresses: Further addresses that deliver here.
        sid: Security identifier of its user.
        delegates: Accounts with full access, by primary address.
        delegate_rights: What those of them may do that an owner named in EWS, by primary address.
        meeting_requests_to: Who gets meeting requests, a value of ``DeliverMeetingRequestsType``.
        send_on_behalf: Addresses whose mail may say that it is from here, sent by them.
        oof: Its automatic replies.
        rules: Its server rules.
        quota: How much it may hold.
        working_hours: When its owner works.
        blocked_senders: Addresses, lower case, whose mail goes to Junk Email.
        photo: The picture of its owner as bytes of an image; ``None`` for none.
        archive: Its archive; ``None`` without one.
        owner: The mailbox whose archive it is; ``None`` for any other.
    """

    def __init__(
        self,
        guid: UUID,
        primary_smtp_address: str,
        display_name: str,
        *,
        sid: str,
        schema: Schema,
        now: Callable[[], datetime],
        plan: FolderPlan = MAILBOX,
        owner: "Mailbox | None" = None,
    ) -> None:
        super().__init__(guid, primary_smtp_address, schema=schema, now=now, plan=plan)
        self.display_name = display_name
        self.proxy_addresses: set[str] = set()
        self.sid = sid
        self.delegates: set[str] = set()
        self.delegate_rights: dict[str, Delegate] = {}
        self.meeting_requests_to = "DelegatesAndMe"
        self.send_on_behalf: set[str] = set()
        self.oof = OofSettings()
        self.rules: list[InboxRule] = []
        self.quota = Quota()
        self.working_hours = WorkingHours()
        self.blocked_senders: set[str] = set()
        self.photo: bytes | None = None
        self.archive: Mailbox | None = None
        self.owner = owner
        self._last_rule = 0

    @property
    def is_public(self) -> bool:
        """Whether it holds the public folders."""
        return self.plan is PUBLIC_FOLDERS

    @property
    def legacy_dn(self) -> str:
        """Its distinguished name in the directory."""
        return f"/o=Simulator/ou=Exchange Administrative Group/cn=Recipients/cn={self.guid.hex}"

    def is_named(self, distinguished_name: str) -> bool:
        """Tell whether a distinguished name is its own, or one of its further addresses (``X500:...``)."""
        wanted = distinguished_name.lower()
        return wanted == self.legacy_dn.lower() or f"x500:{wanted}" in self.addresses()

    def addresses(self) -> set[str]:
        """Return all addresses that deliver here, lower case."""
        return {one.lower() for one in (self.primary_smtp_address, *self.proxy_addresses)}

    def new_rule_id(self) -> str:
        """Return an id for a new rule."""
        self._last_rule += 1
        return base64.b64encode(self._last_rule.to_bytes(8, "big")).decode()

    def has_room_for(self, weight: int) -> bool:
        """Whether so many bytes more may come in."""
        limit = self.quota.prohibit_send_receive
        return limit is None or self.size + weight <= limit

    def check_room(self, weight: int) -> None:
        """Refuse what does not fit; what takes no more room than before always does.

        Raises:
            EwsError: ``ErrorQuotaExceeded``.
        """
        if weight > 0 and not self.has_room_for(weight):
            raise EwsError("ErrorQuotaExceeded")

    def seed(self, source: MailSource, messages: int) -> None:
        """Put ``messages`` messages of ``source`` into the Inbox of a new mailbox without making them yet.

        Raises:
            ValueError: there is mail already.
        """
        if self._last_item:
            raise ValueError(f"{self.primary_smtp_address} holds mail already")
        self._source = source
        self._seeded = range(1, messages + 1)
        self._seeded_folder = self.inbox.number
        self._last_item = messages
        self.inbox.items = array("Q", self._seeded)
        self.inbox.unread = messages
        self.inbox.newest = source.received(self.primary_smtp_address, messages)
        self.inbox.committed = self.now()

    def resume(self, source: MailSource | None) -> None:
        """Go on with a state that was taken over, and so with folders that others than this mailbox made."""
        self._source = source
        self.find_distinguished()

    def put(
        self, mime: bytes, received: datetime, *, folder: Folder | None = None, is_read: bool = False
    ) -> StoredItem:
        """Store a message in a folder, the Inbox if none is given."""
        return self.add(StoredItem(0, 0, mime, received, is_read=is_read), folder or self.inbox)

    def receive(
        self,
        mime: bytes,
        received: datetime,
        *,
        item_class: str | None = None,
        extended: dict[ExtendedKey, ExtendedValue] | None = None,
    ) -> StoredItem:
        """Store a message that was delivered.

        Args:
            mime: The message.
            received: When.
            item_class: Its class, where it is not the one that the MIME tells.
            extended: Extended properties that came with it.
        """
        return self.receive_item(StoredItem(0, 0, mime, received, item_class=item_class, extended=extended))

    def receive_item(self, item: StoredItem) -> StoredItem:
        """Store an item that was delivered into the Inbox."""
        self.add(item, self.inbox)
        if self.on_change is not None:
            self.on_change(self, MailboxEvent(EventKind.NEW_MAIL, item.folder, item.number))
        return item
