"""What sending an e-mail needs from the outside, as protocols; adapters implement them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from serversync.core.errors import ServiceError
from serversync.rules.email.message import Address, Spooled
from serversync.rules.email.sending import Stage, Trail


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of an e-mail to be sent; its content is read from the store when it is needed."""

    attachmentid: UUID
    name: str
    content_type: str
    content_id: str
    is_inline: bool
    size_bytes: int


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """An e-mail as it is to leave.

    ``sender`` is the address that it comes from where that is not the mailbox through which it is sent.
    """

    activityid: UUID
    subject: str
    body: str
    sender: Address | None
    to: Sequence[Address]
    cc: Sequence[Address] = ()
    bcc: Sequence[Address] = ()
    importance: int = 1
    read_receipt: bool = False
    delivery_receipt: bool = False
    in_reply_to: str | None = None
    references: str | None = None
    conversation_index: bytes | None = None
    files: Sequence[OutgoingFile] = field(default=())


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft of an e-mail in Exchange, and its present version."""

    item_id: str
    change_key: str | None


@dataclass(frozen=True, slots=True)
class DeliveryRun:
    """A claimed e-mail: what is to be sent through which mailbox, and how far it had come.

    Attributes:
        mailboxid: The mailbox through which it is sent.
        address: Its address.
        ownerid: Its owner, who hears of trouble.
        profileid: Its profile.
        hostid: Who has the claim.
        fence: The number that proves it.
        stage: What was written down last before this claim.
        asked_on: When Exchange was last asked to send the draft.
        attempts: Failed attempts so far.
        most_attempts: After so many failed attempts it is given up.
        keep_copy: Whether the copy in Sent Items stays.
        in_flight: For so long a request whose answer was lost may still be at work in the server.
        due_on: Since when it was to be sent.
        begun_on: When this run began.
    """

    message: OutgoingMessage
    mailboxid: UUID
    address: str
    ownerid: UUID | None
    profileid: UUID
    hostid: str
    fence: int
    stage: Stage
    asked_on: datetime | None
    attempts: int
    most_attempts: int
    keep_copy: bool
    in_flight: timedelta
    due_on: datetime | None = None
    begun_on: datetime | None = None


class OutgoingMailbox(Protocol):
    """The mailbox through which an e-mail is sent, already chosen and authenticated.

    Every method but ``trails`` changes something: after an error that leaves it open whether it took effect, the
    caller looks at the trails.
    """

    async def trails(self, stamp: UUID, *, everywhere: bool = False) -> list[Trail]:
        """Return the items that carry the stamp: in Drafts, Outbox and Sent Items, or in every folder of mail."""
        ...

    async def make_draft(self, message: OutgoingMessage) -> Draft:
        """Save the message, stamped, without its files.

        Raises:
            ServiceError: it was not saved, or nobody knows.
        """
        ...

    async def attach(self, draft: Draft, file: OutgoingFile, content: Spooled) -> Draft:
        """Add a file to a draft; return its new version."""
        ...

    async def send(self, draft: Draft) -> None:
        """Send a draft, with a copy to Sent Items.

        Raises:
            ServiceError: it was not sent, or nobody knows.
        """
        ...

    async def remove(self, item_id: str) -> None:
        """Delete an item for good; one that is gone already is no error."""
        ...

    async def find_copy(self, stamp: UUID) -> Trail | None:
        """Return the copy of what was sent, if it is among the newest in Sent Items."""
        ...


class Deliveries(Protocol):
    """The CRM side of sending. Everything is written under the fence of the claim, or not at all.

    Each method raises ``LeaseLost`` where somebody else has the e-mail by now.
    """

    async def content(self, file: OutgoingFile) -> Spooled:
        """Return the content of a file, in a temporary place that ``discard`` empties."""
        ...

    def discard(self) -> None:
        """Drop temporary files handed out so far."""
        ...

    async def intend(self, run: DeliveryRun, draft: Draft) -> None:
        """Write down that this draft, and no other one, is about to be sent."""
        ...

    async def sent(self, run: DeliveryRun, *, sent_on: datetime) -> None:
        """Write down that it was sent."""
        ...

    async def finish(self, run: DeliveryRun, trail: Trail | None) -> None:
        """Write down what Exchange made of it, and close the delivery."""
        ...

    async def look_again(self, run: DeliveryRun, *, due: datetime) -> None:
        """Release: look at it again then. No attempt has failed."""
        ...

    async def postpone(
        self, run: DeliveryRun, error: ServiceError, *, due: datetime, stage: Stage | None = None
    ) -> None:
        """Release after a failed attempt, to be tried again then; ``stage`` where it fell back to an earlier one."""
        ...

    async def fail(self, run: DeliveryRun, error: ServiceError, *, stage: Stage) -> None:
        """Release for good: the e-mail failed, and why."""
        ...

    async def stop_mailbox(self, run: DeliveryRun, error: ServiceError) -> None:
        """Release, and send nothing more through the mailbox until a person acts; the e-mail waits."""
        ...


class DeliveryAlerts(Protocol):
    """Where a person is told about mail that could not be sent."""

    async def raise_for_email(self, run: DeliveryRun, error: ServiceError) -> None:
        """Report an e-mail that failed."""
        ...

    async def raise_for_sender(self, run: DeliveryRun, error: ServiceError) -> None:
        """Report a mailbox through which nothing can be sent."""
        ...
