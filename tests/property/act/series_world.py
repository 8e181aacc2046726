"""One mailbox and one CRM in memory with series, whose occurrences people change on both sides, for histories of passes.

A series is written in several requests, as ``adapters.act_series_mailbox`` does: one for the master, then one for each
occurrence that changes; a new pattern takes every change of single occurrences away.

Ben is invited to every series, and so may Grace be, or to one occurrence alone. Ada's mailbox hears what Ben answers to a
series or to one of its occurrences.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import partial
from uuid import UUID

import msgspec

from serversync.core.errors import ChangeConflict, ItemGone, SeriesNotExpressible, ServiceError, Transient
from serversync.core.ids import uuid_of
from serversync.engine.act_ports import (
    ActRun,
    CrmChange,
    Item,
    ItemToChange,
    ItemToMake,
    Link,
    Record,
    Written,
)
from serversync.rules.answers import RESPONSES, of_occurrences, of_the_whole, with_occurrences
from serversync.rules.appointment import InCrm, InExchange
from serversync.rules.diff import Common
from serversync.rules.record import Fields, Kind, Value
from serversync.rules.series.changes import (
    DELETED,
    NEVER,
    PREFIX,
    Own,
    carried_along,
    changed_days,
    day_of,
    field_of,
    of_series,
    own_of,
    resets_occurrences,
    without,
)
from serversync.rules.series.recurrence import Recurrence, Unit, pattern_value, recurrence_of
from serversync.rules.series.timetable import PATTERN, TIMES, Times
from tests.property.act.world import DELETED as DELETED_ITEMS
from tests.property.act.world import WATCHED, Crm, Exchange, Row, Stored, World

MONDAY = date(2030, 1, 7)
PATTERNS = tuple(
    pattern_value(Recurrence(Unit.WEEK, MONDAY, interval, weekdays=frozenset({0}), count=count))
    for interval, count in ((1, 4), (1, 6), (2, 3))
)
CLOCKS = tuple(Times(time(hour), timedelta(hours=1), False, "Europe/Berlin").value() for hour in (9, 10))
DAYS = tuple(MONDAY + timedelta(7 * number) for number in range(6))


ADA, BEN, GRACE = "ada@example.org", "ben@example.org", "grace@example.com"
PEOPLE = "requiredattendees"
EVERYBODY: tuple[Value, ...] = ((BEN,), (BEN, GRACE))
"""Who may be invited to a series, or to one occurrence."""
WHOLE = date.min
"""Stands for a series as a whole among what was answered."""


@dataclass(slots=True)
class Answered(Stored):
    """A series as the organizer's mailbox keeps it: what Ben has answered to it, and to its occurrences by their days."""

    answers: dict[date, int] = field(default_factory=dict)

    def said(self) -> Value:
        single: dict[date, Value] = {
            day: ((BEN, None, answer),) for day, answer in self.answers.items() if day != WHOLE
        }
        return with_occurrences(((BEN, None, self.answers.get(WHOLE, 0)),), single)


@dataclass(slots=True)
class AnsweredRow(Row):
    """The same as the CRM keeps it."""

    answers: dict[date, int] = field(default_factory=dict)


def texts_of(value: Value) -> set[Value]:
    """The texts that people wrote in a value of a record, also in what occurrences have of their own."""
    if isinstance(value, tuple):
        return set().union(*map(texts_of, value))
    return {value} if isinstance(value, str) and value.startswith("v") else set()


def normal(fields: Fields) -> dict[str, Value]:
    """A series without what says nothing."""
    return of_series({name: value for name, value in fields.items() if value is not None})


