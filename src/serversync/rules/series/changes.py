"""What is different about single occurrences of a series: one field of the record for each of them.

So two people who change two occurrences, one in the CRM and one in Outlook, both keep what they did, and the same
occurrence changed on both sides is a conflict like any other. The name of the field says the day of the occurrence;
its value is ``None`` where the occurrence is as its series, ``DELETED``, or what is its own (``Own.value``).

A pattern that is written to Exchange takes every change of single occurrences away with it (Outlook does the same), so
those that stay are written again after it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final, cast

from serversync.rules.record import Direction, Fields, Value
from serversync.rules.series.timetable import PATTERN, TIMES, Timetable, timetable_of

PREFIX: Final = "occurrence:"
"""How the fields of single occurrences begin; in a map of directions it stands for all of them."""
DELETED: Final[Value] = ("deleted",)
"""The value of an occurrence that was deleted."""
NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""When a series is over that has no end."""
_OWN: Final = "own"
Pairs = tuple[tuple[str, Value], ...]
"""Fields by name, as a value."""


@dataclass(frozen=True, slots=True)
class Own:
    """What a changed occurrence has of its own.

    Attributes:
        start, end: When it is; ``None`` where its pattern says so.
        fields: Other fields that differ from the series, by name.
    """

    start: datetime | None = None
    end: datetime | None = None
    fields: Pairs = ()

    def value(self) -> Value:
        """Return it as the value of a field; ``None`` where it has nothing of its own."""
        if self.start is None and self.end is None and not self.fields:
            return None
        return (_OWN, self.start, self.end, tuple(sorted(self.fields)))


def own_of(value: Value) -> Own:
    """Return what an occurrence has of its own; nothing for one that is as its series, or deleted.

    Raises:
        ValueError: the value is none of an occurrence.
    """
    match value:
        case None | ("deleted",):
            return Own()
        case ("own", start, end, tuple(pairs)):
            return Own(*cast("tuple[datetime | None, datetime | None]", (start, end)), cast("Pairs", pairs))
    raise ValueError("it is no occurrence")


def without(value: Value, names: Iterable[str]) -> Value:
    """Return the value of an occurrence without some of what it has of its own.

    >>> without(("own", None, None, (("location", "Hall"), ("subject", "Talk"))), ["location"])
    ('own', None, None, (('subject', 'Talk'),))
    """
    if value is None or value == DELETED:
        return value
    own, left_out = own_of(value), set(names)
    return replace(own, fields=tuple(each for each in own.fields if each[0] not in left_out)).value()


def own_between(timetable: Timetable, day: date, start: datetime, end: datetime, differs: Fields) -> Own:
    """Return what an occurrence has of its own that is at these times.

    Args:
        timetable: The series.
        day: The day of the occurrence by its pattern.
        start: When it is.
        end: Until when.
        differs: Its other fields that are not as those of the series.
    """
    is_moved = (start, end) != (timetable.start(day), timetable.end(day))
    return Own(start if is_moved else None, end if is_moved else None, tuple(sorted(differs.items())))


def field_of(day: date) -> str:
    """Return the field of the occurrence of a day.

    >>> field_of(date(2026, 7, 1))
    'occurrence:2026-07-01'
    """
    return PREFIX + day.isoformat()


def day_of(name: str) -> date:
    """Return the day of the occurrence that a field is about."""
    return date.fromisoformat(name.removeprefix(PREFIX))


def changed_days(fields: Fields) -> dict[date, Value]:
    """Return the occurrences of a record that are not as their series."""
    found = {day_of(name): value for name, value in fields.items() if name.startswith(PREFIX)}
    return {day: value for day, value in sorted(found.items()) if value is not None}


def of_series(fields: Fields) -> dict[str, Value]:
    """Return a record without occurrences that its pattern does not have; what is left of older patterns counts no more.

    Raises:
        ValueError: the record has no pattern or no times.
    """
    recurrence = timetable_of(fields.get(PATTERN), fields.get(TIMES)).recurrence
    return {
        name: value
        for name, value in fields.items()
        if not name.startswith(PREFIX) or (value is not None and recurrence.falls_on(day_of(name)))
    }


