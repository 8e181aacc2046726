"""What keeping appointments, contacts and tasks in step needs from the outside, as protocols."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol
from uuid import UUID

from msgspec import Struct

from serversync.core.errors import ServiceError
from serversync.rules.appointment import REFERENCE, InCrm, InExchange, Policy
from serversync.rules.diff import Common
from serversync.rules.duplicates import FIRST_ADDRESS, Keys
from serversync.rules.guards import UNWRITTEN, Answer, Brake, Held, Shown, Writes
from serversync.rules.merge import Conflict
from serversync.rules.plan import PLAIN, Facts, KindRules, Plan, Sight
from serversync.rules.record import AS_TASKS, Fields, Kind, Value

BRAKE = Brake()
"""The brake where no setting says otherwise."""
IN_FLIGHT = timedelta(seconds=100)
"""So long a request may still take effect whose answer never came, where the profile names no time."""


HEARD_WITH: Mapping[Kind, Kind] = MappingProxyType(
    {Kind.SERVICE: Kind.APPOINTMENT, **dict.fromkeys(AS_TASKS, Kind.TASK)}
)
"""Kinds without a feed of their own: that of the other kind, whose items lie in the same folder, tells of their items."""
NOTHING_ASIDE: Mapping[str, ServiceError | None] = MappingProxyType({})
"""All of an item can be synchronized."""


class Stage(IntEnum):
    """How far the link between a record and an item has come."""

    CREATING_IN_CRM = 0
    CREATING_IN_EXCHANGE = 1
    LINKED = 2
    UNLINKED = 3
    GONE = 4


class Intent(NamedTuple):
    """What was about to be written to Exchange, noted before it was: the record then, and the values on their way.

    A value found in Exchange that is the intended one is our own; it is no edit of a person. ``kept`` says whom changed
    occurrences keep until they follow their series (``rules.series.following``); ``told`` is as in ``Pair``.
    """

    crm: Fields
    exchange: Fields
    kept: Fields = MappingProxyType({})
    told: Fields | None = None


class Link(Struct, frozen=True, gc=False):
    """A pair as it is remembered.

    Attributes:
        crmid: The record; also the stamp on the item.
        item_id, change_key: The item as it was seen last; ``change_key`` empty where it must be read again.
        base: The last common state.
        crm_version: The version of the record that ``base`` knows; 0 where it must be read again.
        intent: What may have been written to Exchange without our knowing.
        asked_on: When the request to make the item was sent; its effect may come until it has timed out.
        crm_missed_on, exchange_missed_on: When it was not found for the first time.
        is_parked: It rests because the record has left the filters.
        due_on: Not before then; the time of a second look, or of the next try.
        search_key: What the item keeps when it is moved or restored, and shares with its copies; known once the item
            was read after it had been stamped.
        item_changed_on: When the item as ``base`` knows it was changed last, by the clock of Exchange; known as long as that.
    """

    crmid: UUID
    kind: Kind
    stage: Stage
    title: str = ""
    item_id: str | None = None
    change_key: str = ""
    base: Common | None = None
    crm_version: int = 0
    intent: Intent | None = None
    asked_on: datetime | None = None
    crm_missed_on: datetime | None = None
    exchange_missed_on: datetime | None = None
    is_parked: bool = False
    writes: Writes = UNWRITTEN
    retries: int = 0
    due_on: datetime | None = None
    error: str = ""
    conflicts: tuple[Conflict, ...] = ()
    search_key: UUID | None = None
    item_changed_on: datetime | None = None


class Heard(NamedTuple):
    """One thing that the feed of a folder says: this item is new or another one, or no longer here."""

    item_id: str
    change_key: str
    is_gone: bool


class FeedPage(NamedTuple):
    """One answer of the feed of a kind's folder."""

    heard: Sequence[Heard]
    position: str
    is_last: bool


class Item(Struct, frozen=True, gc=False):
    """An item of Exchange as the rules see it.

    Attributes:
        appointment: What decides about it, where it is an appointment.
        becomes: The record that it becomes, where that follows from the item.
        aside: Fields that cannot be synchronized as they are, each with its error; ``None`` where they were not looked at.
        search_key: What it keeps when it is moved or restored, and shares with its copies; where it was asked for.
    """

    item_id: str
    change_key: str
    stamp: UUID | None
    fields: Fields
    title: str = ""
    takes_part: bool = False
    changed_on: datetime | None = None
    facts: Facts = PLAIN
    created_on: datetime | None = None
    appointment: InExchange | None = None
    becomes: UUID | None = None
    aside: Mapping[str, ServiceError | None] = NOTHING_ASIDE
    search_key: UUID | None = None


