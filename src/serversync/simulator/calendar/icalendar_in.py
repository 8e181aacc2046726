"""Reads iCalendar into the properties of calendar items."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from icalendar import Calendar, Event

from serversync.simulator.addresses import PARSER_ERRORS, Address
from serversync.simulator.calendar.recurrence import write_recurrence
from serversync.simulator.calendar.rrule import read_rrule, until_day
from serversync.simulator.calendar.timezones import localize
from serversync.simulator.calendar.vtimezone import CalendarZones, moment_zone
from serversync.simulator.kinds.attendee import Attendee
from serversync.simulator.kinds.forms import BodyText
from serversync.simulator.response import EwsError
from serversync.simulator.storeditem import StoredItem

_RESPONSES = {"ACCEPTED": "Accept", "TENTATIVE": "Tentative", "DECLINED": "Decline"}
_BUSY = {
    "FREE": "Free",
    "TENTATIVE": "Tentative",
    "BUSY": "Busy",
    "OOF": "OOF",
    "WORKINGELSEWHERE": "WorkingElsewhere",
}
_SENSITIVITY = {"PRIVATE": "Private", "CONFIDENTIAL": "Confidential"}


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """What an iCalendar object says.

    Attributes:
        method: ``REQUEST``, ``REPLY``, ``CANCEL``; empty for none.
        properties: Those of the series or the single item, by field URI.
        exceptions: Those that differ, by the ordinal of the day; ``None`` for a deleted occurrence.
        organizer: Who organizes it.
        attendees: Who is invited, or answers.
    """

    method: str
    properties: dict[str, Any]
    exceptions: dict[int, StoredItem | None]
    organizer: Address | None
    attendees: tuple[Attendee, ...]


def read_calendar(raw: bytes, received: datetime) -> ReadCalendar:
    """Read an iCalendar object.

    Raises:
        EwsError: ``ErrorMimeContentInvalid``: it holds no event; ``ErrorMimeContentConversionFailed``: Exchange has
            nothing like it.
    """
    try:
        calendar = Calendar.from_ical(raw)
        events: list[Any] = [
            one for one in calendar.walk("VEVENT") if isinstance(one, Event) and one.get("DTSTART")
        ]
    except PARSER_ERRORS as problem:
        raise EwsError("ErrorMimeContentInvalid") from problem
    if not events:
        raise EwsError("ErrorMimeContentInvalid")
    main = next((one for one in events if one.get("RECURRENCE-ID") is None), events[0])
    try:
        zones = CalendarZones(calendar.walk("VTIMEZONE"))
        properties = _properties(main, zones)
        exceptions = _deleted(main, properties)
        for one in events:
            if one is not main:
                number, own = _exception(one, properties, zones)
                exceptions[number] = StoredItem(0, 0, None, received, properties=own)
    except (*PARSER_ERRORS, OverflowError) as problem:
        raise EwsError("ErrorMimeContentConversionFailed") from problem
    organizer = main.get("ORGANIZER")
    return ReadCalendar(
        str(calendar.get("METHOD", "")).upper(),
        properties,
        exceptions,
        None if organizer is None else _address(organizer),
        tuple(one for uri in _ROLES.values() for one in properties.get(uri) or ()),
    )


def _address(value: Any) -> Address:
    text = str(value)
    address = text[7:] if text.lower().startswith("mailto:") else text
    return Address(str(value.params.get("CN", "")).strip('"') or address, address)


def _moment(value: Any, zone: tzinfo, zones: CalendarZones) -> datetime:
    """Return a date or time in UTC; its own zone decides, then the one given."""
    found = value.dt
    if not isinstance(found, datetime):
        return localize(datetime.combine(found, time.min), zone)
    own = zones.of(value)
    if own is not None:
        return localize(found.replace(tzinfo=None), own.zone)
    return localize(found.replace(tzinfo=None), found.tzinfo or zone)


def _span(event: Any, zone: tzinfo, zones: CalendarZones) -> tuple[datetime, datetime, bool]:
    start = event["DTSTART"]
    is_date = not isinstance(start.dt, datetime)
    begins = _moment(start, zone, zones)
    if event.get("DTEND") is not None:
        return begins, _moment(event["DTEND"], zone, zones), is_date
    lasts = (
        event["DURATION"].dt
        if event.get("DURATION") is not None
        else timedelta(1)
        if is_date
        else timedelta()
    )
    return begins, begins + lasts, is_date


_ROLES = {
    "REQ-PARTICIPANT": "calendar:RequiredAttendees",
    "OPT-PARTICIPANT": "calendar:OptionalAttendees",
    "NON-PARTICIPANT": "calendar:Resources",
}


def _invited(event: Any) -> dict[str, tuple[Attendee, ...]]:
    found: dict[str, list[Attendee]] = {}
    listed = event.get("ATTENDEE") or []
    organizer = event.get("ORGANIZER")
    own = "" if organizer is None else _address(organizer).address.lower()
    for value in listed if isinstance(listed, list) else [listed]:
        person = _address(value)
        if person.address.lower() == own:
            continue
        uri = _ROLES.get(str(value.params.get("ROLE", "")).upper(), _ROLES["REQ-PARTICIPANT"])
        if str(value.params.get("CUTYPE", "")).upper() in {"RESOURCE", "ROOM"}:
            uri = "calendar:Resources"
        response = _RESPONSES.get(str(value.params.get("PARTSTAT", "")).upper(), "Unknown")
        found.setdefault(uri, []).append(Attendee(person, response))
    return {uri: tuple(people) for uri, people in found.items()}


def _texts(event: Any) -> dict[str, Any]:
    description = str(event.get("DESCRIPTION") or "")
    busy = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS") or "").upper()
    is_free = str(event.get("TRANSP") or "").upper() == "TRANSPARENT"
    given: dict[str, Any] = {
        "item:Subject": str(event.get("SUMMARY") or ""),
        "calendar:Location": str(event.get("LOCATION") or "") or None,
        "item:Body": BodyText("Text", description) if description else None,
        "item:Sensitivity": _SENSITIVITY.get(str(event.get("CLASS") or "").upper(), "Normal"),
        "calendar:LegacyFreeBusyStatus": _BUSY.get(busy) or ("Free" if is_free else "Busy"),
        "calendar:AppointmentSequenceNumber": int(str(event.get("SEQUENCE") or 0)),
    }
    categories = event.get("CATEGORIES")
    if categories is not None:
        listed = categories if isinstance(categories, list) else [categories]
        given["item:Categories"] = tuple(str(one) for group in listed for one in group.cats) or None
    alarm = next((one for one in event.walk("VALARM") if one.get("TRIGGER") is not None), None)
    given["item:ReminderIsSet"] = alarm is not None
    if alarm is not None and isinstance(alarm["TRIGGER"].dt, timedelta):
        given["item:ReminderMinutesBeforeStart"] = max(0, int(-alarm["TRIGGER"].dt.total_seconds()) // 60)
    return given


def _properties(event: Any, zones: CalendarZones, fallback: tzinfo | None = None) -> dict[str, Any]:
    known = zones.of(event["DTSTART"])
    zone = moment_zone(known, event["DTSTART"])
    if fallback is not None and known is None:
        zone = fallback
    start, end, is_date = _span(event, zone, zones)
    given = {
        **_texts(event),
        **_invited(event),
        "calendar:UID": str(event.get("UID") or "") or None,
        "calendar:Start": start,
        "calendar:End": end,
        "calendar:IsAllDayEvent": is_date
        or str(event.get("X-MICROSOFT-CDO-ALLDAYEVENT") or "").upper() == "TRUE",
    }
    if known is not None and known.fragment:
        given["calendar:StartTimeZone"] = known.fragment
    rule = event.get("RRULE")
    if rule is not None:
        local = start.astimezone(zone)
        last = until_day(rule, local if isinstance(event["DTSTART"].dt, datetime) else local.date())
        given["calendar:Recurrence"] = write_recurrence(read_rrule(rule, local.date(), last))
    if event.get("RECURRENCE-ID") is not None:
        original = _moment(event["RECURRENCE-ID"], zone, zones)
        given |= {"calendar:RecurrenceId": original, "calendar:OriginalStart": original}
    return given


def _own_zone(properties: dict[str, Any]) -> tzinfo:
    from serversync.simulator.calendar.series import zone_of

    return zone_of(properties)


def _deleted(event: Any, properties: dict[str, Any]) -> dict[int, StoredItem | None]:
    zone = _own_zone(properties)
    listed = event.get("EXDATE") or []
    groups = listed if isinstance(listed, list) else [listed]
    found: dict[int, StoredItem | None] = {}
    for group in groups:
        for one in group.dts:
            found[_day(one.dt, zone).toordinal()] = None
    return found


def _day(value: datetime | date, zone: tzinfo) -> date:
    if not isinstance(value, datetime):
        return value
    return (value if value.tzinfo is None else value.astimezone(zone)).date()


def _exception(event: Any, properties: dict[str, Any], zones: CalendarZones) -> tuple[int, dict[str, Any]]:
    zone = _own_zone(properties)
    own = _properties(event, zones, zone)
    day = own["calendar:RecurrenceId"].astimezone(zone).date()
    skipped = {"calendar:RecurrenceId", "calendar:OriginalStart", "calendar:StartTimeZone"}
    differs = {
        uri: value
        for uri, value in own.items()
        if uri not in skipped and (uri in {"calendar:Start", "calendar:End"} or value != properties.get(uri))
    }
    return day.toordinal(), differs


Reader = Callable[[bytes], dict[str, Any]]
