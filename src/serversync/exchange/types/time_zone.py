"""Time zones as appointments carry them: an id of Windows, mostly with the rules of the zone beside it.

``TimeZoneDefinition`` is the form of Exchange 2010 and later (``StartTimeZone``, ``EndTimeZone``), ``MeetingTimeZone``
that of 2007. Biases are what has to be added to local time for UTC, the other way round from offsets.
Source: ``types.xsd``; MS-OXWSCDATA for what a missing transition means.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from lxml.etree import _Element, tostring
from msgspec import Struct

from serversync.exchange.namespaces import local_name, t
from serversync.exchange.xml_text import attribute, escape
from serversync.exchange.xml_values import datetime_of, integer


class Period(Struct, frozen=True, gc=False):
    """A time during which the bias stays the same."""

    id: str
    name: str
    bias: timedelta


class Transition(Struct, frozen=True, gc=False, kw_only=True):
    """When which period, or group of transitions, begins.

    Attributes:
        element: ``Transition`` (from ever), ``AbsoluteDateTransition``, ``RecurringDayTransition`` or
            ``RecurringDateTransition``.
        to: Id of the period or group.
        to_kind: ``Period`` or ``Group``.
        date_time: Of an absolute one.
        time_offset: Time of day of a recurring one, by the clock before it.
        occurrence: Which of the days of the week in the month, -1 for the last.
    """

    element: str
    to: str
    to_kind: str = "Period"
    date_time: datetime | None = None
    time_offset: timedelta | None = None
    month: int | None = None
    day_of_week: str | None = None
    occurrence: int | None = None
    day: int | None = None


class TimeZoneDefinition(Struct, frozen=True, gc=False, kw_only=True):
    """A zone by its id, with its rules where they were told; ``transitions_groups`` by their id."""

    id: str | None = None
    name: str | None = None
    periods: tuple[Period, ...] = ()
    transitions_groups: tuple[tuple[str, tuple[Transition, ...]], ...] = ()
    transitions: tuple[Transition, ...] = ()


class TimeChange(Struct, frozen=True, gc=False, kw_only=True):
    """A change of the clock in the form of 2007; ``offset`` is added to the base offset of the zone."""

    offset: timedelta
    time: time
    month: str | None = None
    days_of_week: str | None = None
    day_of_week_index: str | None = None
    absolute_date: date | None = None


class MeetingTimeZone(Struct, frozen=True, gc=False, kw_only=True):
    """A zone in the form of 2007: a name, and mostly its rules."""

    time_zone_name: str | None = None
    base_offset: timedelta | None = None
    standard: TimeChange | None = None
    daylight: TimeChange | None = None


_DURATION: Final = re.compile(
    r"(-)?P(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?", re.ASCII
)


def parse_duration(text: str) -> timedelta | None:
    """Return an ``xs:duration`` of days and times, ``None`` where the text is none.

    >>> parse_duration("-PT1H30M")
    datetime.timedelta(days=-1, seconds=81000)
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or text.strip().endswith(("P", "T")):
        return None
    sign, *parts = match.groups()
    days, hours, minutes, seconds = (int(part or 0) for part in parts)
    found = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -found if sign else found


def duration(value: timedelta) -> str:
    """Return an ``xs:duration``.

    >>> duration(timedelta(hours=-1, minutes=-30))
    '-PT1H30M'
    """
    seconds = int(value.total_seconds())
    minutes, seconds_left = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = "".join(f"{number}{unit}" for number, unit in ((minutes, "M"), (seconds_left, "S")) if number)
    return f"{'-' if seconds < 0 else ''}PT{hours}H{parts}"


_KNOWN: Final[dict[bytes, TimeZoneDefinition | None]] = {}
_MOST_KNOWN: Final = 256


def read_time_zone_definition(element: _Element) -> TimeZoneDefinition | None:
    """Return the zone that a ``StartTimeZone``, ``EndTimeZone`` or ``TimeZoneDefinition`` describes, if it does.

    A calendar tells the rules of the same few zones again and again; they are taken apart once.
    """
    told = tostring(element, with_tail=False)
    if told not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[told] = _definition(element)
    return _KNOWN[told]


def _definition(element: _Element) -> TimeZoneDefinition | None:
    if not len(element) and not element.get("Id"):
        return None
    periods: tuple[Period, ...] = ()
    groups: tuple[tuple[str, tuple[Transition, ...]], ...] = ()
    transitions: tuple[Transition, ...] = ()
    for child in element:
        if child.tag == _PERIODS:
            periods = tuple([found for each in child if (found := _period(each)) is not None])
        elif child.tag == _GROUPS:
            groups = tuple([(each.get("Id") or "", _transitions(each)) for each in child])
        elif child.tag == _TRANSITIONS:
            transitions = _transitions(child)
    return TimeZoneDefinition(
        id=element.get("Id"),
        name=element.get("Name"),
        periods=periods,
        transitions_groups=groups,
        transitions=transitions,
    )