class SeriesExchange(Exchange):
    """The mailbox; a series stands in it with one field for each changed occurrence."""

    world: "SeriesWorld"

    @staticmethod
    def _shown(item: Stored) -> Item:
        assert isinstance(item, Answered)
        shown = Exchange._shown(item)
        says = InExchange(is_organizer=True, has_attendees=False, ends_on=NEVER)
        return msgspec.structs.replace(
            shown, fields=normal(item.fields) | {RESPONSES: item.said()}, appointment=says
        )

    async def create(self, kind: Kind, items: Sequence[ItemToMake]) -> list[Written | ServiceError]:
        return [self._create(kind, each) for each in items]

    def _create(self, kind: Kind, new: ItemToMake) -> Written | ServiceError:
        def make() -> Stored:
            label = str(new.fields["label"])
            master = {name: value for name, value in new.fields.items() if not name.startswith(PREFIX)}
            if any(each.label == label for each in self.items.values()):
                self.world.made_anew.add(label)
            item = Answered(
                self.new_id(), kind, label, master, stamp=new.stamp, is_tracked=True, made=self.world.tick()
            )
            self.items[item.item_id] = item
            self.world.person_deleted.get(label, set()).discard("exchange")
            self.log(item)
            return item

        try:
            item = self.world.call(make)
            changes = changed_days(new.fields)
            for day, value in changes.items():
                self.world.call(partial(self._occurrence, item, day, value, None))
        except (Transient, ChangeConflict, ItemGone) as error:
            return error
        return Written(item.item_id, "" if changes else str(item.key))

    async def update(self, kind: Kind, items: Sequence[ItemToChange]) -> list[Written | ServiceError]:
        return [self._update(each) for each in items]

    def _update(self, to: ItemToChange) -> Written | ServiceError:
        fields = carried_along(to.fields, to.before)
        is_reset = resets_occurrences(fields)
        before = {} if is_reset else changed_days(to.before)
        changes = {
            day_of(name): value
            for name, value in fields.items()
            if name.startswith(PREFIX) and (value is not None or not is_reset)
        }
        if any(before.get(day) == DELETED and value != DELETED for day, value in changes.items()):
            return SeriesNotExpressible(subject="", reason="Exchange brings no deleted occurrence back")

        def master() -> Stored:
            stored = self._the(to.item)
            texts = {name: value for name, value in fields.items() if not name.startswith(PREFIX)}
            if is_reset:
                self.reset(stored)
            elif PEOPLE in texts:
                self.keep_people(stored, texts[PEOPLE])
            stored.fields.update(texts)
            stored.stamp = to.stamp or stored.stamp
            if texts or to.stamp:
                stored.key += 1
                self.log(stored)
            return stored

        try:
            stored = self.world.call(master)
            has_followers = (
                not is_reset and (to.follows or PEOPLE in fields) and self._follow(stored, before, changes)
            )
            for day, value in changes.items():
                if value != before.get(day):
                    self._is_told_once(stored, day, value)
                    self.world.call(partial(self._occurrence, stored, day, value, before.get(day)))
        except (Transient, ChangeConflict, ItemGone) as error:
            return error
        return Written(stored.item_id, "" if changes or has_followers else str(stored.key))

    @staticmethod
    def keep_people(item: Stored, people: Value) -> None:
        """The people of a series are others; its changed occurrences keep those that they had."""
        for day, value in changed_days(normal(item.fields)).items():
            if value != DELETED:
                own = own_of(value)
                had = dict(own.fields)
                has = had.pop(PEOPLE, item.fields.get(PEOPLE))
                if has != people:
                    had[PEOPLE] = has
                item.fields[field_of(day)] = Own(own.start, own.end, tuple(sorted(had.items()))).value()

    def _is_told_once(self, item: Stored, day: date, value: Value) -> None:
        """Who is added to one occurrence, or left out, hears of it; so that must be what somebody wanted of this one."""
        was = normal(item.fields).get(field_of(day))
        is_about_people = was != value and without(was, [PEOPLE]) == without(value, [PEOPLE])
        assert not is_about_people or (item.label, day) in self.world.own_people, (
            f"told twice: {item.label}, {day}"
        )

    def _follow(self, item: Stored, before: dict[date, Value], changes: dict[date, Value]) -> bool:
        """Give changed occurrences the people of their series; nobody hears of it. Tell whether there were any."""
        now = changed_days(normal(item.fields))
        kept = {
            day: value
            for day, value in now.items()
            if value not in (DELETED, before.get(day), changes.get(day, before.get(day)))
        }
        for day, value in kept.items():
            if without(value, [PEOPLE]) != without(before.get(day), [PEOPLE]):
                raise ChangeConflict(mailbox="ada")
            self.world.call(partial(self._occurrence, item, day, before.get(day), value))
        return bool(kept)

    def _occurrence(self, item: Stored, day: date, value: Value, before: Value) -> None:
        if item.item_id not in self.items or item.place is not WATCHED:
            raise ItemGone
        is_now = normal(item.fields).get(field_of(day))
        if is_now == value or not recurrence_of(item.fields[PATTERN]).falls_on(day):
            return
        if is_now != before:
            raise ChangeConflict(mailbox="ada")
        item.fields[field_of(day)] = value
        item.key += 1
        self.log(item)

    @staticmethod
    def reset(item: Stored) -> None:
        """A new pattern takes every change of single occurrences away."""
        for name in [each for each in item.fields if each.startswith(PREFIX)]:
            del item.fields[name]
        assert isinstance(item, Answered)
        item.answers.clear()


