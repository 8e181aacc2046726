"""Single occurrences of a series as people change and cancel them.

What an occurrence does not have of its own follows the series.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final, TypedDict, cast

from django.db import transaction

from serversync.administration import (
    activities,
    attendees,
    audit,
    entries,
    occurrence_guests,
    occurrences,
    privileges,
    series,
    timezones,
)
from serversync.administration.appointments import LONGEST
from serversync.administration.occurrence_guests import Guests
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import Appointment, RecurringAppointmentMaster
from serversync.crm.models.activityparty import InstanceTypeCode
from serversync.crm.privileges import Privilege
from serversync.rules.series.changes import own_between
from serversync.rules.series.timetable import Timetable

_TEXTS: Final = ("subject", "location", "description")
_ALL_DAY: Final = "isalldayevent"
_IMPORTANCE: Final = "prioritycode"


class OccurrenceEntries(TypedDict, total=False):
    """What is entered; what is missing stays.

    ``end`` of whole days is the last of them; ``zone`` is whose calendar says which days they are, that of who acts
    where it is missing. A part of the attendees is entered whole; one that is as in the series follows it.
    """

    subject: str
    location: str
    description: str
    importance: str
    start: datetime
    end: datetime
    is_all_day: bool
    required: Sequence[str]
    optional: Sequence[str]
    resources: Sequence[str]
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class SeriesOccurrence:
    """An occurrence as it is now.

    Attributes:
        series: Its series.
        timetable: When the occurrences of the series are by its pattern.
        day: The day on which its pattern puts it.
        row: What it has of its own; ``None`` where nothing was changed.
        is_cancelled: Whether it was cancelled.
    """

    series: RecurringAppointmentMaster
    timetable: Timetable
    day: date
    row: Appointment | None
    is_cancelled: bool

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self._moved.scheduledstart if self._moved else self.timetable.start(self.day)

    @property
    def end(self) -> datetime:
        """When it ends."""
        return self._moved.scheduledend if self._moved else self.timetable.end(self.day)

    @property
    def is_all_day(self) -> bool:
        """Whether it takes whole days."""
        return self.row.isalldayevent if self.row else self.timetable.times.is_all_day

    @property
    def is_changed(self) -> bool:
        """Whether it is in anything not as its series."""
        if self.row is None:
            return False
        return occurrences.has_own(self.row, self.timetable, self.day) or bool(self.guests.own)

    @property
    def own(self) -> frozenset[str]:
        """The columns of texts and importance that are its own."""
        if self.row is None:
            return frozenset()
        named = {name.strip() for name in (self.row.modifiedfieldsmask or "").split(",")}
        return frozenset({name for name in _TEXTS if getattr(self.row, name)} | named) & {
            *_TEXTS,
            _IMPORTANCE,
        }

    @property
    def guests(self) -> Guests:
        """Who takes part in it, with what each has answered to it."""
        return occurrence_guests.find(self.series, self.row)

    def value(self, column: str) -> Any:
        """Return a text or the importance, its own or that of its series."""
        return getattr(self.row if self.row is not None and column in self.own else self.series, column)

    @property
    def _moved(self) -> Appointment | None:
        is_moved = self.row is not None and occurrences.is_moved(self.row, self.timetable, self.day)
        return self.row if is_moved else None

    def __str__(self) -> str:
        return f"{self.value('subject') or self.series} of {self.day}"


def find(row: RecurringAppointmentMaster, day: str | date) -> SeriesOccurrence:
    """Return the occurrence that the pattern of a series has on a day, wherever it was moved to.

    Raises:
        InputInvalid: it is no day.
        RecordNotFound: the pattern has none on it.
    """
    wanted = day if isinstance(day, date) else entries.day(day, "Day")
    timetable = occurrences.timetable(row)
    if timetable is None or not timetable.recurrence.falls_on(wanted):
        raise RecordNotFound(kind=f"occurrence of {row}", name=str(wanted))
    return SeriesOccurrence(
        row,
        timetable,
        wanted,
        occurrences.changed(row, timetable).get(wanted),
        wanted in occurrences.cancelled_days(row),
    )


def entered(found: SeriesOccurrence, zone: tzinfo | None = None) -> OccurrenceEntries:
    """Return what an occurrence has, as it is entered; of whole days the first and the last."""
    importance = {int(number): word for word, number in activities.IMPORTANCE.items()}
    start, end = found.start, found.end
    if found.is_all_day:
        where, own = zone or timezones.of_actor(), found.timetable.times.tzinfo
        first, last = start.astimezone(own).date(), end.astimezone(own).date() - timedelta(1)
        start, end = (datetime.combine(each, time(), where) for each in (first, max(first, last)))
    values = OccurrenceEntries(
        subject=found.value("subject") or "",
        location=found.value("location") or "",
        description=found.value("description") or "",
        importance=importance[found.value(_IMPORTANCE)],
        start=start,
        end=end,
        is_all_day=found.is_all_day,
    )
    return values | cast("OccurrenceEntries", found.guests.lists)


def change(found: SeriesOccurrence, given: OccurrenceEntries) -> SeriesOccurrence:
    """Change an occurrence; one that has nothing of its own any more is as its series again.

    Raises:
        InputInvalid: a value cannot be used, or the series is over, or the occurrence was cancelled.
        PrivilegeMissing: the actor may not change the series.
        RecordNotFound: the pattern has it no more.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [found.series])
    with transaction.atomic():
        now = _locked(found)
        before = _told(now)
        values = _texts(now, given) | {_IMPORTANCE: now.value(_IMPORTANCE)}
        if "importance" in given:
            values[_IMPORTANCE] = activities.importance(given["importance"])
        start, end, is_all_day = _times(now, given)
        differs = {name: value for name, value in values.items() if value != _shared(now.series, name)}
        if is_all_day != now.timetable.times.is_all_day:
            differs[_ALL_DAY] = is_all_day
        own = own_between(now.timetable, now.day, start, end, differs)
        if own.start is not None:
            _refuse_crossing(now, start)
        people = {name: given[name] for name in attendees.PARTS if name in given}  # type: ignore[literal-required]
        lists = occurrence_guests.wanted(now.series, now.row, people) if people else None
        invited = occurrence_guests.named(now.row) if lists is None else set(lists)
        if own.value() is not None or invited or now.row is not None:
            row = _store(now, values, differs, invited, (start, end))
            if lists is not None:
                occurrence_guests.write(now.series, row, lists)
            if own.value() is None and not invited and not occurrence_guests.has_parties(row):
                row.delete()
        after = find(series.locked(now.series), now.day)
        audit.changed("series.occurrence", now.series, before, _told(after))
    return after