class GuestAnswer(NamedTuple):
    """What somebody says who was invited to one occurrence of a series alone, and has that one as an item.

    Attributes:
        item_id: The item.
        series: The clean global object id, which is that of the series.
        day: The day on which the pattern of the series puts the occurrence.
        address: Whose mailbox it is.
        answer: What was answered.
        ends_on: When the occurrence is over.
    """

    item_id: str
    series: str
    day: date
    address: str
    answer: Value
    ends_on: datetime


class Found(NamedTuple):
    """An item with a stamp, and where it lies: in a synchronized folder (seen), among the deleted, or elsewhere."""

    item: Item
    sight: Sight


class Written(NamedTuple):
    """An item after a write; ``fields`` is what it says then, where that follows from what was written.

    ``aside`` are fields that Exchange has not taken, although it has taken the others.
    """

    item_id: str
    change_key: str
    fields: Fields | None = None
    aside: Mapping[str, ServiceError | None] = NOTHING_ASIDE


class ItemToMake(NamedTuple):
    """An item that is to be made, and the stamp that it is to carry.

    ``changed`` is given where it stood in the mailbox before: it is the same meeting, and who takes part hears of these
    fields alone.
    """

    stamp: UUID
    fields: Fields
    changed: frozenset[str] | None = None


class ItemToChange(NamedTuple):
    """What is to be written to an item that is there: these fields, and the stamp where one is given.

    ``before`` is what the item has now, ``crmid`` the record that it is. With ``follows`` the changed occurrences of a
    series get its people though these stay as they are; ``before`` is then as if they had them. ``changed`` is as in
    ``ItemToMake``: we had made the item again, and did not come so far as to write all of it.
    """

    item: Written
    fields: Fields
    before: Fields
    stamp: UUID | None = None
    crmid: UUID | None = None
    follows: bool = False
    changed: frozenset[str] | None = None


class ActMailbox(Protocol):
    """The folders of one mailbox.

    What writes takes many items at once and gives one outcome for each, in order. Where a request fails as a whole its
    error is the outcome of every item that it may or may not have written, and of those that were not asked for any more.
    """

    async def feed(self, kind: Kind, position: str | None) -> FeedPage:
        """Return the next page of what has happened in the kind's folder.

        Raises:
            SyncStateInvalid: the position is no longer accepted.
        """
        ...

    async def read(
        self, kind: Kind, item_ids: Sequence[str], *, with_key: bool = False
    ) -> list[Item | ServiceError]:
        """Return one outcome for each item; ``ItemGone`` where it is not under this id any more.

        With ``with_key`` the search key is asked for too.
        """
        ...

    async def find(self, kind: Kind, stamp: UUID, search_key: UUID | None = None) -> list[Found]:
        """Return every item with the stamp, wherever it lies; with a search key also those with this key and no stamp.

        Their own search keys are asked for.

        Raises:
            ServiceError: there is one, and it cannot be read.
        """
        ...

    async def stamped(self, kind: Kind, stamps: Sequence[UUID]) -> dict[UUID, list[str]]:
        """Return the ids of all items with one of these stamps in the synchronized folders."""
        ...

    async def twins(self, kind: Kind, records: Sequence[Fields]) -> list[Item | None]:
        """Return, for each of these records, an item without a stamp that is the same by the configured keys.

        No item is given to two records.
        """
        ...

    async def occurrence_days(self, item_ids: Sequence[str]) -> list[date | ServiceError | None]:
        """Return, for each of these items, the day by its pattern of the occurrence that it is; ``None`` where it is none."""
        ...

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        """Make items that carry their stamps."""
        ...

    async def update(self, kind: Kind, items: Sequence[ItemToChange]) -> list[Written | ServiceError]:
        """Change items, each on the condition that it is not another one by now.

        ``ChangeConflict`` where it is and nothing was written; ``ItemGone`` where it is not there.
        """
        ...

    async def delete(self, kind: Kind, item: Written) -> None:
        """Move the item to *Deleted Items*.

        Raises:
            ItemGone: it is not there.
        """
        ...


