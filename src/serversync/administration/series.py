"""Series that people enter and change, with those who take part.

Times are those on the clock of the series' own zone. A new pattern, or another time of day, keeps what is different about
single occurrences as far as the pattern still has them; the others are forgotten, as on the side of Exchange.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Final, cast

from django.db import transaction

from serversync.administration import (
    activities,
    attendees,
    audit,
    entries,
    occurrences,
    privileges,
    series_pattern,
    timezones,
)
from serversync.administration.appointments import LONGEST, SHOW_AS
from serversync.administration.series_pattern import PatternEntries
from serversync.core.errors import InputInvalid
from serversync.crm.models import RecurringAppointmentMaster
from serversync.crm.privileges import Privilege
from serversync.mapping.series import columns_of, recurrence_of_columns
from serversync.rules.series.timetable import Times, Timetable, times_between

_MOST_DAYS_LATER: Final = 365
_LOOKED_AT: Final = 400
"""So many occurrences are looked at to tell whether one reaches the next."""
_OF_TIMES: Final = frozenset({"first_day", "begins", "ends", "days_later", "is_all_day", "time_zone"})


class SeriesEntries(PatternEntries, total=False):
    """What is entered; what is missing stays.

    ``begins`` and ``ends`` are the times of day of an occurrence; it ends ``days_later`` days after the one on which it
    begins. Of whole days ``days_later`` alone counts: 0 is one day.
    """

    subject: str
    location: str
    description: str
    importance: str
    show_as: str
    required: Sequence[str]
    optional: Sequence[str]
    resources: Sequence[str]
    first_day: date
    begins: time
    ends: time
    days_later: int
    is_all_day: bool
    time_zone: str


def add(given: SeriesEntries, *, owner: str | None = None) -> RecurringAppointmentMaster:
    """Add a series; the next pass over its organizer's mailbox puts it into Exchange.

    Raises:
        InputInvalid: a value cannot be used.
        PrivilegeMissing: the actor may not make appointments, or not for this owner.
    """
    user = activities.owner_of_new(owner)
    for name, label in (("subject", "Subject"), ("first_day", "First day"), ("pattern", "Pattern")):
        if name not in given:
            raise InputInvalid(field=label, reason="it is empty")
    row = RecurringAppointmentMaster(ownerid=user)
    with transaction.atomic():
        _fill(row, given | SeriesEntries(time_zone=given.get("time_zone") or timezones.name_of(user)))
        row.save()
        attendees.call(row, user)
        attendees.invite(row, _people(given))
        row.refresh_from_db()
        audit.created("series.add", row)
        attendees.note("series.attendees", row, {})
    return row


def edit(given_row: RecurringAppointmentMaster, given: SeriesEntries) -> RecurringAppointmentMaster:
    """Change a series that is open; whoever stays invited keeps the answer.

    Raises:
        InputInvalid: a value cannot be used, or the series is over.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [given_row])
    with transaction.atomic():
        row = locked(given_row)
        activities.refuse_closed(row)
        invited, before = attendees.invited(row), occurrences.timetable(row)
        with audit.changes("series.edit", [row]):
            _fill(row, given)
            if before is not None:
                _carry_over(row, before)
            row.save()
            attendees.invite(row, _people(given))
            row.refresh_from_db()
        attendees.note("series.attendees", row, invited)
    return row


def locked(row: RecurringAppointmentMaster) -> RecurringAppointmentMaster:
    """Return a series as it is now; nobody else changes it until the transaction ends."""
    return RecurringAppointmentMaster.objects.select_for_update().get(pk=row.pk)


def entered(row: RecurringAppointmentMaster) -> SeriesEntries:
    """Return what a series has, as it is entered; without pattern and times where its columns say none."""
    words = {status: word for word, (_, status) in SHOW_AS.items()}
    importance = {int(number): word for word, number in activities.IMPORTANCE.items()}
    invited = attendees.invited(row)
    found = SeriesEntries(
        subject=row.subject or "",
        location=row.location or "",
        description=row.description or "",
        required=invited["required"],
        optional=invited["optional"],
        resources=invited["resources"],
        importance=importance[row.prioritycode],
        show_as=words.get(row.statuscode, "busy"),
    )
    timetable = occurrences.timetable(row)
    return found if timetable is None else found | _entered_times(timetable)


def _entered_times(timetable: Timetable) -> SeriesEntries:
    times, first = timetable.times, timetable.recurrence.first() or timetable.recurrence.start
    end = datetime.combine(first, times.begins) + times.lasts
    later = (end.date() - first).days - int(times.is_all_day)
    found = SeriesEntries(
        first_day=first,
        begins=times.begins,
        ends=end.time(),
        days_later=max(later, 0),
        is_all_day=times.is_all_day,
        time_zone=times.zone,
    )
    return found | cast("SeriesEntries", series_pattern.entered(timetable.recurrence))


