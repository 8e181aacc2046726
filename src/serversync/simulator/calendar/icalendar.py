"""Calendar items as iCalendar (RFC 5545), as Exchange gives and takes them.

Zones are named by Windows id and carried along as VTIMEZONE. What is read is turned into properties by field URI;
what Exchange cannot express is refused as ``ErrorMimeContentConversionFailed``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from serversync.simulator.addresses import Address
from serversync.simulator.bodytext import html_to_text
from serversync.simulator.calendar.rrule import CODES, write_rrule
from serversync.simulator.calendar.series import occurrence, series_of, zone_of
from serversync.simulator.calendar.timezones import change_rule, changes_in, id_of
from serversync.simulator.kinds.attendee import Attendee
from serversync.simulator.storeditem import StoredItem

_PART_STATS = {"Accept": "ACCEPTED", "Tentative": "TENTATIVE", "Decline": "DECLINED", "Organizer": "ACCEPTED"}
_ROLES = (
    ("calendar:RequiredAttendees", "REQ-PARTICIPANT", "INDIVIDUAL"),
    ("calendar:OptionalAttendees", "OPT-PARTICIPANT", "INDIVIDUAL"),
    ("calendar:Resources", "NON-PARTICIPANT", "RESOURCE"),
)
_CLASSES = {"Private": "PRIVATE", "Confidential": "CONFIDENTIAL", "Personal": "PRIVATE"}
_PRIORITIES = {"High": "1", "Low": "9"}
_BREAK = re.compile(r"\r\n|\r|\n")
_STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who says it.

    Attributes:
        organizer: The organizer; ``None`` for an appointment without attendees.
        method: ``PUBLISH``, ``REQUEST``, ``REPLY`` or ``CANCEL``.
        attendees: Who is named, where it is not everybody who is invited.
    """

    organizer: Address | None = None
    method: str = "PUBLISH"
    attendees: tuple[Attendee, ...] | None = None


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _BREAK.sub("\\\\n", escaped)


def _parameter(value: str) -> str:
    return '"' + re.sub(r'[\x00-\x1f"\x7f]', "'", value) + '"'


def _fold(line: str) -> str:
    raw = line.encode("utf-8", "replace")
    if len(raw) <= 75:
        return raw.decode()
    pieces: list[str] = []
    rest = raw.decode()
    while rest:
        size, length = 0, 0
        limit = 74 if pieces else 75
        for sign in rest:
            size += len(sign.encode())
            if size > limit:
                break
            length += 1
        pieces.append(rest[:length])
        rest = rest[length:]
    return "\r\n ".join(pieces)