def cancel(found: SeriesOccurrence) -> SeriesOccurrence:
    """Cancel an occurrence, for good: Exchange brings none back.

    Raises:
        InputInvalid: the series is over, the occurrence was cancelled before, or it is the last one.
        PrivilegeMissing: the actor may not change the series.
        RecordNotFound: the pattern has it no more.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [found.series])
    with transaction.atomic():
        now = _locked(found)
        gone = occurrences.cancelled_days(now.series) | {now.day}
        recurrence = now.timetable.recurrence
        if not recurrence.is_endless and all(day in gone for day in recurrence.days()):
            raise InputInvalid(
                field="Occurrence", reason="it is the last one that is left; cancel or delete the series"
            )
        with audit.changes("series.occurrence-cancel", [now.series]):
            if now.row is not None:
                now.row.delete()
            now.series.deletedexceptionslist = occurrences.as_list(gone)
            now.series.save(update_fields=["deletedexceptionslist", "modifiedon"])
    return find(now.series, now.day)


def _locked(found: SeriesOccurrence) -> SeriesOccurrence:
    """Return an occurrence as it is now, if it can be changed."""
    now = find(series.locked(found.series), found.day)
    activities.refuse_closed(now.series)
    if now.is_cancelled:
        raise InputInvalid(field="Occurrence", reason=f"that of {now.day} was cancelled")
    return now


def _shared(row: RecurringAppointmentMaster, column: str) -> Any:
    """Return what the occurrences of a series have that is not their own."""
    value = getattr(row, column)
    return None if value == "" else value


def _texts(now: SeriesOccurrence, given: OccurrenceEntries) -> dict[str, Any]:
    values: dict[str, Any] = {name: now.value(name) or None for name in _TEXTS}
    if "subject" in given:
        values["subject"] = entries.text(given["subject"], "Subject", longest=LONGEST)
    if "location" in given:
        values["location"] = activities.text(given["location"], "Location", longest=LONGEST)
    if "description" in given:
        values["description"] = given["description"].strip() or None
    return values


def _times(now: SeriesOccurrence, given: OccurrenceEntries) -> tuple[datetime, datetime, bool]:
    if not {"start", "end", "is_all_day"} & set(given):
        return now.start, now.end, now.is_all_day
    where = given.get("zone") or timezones.of_actor()
    full = entered(now, where) | given
    start, end, is_all_day = full["start"], full["end"], full["is_all_day"]
    if end < start:
        raise InputInvalid(field="End", reason="it is before the start")
    if is_all_day:
        own = now.timetable.times.tzinfo
        first, last = (each.astimezone(where).date() for each in (start, end))
        start, end = (datetime.combine(day, time(), own) for day in (first, last + timedelta(1)))
    return start, end, is_all_day


def _refuse_crossing(now: SeriesOccurrence, start: datetime) -> None:
    """Refuse an occurrence on the day of its neighbour or beyond it, as Exchange does."""
    zone, recurrence = now.timetable.times.tzinfo, now.timetable.recurrence
    day = start.astimezone(zone).date()
    if day == now.day:
        return
    gone = occurrences.cancelled_days(now.series)
    moved = occurrences.changed(now.series, now.timetable)
    before = after = None
    for one in recurrence.days():
        if one in gone or one == now.day:
            continue
        if one > now.day:
            after = one
            break
        before = one
    for neighbour, is_before in ((before, True), (after, False)):
        if neighbour is None:
            continue
        there = neighbour
        if (row := moved.get(neighbour)) and occurrences.is_moved(row, now.timetable, neighbour):
            there = row.scheduledstart.astimezone(zone).date()
        if there >= day if is_before else there <= day:
            raise InputInvalid(
                field="Start",
                reason=f"it would be on the day of the occurrence of {neighbour} or beyond it, which Exchange refuses;"
                " choose a day between its neighbours",
            )


def _store(
    now: SeriesOccurrence,
    values: dict[str, Any],
    differs: dict[str, Any],
    invited: set[str],
    times: tuple[datetime, datetime],
) -> Appointment:
    start, end = times
    is_moved = times != (now.timetable.start(now.day), now.timetable.end(now.day))
    row = now.row or Appointment(
        seriesid=now.series.pk, instancetypecode=InstanceTypeCode.RECURRING_EXCEPTION
    )
    row.ownerid = now.series.ownerid
    row.originalstartdate = now.timetable.start(now.day)
    row.scheduledstart, row.scheduledend = start, end
    row.isalldayevent = differs.get(_ALL_DAY, now.timetable.times.is_all_day)
    for name in _TEXTS:
        setattr(row, name, values[name] if name in differs else None)
    row.prioritycode = values[_IMPORTANCE]
    own = {*differs, *invited, *(("scheduledstart",) if is_moved else ())}
    row.modifiedfieldsmask = ",".join(sorted(own))
    row.save()
    return row


def _told(found: SeriesOccurrence) -> dict[str, Any]:
    """Return what the audit keeps of an occurrence."""
    values = {name: found.value(name) for name in (*_TEXTS, _IMPORTANCE)}
    values |= {
        "start": found.start.isoformat(),
        "end": found.end.isoformat(),
        _ALL_DAY: found.is_all_day,
        **found.guests.lists,
    }
    return {f"{found.day} {name}": value for name, value in values.items()}
