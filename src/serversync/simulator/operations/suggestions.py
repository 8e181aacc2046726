"""Suggestions of GetUserAvailability: when a meeting could be, each half hour judged by how many are free."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.freebusy import DIGITS, BusyTime, busy_times
from serversync.simulator.kinds.forms import refusal
from serversync.simulator.legacyzone import LegacyZone
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import TYPES_NS, EwsError
from serversync.simulator.workinghours import WorkingHours
from serversync.simulator.xmltext import boolean

T = f"{{{TYPES_NS}}}"
_QUALITIES = ("Excellent", "Good", "Fair", "Poor")
_STEP = timedelta(minutes=30)
_LONGEST_DAYS = 62


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who is to come.

    Attributes:
        mailbox: The mailbox; ``None`` for somebody unknown.
        is_needed: Whether the meeting cannot be without.
    """

    mailbox: Mailbox | None
    is_needed: bool


@dataclass(frozen=True, slots=True)
class _Options:
    threshold: int
    most: int
    most_outside: int
    lasts: timedelta
    worst: int
    first: date
    last: date
    current: datetime | None


@dataclass(frozen=True, slots=True)
class _Suggestion:
    start: datetime
    local: datetime
    is_work_time: bool
    quality: int
    conflicts: str


def suggest(call: Call, guests: list[Guest], element: etree._Element, zone: LegacyZone) -> str:
    """Return ``SuggestionDayResultArray``: the best times of each day.

    Args:
        call: The request.
        guests: Who is to come.
        element: ``SuggestionsViewOptions``.
        zone: The zone of the request.

    Raises:
        EwsError: a span, duration or threshold that makes no sense.
    """
    options = _options(element, zone)
    begins = zone.to_utc(datetime.combine(options.first, time.min))
    ends = zone.to_utc(datetime.combine(options.last, time.min)) + options.lasts
    busy = [
        [] if one.mailbox is None else busy_times(call.exchange, one.mailbox, begins, ends, call.schema)
        for one in guests
    ]
    days = []
    day = options.first
    while day < options.last:
        days.append(_day(day, guests, busy, options, zone))
        day += timedelta(1)
    return f"<m:SuggestionDayResultArray>{''.join(days)}</m:SuggestionDayResultArray>"


def _options(element: etree._Element, zone: LegacyZone) -> _Options:
    def number(name: str, usual: int, low: int, high: int) -> int:
        value = (element.findtext(f"{T}{name}") or str(usual)).strip()
        if not value.lstrip("-").isdigit() or not low <= int(value) <= high:
            raise EwsError("ErrorInvalidOperation", f"{name} has to be from {low} to {high}.")
        return int(value)

    window = [
        _local(element.findtext(f"{T}DetailedSuggestionsWindow/{T}{name}") or "", zone)
        for name in ("StartTime", "EndTime")
    ]
    first, last = window[0].date(), (window[1] + timedelta(1) - timedelta(microseconds=1)).date()
    if window[1] <= window[0]:
        raise EwsError("ErrorInvalidTimeInterval")
    if (last - first).days > _LONGEST_DAYS:
        raise EwsError("ErrorTimeIntervalTooBig")
    worst = (element.findtext(f"{T}MinimumSuggestionQuality") or "Fair").strip()
    given = element.findtext(f"{T}CurrentMeetingTime")
    return _Options(
        number("GoodThreshold", 25, 1, 49),
        number("MaximumResultsByDay", 10, 0, 48),
        number("MaximumNonWorkHourResultsByDay", 0, 0, 48),
        timedelta(minutes=number("MeetingDurationInMinutes", 30, 30, 1440)),
        _QUALITIES.index(worst) if worst in _QUALITIES else 2,
        first,
        last,
        None if given is None else _local(given, zone),
    )


def _local(value: str, zone: LegacyZone) -> datetime:
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise refusal(value) from None
    return found if found.tzinfo is None else zone.to_local(found.astimezone(UTC))


def _day(
    day: date, guests: list[Guest], busy: list[list[BusyTime]], options: _Options, zone: LegacyZone
) -> str:
    found = sorted(_slots(day, guests, busy, options, zone), key=lambda one: (one.quality, one.local))
    within = [one for one in found if one.is_work_time][: options.most]
    outside = [one for one in found if not one.is_work_time][: options.most_outside]
    chosen = sorted((*within, *outside), key=lambda one: one.local)
    quality = min((one.quality for one in chosen), default=len(_QUALITIES) - 1)
    rows = "".join(
        f"<t:Suggestion><t:MeetingTime>{one.local:%Y-%m-%dT%H:%M:%S}</t:MeetingTime>"
        f"<t:IsWorkTime>{boolean(one.is_work_time)}</t:IsWorkTime>"
        f"<t:SuggestionQuality>{_QUALITIES[one.quality]}</t:SuggestionQuality>"
        f"<t:AttendeeConflictDataArray>{one.conflicts}</t:AttendeeConflictDataArray></t:Suggestion>"
        for one in chosen
    )
    listed = f"<t:SuggestionArray>{rows}</t:SuggestionArray>"
    return (
        f"<t:SuggestionDayResult><t:Date>{day:%Y-%m-%dT00:00:00}</t:Date>"
        f"<t:DayQuality>{_QUALITIES[quality]}</t:DayQuality>{listed}</t:SuggestionDayResult>"
    )


def _slots(
    day: date, guests: list[Guest], busy: list[list[BusyTime]], options: _Options, zone: LegacyZone
) -> Iterator[_Suggestion]:
    """Yield the times of a day that are good enough."""
    organizer = next((one.mailbox for one in guests if one.mailbox is not None), None)
    hours = WorkingHours() if organizer is None else organizer.working_hours
    local = datetime.combine(day, time.min)
    while local.date() == day:
        start = zone.to_utc(local)
        kinds = [_kind(times, start, start + options.lasts) for times in busy]
        quality = _quality(guests, kinds, options.threshold)
        if quality <= options.worst and local != options.current:
            conflicts = "".join(
                "<t:UnknownAttendeeConflictData/>"
                if guest.mailbox is None
                else f"<t:IndividualAttendeeConflictData><t:BusyType>{kind}</t:BusyType></t:IndividualAttendeeConflictData>"
                for guest, kind in zip(guests, kinds, strict=True)
            )
            yield _Suggestion(start, local, hours.cover(local, options.lasts), quality, conflicts)
        local += _STEP


def _kind(times: list[BusyTime], start: datetime, end: datetime) -> str:
    touching = (one.kind for one in times if one.start < end and one.end > start)
    return max(touching, key=lambda kind: DIGITS.get(kind, 2), default="Free")


def _quality(guests: list[Guest], kinds: list[str], threshold: int) -> int:
    """Return 0 where all are free, 1 below the threshold of conflicts, 2 below a half, 3 beyond or without somebody needed."""
    conflicts = [DIGITS.get(kind, 2) > 0 for kind in kinds]
    share = 100 * sum(conflicts) / max(len(guests), 1)
    needed = sum(has for has, guest in zip(conflicts, guests, strict=True) if guest.is_needed)
    if not any(conflicts):
        return 0
    if share <= threshold and not needed:
        return 1
    return 2 if share < 50 else 3
