"""Two mailboxes and one CRM in memory, with meetings between their people and an outsider, for histories of passes.

Ada calls meetings, Ben and Grace are invited; Grace is outside and only gets messages. Who hears of a write is decided
by the code that decides it for a real mailbox (``adapters.act_calendar``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from serversync.adapters.act_calendar import Calendar
from serversync.core.errors import ChangeConflict, ServiceError
from serversync.core.ids import uuid_of
from serversync.engine.act_aside import kept_aside
from serversync.engine.act_ports import (
    ActRun,
    CrmChange,
    Item,
    ItemToChange,
    ItemToMake,
    Link,
    Record,
    Settlement,
    Stage,
    Written,
)
from serversync.exchange.operations.create_item import SendMeetingInvitations
from serversync.exchange.operations.delete_item import SendMeetingCancellations
from serversync.exchange.operations.update_item import SendMeetingInvitationsOrCancellations
from serversync.mapping.appointment import people_of
from serversync.mapping.identity import global_object_id, record_of
from serversync.rules.appointment import InCrm, InExchange
from serversync.rules.diff import Common
from serversync.rules.record import Fields, Kind, Value
from tests.property.act.world import DELETED, WATCHED, Crm, Exchange, Row, Stored, World

ADA, BEN, CLEO, GRACE = "ada@example.org", "ben@example.org", "cleo@example.org", "grace@example.com"
START = datetime(2030, 1, 7, 9, tzinfo=UTC)
TOLD = ("subject", "location", "scheduledstart", "requiredattendees")
"""What the outsider is told of a meeting."""
TEXTS = ("subject", "location")


def times(day: int) -> Value:
    """An hour on a day that lies ahead."""
    start = START + timedelta(days=day)
    return (start, start + timedelta(hours=1), False)


def ends(fields: Fields) -> datetime:
    """When a meeting is over."""
    value = fields["scheduledstart"]
    assert isinstance(value, tuple)
    assert isinstance(value[1], datetime)
    return value[1]


@dataclass(slots=True)
class Kept(Stored):
    """An appointment as a mailbox keeps it."""

    is_cancelled: bool = False
    answers: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Called(Row):
    """A meeting as the CRM keeps it: what its attendees have answered stands beside its fields."""

    answers: dict[str, int] = field(default_factory=dict)


class MeetingExchange(Exchange):
    """The mailbox of one person."""

    world: "MeetingWorld"

    def __init__(self, world: "MeetingWorld", address: str) -> None:
        super().__init__(world)
        self.address = address

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.address, lambda: self.world.now)

    def meeting(self, item: Stored) -> Kept:
        assert isinstance(item, Kept)
        return item

    def _shown(self, item: Stored) -> Item:  # type: ignore[override] - it has to know whose mailbox it is
        kept = self.meeting(item)
        fields = dict(kept.fields)
        is_organizer = fields["organizer"] == (self.address,)
        fields["statecode"] = (2, 4) if kept.is_cancelled else (3, 5)
        said = [
            (each, None, kept.answers.get(each, 0) if is_organizer or each == self.address else None)
            for each in people_of(fields["requiredattendees"])
        ]
        fields["responsestatus"] = tuple(said) or None
        return Item(
            kept.item_id,
            str(kept.key),
            kept.stamp,
            fields,
            kept.label,
            kept.is_tracked,
            created_on=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=kept.made),
            appointment=InExchange(is_organizer, bool(said), ends(fields), kept.is_cancelled),
            becomes=record_of(str(fields["globalobjectid"])),
        )

    async def twins(self, kind: Kind, records: Sequence[Fields]) -> list[Item | None]:
        self.world.trouble()
        known = {
            str(i.fields["globalobjectid"]): i
            for i in self.items.values()
            if i.place is WATCHED and i.stamp is None
        }
        found = [known.get(str(fields.get("globalobjectid"))) for fields in records]
        return [None if each is None else self._shown(each) for each in found]

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        def make(new: ItemToMake) -> Written:
            known = new.fields.get("globalobjectid")
            global_id = global_object_id(new.stamp) if known is None else f"04{self.world.tick():08d}"
            item = Kept(
                self.new_id(),
                kind,
                str(new.fields["label"]),
                {"organizer": (self.address,), "requiredattendees": None},
                stamp=new.stamp,
                is_tracked=True,
                made=self.world.tick(),
            )
            self.items[item.item_id] = item
            self.world.person_deleted.get(item.label, set()).discard("exchange")
            self._put(item, new.fields)
            item.fields["globalobjectid"] = global_id
            item.fields["organizer"] = (self.address,)
            self.log(item)
            if self.calendar.invitations(new.fields) is not SendMeetingInvitations.SEND_TO_NONE:
                self.tell(item, people_of(item.fields["requiredattendees"]))
            return Written(item.item_id, str(item.key))

        return self._each(items, make)

    async def update(self, kind: Kind, items: Sequence[ItemToChange]) -> list[Written | ServiceError]:
        def change(to: ItemToChange) -> Written:
            stored = self.meeting(self._the(to.item))
            told = self.calendar.updates(to.fields, to.before)
            before = people_of(stored.fields["requiredattendees"])
            self._put(
                stored,
                {n: v for n, v in to.fields.items() if n not in ("statecode", "fullname", "globalobjectid")},
            )
            stored.stamp = to.stamp or stored.stamp
            stored.key += 1
            self.log(stored)
            if told is not SendMeetingInvitationsOrCancellations.SEND_TO_NONE:
                now = people_of(stored.fields["requiredattendees"])
                is_all = told is SendMeetingInvitationsOrCancellations.SEND_TO_ALL_AND_SAVE_COPY
                self.tell(stored, [each for each in now if is_all or each not in before])
                self.cancel(stored, [each for each in before if each not in now])
            return Written(stored.item_id, str(stored.key))

        return self._each(items, change)

    async def delete(self, kind: Kind, item: Written) -> None:
        def effect() -> None:
            stored = self.meeting(self._the(item))
            assert stored.fields["organizer"] == (self.address,), "a guest's copy was deleted"
            self.world.check_deletion(stored.label, "crm")
            says = self._shown(stored).appointment
            if self.calendar.cancellations_of(says) is not SendMeetingCancellations.SEND_TO_NONE:
                self.cancel(stored, people_of(stored.fields["requiredattendees"]))
            self._remove(stored)

        self.world.call(effect)

    # --- messages ---------------------------------------------------------------------------------

    def tell(self, item: Kept, people: Sequence[str]) -> None:
        """The organizer's mailbox brings people up to date."""
        assert item.fields["organizer"] == (self.address,), "a guest has told the others"
        for address in people:
            if address == GRACE:
                self.world.outbox.append(
                    (item.fields["globalobjectid"], item.edits, *(item.fields.get(name) for name in TOLD))
                )
            else:
                self.world.exchanges[address].arrive(item)

    def arrive(self, item: Kept) -> None:
        """An invitation or update becomes what stands in the calendar."""
        mine = self.known(item)
        if mine is None:
            mine = Kept(self.new_id(), item.kind, item.label, {}, made=self.world.tick())
            self.items[mine.item_id] = mine
        mine.fields = dict(item.fields)
        mine.is_cancelled = False
        mine.key += 1
        self.log(mine)

    def cancel(self, item: Kept, people: Sequence[str]) -> None:
        """People hear that a meeting does not take place, or not with them."""
        for address in people:
            if address == GRACE:
                self.world.outbox.append(("cancelled", item.fields["globalobjectid"]))
            elif (theirs := self.world.exchanges[address].known(item)) is not None:
                theirs.is_cancelled = True
                theirs.key += 1
                self.world.exchanges[address].log(theirs)

    def known(self, item: Kept) -> Kept | None:
        for each in self.items.values():
            if each.fields["globalobjectid"] == item.fields["globalobjectid"] and each.place is not DELETED:
                return self.meeting(each)
        return None