def _period(element: _Element) -> Period | None:
    bias = parse_duration(element.get("Bias") or "")
    return None if bias is None else Period(element.get("Id") or "", element.get("Name") or "", bias)


def _transitions(element: _Element) -> tuple[Transition, ...]:
    return tuple([_transition(each) for each in element])


def _transition(element: _Element) -> Transition:
    to = element.find(_TO)
    when = element.find(_DATE_TIME)
    return Transition(
        element=local_name(element.tag),
        to="" if to is None else to.text or "",
        to_kind="Period" if to is None else to.get("Kind") or "Period",
        date_time=None if when is None else datetime_of(when),
        time_offset=parse_duration(element.findtext(_TIME_OFFSET) or ""),
        month=integer(element.findtext(_MONTH) or ""),
        day_of_week=element.findtext(_DAY_OF_WEEK),
        occurrence=integer(element.findtext(_OCCURRENCE) or ""),
        day=integer(element.findtext(_DAY) or ""),
    )


def read_meeting_time_zone(element: _Element) -> MeetingTimeZone:
    """Return the zone that a ``MeetingTimeZone`` describes."""
    return MeetingTimeZone(
        time_zone_name=element.get("TimeZoneName"),
        base_offset=parse_duration(element.findtext(t("BaseOffset")) or ""),
        standard=_time_change(element.find(t("Standard"))),
        daylight=_time_change(element.find(t("Daylight"))),
    )


def _time_change(element: _Element | None) -> TimeChange | None:
    if element is None:
        return None
    offset = parse_duration(element.findtext(t("Offset")) or "")
    yearly = element.find(t("RelativeYearlyRecurrence"))
    try:
        at = time.fromisoformat((element.findtext(t("Time")) or "")[:8])
        fixed = element.findtext(t("AbsoluteDate"))
        absolute = None if fixed is None else date.fromisoformat(fixed.strip()[:10])
    except ValueError:
        return None
    if offset is None:
        return None
    if yearly is None:
        return TimeChange(offset=offset, time=at, absolute_date=absolute)
    return TimeChange(
        offset=offset,
        time=at,
        month=yearly.findtext(_MONTH),
        days_of_week=yearly.findtext(t("DaysOfWeek")),
        day_of_week_index=yearly.findtext(t("DayOfWeekIndex")),
    )


def time_zone_xml(name: str, zone: TimeZoneDefinition) -> str:
    """Return the element that tells a zone, with its rules where it has some.

    Args:
        name: Name of the element: ``StartTimeZone``, ``EndTimeZone`` or ``TimeZoneDefinition``.
        zone: The zone.
    """
    given = "".join(
        f' {key}="{attribute(value)}"'
        for key, value in (("Id", zone.id), ("Name", zone.name))
        if value is not None
    )
    if not zone.periods:
        return f"<t:{name}{given}/>"
    periods = "".join(
        f'<t:Period Bias="{duration(each.bias)}" Name="{attribute(each.name)}" Id="{attribute(each.id)}"/>'
        for each in zone.periods
    )
    groups = "".join(
        f'<t:TransitionsGroup Id="{attribute(key)}">{"".join(map(_transition_xml, each))}</t:TransitionsGroup>'
        for key, each in zone.transitions_groups
    )
    inner = f"<t:Periods>{periods}</t:Periods>"
    if groups:
        inner += f"<t:TransitionsGroups>{groups}</t:TransitionsGroups>"
    if zone.transitions:
        inner += f"<t:Transitions>{''.join(map(_transition_xml, zone.transitions))}</t:Transitions>"
    return f"<t:{name}{given}>{inner}</t:{name}>"


def _transition_xml(each: Transition) -> str:
    parts = [f'<t:To Kind="{attribute(each.to_kind)}">{escape(each.to)}</t:To>']
    if each.date_time is not None:
        parts.append(f"<t:DateTime>{each.date_time:%Y-%m-%dT%H:%M:%S}</t:DateTime>")
    if each.time_offset is not None:
        parts.append(f"<t:TimeOffset>{duration(each.time_offset)}</t:TimeOffset>")
    for name, value in (
        ("Month", each.month),
        ("DayOfWeek", each.day_of_week),
        ("Occurrence", each.occurrence),
        ("Day", each.day),
    ):
        if value is not None:
            parts.append(f"<t:{name}>{escape(str(value))}</t:{name}>")
    return f"<t:{each.element}>{''.join(parts)}</t:{each.element}>"


_PERIODS, _GROUPS, _TRANSITIONS = t("Periods"), t("TransitionsGroups"), t("Transitions")
_TO, _DATE_TIME, _TIME_OFFSET, _MONTH = t("To"), t("DateTime"), t("TimeOffset"), t("Month")
_DAY_OF_WEEK, _OCCURRENCE, _DAY = t("DayOfWeek"), t("Occurrence"), t("Day")
