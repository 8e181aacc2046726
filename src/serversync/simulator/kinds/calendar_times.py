"""Start, end, zone and series of a calendar item, brought into order before it is stored."""

from datetime import MAXYEAR, UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise
from typing import Any

from serversync.simulator.calendar.globalid import new_uid
from serversync.simulator.calendar.series import Series, series_of, zone_of
from serversync.simulator.calendar.timezones import id_of, localize, zone_of_fragment
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import StoredItem

_ZONES = ("calendar:StartTimeZone", "calendar:EndTimeZone", "calendar:MeetingTimeZone")
_IDS = ("calendar:StartTimeZoneId", "calendar:EndTimeZoneId")
_MOST_LOOKED_AT = 60


def localize_item(item: StoredItem, changed: frozenset[str], zone: tzinfo) -> None:
    """Give times that came without a zone the item's own, else that of the request.

    An item keeps the zone of the request where it names none, as Exchange keeps it.

    Raises:
        EwsError: ``ErrorCalendarInvalidTimeZone``.
    """
    given = item.properties
    if given is None:
        return
    for uri in _IDS:
        if given.get(uri) and uri in changed:
            name = uri.partition(":")[2].removesuffix("Id")
            given[f"calendar:{name}"] = f'<t:{name} Id="{given.pop(uri)}"/>'
    for uri in _ZONES:
        if given.get(uri):
            zone_of_fragment(given[uri])
    is_timed = bool({"calendar:Start", "calendar:End"} & changed)
    if is_timed and not any(given.get(uri) for uri in _ZONES) and zone is not UTC:
        given["calendar:StartTimeZone"] = f'<t:StartTimeZone Id="{id_of(zone)}"/>'
    starts_in = zone_of(given, zone)
    end_zone = given.get("calendar:EndTimeZone")
    ends_in = zone_of_fragment(end_zone) if end_zone else starts_in
    for uri, where in (("calendar:Start", starts_in), ("calendar:End", ends_in)):
        value = given.get(uri)
        if isinstance(value, datetime) and value.tzinfo is None:
            given[uri] = localize(value, where)


def settle_times(item: StoredItem, changed: frozenset[str], now: datetime) -> None:
    """Check the times and give a new item what it needs.

    Raises:
        EwsError: an end before its start, a series without an occurrence, and what else cannot be.
    """
    given = item.properties
    if given is None:
        return
    if item.occurrence and given.get("calendar:Recurrence"):
        raise EwsError("ErrorCalendarInvalidPropertyState")
    start = given.get("calendar:Start") or now.replace(
        minute=30 * (now.minute // 30), second=0, microsecond=0
    )
    given["calendar:Start"] = start
    if given.get("calendar:End") is None:
        given["calendar:End"] = start + timedelta(minutes=30)
    _check_span(start, given["calendar:End"])
    if given.get("calendar:IsAllDayEvent"):
        _whole_days(given)
    _settle_series(item, given)
    if not given.get("calendar:UID"):
        given["calendar:UID"] = new_uid()
    given.setdefault("item:ReminderIsSet", True)
    minutes = given.setdefault("item:ReminderMinutesBeforeStart", 15)
    if "item:ReminderDueBy" not in changed:
        given["item:ReminderDueBy"] = given["calendar:Start"]
    try:
        given["item:ReminderNextTime"] = given["calendar:Start"] - timedelta(minutes=minutes or 0)
    except OverflowError:
        raise EwsError("ErrorCalendarOutOfRange") from None
    given["calendar:DateTimeStamp"] = now


def _check_span(start: datetime, end: datetime) -> None:
    if end.year == MAXYEAR:  # no clock can be reckoned to the end of it
        raise EwsError("ErrorCalendarOutOfRange")
    if end < start:
        raise EwsError("ErrorCalendarEndDateIsEarlierThanStartDate")
    if end - start > timedelta(days=5 * 365):
        raise EwsError("ErrorCalendarDurationIsTooLong")


def _whole_days(given: dict[str, Any]) -> None:
    """An all-day event begins and ends at midnight of its zone, and has a day at least."""
    zone = zone_of(given)
    first, last = (
        given[uri].astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        for uri in ("calendar:Start", "calendar:End")
    )
    # Where the clock leaves midnight out, the day begins later on the wall, at the very same moment.
    if localize(last, zone) < given["calendar:End"] or last == first:
        last += timedelta(1)
    given["calendar:Start"], given["calendar:End"] = localize(first, zone), localize(last, zone)


def _settle_series(item: StoredItem, given: dict[str, Any]) -> None:
    """A master is where its first occurrence is."""
    series = series_of(item)
    if series is None:
        return
    first = series.recurrence.first()
    _check_gaps(series)
    given["calendar:Start"], given["calendar:End"] = series.start(first), series.end(first)


def _check_gaps(series: Series) -> None:
    if series.lasts <= timedelta(1):
        return
    days = islice(series.recurrence.dates(), _MOST_LOOKED_AT)
    if any(after - before < series.lasts for before, after in pairwise(days)):
        raise EwsError("ErrorOccurrenceTimeSpanTooBig")