class SeriesCrm(Crm):
    """The records and links."""

    world: "SeriesWorld"

    async def records(self, run: ActRun, crmids: Sequence[tuple[Kind, UUID]]) -> dict[UUID, Record]:
        self.world.trouble()
        rows = [self.rows[key] for _, key in crmids if key in self.rows]
        says = InCrm(is_organizer=True, speaks=True, has_attendees=False, ends_on=NEVER)
        return {
            r.crmid: Record(
                r.crmid, r.kind, r.version, normal(r.fields), r.in_filters, r.label, appointment=says
            )
            for r in rows
        }

    def _change(self, link: Link, change: CrmChange, aside: frozenset[str]) -> Link:
        said = None if change.fields is None else change.fields.get(RESPONSES)
        fields = None
        if change.fields is not None:
            fields = {name: value for name, value in change.fields.items() if name != RESPONSES}
        written = super()._change(link, change._replace(fields=fields), aside)
        row = self.rows.get(change.crmid)
        if row is None or written.base is None:
            return written
        if not isinstance(row, AnsweredRow):
            row = AnsweredRow(row.crmid, row.kind, row.label, row.fields, row.version, row.in_filters)
            self.rows[row.crmid] = row
        if change.version is not None and resets_occurrences(change.fields or {}):
            row.answers = {day: answer for day, answer in row.answers.items() if day == WHOLE}
        heard = {WHOLE: of_the_whole(said)} | of_occurrences(said)
        for day, answers in heard.items():
            for _, _, answer in answers:
                if isinstance(answer, int):
                    row.answers[day] = answer
                elif day != WHOLE:
                    row.answers.pop(day, None)
        row.fields = normal(row.fields)
        return msgspec.structs.replace(written, base=Common(dict(row.fields), written.base.exchange))


