"""Time zones as EWS writes them: Windows ids, definitions carried along, and the form of 2007.

A zone is a ``tzinfo``. A Windows id leads to the IANA zone that CLDR names for it; a definition that a client
carries along becomes a zone of its own rules. Equal texts give the same object, so that zones can be compared.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from lxml import etree
from tzlocal.windows_tz import tz_win, win_tz

from serversync.simulator.response import TYPES_NS, EwsError

T = f"{{{TYPES_NS}}}"
_ZERO = timedelta()
_DURATION = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?", re.ASCII)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""The days of the week as EWS writes them, Monday first."""
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ORDINALS = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
_UTC_IDS = frozenset({"UTC", "tzone://Microsoft/Utc", "Etc/UTC", "GMT"})


def read_duration(value: str) -> timedelta:
    """Return an ``xs:duration`` of days and times.

    Raises:
        EwsError: ``ErrorCalendarInvalidTimeZone``: it is none, or counts months.
    """
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise EwsError("ErrorCalendarInvalidTimeZone")
    sign, days, hours, minutes, seconds = match.groups()
    found = timedelta(int(days or 0), int(seconds or 0), 0, 0, int(minutes or 0), int(hours or 0))
    return -found if sign else found


def write_duration(value: timedelta) -> str:
    """Return an ``xs:duration`` in hours and minutes, as Exchange writes biases and offsets."""
    minutes = int(value.total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("", minutes)
    hours, rest = divmod(minutes, 60)
    return f"{sign}PT{hours}H" + (f"{rest}M" if rest else "")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the clock, every year.

    Attributes:
        month: 1 to 12.
        weekday: Monday is 0; ``None`` for a fixed day of the month.
        day: Which of these weekdays in the month (-1 for the last), or the day of the month.
        time: Wall-clock time of the change, by the clock before it.
        offset: Offset from UTC after it.
        name: What the zone is called after it.
    """

    month: int
    weekday: int | None
    day: int
    time: timedelta
    offset: timedelta
    name: str = ""

    def at(self, year: int) -> datetime:
        """Return when it is in a year, by the clock before it."""
        if self.weekday is None:
            day = date(year, self.month, self.day)
        else:
            day = nth_weekday(year, self.month, {self.weekday}, self.day)
        return datetime.combine(day, clock.min) + self.time


def nth_weekday(year: int, month: int, weekdays: set[int], index: int) -> date:
    """Return the n-th day of a month that is one of some weekdays; -1 stands for the last."""
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    days = [first + timedelta(number) for number in range((following - first).days)]
    matching = [day for day in days if day.weekday() in weekdays]
    return matching[-1] if index < 0 else matching[min(index, len(matching)) - 1]


@dataclass(frozen=True, slots=True)
class Era:
    """Rules that hold from a year on.

    Attributes:
        since: The first year; 1 for always.
        changes: What happens each year; none where the clock never changes.
        offset: The offset where the clock never changes.
    """

    since: int
    changes: tuple[Change, ...]
    offset: timedelta


class RuleZone(tzinfo):
    """A zone that follows rules of its own.

    Args:
        key: Its id or name.
        eras: Its rules, the oldest first.
    """

    def __init__(self, key: str, eras: tuple[Era, ...]) -> None:
        self.key = key
        self.eras = eras

    def _era(self, year: int) -> Era:
        return next((one for one in reversed(self.eras) if one.since <= year), self.eras[0])

    def _offset(self, when: datetime) -> timedelta:
        era = self._era(when.year)
        if not era.changes:
            return era.offset
        local = when.replace(tzinfo=None, fold=0)
        changes = sorted(((one.at(when.year), one) for one in era.changes), key=lambda change: change[0])
        before = changes[-1][1].offset
        for moment, change in changes:
            gain = change.offset - before
            if local >= moment + (min(gain, _ZERO) if when.fold else max(gain, _ZERO)):
                before = change.offset
        return before

    @cached_property
    def offsets(self) -> tuple[timedelta, ...]:
        """All offsets from UTC that it knows, the biggest first."""
        found = {one.offset for era in self.eras for one in era.changes} | {one.offset for one in self.eras}
        return tuple(sorted(found, reverse=True))

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return local time minus UTC; of a time that comes twice, the first unless ``fold`` says otherwise."""
        return None if dt is None else self._offset(dt)

    def dst(self, dt: datetime | None) -> timedelta | None:
        """Return by how much the clock is ahead of the smallest offset."""
        return None if dt is None else self._offset(dt) - min(self.offsets)

    def tzname(self, _dt: datetime | None) -> str:
        """Return its id."""
        return self.key

    def fromutc(self, dt: datetime) -> datetime:
        """Return a UTC time on this zone's clock."""
        for fold in (0, 1):
            for offset in self.offsets:
                local = (dt + offset).replace(fold=fold)
                if self._offset(local) == offset:
                    return local
        return dt + self.offsets[-1]


def zone_of_id(zone_id: str) -> tzinfo | None:
    """Return the zone with a Windows id; ``None`` for an unknown one."""
    if zone_id in _UTC_IDS:
        return UTC
    name = win_tz.get(zone_id)
    return None if name is None else ZoneInfo(name)


def windows_id(name: str) -> str | None:
    """Return the Windows id of an IANA zone, or ``None``; a Windows id stands for itself."""
    if name in _UTC_IDS:
        return "UTC"
    return name if name in win_tz else tz_win.get(name)


def id_of(zone: tzinfo) -> str:
    """Return the id by which a zone is told to clients."""
    if zone is UTC:
        return "UTC"
    key = str(getattr(zone, "key", ""))
    return windows_id(key) or key or "UTC"


@lru_cache(maxsize=512)
def zone_of_fragment(fragment: str) -> tzinfo:
    """Return the zone of a ``StartTimeZone``, ``TimeZoneDefinition`` or ``MeetingTimeZone`` element.

    A known Windows id wins over the definition beside it.

    Raises:
        EwsError: ``ErrorCalendarInvalidTimeZone``: neither a known id nor a definition.
    """
    element = etree.fromstring(f'<x xmlns:t="{TYPES_NS}">{fragment}</x>')[0]
    key = element.get("Id") or element.get("TimeZoneName") or ""
    known = zone_of_id(key)
    if known is not None:
        return known
    if element.find(f"{T}Periods") is not None:
        return _defined(key or element.get("Name", ""), element)
    if element.find(f"{T}BaseOffset") is not None:
        return _of_2007(key, element)
    raise EwsError("ErrorCalendarInvalidTimeZone")


def _defined(key: str, element: etree._Element) -> RuleZone:
    """Read a definition of 2010: periods, groups of yearly changes, and when which group holds."""
    periods = {
        one.get("Id", ""): (-read_duration(one.get("Bias", "PT0H")), one.get("Name", ""))
        for one in element.iterfind(f"{T}Periods/{T}Period")
    }
    groups = {one.get("Id", ""): one for one in element.iterfind(f"{T}TransitionsGroups/{T}TransitionsGroup")}
    eras = []
    for transition in element.iterfind(f"{T}Transitions/*"):
        target = transition.find(f"{T}To")
        when = transition.findtext(f"{T}DateTime") or ""
        year = int(when[:4]) if when[:4].isdigit() else 1
        if target is not None and (target.text or "") in groups:
            eras.append(_era(year, groups[target.text or ""], periods))
    if not eras and periods:
        eras = [Era(1, (), next(iter(periods.values()))[0])]
    if not eras:
        raise EwsError("ErrorCalendarInvalidTimeZone")
    return RuleZone(key or "Customized Time Zone", tuple(sorted(eras, key=lambda era: era.since)))


def _era(year: int, group: etree._Element, periods: dict[str, tuple[timedelta, str]]) -> Era:
    changes, offset = [], None
    for one in group:
        found = periods.get(one.findtext(f"{T}To") or "")
        if found is None:
            raise EwsError("ErrorCalendarInvalidTimeZone")
        offset = found[0] if offset is None else offset
        name = etree.QName(one).localname
        if name not in {"RecurringDayTransition", "RecurringDateTransition"}:
            continue
        weekday = one.findtext(f"{T}DayOfWeek")
        index = one.findtext(f"{T}Occurrence") if weekday else one.findtext(f"{T}Day")
        if weekday and weekday not in WEEKDAYS:
            raise EwsError("ErrorCalendarInvalidDayForTimeChangePattern")
        changes.append(
            Change(
                int(one.findtext(f"{T}Month") or 1),
                WEEKDAYS.index(weekday) if weekday else None,
                int(index or 1),
                read_duration(one.findtext(f"{T}TimeOffset") or "PT0H"),
                *found,
            )
        )
    return Era(year, tuple(changes) if len(changes) > 1 else (), offset or _ZERO)


def _of_2007(key: str, element: etree._Element) -> RuleZone:
    """Read a definition of 2007: an offset, and how standard and daylight time differ from it."""
    base = read_duration(element.findtext(f"{T}BaseOffset") or "PT0H")
    changes = []
    for name in ("Standard", "Daylight"):
        one = element.find(f"{T}{name}")
        if one is None:
            continue
        offset = -(base + read_duration(one.findtext(f"{T}Offset") or "PT0H"))
        clock = (one.findtext(f"{T}Time") or "00:00:00").split(":")
        time = timedelta(hours=int(clock[0]), minutes=int(clock[1]))
        yearly = one.find(f"{T}RelativeYearlyRecurrence")
        if yearly is not None:
            weekday = yearly.findtext(f"{T}DaysOfWeek") or ""
            if weekday not in WEEKDAYS:
                raise EwsError("ErrorCalendarInvalidDayForTimeChangePattern")
            month = _MONTHS.index(yearly.findtext(f"{T}Month") or "January") + 1
            index = _ORDINALS[yearly.findtext(f"{T}DayOfWeekIndex") or "First"]
            changes.append(Change(month, WEEKDAYS.index(weekday), index, time, offset, name))
        elif (fixed := one.findtext(f"{T}AbsoluteDate")) is not None:
            changes.append(Change(int(fixed[5:7]), None, int(fixed[8:10]), time, offset, name))
    return RuleZone(key or "Customized Time Zone", (Era(1, tuple(changes), -base),))


def localize(local: datetime, zone: tzinfo) -> datetime:
    """Return the UTC time of a wall clock; one that does not exist counts by the clock before the change.

    Raises:
        EwsError: ``ErrorCalendarOutOfRange``.
    """
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise EwsError("ErrorCalendarOutOfRange") from None


@lru_cache(maxsize=2048)
def changes_in(zone: tzinfo, year: int) -> tuple[tuple[datetime, timedelta, timedelta], ...]:
    """Return when a zone's clock changes in a year: UTC time, offset before, offset after."""
    found = []
    moment = datetime(year, 1, 1, tzinfo=UTC)
    end = datetime(year + 1, 1, 1, tzinfo=UTC)
    before = _offset_at(moment, zone)
    while moment < end:
        following = moment + timedelta(1)
        after = _offset_at(following, zone)
        if after != before:
            low, high = moment, following
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 120 * 60
                if _offset_at(middle, zone) == before:
                    low = middle
                else:
                    high = middle
            found.append((high.replace(second=0, microsecond=0), before, after))
        moment, before = following, after
    return tuple(found)


def _offset_at(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _ZERO


def change_rule(moment: datetime, before: timedelta) -> tuple[int, int, int, timedelta]:
    """Return month, weekday, which of them (-1 for the last) and wall-clock time of a change."""
    local = (moment + before).replace(tzinfo=None)
    is_last = (local + timedelta(7)).month != local.month
    index = -1 if is_last else (local.day - 1) // 7 + 1
    return local.month, local.weekday(), index, timedelta(hours=local.hour, minutes=local.minute)


def display_name(zone: tzinfo, year: int) -> str:
    """Return what a zone is called: its standard offset and id."""
    changes = changes_in(zone, year)
    offset = min(
        (min(one[1], one[2]) for one in changes), default=_offset_at(datetime(year, 1, 1, tzinfo=UTC), zone)
    )
    minutes = int(offset.total_seconds()) // 60
    shown = (
        f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        if minutes
        else "UTC"
    )
    return f"({shown}) {id_of(zone).removesuffix(' Standard Time')}"


@lru_cache(maxsize=1024)
def definition(name: str, zone: tzinfo, year: int, zone_id: str = "") -> str:
    """Return a zone as an element of 2010 with all its data.

    Args:
        name: Name of the element, for example ``StartTimeZone``.
        zone: The zone.
        year: Whose changes of the clock are told.
        zone_id: By which id it is told; several Windows ids share an IANA zone.
    """
    zone_id = zone_id or id_of(zone)
    changes = changes_in(zone, year)
    standard = min((min(one[1], one[2]) for one in changes), default=None)
    rows, periods = [], {}
    if standard is None:
        periods["Standard"] = _offset_at(datetime(year, 1, 1, tzinfo=UTC), zone)
        rows.append(_to("Standard", zone_id))
    for moment, before, after in changes:
        label = "Standard" if after == standard else "Daylight"
        periods[label] = after
        month, weekday, index, time = change_rule(moment, before)
        rows.append(
            f"<t:RecurringDayTransition>{_target(label, zone_id)}<t:TimeOffset>{write_duration(time)}</t:TimeOffset>"
            f"<t:Month>{month}</t:Month><t:DayOfWeek>{WEEKDAYS[weekday]}</t:DayOfWeek>"
            f"<t:Occurrence>{index}</t:Occurrence></t:RecurringDayTransition>"
        )
    listed = "".join(
        f'<t:Period Bias="{write_duration(-offset)}" Name="{label}" Id="{_period(label, zone_id)}"/>'
        for label, offset in sorted(periods.items(), reverse=True)
    )
    return (
        f'<t:{name} Id="{zone_id}" Name="{display_name(zone, year)}"><t:Periods>{listed}</t:Periods>'
        f'<t:TransitionsGroups><t:TransitionsGroup Id="0">{"".join(rows)}</t:TransitionsGroup></t:TransitionsGroups>'
        f'<t:Transitions><t:Transition><t:To Kind="Group">0</t:To></t:Transition></t:Transitions></t:{name}>'
    )


def _period(label: str, zone_id: str) -> str:
    return f"trule:Microsoft/Registry/{zone_id}/1-{label}"


def _target(label: str, zone_id: str) -> str:
    return f'<t:To Kind="Period">{_period(label, zone_id)}</t:To>'


def _to(label: str, zone_id: str) -> str:
    return f"<t:Transition>{_target(label, zone_id)}</t:Transition>"


def all_ids() -> list[str]:
    """Return the Windows ids that a server knows, in their order."""
    return sorted(win_tz)