def expand(directions: Mapping[str, Direction], *pictures: Fields | None) -> dict[str, Direction]:
    """Return directions in which the occurrences stand one by one that any of the pictures of a record has."""
    way = directions.get(PREFIX)
    if way is None:
        return dict(directions)
    names = {name for each in pictures for name in each or () if name.startswith(PREFIX) and "/" not in name}
    named = {name: direction for name, direction in directions.items() if name != PREFIX}
    return named | dict.fromkeys(sorted(names), way)


def ends_on(timetable: Timetable, fields: Fields) -> datetime:
    """Return when the last occurrence is over; a series without an end is never over."""
    last = timetable.recurrence.last()
    if last is None:
        return NEVER
    moved = [own_of(value).end for value in changed_days(fields).values()]
    return max([timetable.end(last), *(each for each in moved if each is not None)])


def resets_occurrences(to_exchange: Fields) -> bool:
    """Tell whether writing these fields takes every change of single occurrences away in Exchange."""
    return PATTERN in to_exchange or TIMES in to_exchange


def has_other_days(before: Fields, now: Fields) -> bool:
    """Tell whether a series was given another pattern or time of day, so that its occurrences are other ones."""
    return any(before.get(name) != now.get(name) for name in (PATTERN, TIMES))


def carried_along(to_exchange: Fields, exchange: Fields) -> dict[str, Value]:
    """Return what is to be written so that a new pattern takes no change of an occurrence away that it still has."""
    if not resets_occurrences(to_exchange):
        return dict(to_exchange)
    after = {**exchange, **to_exchange}
    try:
        recurrence = timetable_of(after.get(PATTERN), after.get(TIMES)).recurrence
    except ValueError:
        return dict(to_exchange)  # whoever writes it says why it cannot be
    single = {
        name: value if value is not None and recurrence.falls_on(day_of(name)) else None
        for name, value in after.items()
        if name.startswith(PREFIX)
    }
    return {**to_exchange, **single}


def lost_on_the_way(intended: Fields, exchange: Fields) -> set[str]:
    """Return the occurrences that a new pattern has taken away and that were to be written again after it.

    Args:
        intended: What was about to be written.
        exchange: What is there now.
    """
    return {name for name in carried_over(intended, exchange) if exchange.get(name) is None}


def carried_over(intended: Fields, exchange: Fields) -> set[str]:
    """Return the occurrences that were to be written again after a new pattern, if that pattern is there now.

    Args:
        intended: What was about to be written.
        exchange: What is there now.
    """
    patterns = [name for name in (PATTERN, TIMES) if name in intended]
    if not patterns or any(exchange.get(name) != intended[name] for name in patterns):
        return set()
    return {name for name, value in intended.items() if name.startswith(PREFIX) and value is not None}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence as it is seen in a calendar."""

    day: date
    start: datetime
    end: datetime
    own: Own = Own()


def occurrences(
    timetable: Timetable, changed: Mapping[date, Value], start: datetime, end: datetime
) -> list[Occurrence]:
    """Return the occurrences that touch a span of time, as they were moved and without the deleted ones."""
    plain = (
        Occurrence(day, timetable.start(day), timetable.end(day))
        for day in timetable.between(start, end)
        if day not in changed
    )
    found = [*plain, *_touching(_moved(timetable, changed), start, end)]
    return sorted(found, key=lambda each: (each.start, each.day))


def _moved(timetable: Timetable, changed: Mapping[date, Value]) -> Iterator[Occurrence]:
    for day, value in changed.items():
        if value == DELETED or not timetable.recurrence.falls_on(day):
            continue
        own = own_of(value)
        plain = Occurrence(day, timetable.start(day), timetable.end(day), own)
        yield replace(plain, start=own.start or plain.start, end=own.end or plain.end)


def _touching(found: Iterable[Occurrence], start: datetime, end: datetime) -> Iterator[Occurrence]:
    return (each for each in found if each.start < end and (each.end > start or each.start == start))