class SeriesWorld(World):
    """Both sides, and the people who change series and single occurrences."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.exchange = SeriesExchange(self)
        self.crm = SeriesCrm(self)
        self.patterns: dict[str, set[Value]] = {}
        self.day_of_text: dict[Value, tuple[str, date]] = {}
        self.made_anew: set[str] = set()
        self.repatterned: set[str] = set()
        self.own_people: set[tuple[str, date]] = set()
        """Occurrences that may have other people than their series, because somebody wanted that of them."""

    def a_series(self, label: str) -> dict[str, Value]:
        pattern = self.random.choice(PATTERNS)
        self.patterns.setdefault(label, set()).add(pattern)
        people = self.random.choice(EVERYBODY)
        return {"subject": self.value(), "label": label, PATTERN: pattern, TIMES: CLOCKS[0], PEOPLE: people}

    def new_item(self, kind: Kind = Kind.SERIES, *, is_tracked: bool = True) -> None:
        label = f"L{self.tick()}"
        fields = self.a_series(label)
        item = Answered(self.exchange.new_id(), kind, label, fields, is_tracked=is_tracked, made=self.tick())
        self.exchange.items[item.item_id] = item
        self.exchange.log(item)

    def new_row(self, kind: Kind = Kind.SERIES) -> None:
        label = f"L{self.tick()}"
        crmid = uuid_of(self.tick())
        self.crm.rows[crmid] = AnsweredRow(crmid, kind, label, self.a_series(label), self.tick())

    # --- people -----------------------------------------------------------------------------------

    def person_edits(self) -> None:
        """In the middle of a pass somebody changes what all occurrences share."""
        if self.random.random() < 0.5:
            self.edits_in_outlook()
        else:
            self.edits_in_crm()

    def edits_in_outlook(self) -> None:
        if item := self.pick_item(WATCHED):
            item.fields["subject"] = self.value(item.fields.get("subject"))
            self._saved(item)

    def edits_in_crm(self) -> None:
        if row := self.pick_row():
            row.fields["subject"] = self.value(row.fields.get("subject"))
            row.version = self.tick()

    def _saved(self, item: Stored) -> None:
        item.key += 1
        self.exchange.log(item)

    def _another(self, fields: Fields, label: str) -> tuple[str, Value] | None:
        """What somebody makes of one occurrence that is not deleted."""
        days = [
            each
            for each in DAYS
            if recurrence_of(fields[PATTERN]).falls_on(each) and fields.get(field_of(each)) != DELETED
        ]
        if not days:
            return None
        day = self.random.choice(days)
        self.replaced |= texts_of(fields.get(field_of(day)))
        if self.random.random() < 0.3:
            return field_of(day), DELETED
        text = self.value()
        self.day_of_text[text] = label, day
        own: dict[str, Value] = {"location": text}
        people = self.random.choice(EVERYBODY)
        if people != fields.get(PEOPLE):
            own[PEOPLE] = people  # somebody is a guest of this one alone, or left out of it
            self.own_people.add((label, day))
        return field_of(day), Own(fields=tuple(sorted(own.items()))).value()

    def changes_one_in_outlook(self) -> None:
        item = self.pick_item(WATCHED)
        if item is not None and (one := self._another(normal(item.fields), item.label)):
            link = self.crm.link(item.stamp) if item.stamp is not None else None
            if link is not None and link.intent is not None:
                # A pass was about to write it again as the CRM has it; somebody is quicker.
                was = link.intent.exchange.get(one[0])
                self.replaced |= texts_of(was) if was == link.intent.crm.get(one[0]) else set()
            item.fields[one[0]] = one[1]
            self._saved(item)

    def changes_one_in_crm(self) -> None:
        row = self.pick_row()
        if row is not None and (one := self._another(normal(row.fields), row.label)):
            row.fields[one[0]] = one[1]
            row.version = self.tick()

    def other_people_in_outlook(self) -> None:
        """Somebody else is invited to a series, or not any more."""
        if item := self.pick_item(WATCHED):
            people = self.random.choice(EVERYBODY)
            self.exchange.keep_people(item, people)
            item.fields[PEOPLE] = people
            self.own_people |= {
                (item.label, day)
                for day, value in changed_days(normal(item.fields)).items()
                if PEOPLE in dict(own_of(value).fields)
            }
            self._saved(item)

    def other_people_in_crm(self) -> None:
        if row := self.pick_row():
            people = self.random.choice(EVERYBODY)
            for day, value in changed_days(normal(row.fields)).items():
                if dict(own_of(value).fields).get(PEOPLE) == people:  # the occurrence is as its series now
                    row.fields[field_of(day)] = without(value, [PEOPLE])
            row.fields[PEOPLE] = people
            row.version = self.tick()

    def answers(self) -> None:
        """Ben answers a series, or one occurrence of it, and his answer reaches Ada's mailbox."""
        if item := self.pick_item(WATCHED):
            assert isinstance(item, Answered)
            days = [
                each
                for each in DAYS
                if recurrence_of(item.fields[PATTERN]).falls_on(each)
                and item.fields.get(field_of(each)) != DELETED
            ]
            item.answers[self.random.choice([WHOLE, *days])] = self.random.choice((2, 3, 4))
            self._saved(item)

    def _another_pattern(self, label: str, fields: dict[str, Value]) -> None:
        if self.random.random() < 0.5:
            fields[PATTERN] = self.random.choice(PATTERNS)
            self.patterns.setdefault(label, set()).add(fields[PATTERN])
        else:
            fields[TIMES] = self.random.choice(CLOCKS)

    def _forgets(self, item: Stored) -> None:
        """Of occurrences somebody lets go what stands in Outlook, and what a pass was about to write there again."""
        in_crm = [value for row in self.crm.rows.values() for value in row.fields.values()]
        kept = set().union(*map(texts_of, in_crm)) if in_crm else set()
        self.replaced |= {
            text for text, (label, _) in self.day_of_text.items() if label == item.label and text not in kept
        }
        link = self.crm.link(item.stamp) if item.stamp is not None else None
        if link is not None and link.intent is not None:
            self.replaced |= set().union(*map(texts_of, changed_days(link.intent.exchange).values()))

    def another_pattern_in_outlook(self) -> None:
        """Outlook takes every change of single occurrences away, and says so before it does."""
        if item := self.pick_item(WATCHED):
            for value in changed_days(normal(item.fields)).values():
                self.replaced |= texts_of(own_of(value).value())
            self._forgets(item)
            self.exchange.reset(item)
            before = (item.fields[PATTERN], item.fields[TIMES])
            self._another_pattern(item.label, item.fields)
            if before == (item.fields[PATTERN], item.fields[TIMES]):
                self.repatterned.add(item.label)  # the CRM cannot tell that it was written
            self._saved(item)

    def another_pattern_in_crm(self) -> None:
        if row := self.pick_row():
            self._another_pattern(row.label, row.fields)
            row.fields = normal(row.fields)
            row.version = self.tick()

    def deletes_in_outlook(self) -> None:
        if item := self.pick_item(WATCHED):
            self.replaced |= set().union(*map(texts_of, item.fields.values()))
            self._forgets(item)
            self.person_deleted.setdefault(item.label, set()).add("exchange")
            self.exchange.move(item, DELETED_ITEMS)

    def delete_row(self) -> None:
        if row := self.pick_row():
            self.replaced |= set().union(*map(texts_of, row.fields.values()))
            self.person_deleted.setdefault(row.label, set()).add("crm")
            # Should its item have been edited, a record is made of it as it is; whom occurrences were to have is unknown.
            self.own_people |= {(row.label, day) for day in DAYS}
            del self.crm.rows[row.crmid]