class Record(Struct, frozen=True, gc=False):
    """A record of the CRM as the rules see it; ``appointment`` is what decides about one."""

    crmid: UUID
    kind: Kind
    version: int
    fields: Fields
    in_filters: bool
    title: str = ""
    changed_on: datetime | None = None
    facts: Facts = PLAIN
    appointment: InCrm | None = None


class CrmChange(NamedTuple):
    """What is to be written to the CRM: ``version`` is the one that was seen, ``None`` for a record to be made.

    ``fields`` ``None`` deletes.
    """

    crmid: UUID
    kind: Kind
    version: int | None
    fields: Fields | None


class Settlement(NamedTuple):
    """A link as it is to be from now on, and what goes with it to the CRM.

    Of ``aside`` the base stays what it is, whatever is stored: these fields were not synchronized.
    """

    link: Link
    change: CrmChange | None = None
    aside: frozenset[str] = frozenset()


class Due(NamedTuple):
    """A pair or an item that a pass has to look at."""

    link: Link | None
    crmid: UUID | None
    kind: Kind
    item_id: str | None
    retries: int = 0


class RecordFilter(NamedTuple):
    """The filters of the user for one kind, in the words of the store.

    ``is_confined`` says that only records of the user's own, or that the user takes part in, can be let in.
    """

    expression: str
    is_confined: bool


@dataclass(frozen=True, slots=True)
class ActRun:
    """A claimed mailbox and the settings that its pass follows; ``filters`` are the user's, where they are not the default.

    ``takes_companies`` says that the company which somebody types in Outlook can choose the parent of a contact,
    ``is_replaced`` that the mailbox has lost our marker, for which the brake stops every deletion.
    """

    mailboxid: UUID
    address: str
    fence: int
    rules: Mapping[Kind, KindRules]
    brake: Brake = BRAKE
    answer: Answer = Answer.NONE
    shown: Shown = frozenset()
    is_replaced: bool = False
    may_write: bool = True
    appointments: Policy = REFERENCE
    filters: Mapping[Kind, RecordFilter] = field(default_factory=dict)
    duplicate_keys: Keys = FIRST_ADDRESS
    in_flight: timedelta = IN_FLIGHT
    takes_companies: bool = False
    second_look: timedelta = timedelta(minutes=2)
    batch: int = 400


