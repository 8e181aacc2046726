"""Two sides in memory that lie, fail and forget, with people who edit both, for histories of passes.

Every value that a person writes is unique, and remembers which value it took the place of. So it can be told in the end
whether something was lost: a value that no person has replaced must be somewhere, or be shown as the loser of a conflict.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import TypeVar
from uuid import UUID, uuid4

import msgspec

from serversync.core.errors import (
    ChangeConflict,
    ConnectionLost,
    DatabaseUnavailable,
    ItemGone,
    ItemUnreadable,
    PictureNotSynchronized,
    ServiceError,
    SyncStateInvalid,
    Transient,
)
from serversync.core.ids import uuid_of
from serversync.engine.act_aside import kept_aside
from serversync.engine.act_ports import (
    HEARD_WITH,
    ActRun,
    CrmChange,
    Due,
    FeedPage,
    Found,
    GuestAnswer,
    Heard,
    Item,
    ItemToChange,
    ItemToMake,
    Link,
    Record,
    Settlement,
    Stage,
    Written,
)
from serversync.rules.attachments import PREFIX, THERE
from serversync.rules.diff import Common
from serversync.rules.guards import Held
from serversync.rules.pictures import PICTURE
from serversync.rules.plan import Plan, Sight
from serversync.rules.record import Fields, Kind, Value
from serversync.rules.regarding import REGARDING, reference

T = TypeVar("T")
S = TypeVar("S", ItemToMake, ItemToChange)
NAMES = ("subject", "body", "place", PICTURE, REGARDING)
NAMES_OF_CALL = ("subject", "body", PICTURE, REGARDING)
"""What a phone call has in the CRM; the place of its task stays in Exchange."""
NO_PICTURE = "no picture"
"""How a value begins that somebody gives for a photo, and that nobody can take over."""
NOWHERE = "account:ffffffff"
"""How a value begins that somebody gives for what an item is about, and that leads nowhere."""
UNUSABLE = {PICTURE: NO_PICTURE, REGARDING: NOWHERE}
PAGE = 3
IN_FLIGHT = timedelta(seconds=100)
WATCHED, DELETED, ELSEWHERE = Sight.SEEN, Sight.GONE, Sight.AWAY


def names_of(kind: Kind) -> tuple[str, ...]:
    """What records of a kind have."""
    return NAMES_OF_CALL if kind is Kind.PHONECALL else NAMES


def feed_of(kind: Kind) -> Kind:
    """The kind whose feed tells of items of a kind."""
    return HEARD_WITH.get(kind, kind)


@dataclass(slots=True)
class Stored:
    """An item as the imitated Exchange keeps it; ``kind`` is that of its folder, which a phone call shares with tasks."""

    item_id: str
    kind: Kind
    label: str
    fields: dict[str, Value]
    key: int = 1
    stamp: UUID | None = None
    is_tracked: bool = False
    place: Sight = WATCHED
    is_copy: bool = False
    made: int = 0
    edits: int = 0
    search_key: UUID = field(default_factory=uuid4)
    changed: int = 0
    is_stripped: bool = False
    has_left: bool = False


@dataclass(slots=True)
class Row:
    """A record as the imitated CRM keeps it."""

    crmid: UUID
    kind: Kind
    label: str
    fields: dict[str, Value]
    version: int
    in_filters: bool = True


def parted(fields: Fields) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return the files among fields, and the others."""
    files = {name: value for name, value in fields.items() if name.startswith(PREFIX)}
    return files, {name: value for name, value in fields.items() if name not in files}


def names_of_files(fields: Fields) -> set[Value]:
    """Return the files that are there, by the names of their fields."""
    return {name for name, value in fields.items() if name.startswith(PREFIX) and value}


def has_no_picture(fields: Fields) -> bool:
    """Tell whether the photo of an item is none that can be taken over."""
    return str(fields.get(PICTURE)).startswith(NO_PICTURE)


def _as(kind: Kind, item: Item) -> Item:
    """Return an item as it is read where it is of this kind."""
    if kind is not Kind.PHONECALL:
        return item
    names = {*names_of(kind), "label"}
    return msgspec.structs.replace(
        item, fields={name: value for name, value in item.fields.items() if name in names}
    )


