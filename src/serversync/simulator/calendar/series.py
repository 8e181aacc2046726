"""A series of appointments: from the stored master to its occurrences, and back to what is stored of them.

The master holds what all occurrences share. Of an occurrence that was changed, only what differs is stored, by the
day on which it would have been; of a deleted one, that it is gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Any

from serversync.simulator.calendar.recurrence import Recurrence, read_recurrence
from serversync.simulator.calendar.timezones import localize, zone_of_fragment
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import StoredItem


@dataclass(frozen=True, slots=True)
class Series:
    """When the occurrences of a series are.

    Attributes:
        recurrence: Its pattern.
        zone: Whose clock it follows.
        begins: Time of day of each start.
        lasts: How long each is, by the clock on the wall.
    """

    recurrence: Recurrence
    zone: tzinfo
    begins: time
    lasts: timedelta

    def start(self, day: date) -> datetime:
        """Return when the occurrence of a day starts, in UTC."""
        return localize(datetime.combine(day, self.begins), self.zone)

    def end(self, day: date) -> datetime:
        """Return when the occurrence of a day ends, in UTC."""
        return localize(datetime.combine(day, self.begins) + self.lasts, self.zone)

    def day_of(self, index: int) -> date:
        """Return the day of an occurrence by its index, which counts deleted ones and starts at 1.

        Raises:
            EwsError: ``ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange``.
        """
        found = next(islice(self.recurrence.dates(), index - 1, None), None) if index > 0 else None
        if found is None:
            raise EwsError("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")
        return found

    def has(self, day: date) -> bool:
        """Whether there is an occurrence on a day, or was one before it was deleted."""
        return next((one == day for one in self.recurrence.dates() if one >= day), False)


def zone_of(properties: dict[str, Any], fallback: tzinfo = UTC) -> tzinfo:
    """Return the zone of an appointment: of its start, that of 2007, or a fallback."""
    fragment = properties.get("calendar:StartTimeZone") or properties.get("calendar:MeetingTimeZone")
    return zone_of_fragment(fragment) if fragment else fallback


def series_of(item: StoredItem) -> Series | None:
    """Return the series that an item is the master of; ``None`` for any other item."""
    given = item.properties or {}
    fragment = given.get("calendar:Recurrence")
    if not fragment or given.get("calendar:Start") is None:
        return None
    zone = given.get("calendar:StartTimeZone") or given.get("calendar:MeetingTimeZone") or ""
    return _series(fragment, given["calendar:Start"], given["calendar:End"], zone)


@lru_cache(maxsize=2048)
def _series(fragment: str, start: datetime, end: datetime, zone_fragment: str) -> Series:
    zone = zone_of_fragment(zone_fragment) if zone_fragment else UTC
    begins, ends = (one.astimezone(zone).replace(tzinfo=None) for one in (start, end))
    return Series(read_recurrence(fragment), zone, begins.time(), ends - begins)


def occurrence(master: StoredItem, day: date) -> StoredItem:
    """Return the occurrence of a day, as an item that is the master's with what is its own.

    Raises:
        EwsError: ``ErrorCalendarOccurrenceIsDeletedFromRecurrence``, or ``ErrorItemNotFound`` for a day without one.
    """
    series = series_of(master)
    number = day.toordinal()
    exceptions = master.exceptions or {}
    if number in exceptions and exceptions[number] is None:
        raise EwsError("ErrorCalendarOccurrenceIsDeletedFromRecurrence")
    if series is None or not (number in exceptions or series.has(day)):
        raise EwsError("ErrorItemNotFound")
    return _occurrence(master, series, day)


def _occurrence(master: StoredItem, series: Series, day: date) -> StoredItem:
    found = _plain(master, series, day)
    exception = (master.exceptions or {}).get(day.toordinal())
    if exception is None:
        return found
    properties = found.properties or {}
    properties.update(exception.properties or {})
    properties["calendar:CalendarItemType"] = "Exception"
    if exception.extended is not None:
        found.extended = {**(found.extended or {}), **exception.extended}
    if exception.attachments is not None:
        found.attachments = exception.attachments
        found.next_attachment = exception.next_attachment
    found.modified, found.modifier = exception.modified, exception.modifier
    return found


def _plain(master: StoredItem, series: Series, day: date) -> StoredItem:
    """Return the occurrence of a day as the pattern makes it."""
    start = series.start(day)
    shared = {uri: value for uri, value in (master.properties or {}).items() if uri != "calendar:Recurrence"}
    minutes = shared.get("item:ReminderMinutesBeforeStart") or 0
    shared |= {
        "calendar:Start": start,
        "calendar:End": series.end(day),
        "calendar:OriginalStart": start,
        "calendar:RecurrenceId": start,
        "calendar:CalendarItemType": "Occurrence",
        "calendar:IsRecurring": True,
        "item:ReminderDueBy": start,
        "item:ReminderNextTime": start - timedelta(minutes=minutes),
    }
    return replace(
        master,
        properties=shared,
        extended=None if master.extended is None else dict(master.extended),
        exceptions=None,
        occurrence=day.toordinal(),
    )


def with_exception(master: StoredItem, changed: StoredItem) -> StoredItem:
    """Return a copy of the master in which an occurrence is as the changed one.

    Raises:
        EwsError: ``ErrorOccurrenceCrossingBoundary``: it would no longer be between its neighbours.
    """
    series = series_of(master)
    if series is None:
        raise EwsError("ErrorItemNotFound")
    day = date.fromordinal(changed.occurrence)
    _check_place(master, series, day, changed)
    plain = _plain(master, series, day)
    before = plain.properties or {}
    after = changed.properties or {}
    kept = {uri: after.get(uri) for uri in {**before, **after} if before.get(uri) != after.get(uri)}
    kept.pop("calendar:CalendarItemType", None)
    extended = {
        key: value
        for key, value in (changed.extended or {}).items()
        if (plain.extended or {}).get(key) != value
    }
    exception = replace(
        changed,
        properties=kept,
        extended=extended or None,
        attachments=None if changed.attachments is master.attachments else changed.attachments,
        occurrence=0,
    )
    again = master.copy()
    again.exceptions = {**(master.exceptions or {}), changed.occurrence: exception}
    return again


def _check_place(master: StoredItem, series: Series, day: date, changed: StoredItem) -> None:
    """Refuse an occurrence that reaches its neighbours' days, as Outlook and Exchange do."""
    start = (changed.properties or {})["calendar:Start"].astimezone(series.zone).date()
    if start == day:
        return
    before, after = None, None
    for one in series.recurrence.dates():
        if one > day:
            after = one
            break
        before = one if one < day else before
    exceptions = master.exceptions or {}
    for neighbour, is_before in ((before, True), (after, False)):
        if neighbour is None:
            continue
        number = neighbour.toordinal()
        if number in exceptions and exceptions[number] is None:
            continue
        there = _occurrence(master, series, neighbour).properties or {}
        other = there["calendar:Start"].astimezone(series.zone).date()
        if (other >= start) if is_before else (other <= start):
            raise EwsError("ErrorOccurrenceCrossingBoundary")