def _offset(value: timedelta) -> str:
    minutes = int(value.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def _time_zone(zone: tzinfo, year: int) -> Iterator[str]:
    yield from ("BEGIN:VTIMEZONE", f"TZID:{id_of(zone)}")
    changes = changes_in(zone, year)
    if not changes:
        offset = _offset(datetime(year, 1, 1, tzinfo=UTC).astimezone(zone).utcoffset() or timedelta())
        yield from (
            "BEGIN:STANDARD",
            "DTSTART:16010101T000000",
            f"TZOFFSETFROM:{offset}",
            f"TZOFFSETTO:{offset}",
        )
        yield "END:STANDARD"
    for moment, before, after in changes:
        name = "DAYLIGHT" if after > before else "STANDARD"
        month, weekday, index, clock = change_rule(moment, before)
        hours, minutes = divmod(int(clock.total_seconds()) // 60, 60)
        yield from (
            f"BEGIN:{name}",
            f"DTSTART:16010101T{hours:02}{minutes:02}00",
            f"TZOFFSETFROM:{_offset(before)}",
            f"TZOFFSETTO:{_offset(after)}",
            f"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY={index}{CODES[weekday]};BYMONTH={month}",
            f"END:{name}",
        )
    yield "END:VTIMEZONE"


def _moment(name: str, value: datetime, zone: tzinfo, *, is_date: bool) -> str:
    local = value.astimezone(zone)
    if is_date:
        return f"{name};VALUE=DATE:{local:%Y%m%d}"
    if zone is UTC:
        return f"{name}:{local:{_STAMP}}Z"
    return f"{name};TZID={_parameter(id_of(zone)) if ':' in id_of(zone) else id_of(zone)}:{local:{_STAMP}}"


def _people(given: dict[str, Any], sender: Sender) -> Iterator[str]:
    if sender.organizer is None:
        return
    organizer = sender.organizer
    yield f"ORGANIZER;CN={_parameter(organizer.name or organizer.address)}:mailto:{organizer.address}"
    for uri, role, kind in _ROLES:
        for one in given.get(uri) or ():
            if sender.attendees is not None and one not in sender.attendees:
                continue
            status = _PART_STATS.get(one.response, "NEEDS-ACTION")
            asks = (
                "" if sender.method == "REPLY" else f";RSVP={'TRUE' if status == 'NEEDS-ACTION' else 'FALSE'}"
            )
            yield (
                f"ATTENDEE;CUTYPE={kind};ROLE={role};PARTSTAT={status}{asks};"
                f"CN={_parameter(one.person.name or one.person.address)}:mailto:{one.person.address}"
            )


def _event(item: StoredItem, sender: Sender, now: datetime) -> Iterator[str]:
    given = item.properties or {}
    zone, is_date = zone_of(given), bool(given.get("calendar:IsAllDayEvent"))
    series = series_of(item)
    body = given.get("item:Body")
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(str(given.get('calendar:UID') or ''))}"
    yield f"DTSTAMP:{(given.get('calendar:DateTimeStamp') or now):{_STAMP}}Z"
    if given.get("calendar:RecurrenceId"):
        yield _moment("RECURRENCE-ID", given["calendar:RecurrenceId"], zone, is_date=is_date)
    yield _moment("DTSTART", given["calendar:Start"], zone, is_date=is_date)
    yield _moment("DTEND", given["calendar:End"], zone, is_date=is_date)
    if series is not None:
        last = series.recurrence.end
        moment = localized_end(series.start(last), is_date=is_date, zone=zone) if last else ""
        yield f"RRULE:{write_rrule(series.recurrence, moment)}"
        for number, one in sorted((item.exceptions or {}).items()):
            if one is None:
                yield _moment("EXDATE", series.start(date.fromordinal(number)), zone, is_date=is_date)
    yield f"SUMMARY:{_text(given.get('item:Subject') or '')}"
    if given.get("calendar:Location"):
        yield f"LOCATION:{_text(given['calendar:Location'])}"
    if body is not None and body.content:
        content = html_to_text(body.content) if body.kind == "HTML" else body.content
        yield f"DESCRIPTION:{_text(content)}"
    yield f"CLASS:{_CLASSES.get(given.get('item:Sensitivity') or '', 'PUBLIC')}"
    yield f"PRIORITY:{_PRIORITIES.get(given.get('item:Importance') or '', '5')}"
    if given.get("item:Categories"):
        yield f"CATEGORIES:{','.join(_text(one) for one in given['item:Categories'])}"
    busy = given.get("calendar:LegacyFreeBusyStatus") or "Busy"
    is_cancelled = sender.method == "CANCEL" or given.get("calendar:IsCancelled")
    is_open = busy == "Tentative" and sender.method == "PUBLISH"
    status = "CANCELLED" if is_cancelled else "TENTATIVE" if is_open else "CONFIRMED"
    yield f"TRANSP:{'TRANSPARENT' if busy == 'Free' else 'OPAQUE'}"
    yield f"STATUS:{status}"
    yield f"SEQUENCE:{given.get('calendar:AppointmentSequenceNumber') or 0}"
    yield from _people(given, sender)
    yield f"X-MICROSOFT-CDO-BUSYSTATUS:{busy.upper()}"
    intended = given.get("meetingRequest:IntendedFreeBusyStatus")
    if intended and sender.method == "REQUEST":
        yield f"X-MICROSOFT-CDO-INTENDEDSTATUS:{intended.upper()}"
    yield f"X-MICROSOFT-CDO-ALLDAYEVENT:{str(is_date).upper()}"
    if given.get("item:ReminderIsSet") and sender.method in {"PUBLISH", "REQUEST"}:
        minutes = given.get("item:ReminderMinutesBeforeStart") or 0
        yield from ("BEGIN:VALARM", "DESCRIPTION:REMINDER", f"TRIGGER;RELATED=START:-PT{minutes}M")
        yield from ("ACTION:DISPLAY", "END:VALARM")
    yield "END:VEVENT"


def localized_end(moment: datetime, *, is_date: bool, zone: tzinfo) -> str:
    """Return a time as ``UNTIL`` says it: a date for whole days, else in UTC."""
    return f"{moment.astimezone(zone):%Y%m%d}" if is_date else f"{moment:{_STAMP}}Z"


def write_calendar(item: StoredItem, sender: Sender, now: datetime) -> bytes:
    """Return a calendar item with its exceptions as an iCalendar object.

    Args:
        item: A single item, a master or an occurrence.
        sender: Who says it, to whom.
        now: The time, for items that do not say when they were changed.
    """
    given = item.properties or {}
    zone = zone_of(given)
    lines = [
        "BEGIN:VCALENDAR",
        f"METHOD:{sender.method}",
        "PRODID:Microsoft Exchange Server 2010",
        "VERSION:2.0",
    ]
    if zone is not UTC:
        lines += _time_zone(zone, given["calendar:Start"].year)
    lines += _event(item, sender, now)
    for number, one in sorted((item.exceptions or {}).items()):
        if one is not None and series_of(item) is not None:
            lines += _event(occurrence(item, date.fromordinal(number)), sender, now)
    lines.append("END:VCALENDAR")
    return ("\r\n".join(_fold(line) for line in lines) + "\r\n").encode("utf-8", "replace")
