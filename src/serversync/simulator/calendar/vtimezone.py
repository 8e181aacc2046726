"""Time zones that an iCalendar object brings along (``VTIMEZONE``), as EWS writes a zone of the client's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from serversync.simulator.calendar.timezones import (
    WEEKDAYS,
    windows_id,
    write_duration,
    zone_of_fragment,
    zone_of_id,
)
from serversync.simulator.xmltext import attribute

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PERIODS = {"STANDARD": "Standard", "DAYLIGHT": "Daylight"}
_LAST_WEEK = 28


@dataclass(frozen=True, slots=True)
class KnownZone:
    """A zone that an iCalendar object names.

    Attributes:
        fragment: Its ``StartTimeZone`` element; empty for UTC and for what has no zone.
        zone: The zone.
    """

    fragment: str
    zone: tzinfo


class CalendarZones:
    """The zones of one iCalendar object: those known by name, and those that it defines itself.

    Args:
        components: Its ``VTIMEZONE`` components.
    """

    def __init__(self, components: Iterable[Any]) -> None:
        self._defined = {str(one.get("TZID", "")): one for one in components}
        self._known: dict[str, KnownZone | None] = {}

    def of(self, value: Any) -> KnownZone | None:
        """Return the zone of a date or time property; ``None`` where it names none that anybody knows."""
        name = str(value.params.get("TZID", "")).strip('"')
        if name and name not in self._known:
            self._known[name] = self._find(name)
        return self._known.get(name)

    def _find(self, name: str) -> KnownZone | None:
        zone_id = windows_id(name)
        if zone_id is not None and (found := zone_of_id(name) or zone_of_id(zone_id)) is not None:
            fragment = "" if zone_id == "UTC" else f"<t:StartTimeZone Id={attribute(zone_id)}/>"
            return KnownZone(fragment, found)
        component = self._defined.get(name)
        fragment = "" if component is None else zone_element(name, component)
        return KnownZone(fragment, zone_of_fragment(fragment)) if fragment else None


def moment_zone(known: KnownZone | None, value: Any) -> tzinfo:
    """Return whose clock a time is meant by; what has no zone counts as UTC."""
    if known is not None:
        return known.zone
    return getattr(value.dt, "tzinfo", None) or UTC


def zone_element(name: str, component: Any) -> str:
    """Return a ``VTIMEZONE`` as a ``StartTimeZone`` with its rules of today; empty where it has none.

    Args:
        name: Its TZID.
        component: The component.
    """
    latest: dict[str, Any] = {}
    for one in component.subcomponents:
        if one.name in _PERIODS and one.get("DTSTART") is not None and one.get("TZOFFSETTO") is not None:
            before = latest.get(one.name)
            if before is None or _began(one) >= _began(before):
                latest[one.name] = one
    if not latest:
        return ""
    yearly = {kind: _transition(one) for kind, one in latest.items()}
    if len(yearly) < len(_PERIODS) or not all(yearly.values()):
        kind, last = max(latest.items(), key=lambda found: _began(found[1]))
        latest = {kind: last}
        yearly = {kind: f'<t:Transition><t:To Kind="Period">{_PERIODS[kind]}</t:To></t:Transition>'}
    periods = "".join(
        f'<t:Period Bias="{write_duration(-_offset(one))}" Name="{_PERIODS[kind]}" Id="{_PERIODS[kind]}"/>'
        for kind, one in sorted(latest.items(), reverse=True)
    )
    return (
        f"<t:StartTimeZone Id={attribute(name)} Name={attribute(name)}><t:Periods>{periods}</t:Periods>"
        f'<t:TransitionsGroups><t:TransitionsGroup Id="0">{"".join(yearly.values())}</t:TransitionsGroup>'
        '</t:TransitionsGroups><t:Transitions><t:Transition><t:To Kind="Group">0</t:To></t:Transition>'
        "</t:Transitions></t:StartTimeZone>"
    )


def _began(component: Any) -> datetime:
    found: date | datetime = component["DTSTART"].dt
    return found.replace(tzinfo=None) if isinstance(found, datetime) else datetime.combine(found, time.min)


def _offset(component: Any) -> timedelta:
    found: timedelta = component["TZOFFSETTO"].td
    return found


def _transition(component: Any) -> str:
    """Return the yearly change into a period; empty where it does not come again each year."""
    rule = component.get("RRULE")
    if rule is None or rule.get("FREQ") != ["YEARLY"] or rule.get("UNTIL") or rule.get("COUNT"):
        return ""
    began = _began(component)
    month = int((rule.get("BYMONTH") or [began.month])[0])
    day = str((rule.get("BYDAY") or [""])[0])
    offset = write_duration(timedelta(hours=began.hour, minutes=began.minute))
    head = f'<t:To Kind="Period">{_PERIODS[component.name]}</t:To><t:TimeOffset>{offset}</t:TimeOffset><t:Month>{month}</t:Month>'
    if day[-2:] not in _DAYS:
        return f"<t:RecurringDateTransition>{head}<t:Day>{began.day}</t:Day></t:RecurringDateTransition>"
    index = int(day[:-2]) if day[:-2] else _which(rule.get("BYMONTHDAY") or [began.day])
    weekday = WEEKDAYS[_DAYS.index(day[-2:])]
    return (
        f"<t:RecurringDayTransition>{head}<t:DayOfWeek>{weekday}</t:DayOfWeek>"
        f"<t:Occurrence>{index}</t:Occurrence></t:RecurringDayTransition>"
    )


def _which(days: Iterable[Any]) -> int:
    """Return which weekday of the month lies in a week of it: 1 to 4, or -1 for the last."""
    numbers = [int(one) for one in days]
    return -1 if max(numbers) >= _LAST_WEEK else (min(numbers) - 1) // 7 + 1