def changed_on(item: Stored) -> datetime:
    """When an item was changed last, by the clock of Exchange."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=item.changed)


def leads_nowhere(fields: Fields) -> bool:
    """Tell whether what an item is about cannot be used."""
    return str(fields.get(REGARDING)).startswith(NOWHERE)


class Exchange:
    """The mailbox: an ``ActMailbox`` for passes, and methods for people."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.items: dict[str, Stored] = {}
        self.journal: dict[Kind, list[tuple[str, bool]]] = {}
        self.epoch = 0
        self.born: dict[str, int] = {}
        self.late: list[tuple[datetime, Callable[[], object]]] = []
        self.invited: list[tuple[str, int, tuple[Value, ...]]] = []

    # --- what passes call -------------------------------------------------------------------------

    async def feed(self, kind: Kind, position: str | None) -> FeedPage:
        self.world.trouble()
        journal = self.journal.setdefault(kind, [])
        if position is None:
            entries = [
                (i.item_id, False) for i in self.items.values() if i.kind is kind and i.place is WATCHED
            ]
            start, end, tail = 0, len(journal), ""
        else:
            epoch, start, tail = (
                int(position.split(":")[0]),
                int(position.split(":")[1]),
                position.split(":")[2],
            )
            if epoch != self.epoch:
                raise SyncStateInvalid(mailbox="ada", folder=kind.value)
            entries, end = journal[start:], len(journal)
        if tail or (position is None and len(entries) > PAGE):  # a listing from the start, in pages
            if position is not None:
                entries = [(i, False) for i in tail.split(",")]
                end = start
            rest = entries[PAGE:]
            heard = self._heard(entries[:PAGE])
            mark = ",".join(i for i, _ in rest)
            return FeedPage(heard, f"{self.epoch}:{end}:{mark}", not rest)
        page = entries if position is None else entries[:PAGE]
        end = end if position is None else start + len(page)
        return FeedPage(self._heard(page, start), f"{self.epoch}:{end}:", end >= len(journal))

    def _heard(self, entries: Sequence[tuple[str, bool]], since: int = 0) -> list[Heard]:
        heard = []
        for item_id, is_gone in entries:
            item = self.items.get(item_id)
            is_there = item is not None and item.place is WATCHED
            if not is_there and self.born.get(item_id, -1) >= since:
                continue  # it came and went since the position: a feed does not tell of it at all
            heard.append(Heard(item_id, str(item.key) if item else "", is_gone or not is_there))
        if self.world.chance(8):
            heard.reverse()
        if heard and self.world.chance(8):
            heard.append(heard[0])
        return heard

    async def read(
        self, kind: Kind, item_ids: Sequence[str], *, with_key: bool = False
    ) -> list[Item | ServiceError]:
        self.world.trouble()
        return [self._read(kind, each, with_key=with_key) for each in item_ids]

    def _read(self, kind: Kind, item_id: str, *, with_key: bool) -> Item | ServiceError:
        item = self.items.get(item_id)
        if item is None or item.place is DELETED:
            return ItemGone()
        if self.world.chance(60):
            return ItemUnreadable()
        shown = _as(kind, self._shown(item))
        return msgspec.structs.replace(shown, search_key=item.search_key) if with_key else shown

    @staticmethod
    def _shown(item: Stored) -> Item:
        shown = {} if has_no_picture(item.fields) else {PICTURE: item.fields.get(PICTURE)}
        return Item(
            item.item_id,
            str(item.key),
            item.stamp,
            {name: value for name, value in item.fields.items() if name != PICTURE} | shown,
            item.label,
            item.is_tracked,
            changed_on=changed_on(item),
            created_on=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=item.made),
            aside={} if shown else {PICTURE: PictureNotSynchronized()},
        )

    async def find(self, kind: Kind, stamp: UUID, search_key: UUID | None = None) -> list[Found]:
        self.world.trouble()
        return [
            Found(msgspec.structs.replace(_as(kind, self._shown(i)), search_key=i.search_key), i.place)
            for i in self.items.values()
            if i.stamp == stamp or (i.stamp is None and i.search_key == search_key)
        ]

    async def stamped(self, kind: Kind, stamps: Sequence[UUID]) -> dict[UUID, list[str]]:
        self.world.trouble()
        return {
            stamp: [i.item_id for i in self.items.values() if i.stamp == stamp and i.place is WATCHED]
            for stamp in stamps
        }

    async def twins(self, kind: Kind, records: Sequence[Fields]) -> list[Item | None]:
        return [None] * len(records)

    async def occurrence_days(self, item_ids: Sequence[str]) -> list[date | ServiceError | None]:
        return [None] * len(item_ids)

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        def make(new: ItemToMake) -> Written:
            label = str(new.fields["label"])
            item = Stored(
                self.new_id(),
                feed_of(kind),
                label,
                {},
                stamp=new.stamp,
                is_tracked=True,
                made=self.world.tick(),
            )
            self.items[item.item_id] = item
            self.world.person_deleted.get(label, set()).discard("exchange")
            files, others = parted(new.fields)
            self._put(item, others)
            if kind is Kind.PHONECALL:
                item.fields["place"] = "of Exchange itself"
            self.invite(item)
            self.log(item)
            self._attach(item, files)
            # Of some items it is known at once what they say; passes read only one of these.
            known = {*names_of(kind), *new.fields}
            of_kind = {name: value for name, value in item.fields.items() if name in known}
            says = of_kind if self.world.random.random() < 0.5 and not files else None
            return Written(item.item_id, str(item.key), says)

        return self._each(items, make)

    async def update(self, kind: Kind, items: Sequence[ItemToChange]) -> list[Written | ServiceError]:
        def change(to: ItemToChange) -> Written:
            stored = self._the(to.item)
            assert not (PICTURE in to.fields and has_no_picture(stored.fields)), "it was set aside"
            assert not (REGARDING in to.fields and leads_nowhere(stored.fields)), "it was set aside"
            if to.fields.get(PICTURE) is not None and stored.fields.get(PICTURE) is not None:
                self._take_away(stored)
            files, others = parted(to.fields)
            self._put(stored, others)
            stored.stamp = to.stamp or stored.stamp
            self.touch(stored)
            if others:
                self.invite(stored)
            self.log(stored)
            self._attach(stored, files)
            return Written(stored.item_id, str(stored.key))

        return self._each(items, change)

    def _attach(self, stored: Stored, files: Fields) -> None:
        """Attach files and take them away, one by one; the connection may break after each."""
        for name, value in files.items():
            stored.fields[name] = value
            stored.key += 1
            self.log(stored)
            if self.world.chance(self.world.trouble_in):
                raise ConnectionLost(host="mail", reason="between two files")

    def _take_away(self, stored: Stored) -> None:
        """The first half of another photo; the connection may break before the second."""
        stored.fields[PICTURE] = None
        self.touch(stored)
        self.log(stored)
        if self.world.chance(self.world.trouble_in):
            raise ConnectionLost(host="mail", reason="between the halves of a photo")

    def _each(self, items: Sequence[S], write: Callable[[S], Written]) -> list[Written | ServiceError]:
        """One request for many items: it may break off anywhere, and then nothing is known of the rest."""
        outcomes: list[Written | ServiceError] = []
        for item in items:
            try:
                outcomes.append(self.world.call(partial(write, item)))
            except (ChangeConflict, ItemGone) as error:
                outcomes.append(error)
            except Transient as error:
                return outcomes + [error] * (len(items) - len(outcomes))
        return outcomes

    async def delete(self, kind: Kind, item: Written) -> None:
        def effect() -> None:
            stored = self._the(item)
            self.world.check_deletion(stored.label, "crm")
            self._remove(stored)

        self.world.call(effect)

    def _the(self, item: Written) -> Stored:
        stored = self.items.get(item.item_id)
        if stored is None or stored.place is DELETED:
            raise ItemGone
        if str(stored.key) != item.change_key:
            raise ChangeConflict(mailbox="ada")
        return stored

    @staticmethod
    def _put(item: Stored, fields: Fields) -> None:
        for name, value in fields.items():
            item.fields[name] = value.strip() if isinstance(value, str) else value  # Exchange trims

    # --- what happens by itself -------------------------------------------------------------------

    def invite(self, item: Stored) -> None:
        """Everybody invited gets the meeting as it is now; the edits of people in Exchange are counted too."""
        self.invited.append((item.item_id, item.edits, tuple(item.fields.get(name) for name in NAMES)))

    def new_id(self) -> str:
        return f"i{self.world.tick()}"

    def touch(self, item: Stored) -> None:
        """Whatever is written to an item: it is another one now, and changed last now."""
        item.key += 1
        item.changed = self.world.tick()

    def log(self, item: Stored, *, is_gone: bool = False) -> None:
        journal = self.journal.setdefault(item.kind, [])
        self.born.setdefault(item.item_id, len(journal))
        journal.append((item.item_id, is_gone))

    def _remove(self, item: Stored) -> None:
        self.log(item, is_gone=True)
        self.rename(item)
        item.place = DELETED

    def rename(self, item: Stored) -> None:
        """Moving gives an item another id."""
        del self.items[item.item_id]
        item.item_id = self.new_id()
        item.key += 1
        self.items[item.item_id] = item

    def move(self, item: Stored, place: Sight) -> None:
        if item.place is WATCHED:
            self.log(item, is_gone=True)
        self.rename(item)
        item.place = place
        item.has_left |= place is not WATCHED
        if place is WATCHED:
            self.log(item)

    def replace_mailbox(self) -> None:
        """Every id is another one, and the feed begins anew."""
        self.epoch += 1
        for item in list(self.items.values()):
            self.rename(item)
            self.born[item.item_id] = -1  # a listing from the start tells of it


