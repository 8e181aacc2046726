"""Series between Exchange and the rules: what a master and its changed occurrences say, and what is written of them.

Nothing is asked for or written here; see ``act_series_mailbox``.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from serversync.adapters.act_zones import definition_of, zone_text_of
from serversync.exchange.types.calendar_item import CalendarItem
from serversync.exchange.types.fields import AnyFieldURI, FieldURI
from serversync.exchange.types.item import Body
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.reading import property_of
from serversync.exchange.types.recurrence import Recurrence
from serversync.exchange.types.shapes import BodyType
from serversync.mapping.appointment import INVITED, MASKED_SUBJECT
from serversync.mapping.series import OF_OCCURRENCES, recurrence_of_words, words_of
from serversync.mapping.values import Form, to_crm, to_exchange
from serversync.rules.record import Fields, Value
from serversync.rules.series.changes import DELETED, Own, field_of, of_series, own_between
from serversync.rules.series.timetable import Timetable, times_between, timetable_values

ALL_DAY: Final = "isalldayevent"
"""The field of a changed occurrence that takes whole days, or does not, unlike its series."""
OWN: Final = (*(row.logicalname for row in OF_OCCURRENCES), *INVITED)
"""What a single occurrence can have otherwise than its series, beside its times."""
Says = Callable[[CalendarItem], dict[str, Value]]
"""What a master or an occurrence says of that; what says nothing is left out."""
_START, _END = FieldURI("calendar:Start"), FieldURI("calendar:End")
_ALL_DAY: Final = FieldURI("calendar:IsAllDayEvent")


def texts_of(item: EwsItem) -> dict[str, Value]:
    """Return what a master or an occurrence says but for its times; what says nothing is left out."""
    fields: dict[str, Value] = {}
    for row in OF_OCCURRENCES:
        value = property_of(item, FieldURI(row.prop))
        read = to_crm(row.form, value.text if isinstance(value, Body) else value)
        if read is not None:
            fields[row.logicalname] = read
    return fields


def text_values(fields: Fields) -> dict[AnyFieldURI, Any]:
    """Return properties with the values they shall have, ``None`` where they are to be taken away."""
    values: dict[AnyFieldURI, Any] = {}
    for row in OF_OCCURRENCES:
        if row.logicalname in fields:
            value = to_exchange(row.form, fields[row.logicalname])
            is_note = row.form is Form.NOTE and value is not None
            values[FieldURI(row.prop)] = Body(value, BodyType.TEXT) if is_note else value
    return values


def timetable_of_item(master: CalendarItem) -> Timetable:
    """Return when the occurrences of a master are.

    Raises:
        ValueError: the CRM has no such series; with the reason.
    """
    if master.recurrence is None or master.start is None or master.end is None:
        raise ValueError("Exchange does not tell its pattern")
    zone = zone_text_of(master.start_time_zone, master.meeting_time_zone, master.start)
    if master.end_time_zone is not None and zone_text_of(master.end_time_zone, None, master.start) != zone:
        raise ValueError("it ends in another time zone than it begins")
    _, times = times_between(master.start, master.end, zone, is_all_day=bool(master.is_all_day_event))
    return Timetable(recurrence_of_words(master.recurrence), times)


def series_fields(
    master: CalendarItem, changed: Sequence[CalendarItem], says: Says, *, is_masked: bool = False
) -> dict[str, Value]:
    """Return a series as the rules see it, but for who takes part in all of it and how it shows.

    Args:
        master: The item.
        changed: Its changed occurrences.
        says: Reads what an item says.
        is_masked: Whether its content stays in Exchange: only when it is is told.

    Raises:
        ValueError: the CRM has no such series; with the reason.
    """
    timetable = timetable_of_item(master)
    texts: dict[str, Value] = {"subject": MASKED_SUBJECT} if is_masked else texts_of(master)
    shared = texts if is_masked else says(master)
    fields = texts | timetable_values(timetable)
    for when in master.deleted_occurrences:
        fields[field_of(timetable.day_of(when))] = DELETED
    for each in changed:
        if each.original_start is not None:
            day = timetable.day_of(each.original_start)
            value = occurrence_value(timetable, shared, day, each, shared if is_masked else says(each))
            if value is not None:
                fields[field_of(day)] = value
    return of_series(fields)


def occurrence_value(
    timetable: Timetable, shared: Fields, day: date, item: CalendarItem, said: Fields
) -> Value:
    """Return what an occurrence has of its own; one that its organizer has cancelled counts as deleted.

    Args:
        timetable: The series.
        shared: What the master says but for its times.
        day: The day of the occurrence by its pattern.
        item: The occurrence.
        said: What it says but for its times.
    """
    if item.start is None or item.end is None:
        return None
    if item.is_cancelled:
        return DELETED
    differs: dict[str, Value] = {name: said.get(name) for name in OWN if said.get(name) != shared.get(name)}
    if bool(item.is_all_day_event) != timetable.times.is_all_day:
        differs[ALL_DAY] = bool(item.is_all_day_event)
    return own_between(timetable, day, item.start, item.end, differs).value()


def series_values(fields: Fields, timetable: Timetable | None) -> dict[AnyFieldURI, Any]:
    """Return the properties of a master.

    Args:
        fields: What is to be written but for its times.
        timetable: When the occurrences shall be; ``None`` to leave that as it is.

    Raises:
        ValueError: Exchange has no such series; with the reason.
    """
    values = text_values(fields)
    if timetable is None:
        return values
    first = timetable.recurrence.first()
    if first is None:
        raise ValueError("no day is one of the series")
    zone = definition_of(timetable.times.zone)
    start, end = timetable.start(first), timetable.end(first)
    times = timetable.times
    if times_between(start, end, times.zone, is_all_day=times.is_all_day) != (first, times):
        raise ValueError(
            "its first occurrence begins or ends at a time that the clock of its zone leaves out"
        )
    return values | {
        FieldURI("calendar:Recurrence"): Recurrence(**words_of(timetable.recurrence)),
        _START: start,
        _END: end,
        _ALL_DAY: times.is_all_day,
        FieldURI("calendar:StartTimeZone"): zone,
        FieldURI("calendar:EndTimeZone"): zone,
    }


def occurrence_changes(shared: Fields, *, now: Own, before: Own) -> dict[str, Value]:
    """Return what is to be written of an occurrence but for its times.

    Args:
        shared: What the master says but for its times, after what is written to it.
        now: What it shall have of its own.
        before: What it has of its own.
    """
    own, had = dict(now.fields), dict(before.fields)
    return {
        name: own.get(name, shared.get(name))
        for name in sorted({*own, *had})
        if (name in own, own.get(name)) != (name in had, had.get(name)) and name != ALL_DAY
    }


def occurrence_times(timetable: Timetable, day: date, *, now: Own, before: Own) -> dict[AnyFieldURI, Any]:
    """Return the properties of an occurrence that say when it is, as far as they change.

    Args:
        timetable: The series.
        day: The day of the occurrence.
        now: What it shall have of its own.
        before: What it has of its own.
    """
    is_all_day, was_all_day = (dict(each.fields).get(ALL_DAY) for each in (now, before))
    values: dict[AnyFieldURI, Any] = {}
    if (now.start, now.end) != (before.start, before.end) or is_all_day != was_all_day:
        values[_START] = now.start or timetable.start(day)
        values[_END] = now.end or timetable.end(day)
    if is_all_day != was_all_day:
        values[_ALL_DAY] = timetable.times.is_all_day if is_all_day is None else is_all_day
    return values