class MeetingCrm(Crm):
    """The links of one mailbox, and the meetings that all share."""

    world: "MeetingWorld"

    def __init__(self, world: "MeetingWorld", address: str) -> None:
        super().__init__(world)
        self.address = address

    def lets_in(self, row: Row) -> bool:
        return row.in_filters and (
            self._organizes(row) or self.address in people_of(row.fields["requiredattendees"])
        )

    def _organizes(self, row: Row) -> bool:
        return row.fields["organizer"] == (self.address,)

    def may_begin(self, row: Row, link: Link | None) -> bool:
        if not self.lets_in(row):
            return False
        return link is None if row.fields.get("globalobjectid") is not None else self._organizes(row)

    async def records(self, run: ActRun, crmids: Sequence[tuple[Kind, UUID]]) -> dict[UUID, Record]:
        self.world.trouble()
        return {key: self._record(self.rows[key]) for _, key in crmids if key in self.rows}

    def speaks_for(self, row: Row) -> bool:
        """Whether this mailbox speaks for a meeting."""
        organizer = self.world.crms.get(people_of(row.fields["organizer"])[0])
        link = organizer.link(row.crmid) if organizer is not None else None
        return link is None or link.stage in (Stage.UNLINKED, Stage.GONE) or organizer is self

    def _record(self, row: Row) -> Record:
        says = InCrm(
            is_organizer=self._organizes(row),
            speaks=self.speaks_for(row),
            has_attendees=bool(row.fields["requiredattendees"]),
            ends_on=ends(row.fields),
            is_known=row.fields.get("globalobjectid") is not None,
        )
        return Record(
            row.crmid, row.kind, row.version, dict(row.fields), self.lets_in(row), row.label, appointment=says
        )

    async def twins(self, run: ActRun, kind: Kind, items: Sequence[Item]) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for item in items:
            for row in self.rows.values():
                link = self.link(row.crmid)
                is_free = link is None or link.stage in (Stage.UNLINKED, Stage.GONE)
                if is_free and row.fields.get("globalobjectid") == item.fields["globalobjectid"]:
                    found[item.item_id] = [self._record(row)]
        return found

    def _change(self, link: Link, change: CrmChange, aside: frozenset[str]) -> Link:
        if change.fields is None:
            return super()._change(link, change, aside)
        fields = dict(change.fields)
        said = fields.pop("responsestatus", None)
        row = self.rows.get(change.crmid)
        if change.version is None:
            same = [
                r for r in self.rows.values() if r.fields.get("globalobjectid") == fields["globalobjectid"]
            ]
            if row is not None or same:
                raise ChangeConflict(mailbox=self.address)
            empty: dict[str, Value] = {"requiredattendees": None}
            row = Called(change.crmid, change.kind, str(fields["label"]), empty, 0)
            self.rows[change.crmid] = row
            for side in ("exchange", "crm"):
                self.world.person_deleted.get(row.label, set()).discard(side)
        elif row is None or row.version != change.version:
            raise ChangeConflict(mailbox=self.address)
        assert isinstance(row, Called)
        row.fields.update(fields)
        for each in said if isinstance(said, tuple) else ():
            assert isinstance(each, tuple)
            address, _, answer = each
            if isinstance(answer, int):
                row.answers[str(address)] = answer
        row.version = self.world.tick()
        self.told[row.crmid] = row.version, self.lets_in(row)
        base = link.base or Common({}, {})
        ours = kept_aside(aside, base.crm, dict(row.fields))
        must_be_read = link.crm_version == 0 and change.version is not None
        return msgspec.structs.replace(
            link, crm_version=0 if must_be_read else row.version, base=Common(ours, base.exchange)
        )

    def _settle(self, settlement: Settlement) -> Link | ServiceError:
        outcome = super()._settle(settlement)
        if not isinstance(outcome, Link) or outcome.stage is not Stage.LINKED or outcome.base is None:
            return outcome
        row, exchange = self.rows.get(outcome.crmid), outcome.base.exchange
        global_id = exchange.get("globalobjectid")
        is_new = row is not None and row.version == outcome.crm_version
        if (
            row is None
            or not is_new
            or exchange.get("organizer") != (self.address,)
            or global_id is None
            or row.fields.get("globalobjectid") == global_id
        ):
            return outcome
        row.fields["globalobjectid"] = global_id
        row.version = self.world.tick()
        self.told[row.crmid] = row.version, self.lets_in(row)
        crm = {**outcome.base.crm, "globalobjectid": global_id}
        noted = msgspec.structs.replace(outcome, crm_version=row.version, base=Common(crm, exchange))
        self._write(noted)
        return noted


