"""When the occurrences of a series are: its days, and the clock of its zone.

A series keeps the time on the wall: over a change of the clock its occurrences stay at nine. An occurrence is known by
the *day* on which its pattern puts it, by the calendar of the series' zone, wherever it was moved to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from serversync.rules.record import Value
from serversync.rules.series.recurrence import Recurrence, pattern_value, recurrence_of
from serversync.rules.series.zones import zone_of


@dataclass(frozen=True, slots=True)
class Times:
    """The time of day of a series.

    Attributes:
        begins: When an occurrence begins, by the clock of the zone.
        lasts: How long it is, by the same clock.
        is_all_day: Whether it takes whole days.
        zone: Whose clock: a text that ``zones.zone_of`` knows.
    """

    begins: time
    lasts: timedelta
    is_all_day: bool
    zone: str

    @property
    def tzinfo(self) -> tzinfo:
        """The zone itself."""
        return zone_of(self.zone)

    def value(self) -> Value:
        """Return the times as one value of a record."""
        return (
            self.begins.isoformat("seconds"),
            int(self.lasts.total_seconds()),
            self.is_all_day,
            self.zone,
        )


def times_of(value: Value) -> Times:
    """Return the times that a value of a record is.

    Raises:
        ValueError: it is none.
    """
    match value:
        case (str(begins), int(seconds), bool(is_all_day), str(zone)):
            zone_of(zone)
            return Times(time.fromisoformat(begins), timedelta(seconds=seconds), is_all_day, zone)
    raise ValueError("it is no time of day")


def times_between(start: datetime, end: datetime, zone: str, *, is_all_day: bool) -> tuple[date, Times]:
    """Return the day of an occurrence and the times of its series.

    What takes whole days begins and ends at midnight of the zone; where it does not, its zone was told wrongly, and
    the nearest midnight is meant.
    """
    where = zone_of(zone)
    begins, ends = (each.astimezone(where).replace(tzinfo=None) for each in (start, end))
    if is_all_day:
        first, last = nearest_midnight(begins), nearest_midnight(ends)
        return first, Times(time(), max(last - first, timedelta(1)), is_all_day=True, zone=zone)
    return begins.date(), Times(begins.time(), max(ends - begins, timedelta()), is_all_day=False, zone=zone)


def nearest_midnight(local: datetime) -> date:
    """Return the day whose beginning is nearest to a time.

    >>> nearest_midnight(datetime(2026, 7, 1, 23))
    datetime.date(2026, 7, 2)
    """
    return (local + timedelta(hours=12)).date()


@dataclass(frozen=True, slots=True)
class Timetable:
    """A series without what is different about single occurrences."""

    recurrence: Recurrence
    times: Times

    def start(self, day: date) -> datetime:
        """Return when the occurrence of a day starts, in UTC."""
        return self._moment(datetime.combine(day, self.times.begins))

    def end(self, day: date) -> datetime:
        """Return when the occurrence of a day ends, in UTC; never before it starts, whatever the clock does."""
        end = self._moment(datetime.combine(day, self.times.begins) + self.times.lasts)
        return max(end, self.start(day))

    def day_of(self, moment: datetime) -> date:
        """Return the day of the occurrence that starts at this moment by its pattern."""
        local = moment.astimezone(self.times.tzinfo).replace(tzinfo=None)
        return nearest_midnight(local) if self.times.is_all_day else local.date()

    def between(self, start: datetime, end: datetime) -> Iterator[date]:
        """Yield the days whose occurrences, by the pattern, touch a span of time."""
        first = (start - self.times.lasts).astimezone(self.times.tzinfo).date() - timedelta(1)
        for day in self.recurrence.days(first):
            begins = self.start(day)
            if begins >= end:
                return
            if self.end(day) > start or begins == start:
                yield day

    def _moment(self, local: datetime) -> datetime:
        # A pattern knows the time on the clock alone: where that comes twice in a night, the first is meant on every day.
        return local.replace(tzinfo=self.times.tzinfo, fold=0).astimezone(UTC)


PATTERN = "recurrencepattern"
"""The field of a record that holds the pattern and range of a series."""
TIMES = "starttime"
"""The field of a record that holds the times of a series."""


def timetable_of(pattern: Value, times: Value) -> Timetable:
    """Return the timetable that two values of a record are.

    Raises:
        ValueError: they are none.
    """
    return Timetable(recurrence_of(pattern), times_of(times))


def timetable_values(timetable: Timetable) -> dict[str, Value]:
    """Return a timetable as fields of a record."""
    return {PATTERN: pattern_value(timetable.recurrence), TIMES: timetable.times.value()}
