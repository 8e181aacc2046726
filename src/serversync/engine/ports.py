"""What a pass needs from the outside, as protocols; adapters implement them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple, Protocol
from uuid import UUID

from serversync.core.errors import ServiceError
from serversync.rules.email.acceptance import Decision, Outcome
from serversync.rules.email.identity import Known
from serversync.rules.email.message import ReceivedMessage
from serversync.rules.email.parties import Record
from serversync.rules.polling import UNWATCHED, Watch


class Change(Enum):
    """Kinds of change a folder reports."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    READ_FLAG = "read-flag"


class Listed(NamedTuple):
    """One change of a folder, with what the feed says about the item."""

    kind: Change
    item_id: str
    item_key: UUID
    item_class: str = "IPM.Note"
    received_on: datetime | None = None
    size_bytes: int = 0


class ChangePage(NamedTuple):
    """One answer of the change feed; ``position`` is opaque and belongs to this folder."""

    changes: Sequence[Listed]
    position: str
    is_last: bool


class ExchangeMailbox(Protocol):
    """One mailbox on the Exchange side, already chosen and authenticated."""

    async def changes(self, folder: str, position: str | None, *, limit: int) -> ChangePage:
        """Return the next page of changes after ``position`` (``None``: from the start).

        Raises:
            SyncStateInvalid: the position is no longer accepted.
            ServiceError: anything that concerns the mailbox or the server as a whole.
        """
        ...

    async def change_mark(self, folders: Sequence[str]) -> str | None:
        """Return a text that is another one whenever something has changed in one of the folders.

        One request whatever the number of folders; ``None`` where the server does not say it of all of them.

        Raises:
            ServiceError: anything that concerns the mailbox or the server as a whole.
        """
        ...

    async def messages(self, listed: Sequence[Listed]) -> list[ReceivedMessage | ServiceError]:
        """Return one outcome for each item, in order, without the content of attachments.

        Raises:
            ServiceError: transient trouble, or anything that concerns more than one item.
        """
        ...

    async def fetch_attachments(self, messages: Sequence[ReceivedMessage]) -> None:
        """Fill the content of all attachments; those that cannot be had stay ``None``.

        Raises:
            ServiceError: transient trouble, or anything that concerns more than one item.
        """
        ...

    def discard(self) -> None:
        """Drop temporary files of the messages handed out so far."""
        ...


@dataclass(frozen=True, slots=True)
class MailboxRun:
    """A claimed mailbox: what the pass has to know, and the fence that proves the claim."""

    mailboxid: UUID
    address: str
    hostid: str
    fence: int
    profileid: UUID
    ownerid: UUID | None
    regardingtable: str
    process_from: datetime | None
    position: str | None
    listed_once: bool
    unresolve_multiple: bool
    polling: timedelta
    polling_floor: timedelta
    failures: int
    idle_limit: timedelta = timedelta(0)
    idle_polls: int = 0
    has_stream: bool = False
    full_poll: timedelta = timedelta(hours=1)
    watch: Watch = UNWATCHED


@dataclass(slots=True)
class NewEmail:
    """An activity to be written, with its parties resolved."""

    activityid: UUID
    dupcheck: UUID
    contentdigest: UUID
    message: ReceivedMessage
    sender: Record | None
    recipients: Mapping[str, Sequence[Record]]
    attachments_missing: bool


@dataclass(slots=True)
class Trace:
    """What was examined, what became of it and why."""

    item_key: UUID
    item_id: str
    decision: Decision
    received_on: datetime | None
    search_key: str | None = None
    message_id: str | None = None
    subject: str = ""
    sender: str = ""
    activityid: UUID | None = None
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class PageWrite:
    """Everything that one page changes; written in one transaction or not at all."""

    run: MailboxRun
    folder: str
    position: str
    is_last: bool
    emails: list[NewEmail] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    replaced: list[UUID] = field(default_factory=list)


class IdentityTaken(Exception):
    """Another worker has written an activity with the same identity meanwhile; nothing was written."""


class MailStore(Protocol):
    """The CRM side of the incoming pass."""

    async def traced(self, mailboxid: UUID, item_keys: Sequence[UUID]) -> dict[UUID, Outcome]:
        """Return what became of those of the items that were examined before."""
        ...

    async def known(self, dupchecks: Sequence[UUID]) -> dict[UUID, Known]:
        """Return the activities that exist under these identities."""
        ...

    async def held(self, mailboxid: UUID, activityids: Sequence[UUID]) -> dict[UUID, set[str]]:
        """Return for each activity the search keys of this mailbox's items that are linked to it."""
        ...

    async def records(self, addresses: Sequence[str]) -> dict[str, list[Record]]:
        """Return the active records that carry each address (lower case), at most 101 an address."""
        ...

    async def write(self, page: PageWrite) -> None:
        """Write a page and its position in one transaction, and prolong the lease.

        Raises:
            IdentityTaken: somebody else wrote one of the identities meanwhile.
            LeaseLost: another worker has taken over the mailbox.
        """
        ...


@dataclass(slots=True)
class PassResult:
    """What a pass did, in numbers; ``by_outcome`` counts examined messages.

    ``news`` counts listed changes that are new or changed items; ``watch`` is what the next poll has to know.
    """

    pages: int = 0
    listed: int = 0
    news: int = 0
    by_outcome: dict[Outcome, int] = field(default_factory=dict)
    seconds: float = 0.0
    replayed: bool = False
    watch: Watch = UNWATCHED

    def count(self, outcome: Outcome, by: int = 1) -> None:
        """Add to the number of messages with this outcome."""
        self.by_outcome[outcome] = self.by_outcome.get(outcome, 0) + by

    @property
    def processed(self) -> int:
        """Messages that were read or recognised, whatever became of them."""
        return sum(self.by_outcome.values())

    @property
    def failed(self) -> int:
        """Messages that were set aside."""
        return self.by_outcome.get(Outcome.SET_ASIDE, 0)


class Alerts(Protocol):
    """Where a person is told; saying the same thing again only counts it."""

    async def raise_for_item(
        self, run: MailboxRun, error: ServiceError, *, subject: str, item_id: str
    ) -> None:
        """Report one item that was set aside."""
        ...

    async def raise_for_mailbox(self, run: MailboxRun, error: ServiceError) -> None:
        """Report trouble with a whole mailbox or its profile."""
        ...

    async def heal_mailbox(self, run: MailboxRun) -> None:
        """Close the open alerts about the mailbox as a whole: it works again."""
        ...


class Leases(Protocol):
    """Claims on mailboxes: at most one run a mailbox over all workers."""

    async def begin(self, mailboxid: UUID, fence: int) -> MailboxRun | None:
        """Take up a claim made by the dispatcher; ``None`` where it is no longer ours or nothing is due."""
        ...

    async def finish(self, run: MailboxRun, result: PassResult, *, next_pass: datetime) -> None:
        """Release after success: next pass, counters, statistics."""
        ...

    async def fail(
        self, run: MailboxRun, result: PassResult, error: ServiceError, *, next_pass: datetime | None
    ) -> None:
        """Release after failure; ``next_pass`` ``None`` disables the direction until a person acts."""
        ...
