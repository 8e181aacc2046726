"""Zones of appointments: from what Exchange carries along to the text that is kept, and back.

A known name wins over the rules beside it. Rules without a known name are held against the zones that everybody knows, and
taken for the one with the same clock; where there is none they are kept as they are, and written back as such.
"""

from datetime import datetime, timedelta
from typing import Final

from serversync.exchange.types.time_zone import (
    MeetingTimeZone,
    Period,
    TimeChange,
    TimeZoneDefinition,
    Transition,
)
from serversync.exchange.zone_names import UTC_NAME, iana_name, named_zones, windows_name
from serversync.mapping.series import DAYS, MONTHS
from serversync.rules.series.recurrence import LAST
from serversync.rules.series.zones import Change, Era, RuleZone, named_like, zone_of, zone_text

CUSTOM: Final = "Customized Time Zone"
"""What Windows calls a zone without a name."""
_ZERO: Final = timedelta()
_ORDINALS: Final = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": LAST}


def zone_text_of(
    definition: TimeZoneDefinition | None, meeting: MeetingTimeZone | None, when: datetime
) -> str:
    """Return the zone of an appointment as it is kept.

    Args:
        definition: What it says since Exchange 2010; wins.
        meeting: What it says in the form of 2007.
        when: When it begins; from then on the rules count.

    Raises:
        ValueError: it names a zone that nobody knows and does not say its rules, or rules that cannot be.
    """
    if definition is not None:
        known = iana_name(definition.id or "")
        return known or _named(_eras(definition), when, definition.name or definition.id or "")
    if meeting is not None:
        known = iana_name(meeting.time_zone_name or "")
        return known or _named(_eras_of_2007(meeting), when, meeting.time_zone_name or "")
    return UTC_NAME


def definition_of(text: str) -> TimeZoneDefinition:
    """Return a kept zone as Exchange takes it: by name, or with all its rules.

    Raises:
        ValueError: Windows has no name for it, and it is no zone of rules.
    """
    name = windows_name(text)
    if name is not None:
        return TimeZoneDefinition(id=name)
    zone = zone_of(text)
    if isinstance(zone, RuleZone):
        return _definition(zone)
    raise ValueError(f"Windows has no name for the time zone {text}")


def _named(eras: tuple[Era, ...], when: datetime, name: str) -> str:
    if not eras:
        raise ValueError(f"nobody knows the time zone {name!r}, and it comes without its rules")
    zone = RuleZone(eras)
    text = named_like(zone, when.year, named_zones(), name) or zone_text(zone)
    zone_of(text)  # what is kept must be readable again
    return text


def _eras(definition: TimeZoneDefinition) -> tuple[Era, ...]:
    periods = {period.id: period for period in definition.periods}
    groups = dict(definition.transitions_groups)
    eras = []
    for each in definition.transitions:
        since = each.date_time.year if each.date_time is not None else 1
        if each.to_kind == "Group":
            eras.append(_era(since, groups.get(each.to, ()), periods))
        elif each.to in periods:
            eras.append(Era(since, -periods[each.to].bias))
    if not eras and groups:
        eras.append(_era(1, next(iter(groups.values())), periods))
    if not eras and periods:
        eras.append(Era(1, -definition.periods[0].bias))
    return tuple(eras)


def _era(since: int, group: tuple[Transition, ...], periods: dict[str, Period]) -> Era:
    if not group or any(each.to not in periods for each in group):
        raise ValueError("its time zone names rules that it does not have")
    changes = [
        _change(each, -periods[each.to].bias) for each in group if each.element.startswith("Recurring")
    ]
    if len(changes) < 2:
        return Era(since, -periods[group[0].to].bias)
    return _checked(since, changes)


def _change(each: Transition, offset: timedelta) -> Change:
    at = each.time_offset or _ZERO
    if each.day_of_week is None:
        return Change(_month(each.month), None, each.day or 1, at, offset)
    if each.day_of_week not in DAYS:
        raise ValueError(f"its time zone changes the clock on {each.day_of_week}")
    nth = each.occurrence or LAST
    return Change(_month(each.month), DAYS.index(each.day_of_week), LAST if nth > 4 else nth, at, offset)


def _month(month: int | None) -> int:
    if month is None or not 1 <= month <= 12:
        raise ValueError("its time zone changes the clock in no month")
    return month


def _checked(since: int, changes: list[Change]) -> Era:
    offsets = {change.offset for change in changes}
    if len(changes) != 2 or len(offsets) > 2:
        raise ValueError("its time zone changes the clock more than twice a year")
    if len(offsets) == 1:
        return Era(since, changes[0].offset)
    return Era(since, min(offsets), tuple(sorted(changes, key=lambda change: -change.offset)))


def _eras_of_2007(zone: MeetingTimeZone) -> tuple[Era, ...]:
    if zone.base_offset is None:
        return ()
    changes = [
        _change_of_2007(each, -(zone.base_offset + each.offset))
        for each in (zone.standard, zone.daylight)
        if each is not None
    ]
    return (_checked(1, changes) if len(changes) == 2 else Era(1, -zone.base_offset),)


def _change_of_2007(each: TimeChange, offset: timedelta) -> Change:
    at = timedelta(hours=each.time.hour, minutes=each.time.minute, seconds=each.time.second)
    if each.absolute_date is not None:
        return Change(each.absolute_date.month, None, each.absolute_date.day, at, offset)
    if each.days_of_week not in DAYS or each.month not in MONTHS:
        raise ValueError("its time zone does not say when the clock changes")
    nth = _ORDINALS.get(each.day_of_week_index or "", LAST)
    return Change(MONTHS.index(each.month) + 1, DAYS.index(each.days_of_week), nth, at, offset)


def _definition(zone: RuleZone) -> TimeZoneDefinition:
    periods: dict[timedelta, Period] = {}
    groups = []
    transitions = []
    for number, era in enumerate(zone.eras):
        offsets = [era.offset, *(change.offset for change in era.changes)]
        for offset in offsets:
            label = "Standard" if offset == era.offset else "Daylight"
            periods.setdefault(offset, Period(f"{label}/{_minutes(offset)}", label, -offset))
        rows = tuple(_transition(change, periods[change.offset]) for change in era.changes)
        standing = Transition(element="Transition", to=periods[era.offset].id)
        groups.append((str(number), rows or (standing,)))
        begins = None if number == 0 else datetime(era.since, 1, 1)  # noqa: DTZ001 - on the wall
        transitions.append(
            Transition(
                element="Transition" if begins is None else "AbsoluteDateTransition",
                to=str(number),
                to_kind="Group",
                date_time=begins,
            )
        )
    return TimeZoneDefinition(
        id=CUSTOM,
        name=CUSTOM,
        periods=tuple(periods.values()),
        transitions_groups=tuple(groups),
        transitions=tuple(transitions),
    )


def _minutes(offset: timedelta) -> int:
    return int(offset.total_seconds()) // 60


def _transition(change: Change, period: Period) -> Transition:
    if change.weekday is None:
        return Transition(
            element="RecurringDateTransition",
            to=period.id,
            time_offset=change.at,
            month=change.month,
            day=change.day,
        )
    return Transition(
        element="RecurringDayTransition",
        to=period.id,
        time_offset=change.at,
        month=change.month,
        day_of_week=DAYS[change.weekday],
        occurrence=change.day,
    )