def without_occurrence(master: StoredItem, number: int) -> StoredItem:
    """Return a copy of the master in which the occurrence of a day (its ordinal) is deleted."""
    again = master.copy()
    again.exceptions = {**(master.exceptions or {}), number: None}
    return again


def occurrences(master: StoredItem) -> Iterator[StoredItem]:
    """Yield the occurrences that are left, in the order of the pattern."""
    series = series_of(master)
    if series is None:
        return
    gone = {number for number, one in (master.exceptions or {}).items() if one is None}
    for day in series.recurrence.dates():
        if day.toordinal() not in gone:
            yield _occurrence(master, series, day)


def occurrences_between(master: StoredItem, start: datetime, end: datetime) -> Iterator[StoredItem]:
    """Yield the occurrences that touch a span of time, and those of no length that start where it starts."""
    series = series_of(master)
    if series is None:
        return
    exceptions = master.exceptions or {}
    first = (start - series.lasts).astimezone(series.zone).date() - timedelta(1)
    last = end.astimezone(series.zone).date() + timedelta(1)
    for day in series.recurrence.dates():
        if day > last:
            break
        number = day.toordinal()
        if day >= first and number not in exceptions:
            begins, ends = series.start(day), series.end(day)
            if begins < end and (ends > start or begins == start):
                yield _occurrence(master, series, day)
    for number, exception in exceptions.items():
        if exception is None:
            continue
        found = _occurrence(master, series, date.fromordinal(number))
        given = found.properties or {}
        begins, ends = given["calendar:Start"], given["calendar:End"]
        if begins < end and (ends > start or begins == start):
            yield found


def last_occurrence(master: StoredItem) -> StoredItem | None:
    """Return the last occurrence that is left; ``None`` for a series without an end."""
    series = series_of(master)
    if series is None or series.recurrence.is_endless:
        return None
    gone = {number for number, one in (master.exceptions or {}).items() if one is None}
    days = [day for day in series.recurrence.dates() if day.toordinal() not in gone]
    return _occurrence(master, series, days[-1]) if days else None
