"""What a pass needs from the outside, as protocols; adapters implement them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple, Protocol
from uuid import UUID

from msgspec import Struct

from serversync.core.errors import ServiceError
from serversync.rules.email.acceptance import Decision, Outcome
from serversync.rules.email.category import TrackingCategory
from serversync.rules.email.correlation import Book, Keys, Regarding
from serversync.rules.email.filtering import Principal
from serversync.rules.email.identity import Known
from serversync.rules.email.internal import Opposite
from serversync.rules.email.judgement import FolderKind, Judgement
from serversync.rules.email.message import ReceivedMessage
from serversync.rules.email.parties import Record
from serversync.rules.email.reports import Reported
from serversync.rules.email.settings import EmailSettings
from serversync.rules.polling import UNWATCHED, Watch


class Change(Enum):
    """Kinds of change a folder reports."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    READ_FLAG = "read-flag"


class Listed(Struct, frozen=True, gc=False):
    """One change of a folder, with what the feed says about the item."""

    kind: Change
    item_id: str
    item_key: UUID
    item_class: str = "IPM.Note"
    received_on: datetime | None = None
    size_bytes: int = 0
    categories: tuple[str, ...] = ()


class MailFolder(NamedTuple):
    """A folder that is read, and how far it has been read.

    ``key`` is the name of a folder that every mailbox has; a tracked folder has its Exchange id and its mapping.
    """

    kind: FolderKind
    key: str
    name: str
    position: str | None = None
    listed_once: bool = False
    exchange_id: str | None = None
    trackingid: UUID | None = None
    regarding: Regarding | None = None


INBOX = MailFolder(FolderKind.INBOX, "inbox", "Inbox")


class ActionKind(Enum):
    """What is done to an item in Exchange; the values are stored."""

    DELETE = 1
    ADD_CATEGORY = 2
    REMOVE_CATEGORY = 3
    MOVE_UNDELIVERABLE = 4


class Action(NamedTuple):
    """Something to be done to an item in Exchange once the page is written; twice does no harm."""

    kind: ActionKind
    item_key: UUID
    item_id: str
    category: str = ""
    attempts: int = 0


class ChangePage(NamedTuple):
    """One answer of the change feed; ``position`` is opaque and belongs to this folder."""

    changes: Sequence[Listed]
    position: str
    is_last: bool