def _fill(row: RecurringAppointmentMaster, given: SeriesEntries) -> None:
    if "subject" in given:
        row.subject = entries.text(given["subject"], "Subject", longest=LONGEST)
    if "location" in given:
        row.location = activities.text(given["location"], "Location", longest=LONGEST)
    if "description" in given:
        row.description = given["description"].strip() or None
    if "importance" in given:
        row.prioritycode = activities.importance(given["importance"])
    if "show_as" in given:
        if given["show_as"] not in SHOW_AS:
            raise InputInvalid(field="Show As", reason=f"{given['show_as']} is none of {', '.join(SHOW_AS)}")
        row.statecode, row.statuscode = SHOW_AS[given["show_as"]]
    if set(given) & (_OF_TIMES | set(PatternEntries.__annotations__)):
        _fill_timetable(row, given)


def _fill_timetable(row: RecurringAppointmentMaster, given: SeriesEntries) -> None:
    is_new = row._state.adding  # noqa: SLF001 - the documented way
    full = given if is_new else entered(row) | given
    first_day = full.get("first_day")
    if first_day is None:
        raise InputInvalid(field="First day", reason="it is empty")
    zone = full.get("time_zone") or ""
    times = Times(
        time() if full.get("is_all_day") else _clock(full.get("begins"), "Begins at"),
        _length(full),
        bool(full.get("is_all_day")),
        zone if not is_new and zone == row.timezone else timezones.checked(zone),
    )
    timetable = Timetable(series_pattern.recurrence_of(full, first_day), times)
    first = _check(timetable)
    # What was entered may begin earlier than its first occurrence; the columns say it as passes do.
    columns = columns_of(timetable.recurrence)
    timetable = Timetable(recurrence_of_columns(columns), times)
    for name, value in columns.items():
        setattr(row, name, value)
    row.starttime, row.endtime = timetable.start(first), timetable.end(first)
    row.isalldayevent, row.timezone = times.is_all_day, times.zone


def _clock(value: time | None, field: str) -> time:
    if value is None:
        raise InputInvalid(field=field, reason="it is empty")
    return value.replace(tzinfo=None, microsecond=0)


def _length(given: SeriesEntries) -> timedelta:
    later = given.get("days_later") or 0
    if not 0 <= later <= _MOST_DAYS_LATER:
        raise InputInvalid(field="Days later", reason=f"it is not within 0 and {_MOST_DAYS_LATER}")
    if given.get("is_all_day"):
        return timedelta(later + 1)
    begins, ends = _clock(given.get("begins"), "Begins at"), _clock(given.get("ends"), "Ends at")
    day = date(2000, 1, 1)
    lasts = datetime.combine(day + timedelta(later), ends) - datetime.combine(day, begins)
    if lasts < timedelta():
        raise InputInvalid(
            field="Ends at",
            reason="it is before the beginning; say in Days later that it ends on another day",
        )
    return lasts


def _check(timetable: Timetable) -> date:
    """Return the first day of a series that Exchange can have.

    Raises:
        InputInvalid: it cannot.
    """
    times, first = timetable.times, next(timetable.recurrence.days())
    if times_between(
        timetable.start(first), timetable.end(first), times.zone, is_all_day=times.is_all_day
    ) != (
        first,
        times,
    ):
        raise InputInvalid(
            field="Begins at",
            reason=f"the clock of {times.zone} leaves this time out on {first}; choose another first day or time",
        )
    days = islice(timetable.recurrence.days(), _LOOKED_AT)
    if times.lasts > timedelta(1) and any(after - day < times.lasts for day, after in pairwise(days)):
        raise InputInvalid(field="Days later", reason="an occurrence would last longer than until the next")
    return first


def _carry_over(row: RecurringAppointmentMaster, before: Timetable) -> None:
    """Give changed and deleted occurrences the places that they have in the new pattern; forget the others."""
    after = occurrences.timetable(row)
    if after is None or after == before:
        return
    gone = occurrences.cancelled_days(row)
    row.deletedexceptionslist = occurrences.as_list(day for day in gone if after.recurrence.falls_on(day))
    later = after.start(row.patternstartdate) > before.start(row.patternstartdate)
    told: dict[str, str | None] = {}
    seen: set[date] = set()
    # Two must never have the same place, not even on the way: those in whose direction all are moved come first.
    for day, one in sorted(occurrences.changed(row, before).items(), reverse=later):
        if not after.recurrence.falls_on(day) or day in seen:
            told[f"occurrence of {day}"] = None
            one.delete()
            continue
        seen.add(day)
        if not occurrences.is_moved(one, before, day):
            one.scheduledstart, one.scheduledend = after.start(day), after.end(day)
            if one.isalldayevent == before.times.is_all_day:
                one.isalldayevent = after.times.is_all_day
        one.originalstartdate = after.start(day)
        one.save()
    audit.changed("series.occurrences-forgotten", row, dict.fromkeys(told, "changed"), told)


def _people(given: SeriesEntries) -> attendees.Invited:
    return {name: given[name] for name in attendees.PARTS if name in given}  # type: ignore[literal-required]