class Crm:
    """The records and links: an ``ActStore`` for passes, and methods for people."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.rows: dict[UUID, Row] = {}
        self._links: dict[UUID, Link] = {}
        self.marks: dict[str, Kind] = {}
        self.deferred: dict[str, tuple[datetime, int]] = {}
        self.positions: dict[Kind, str] = {}
        self.unheard: dict[Kind, set[str]] = {}
        self.told: dict[UUID, tuple[int, bool]] = {}
        self.heard: set[UUID] = set()
        self.copied: set[str] = set()
        self.shown: set[Value] = set()

    async def position(self, run: ActRun, kind: Kind) -> str | None:
        return self.positions.get(kind)

    async def begin_listing(self, run: ActRun, kind: Kind) -> None:
        self.unheard[kind] = {
            link.item_id
            for link in self._links.values()
            if feed_of(link.kind) is kind and link.item_id and link.stage is not Stage.GONE
        }

    async def hear(self, run: ActRun, kind: Kind, page: FeedPage) -> None:
        def effect() -> None:
            keys = {link.item_id: link.change_key for link in self._links.values()}
            for heard in page.heard:
                self.unheard.get(kind, set()).discard(heard.item_id)
                if heard.item_id in self.copied:
                    continue
                if heard.is_gone or keys.get(heard.item_id) != heard.change_key:
                    self.marks[heard.item_id] = kind
            if page.is_last:
                self.marks.update(dict.fromkeys(self.unheard.pop(kind, set()), kind))
            self.positions[kind] = page.position

        self.world.commit(effect)

    async def hear_records(self, run: ActRun, kind: Kind) -> None:
        def effect() -> None:
            now = {row.crmid: (row.version, self.lets_in(row)) for row in self.rows.values()}
            changed = {key for key in {*now, *self.told} if now.get(key) != self.told.get(key)}
            self.told = now
            self.heard = {key for key in self.heard | changed if self._matters(key)}

        self.world.commit(effect)

    def _matters(self, crmid: UUID) -> bool:
        """Whether a record that was heard of says anything new to its link, or may get one."""
        row, link = self.rows.get(crmid), self._links.get(crmid)
        version, in_filters = (row.version, self.lets_in(row)) if row else (0, False)
        if link is None or link.stage is Stage.GONE:
            return row is not None and self.may_begin(row, link)
        return link.stage is not Stage.UNLINKED and (
            version != link.crm_version or in_filters is link.is_parked
        )

    def lets_in(self, row: Row) -> bool:
        """Whether the filters of this mailbox's user let a record in."""
        return row.in_filters

    def may_begin(self, row: Row, link: Link | None) -> bool:
        """Whether a record without a living link may begin to take part in this mailbox."""
        return self.lets_in(row)

    async def seen(self, run: ActRun, kind: Kind, crmids: Sequence[UUID]) -> None:
        self.heard -= set(crmids)

    async def due(self, run: ActRun, now: datetime) -> list[Due]:
        named = {link.item_id for link in self._links.values() if link.stage is not Stage.GONE}
        due = []
        for item_id, kind in self.marks.items():
            until, retries = self.deferred.get(item_id, (now, 0))
            if item_id not in named and until <= now:
                due.append(Due(None, None, kind, item_id, retries))
        for link in self._links.values():
            if link.stage in (Stage.GONE, Stage.UNLINKED) or (link.due_on and link.due_on > now):
                continue
            if (
                link.stage is not Stage.LINKED
                or link.due_on is not None
                or link.item_id in self.marks
                or link.crmid in self.heard
            ):
                due.append(Due(link, link.crmid, link.kind, link.item_id))
        for row in self.rows.values():
            known = self._links.get(row.crmid)
            is_free = known is None or known.stage is Stage.GONE
            if row.crmid in self.heard and is_free and self.may_begin(row, known):
                due.append(Due(None, row.crmid, row.kind, None))
        return due

    async def links(self, run: ActRun, stamps: Sequence[UUID]) -> dict[UUID, Link]:
        return {stamp: self._links[stamp] for stamp in stamps if stamp in self._links}

    async def records(self, run: ActRun, crmids: Sequence[tuple[Kind, UUID]]) -> dict[UUID, Record]:
        self.world.trouble()
        rows = [r for kind, key in crmids if (r := self.rows.get(key)) is not None and r.kind is kind]
        return {
            r.crmid: Record(r.crmid, r.kind, r.version, dict(r.fields), r.in_filters, r.label) for r in rows
        }

    async def twins(self, run: ActRun, kind: Kind, items: Sequence[Item]) -> dict[str, list[Record]]:
        return {}

    async def names_of(self, run: ActRun, references: Sequence[str]) -> dict[str, str]:
        self.world.trouble()
        return {each: "Harbour" for each in references if each in self.world.written}

    async def accounts_called(self, run: ActRun, names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
        return {}

    async def linked(self, run: ActRun) -> dict[Kind, int]:
        counts = dict.fromkeys(Kind, 0)
        for link in self._links.values():
            counts[link.kind] += link.stage is Stage.LINKED
        return counts

    async def keep(self, run: ActRun, links: Sequence[Link]) -> None:
        def effect() -> None:
            for link in links:
                self._write(link)

        self.world.commit(effect)

    def _write(self, link: Link) -> None:
        if link.kind is Kind.PHONECALL and link.base is not None:
            assert "place" not in link.base.exchange, "it was read as a task"
        self._links[link.crmid] = link
        self.shown.update(conflict.lost for conflict in link.conflicts)

    async def settle(self, run: ActRun, settlements: Sequence[Settlement]) -> list[Link | ServiceError]:
        return self.world.commit(lambda: [self._settle(each) for each in settlements])

    def _settle(self, settlement: Settlement) -> Link | ServiceError:
        link, change, aside = settlement
        written = link
        if change is not None:
            try:
                written = self._change(link, change, aside)
            except ChangeConflict as error:
                return error
        before = self._links.get(link.crmid)
        self._write(written)
        self.heard.discard(link.crmid)
        if link.item_id is not None:
            was_heard = self.marks.pop(link.item_id, None) is not None
            if not was_heard and (before is None or before.item_id != link.item_id):
                self.unheard.setdefault(feed_of(link.kind), set()).add(link.item_id)
        return written

    def _change(self, link: Link, change: CrmChange, aside: frozenset[str]) -> Link:
        row = self.rows.get(change.crmid)
        if change.fields is None:
            if row is None or row.version != change.version:
                raise ChangeConflict(mailbox="ada")
            self.world.check_deletion(row.label, "exchange")
            del self.rows[change.crmid]
            self.told.pop(change.crmid, None)
            return link
        if change.version is None:
            if row is not None:
                raise ChangeConflict(mailbox="ada")
            row = Row(change.crmid, change.kind, str(change.fields.get("label")), {}, 0)
            self.rows[change.crmid] = row
            self.world.person_deleted.get(row.label, set()).discard("exchange")
            self.world.person_deleted.get(row.label, set()).discard("crm")
        elif row is None or row.version != change.version:
            raise ChangeConflict(mailbox="ada")
        row.fields.update(change.fields)
        row.version = self.world.tick()
        self.told[row.crmid] = row.version, self.lets_in(row)
        base = link.base or Common({}, {})
        ours = kept_aside(aside, base.crm, dict(row.fields))
        return msgspec.structs.replace(link, crm_version=row.version, base=Common(ours, base.exchange))

    async def done(
        self, run: ActRun, kind: Kind, item_ids: Sequence[str], *, copy_of: UUID | None = None
    ) -> None:
        for item_id in item_ids:
            self.marks.pop(item_id, None)
            if copy_of is not None:
                self.copied.add(item_id)

    async def recognise(self, run: ActRun, item_ids: Sequence[str], heard_as: Kind, kind: Kind) -> None:
        def effect() -> None:
            self.marks.update({each: kind for each in item_ids if self.marks.get(each) is heard_as})

        self.world.commit(effect)

    async def defer(self, run: ActRun, due: Due, error: ServiceError, due_on: datetime) -> None:
        self.deferred[due.item_id or ""] = due_on, due.retries + 1

    async def copies(self, run: ActRun, item_ids: Sequence[str]) -> set[str]:
        return self.copied & set(item_ids)

    async def knows_keys(self, run: ActRun, kinds: Sequence[Kind]) -> bool:
        return any(link.kind in kinds and link.search_key is not None for link in self._links.values())

    async def links_by_key(self, run: ActRun, search_keys: Sequence[UUID]) -> dict[UUID, list[Link]]:
        found: dict[UUID, list[Link]] = {}
        for link in self._links.values():
            if link.search_key is not None and link.search_key in search_keys:
                found.setdefault(link.search_key, []).append(link)
        return found

    async def hear_guests(self, run: ActRun, answers: Sequence[GuestAnswer], now: datetime) -> None:
        assert not answers, "nobody is invited to one occurrence alone here"

    async def linked_elsewhere(self, run: ActRun, crmids: Sequence[UUID]) -> set[UUID]:
        return set()

    def link(self, crmid: UUID) -> Link | None:
        return self._links.get(crmid)

    @property
    def all_links(self) -> list[Link]:
        return list(self._links.values())


class Silent:
    """Alerts that are only counted."""

    def __init__(self) -> None:
        self.waiting: list[Held] = []

    async def held(self, run: ActRun, held: Sequence[Held]) -> None:
        self.waiting = list(held)

    async def failed(self, run: ActRun, title: str, error: ServiceError) -> None:
        """Nobody reads it."""

    async def planned(self, run: ActRun, plan: Plan) -> None:
        """Nobody reads it."""


@dataclass
class World:
    """Both sides, the people, the trouble, and the time."""

    random: Random
    trouble_in: int = 25
    now: datetime = datetime(2026, 7, 1, tzinfo=UTC)
    ticks: int = 0
    calm: bool = False
    deletions: int = 0
    replaced: set[Value] = field(default_factory=set)
    written: set[Value] = field(default_factory=set)
    person_deleted: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.exchange = Exchange(self)
        self.crm = Crm(self)
        self.alerts = Silent()

    def tick(self) -> int:
        self.ticks += 1
        return self.ticks

    def new_ids(self, count: int) -> list[UUID]:
        return [uuid_of(self.tick()) for _ in range(count)]

    def chance(self, one_in: int) -> bool:
        return not self.calm and self.random.random() * one_in < 1

    def trouble(self) -> None:
        """A call that reads: a person may be quicker, or the connection breaks."""
        if self.calm:
            return
        if self.chance(12):
            self.person_edits()
        if self.chance(self.trouble_in):
            raise ConnectionLost(host="mail", reason="cut")

    def call(self, effect: Callable[[], T]) -> T:
        """A call that writes to Exchange: it may fail before, after, or take effect later than anybody believes."""
        self.trouble()
        if self.chance(self.trouble_in):
            self.exchange.late.append((self.now + IN_FLIGHT, effect))
            raise ConnectionLost(host="mail", reason="timed out")
        result = effect()
        if self.chance(self.trouble_in):
            raise ConnectionLost(host="mail", reason="the answer was lost")
        return result

    def commit(self, effect: Callable[[], T]) -> T:
        """A transaction: it may fail before, or be committed without an answer."""
        self.trouble()
        result = effect()
        if self.chance(self.trouble_in):
            raise DatabaseUnavailable(reason="the answer was lost")
        return result

    def check_deletion(self, label: str, side: str) -> None:
        self.deletions += 1
        assert side in self.person_deleted.get(label, ()), (
            f"{label} was deleted, though nobody did on the {side} side"
        )

    # --- people -----------------------------------------------------------------------------------

    def value(self, over: Value = None, name: str = "") -> str:
        self.replaced.add(over)
        text = reference("account", uuid_of(self.tick())) if name == REGARDING else f"v{self.tick()}"
        self.written.add(text)
        return text

    def pick_item(self, *places: Sight) -> Stored | None:
        items = [i for i in self.exchange.items.values() if i.place in places and not i.is_copy]
        return self.random.choice(items) if items else None

    def is_call(self, item: Stored) -> bool:
        """Tell whether an item is that of a phone call."""
        link = self.crm.link(item.stamp) if item.stamp is not None else None
        return link is not None and link.kind is Kind.PHONECALL

    def pick_row(self) -> Row | None:
        return self.random.choice(list(self.crm.rows.values())) if self.crm.rows else None

    def person_edits(self) -> None:
        if self.random.random() < 0.5:
            if item := self.pick_item(WATCHED):
                name = self.random.choice(NAMES_OF_CALL if self.is_call(item) else NAMES)
                item.fields[name] = self.value(item.fields.get(name), name)
                if name in UNUSABLE and self.chance(2):
                    self.replaced.add(item.fields[name])
                    item.fields[name] = f"{UNUSABLE[name]}{self.tick():024}"
                if name == REGARDING and self.chance(4):
                    self.replaced.add(item.fields[name])
                    item.fields[name] = None
                self.exchange.touch(item)
                item.edits += 1
                self.exchange.log(item)
        elif row := self.pick_row():
            name = self.random.choice(names_of(row.kind))
            row.fields[name] = self.value(row.fields.get(name), name)
            if name == REGARDING and self.chance(4):
                self.replaced.add(row.fields[name])
                row.fields[name] = None
            row.version = self.tick()

    def person_files(self) -> None:
        """Somebody attaches a file, or takes one away, on either side."""
        item = self.pick_item(WATCHED) if self.random.random() < 0.5 else None
        row = self.pick_row() if item is None else None
        if item is not None and not self.is_call(item):
            self._turn_file(item.fields)
            item.key += 1
            item.edits += 1
            self.exchange.log(item)
        elif row is not None and row.kind is not Kind.PHONECALL:
            self._turn_file(row.fields)
            row.version = self.tick()

    def _turn_file(self, fields: dict[str, Value]) -> None:
        there = sorted(map(str, names_of_files(fields)))
        if there and self.random.random() < 0.4:
            gone = self.random.choice(there)
            fields[gone] = None
            self.replaced.add(gone)
            return
        name = f"{PREFIX}{self.tick()}:plan.txt"
        fields[name] = THERE
        self.written.add(name)

    def pass_time(self, by: timedelta) -> None:
        """Time goes by; what was on its way arrives before its time-out."""
        late, self.exchange.late = self.exchange.late, []
        for until, effect in late:
            if until > self.now + by and not self.calm:
                self.exchange.late.append((until, effect))
                continue
            try:
                effect()
            except (ChangeConflict, ItemGone, ConnectionLost):
                continue  # nobody is there any more to hear that it was refused, or broken off
        self.now += by

    def new_item(self, kind: Kind, *, is_tracked: bool) -> None:
        label = f"L{self.tick()}"
        fields: dict[str, Value] = {name: self.value(name=name) for name in NAMES} | {"label": label}
        item = Stored(self.exchange.new_id(), kind, label, fields, is_tracked=is_tracked, made=self.tick())
        self.exchange.items[item.item_id] = item
        self.exchange.log(item)

    def new_row(self, kind: Kind) -> None:
        label = f"L{self.tick()}"
        crmid = uuid_of(self.tick())
        fields: dict[str, Value] = {name: self.value(name=name) for name in names_of(kind)} | {"label": label}
        self.crm.rows[crmid] = Row(crmid, kind, label, fields, self.tick())

    def track(self) -> None:
        """A person puts the category on an item, or takes it away again before anything came of it."""
        if item := self.pick_item(WATCHED):
            item.is_tracked = item.stamp is not None or not item.is_tracked
            self.exchange.touch(item)
            self.exchange.log(item)

    def delete_item(self, *, forever: bool) -> None:
        if item := self.pick_item(WATCHED):
            self.person_deleted.setdefault(item.label, set()).add("exchange")
            self.replaced.update(item.fields.values(), names_of_files(item.fields))
            self.exchange.move(item, DELETED)
            if forever:
                del self.exchange.items[item.item_id]

    def delete_row(self) -> None:
        if row := self.pick_row():
            self.person_deleted.setdefault(row.label, set()).add("crm")
            self.replaced.update(row.fields.values(), names_of_files(row.fields))
            del self.crm.rows[row.crmid]

    def move_away(self) -> None:
        if item := self.pick_item(WATCHED):
            self.exchange.move(item, ELSEWHERE)

    def bring_back(self) -> None:
        item = self.pick_item(ELSEWHERE, DELETED)
        if item is not None and not (item.is_stripped and item.place is DELETED):
            self.person_deleted.get(item.label, set()).discard("exchange")
            # One that was made anew meanwhile, or is being made, stays the only one that counts.
            link = self.crm.link(item.stamp) if item.stamp is not None else None
            is_being_made = link is not None and link.stage is Stage.CREATING_IN_EXCHANGE
            item.is_copy = is_being_made or any(
                item.stamp is not None
                and i.stamp == item.stamp
                and i is not item
                and i.place is not DELETED
                and not i.is_copy
                for i in self.exchange.items.values()
            )
            self.exchange.move(item, WATCHED)

    def move_within(self) -> None:
        """Out and back before anybody looks: the item is there, under another id."""
        if item := self.pick_item(WATCHED):
            self.exchange.move(item, ELSEWHERE)
            self.exchange.move(item, WATCHED)

    def copy(self) -> None:
        item = self.pick_item(WATCHED)
        if item is not None and not (item.is_stripped and item.stamp is None):
            twin = replace(
                item, item_id=self.exchange.new_id(), fields=dict(item.fields), made=self.tick(), key=1
            )
            twin.is_copy, twin.is_stripped = item.stamp is not None, False
            if not twin.is_copy:
                twin.label = f"L{self.tick()}"
                twin.fields["label"] = twin.label
            self.exchange.items[twin.item_id] = twin
            self.exchange.log(twin)

    def copy_away(self) -> None:
        """A copy that was made before anybody had stamped the item, where no feed tells of it."""
        item = self.pick_item(WATCHED)
        if item is not None and item.stamp is None and not item.is_stripped:
            label = f"L{self.tick()}"
            fields = {**item.fields, "label": label}
            twin = replace(item, item_id=self.exchange.new_id(), label=label, fields=fields, key=1)
            twin.place = ELSEWHERE
            self.exchange.items[twin.item_id] = twin

    def strip(self) -> None:
        """A program that knows nothing of our stamp writes an item anew; then somebody may move it at once."""
        item = self.pick_item(WATCHED)
        link = self.crm.link(item.stamp) if item is not None and item.stamp is not None else None
        if (
            item is None
            or link is None
            or link.stage is not Stage.LINKED
            or link.search_key != item.search_key
        ):
            return  # of an item that was not looked at since it was linked nothing but the stamp is known
        if link.kind is Kind.PHONECALL:
            return  # without its stamp it is a task
        others = [
            i for i in self.exchange.items.values() if i.search_key == item.search_key and i is not item
        ]
        if any(i.stamp == item.stamp or i.is_stripped for i in others):
            return  # a copy that still has the stamp counts for the item; of two without any nobody knows which is which
        item.stamp, item.is_stripped = None, True
        self.exchange.touch(item)
        self.exchange.log(item)
        if self.random.random() < 0.5:
            self.exchange.move(item, ELSEWHERE)
            if self.random.random() < 0.5:
                self.exchange.move(item, WATCHED)

    def turn_filter(self) -> None:
        if row := self.pick_row():
            row.in_filters = not row.in_filters
            row.version = self.tick()

    def lose_position(self) -> None:
        self.exchange.epoch += 1

    def replace_mailbox(self) -> None:
        self.exchange.replace_mailbox()