class ExchangeMailbox(Protocol):
    """One mailbox on the Exchange side, already chosen and authenticated."""

    async def changes(self, folder: MailFolder, position: str | None, *, limit: int) -> ChangePage:
        """Return the next page of changes after ``position`` (``None``: from the start).

        Raises:
            SyncStateInvalid: the position is no longer accepted.
            ItemGone: the folder is no longer there.
            ServiceError: anything that concerns the mailbox or the server as a whole.
        """
        ...

    async def change_mark(self, folders: Sequence[MailFolder]) -> str | None:
        """Return a text that is another one whenever something has changed in one of the folders.

        One request whatever the number of folders; ``None`` where the server does not say it of all of them.

        Raises:
            ServiceError: anything that concerns the mailbox or the server as a whole.
        """
        ...

    async def outside_inbox(self, folders: Sequence[MailFolder]) -> list[MailFolder]:
        """Return those of the tracked folders that lie elsewhere than below the Inbox, such as in Deleted Items.

        Raises:
            ServiceError: transient trouble, or anything that concerns more than one folder.
        """
        ...

    async def messages(
        self, listed: Sequence[Listed], folder: MailFolder
    ) -> list[ReceivedMessage | ServiceError]:
        """Return one outcome for each item, in order, without the content of attachments.

        Raises:
            ServiceError: transient trouble, or anything that concerns more than one item.
        """
        ...

    async def whole(self, messages: Sequence[ReceivedMessage]) -> list[bytes | None]:
        """Return messages as they came over the wire, one for each; ``None`` for what is too large or cannot be had.

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

    async def perform(
        self, actions: Sequence[Action], undeliverable: str | None
    ) -> tuple[list[ServiceError | None], str | None]:
        """Do what is to be done to items; an item that is gone counts as done.

        Args:
            actions: All of one kind and one category.
            undeliverable: The id of the folder *Undeliverable* where it is known; it is made where it is not.

        Returns:
            One outcome for each action (``None``: done), and the folder's id.

        Raises:
            ServiceError: transient trouble, or anything that concerns more than one item.
        """
        ...

    async def keep_category(self, known: TrackingCategory) -> tuple[TrackingCategory, bool]:
        """Put the mailbox's list of categories right; return the category as it is now, and whether it was added.

        Raises:
            ServiceError: the list cannot be read or written.
        """
        ...

    def discard(self) -> None:
        """Drop temporary files of the messages handed out so far."""
        ...


@dataclass(frozen=True, slots=True)
class MailboxRun:
    """A claimed mailbox: what the pass has to know, and the fence that proves the claim.

    ``plan`` is there where it was read together with the claim; ``waited`` says how long the mailbox had been due.
    """

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
    streamed_poll: timedelta | None = None
    full_poll: timedelta = timedelta(hours=1)
    watch: Watch = UNWATCHED
    plan: "MailPlan | None" = None
    waited: timedelta | None = None


@dataclass(frozen=True, slots=True)
class MailPlan:
    """What a pass over the mail of a mailbox has to know beside its claim.

    Attributes:
        settings: The organization's.
        folders: What is read beside the Inbox.
        readerid: The user or queue whose mailbox it is; ``None`` for a forward mailbox.
        reader_is_queue: Whether it is a queue.
        is_forward_mailbox: Whether mail is forwarded here as attachments.
        delete_after_processing: Whether what was processed is deleted.
        category: The category that marks tracked messages, empty where categories do not count.
        tracking: What is known of this category in the mailbox; ``None`` before the mailbox was tested.
        stamps_category: Whether tracked messages get the category.
        move_undeliverable: Whether what is given up is moved to the folder *Undeliverable*.
        undeliverable: The id of that folder where it is known.
        has_actions: Whether actions are waiting.
        has_retries: Whether messages are due to be tried again.
        forget_reasons_after: Days after which reasons are forgotten; only given once a day.
    """

    settings: EmailSettings = field(default_factory=EmailSettings)
    folders: tuple[MailFolder, ...] = ()
    readerid: UUID | None = None
    reader_is_queue: bool = False
    is_forward_mailbox: bool = False
    delete_after_processing: bool = False
    category: str = ""
    tracking: TrackingCategory | None = None
    stamps_category: bool = False
    undeliverable_category: str = ""
    move_undeliverable: bool = False
    undeliverable: str | None = None
    has_actions: bool = False
    has_retries: bool = False
    forget_reasons_after: int | None = None

    @property
    def has_work(self) -> bool:
        """Whether there is something to do even where no folder has changed."""
        return (
            self.has_actions
            or self.has_retries
            or self.forget_reasons_after is not None
            or (self.tracking is not None and self.tracking.is_due)
            or any(not folder.listed_once for folder in self.folders)
        )


class Seen(NamedTuple):
    """What became of an item when it was examined before."""

    outcome: Outcome
    attempts: int = 1
    is_categorized: bool = False


class NewEmail(Struct, gc=False):
    """An activity to be written, with everything that was decided about it."""

    activityid: UUID
    dupcheck: UUID
    contentdigest: UUID
    message: ReceivedMessage
    judgement: Judgement
    correlated: UUID | None = None
    parent: UUID | None = None
    subject_keys: tuple[int, ...] = ()


class NewPerson(NamedTuple):
    """An unknown sender who becomes a contact or lead."""

    table: str
    recordid: UUID
    name: str
    address: str
    ownerid: UUID | None


class NewQueueItem(NamedTuple):
    """A message that waits in a queue."""

    queueid: UUID
    activityid: UUID
    title: str


class Told(NamedTuple):
    """What a report says of an e-mail that was sent, and of its recipients."""

    activityid: UUID
    subject: str
    recipients: tuple[Reported, ...]
    reported_on: datetime | None


class Trace(Struct, gc=False):
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
    detail: dict[str, object] = {}
    is_categorized: bool = False
    attempts: int = 1
    next_attempt: timedelta | None = None


@dataclass(slots=True)
class PageWrite:
    """Everything that one page changes; written in one transaction or not at all."""

    run: MailboxRun
    folder: MailFolder
    position: str | None
    """``None`` where a page of messages that are tried again moves no position."""
    is_last: bool
    emails: list[NewEmail] = field(default_factory=list)
    people: list[NewPerson] = field(default_factory=list)
    queue_items: list[NewQueueItem] = field(default_factory=list)
    regardings: list[tuple[UUID, Regarding]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    replaced: list[UUID] = field(default_factory=list)
    untracked: list[UUID] = field(default_factory=list)
    categorized: list[UUID] = field(default_factory=list)
    correlates: bool = True
    """Whether e-mails that are there already may turn out to be answers to those of the page."""


class IdentityTaken(Exception):
    """Another worker has written the same activity or person meanwhile; nothing was written."""


class MailStore(Protocol):
    """The CRM side of the incoming pass."""

    async def plan(self, run: MailboxRun) -> MailPlan:
        """Return what the pass has to know beside its claim."""
        ...

    async def traced(self, mailboxid: UUID, item_keys: Sequence[UUID]) -> dict[UUID, Seen]:
        """Return what became of those of the items that were examined before."""
        ...

    async def known(self, dupchecks: Sequence[UUID]) -> dict[UUID, Known]:
        """Return the activities that exist under these identities."""
        ...

    async def existing(self, activityids: Sequence[UUID]) -> set[UUID]:
        """Return those of the activities that exist."""
        ...

    async def held(self, mailboxid: UUID, activityids: Sequence[UUID]) -> dict[UUID, set[str]]:
        """Return for each activity the search keys of this mailbox's items that are linked to it."""
        ...

    async def records(self, addresses: Sequence[str], *, inactive: bool = False) -> dict[str, list[Record]]:
        """Return the records that carry each address (lower case), at most 101 an address and column.

        Args:
            addresses: In lower case.
            inactive: Whether inactive records count, users apart.
        """
        ...

    async def principals(self, ids: Sequence[UUID]) -> dict[UUID, Principal]:
        """Return those of the records that are users or queues, with what they take."""
        ...

    async def earlier(self, keys: Sequence[Keys]) -> Book:
        """Return the e-mails that are found under any of the keys."""
        ...

    async def opposites(self, message_ids: Sequence[str], *, is_outgoing: bool) -> dict[str, list[Opposite]]:
        """Return the activities of the other direction by their message id."""
        ...

    async def retries(self, run: MailboxRun, *, limit: int) -> list[Listed]:
        """Return items that were set aside and are due to be tried again."""
        ...

    async def has_waiting_retries(self, run: MailboxRun) -> bool:
        """Tell whether an item that was set aside is still to be tried again, now or later."""
        ...

    async def actions(self, run: MailboxRun, *, limit: int) -> list[Action]:
        """Return what is to be done to items now."""
        ...

    async def acted(
        self,
        run: MailboxRun,
        done: Sequence[Action],
        failed: Sequence[tuple[Action, ServiceError]],
        *,
        undeliverable: str | None,
    ) -> None:
        """Remove what was done, note what failed and when to try again (five times), keep the folder's id."""
        ...

    async def forget_reasons(self, run: MailboxRun, *, days: int) -> None:
        """Empty the reasons of what was examined in the mailbox longer ago; what became of it stays."""
        ...

    async def category_kept(
        self, run: MailboxRun, known: TrackingCategory, error: ServiceError | None
    ) -> None:
        """Note what was found of the category in the mailbox's list, or why the list cannot be kept."""
        ...

    async def folder_missing(self, run: MailboxRun, folder: MailFolder) -> None:
        """Note that a tracked folder is no longer there; it is not read until somebody maps it again."""
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
    actions: int = 0
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
        self, run: MailboxRun, error: ServiceError, *, subject: str, item_id: str, given_up: bool = False
    ) -> None:
        """Report one item that was set aside; what was given up does not heal by itself."""
        ...

    async def raise_for_report(self, run: MailboxRun, error: ServiceError) -> None:
        """Report an e-mail that was sent and did not reach everybody; a person closes it."""
        ...

    async def raise_for_mailbox(self, run: MailboxRun, error: ServiceError) -> None:
        """Report trouble with a whole mailbox or its profile."""
        ...

    async def raise_for_folder(self, run: MailboxRun, error: ServiceError) -> None:
        """Report a tracked folder that is not read any more; closed once no folder of the mailbox is missing."""
        ...

    async def note_category(self, run: MailboxRun, name: str) -> None:
        """Tell that the category was added to the mailbox, where information is wanted."""
        ...

    async def heal_items(self, run: MailboxRun) -> None:
        """Close the open alerts about items: all that were set aside have been read, or are gone."""
        ...

    async def heal_mailbox(self, run: MailboxRun) -> None:
        """Close the open alerts about the mailbox as a whole: it works again."""
        ...


class Leases(Protocol):
    """Claims on mailboxes: at most one run a mailbox over all workers."""

    async def finish(self, run: MailboxRun, result: PassResult, *, next_pass: datetime) -> None:
        """Release after success: next pass, counters, statistics."""
        ...

    async def fail(
        self, run: MailboxRun, result: PassResult, error: ServiceError, *, next_pass: datetime | None
    ) -> None:
        """Release after failure; ``next_pass`` ``None`` disables the direction until a person acts."""
        ...