@dataclass
class MeetingWorld(World):
    """Both mailboxes, the CRM, the people, and the outbox to Grace."""

    outbox: list[tuple[object, ...]] = field(default_factory=list)
    deleted: set[UUID] = field(default_factory=set)
    """Records that somebody has deleted in the CRM; some of them are made again."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.exchanges = {each: MeetingExchange(self, each) for each in (ADA, BEN)}
        self.crms = {each: MeetingCrm(self, each) for each in (ADA, BEN)}
        self.crms[BEN].rows = self.crms[ADA].rows
        self.look_at(ADA)

    def look_at(self, address: str) -> None:
        """Let what happens next happen in this mailbox."""
        self.exchange, self.crm = self.exchanges[address], self.crms[address]

    def pass_time(self, by: timedelta) -> None:
        for address in self.exchanges:
            self.look_at(address)
            super().pass_time(by if address == ADA else timedelta())

    @property
    def rows(self) -> dict[UUID, Row]:
        return self.crms[ADA].rows

    def meetings(self) -> list[Kept]:
        """What Ada has called and can change."""
        return [
            i
            for i in self.exchanges[ADA].items.values()
            if isinstance(i, Kept) and i.place is WATCHED and not i.is_cancelled
        ]

    # --- people -----------------------------------------------------------------------------------

    def person_edits(self) -> None:
        if self.random.random() < 0.5:
            self.edits_in_outlook()
        else:
            self.edits_in_crm()

    def edits_in_outlook(self) -> None:
        """Ada changes a meeting, and Outlook tells everybody."""
        if items := self.meetings():
            item = self.random.choice(items)
            name = self.random.choice(TEXTS)
            item.fields[name] = self.value(item.fields.get(name))
            item.key += 1
            item.edits += 1
            self.exchanges[ADA].log(item)
            self.exchanges[ADA].tell(item, people_of(item.fields["requiredattendees"]))

    def edits_in_crm(self) -> None:
        if self.rows:
            row = self.random.choice(list(self.rows.values()))
            name = self.random.choice(TEXTS)
            row.fields[name] = self.value(row.fields.get(name))
            row.version = self.tick()

    def moves_in_crm(self) -> None:
        """Somebody puts a meeting on another day, or invites others."""
        if self.rows:
            row = self.random.choice(list(self.rows.values()))
            if self.random.random() < 0.5:
                row.fields["scheduledstart"] = times(self.tick())
            else:
                row.fields["requiredattendees"] = self.guests()
            row.version = self.tick()

    def guests(self) -> Value:
        return self.random.choice(((BEN, GRACE), (BEN,), (GRACE,)))

    def answers(self) -> None:
        """Ben answers; his answer reaches Ada's mailbox."""
        item = self._answered(self._invitations())
        if item is not None and (hers := self.exchanges[ADA].known(item)) is not None:
            hers.answers[BEN] = item.answers[BEN]
            hers.key += 1
            self.exchanges[ADA].log(hers)

    def answers_without_a_response(self) -> None:
        """Ben answers for the first time, but does not send a response; Ada's mailbox never hears of it."""
        first = [each for each in self._invitations() if BEN not in each.answers]
        hers = [self.exchanges[ADA].known(each) for each in first]
        self._answered(
            [i for i, her in zip(first, hers, strict=True) if her is None or BEN not in her.answers]
        )

    def _invitations(self) -> list[Kept]:
        return [
            i
            for i in self.exchanges[BEN].items.values()
            if isinstance(i, Kept) and i.place is WATCHED and not i.is_cancelled
        ]

    def _answered(self, items: Sequence[Kept]) -> Kept | None:
        if not items:
            return None
        item = self.random.choice(items)
        item.answers[BEN] = self.random.choice((2, 3, 4))
        item.key += 1
        self.exchanges[BEN].log(item)
        return item

    def calls_in_outlook(self) -> None:
        label = f"L{self.tick()}"
        fields: dict[str, Value] = {name: self.value() for name in TEXTS} | {
            "label": label,
            "scheduledstart": times(self.tick()),
            "organizer": (ADA,),
            "requiredattendees": self.guests(),
            "globalobjectid": f"04{self.tick():08d}",
        }
        exchange = self.exchanges[ADA]
        item = Kept(exchange.new_id(), Kind.APPOINTMENT, label, fields, is_tracked=True, made=self.tick())
        exchange.items[item.item_id] = item
        exchange.log(item)
        exchange.tell(item, people_of(fields["requiredattendees"]))

    def calls_in_crm(self) -> None:
        label = f"L{self.tick()}"
        crmid = uuid_of(self.tick())
        fields: dict[str, Value] = {name: self.value() for name in TEXTS} | {
            "label": label,
            "scheduledstart": times(self.tick()),
            "organizer": (ADA,),
            "requiredattendees": self.guests(),
            "statecode": (3, 5),
        }
        self.rows[crmid] = Called(crmid, Kind.APPOINTMENT, label, fields, self.tick())

    def cancels_in_outlook(self) -> None:
        if items := self.meetings():
            item = self.random.choice(items)
            self.person_deleted.setdefault(item.label, set()).add("exchange")
            self.replaced.update(item.fields.values())
            self.exchanges[ADA].cancel(item, people_of(item.fields["requiredattendees"]))
            self.exchanges[ADA].move(item, DELETED)

    def deletes_in_crm(self) -> None:
        if self.rows:
            row = self.random.choice(list(self.rows.values()))
            self.person_deleted.setdefault(row.label, set()).add("crm")
            self.replaced.update(row.fields.values())
            self.deleted.add(row.crmid)
            del self.rows[row.crmid]

    def guest_deletes(self) -> None:
        """Ben removes a meeting from his calendar, and that is his own affair."""
        if mine := [i for i in self.exchanges[BEN].items.values() if i.place is WATCHED]:
            self.exchanges[BEN].move(self.random.choice(mine), DELETED)