class ActStore(Protocol):
    """The records, the links and what is still to be looked at; every call is one transaction under the run's fence.

    Raises:
        LeaseLost: another worker has the mailbox; nothing was written.
    """

    async def position(self, run: ActRun, kind: Kind) -> str | None:
        """Return how far the feed of the kind was heard."""
        ...

    async def begin_listing(self, run: ActRun, kind: Kind) -> None:
        """The feed begins anew: every linked item counts as unheard until the feed names it."""
        ...

    async def hear(self, run: ActRun, kind: Kind, page: FeedPage) -> None:
        """Remember what has to be looked at, and the position, together.

        On its last page every linked item that is still unheard is to be looked at too: it was there when the feed
        began anew, or when we made it, and has gone before the feed could tell of it. An item of a kind that this feed
        tells of too (``HEARD_WITH``), and that a link names, is to be looked at as such.
        """
        ...

    async def hear_records(self, run: ActRun, kind: Kind) -> None:
        """Remember which records were changed by others since this was called last; at first, all that matter.

        Records of every kind that its feed tells of (``HEARD_WITH``) are meant.
        """
        ...

    async def due(self, run: ActRun, now: datetime) -> list[Due]:
        """Return what is to be looked at now: items heard of that no link names first, then links, then records.

        A link is due where its item or its record was heard of, or where it is not finished; never before its
        ``due_on``. A record without a link is due where it was heard of and is in the filters.
        """
        ...

    async def seen(self, run: ActRun, kind: Kind, crmids: Sequence[UUID]) -> None:
        """Records without a link need no more looking at until they are changed."""
        ...

    async def links(self, run: ActRun, stamps: Sequence[UUID]) -> dict[UUID, Link]:
        """Return the links under these stamps, whatever their stage."""
        ...

    async def records(self, run: ActRun, crmids: Sequence[tuple[Kind, UUID]]) -> dict[UUID, Record]:
        """Return those of the records that exist, as the user may see them."""
        ...

    async def twins(self, run: ActRun, kind: Kind, items: Sequence[Item]) -> dict[str, list[Record]]:
        """Return the records that are not linked and, by the configured keys, the same as an item; by the item's id.

        No record at all stands there for an item that may become none, because it is part of one that there is.
        """
        ...

    async def names_of(self, run: ActRun, references: Sequence[str]) -> dict[str, str]:
        """Return the names of those of these records (``rules.regarding``) that are there and the user may read."""
        ...

    async def accounts_called(self, run: ActRun, names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
        """Return reference and name of the active accounts of each of these names that the user may read.

        Names are the same in any case of letters; of many accounts of a name not all need to be told.
        """
        ...

    async def linked(self, run: ActRun) -> Mapping[Kind, int]:
        """Return how many pairs of each kind are linked."""
        ...

    async def keep(self, run: ActRun, links: Sequence[Link]) -> None:
        """Write links as they are now; what their items or records were due for stays due."""
        ...

    async def settle(self, run: ActRun, settlements: Sequence[Settlement]) -> list[Link | ServiceError]:
        """Write links and what goes with them to the CRM, together; what they were due for is done.

        Where something is written to the CRM the link gets the version of the record afterwards, and its ``base`` the
        values as they were stored; a version of 0 stays 0, so that the record is looked at again. Writing to the CRM is
        no edit: the pair is not due because of it. An item that is new to the link, and of which the feed has not told,
        is unheard: of one that is made and deleted between two looks the feed says nothing at all.

        Returns:
            One outcome for each, in order: the link as it was written; ``ChangeConflict`` where the record is another
            one by now, or another error of this record, and nothing was written of it.
        """
        ...

    async def done(
        self, run: ActRun, kind: Kind, item_ids: Sequence[str], *, copy_of: UUID | None = None
    ) -> None:
        """Items need no more looking at; with ``copy_of`` they are remembered as copies for ever."""
        ...

    async def hear_guests(self, run: ActRun, answers: Sequence[GuestAnswer], now: datetime) -> None:
        """Items that are single occurrences of a series tell what their owners have answered, and need no more looking at.

        Only what another answer was given to than at the last time is written. Where the CRM does not have that occurrence with
        that guest, the item is looked at again later and later, until the occurrence is over.
        """
        ...

    async def recognise(self, run: ActRun, item_ids: Sequence[str], heard_as: Kind, kind: Kind) -> None:
        """Items that were heard of as one kind, and are to be looked at, are of another one."""
        ...

    async def defer(self, run: ActRun, due: Due, error: ServiceError, due_on: datetime) -> None:
        """An item that no link names cannot be read; it is looked at again at that time, with one retry more."""
        ...

    async def copies(self, run: ActRun, item_ids: Sequence[str]) -> set[str]:
        """Return those of the items that are known as copies."""
        ...

    async def knows_keys(self, run: ActRun, kinds: Sequence[Kind]) -> bool:
        """Tell whether any link of one of the kinds has a search key."""
        ...

    async def links_by_key(self, run: ActRun, search_keys: Sequence[UUID]) -> dict[UUID, list[Link]]:
        """Return the links with these search keys, whatever their stage."""
        ...

    async def linked_elsewhere(self, run: ActRun, crmids: Sequence[UUID]) -> set[UUID]:
        """Return those of the records that are linked in another mailbox."""
        ...


class ActAlerts(Protocol):
    """Where a person is told."""

    async def held(self, run: ActRun, held: Sequence[Held]) -> None:
        """Deletions wait for an answer."""
        ...

    async def failed(self, run: ActRun, title: str, error: ServiceError) -> None:
        """One record cannot be synchronized."""
        ...

    async def planned(self, run: ActRun, plan: Plan) -> None:
        """The plan of a mailbox that may not be written yet."""
        ...


@dataclass(slots=True)
class ActResult:
    """What a pass did: the plan of each batch, how many records were set aside, how many fields were in conflict."""

    plans: list[Plan] = field(default_factory=list)
    failed: int = 0
    conflicts: int = 0
