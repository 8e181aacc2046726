"""Values of appointments on either side: times, whole days, how they show, and who takes part.

**Whole days.** Exchange keeps an all-day event as the moments of midnight in the item's own zone, so that in another zone
it looks shifted and a day longer. The CRM keeps its dates: midnight UTC of the first day, and of the day after the last.
A date is read by the clock of the item's zone, and where nobody knows the zone, as the date whose midnight is nearest;
that is right from UTC-11:59 to UTC+12. It is written as midnight in the zone of the mailbox.

**People** are their addresses in lower case and in order, so that neither names nor their order count as a change.

Source: the behaviour of appointments in the server-side synchronization inventory; EWS reference for time zones.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from serversync.rules.record import Value

_DAY: Final = timedelta(days=1)
_HALF_A_DAY: Final = timedelta(hours=12)

CANCELED: Final = (2, 4)
"""``statecode`` and ``statuscode`` of what does not take place."""
SHOWN_AS: Final = {
    "Free": (0, 1),
    "Tentative": (0, 2),
    "Busy": (3, 5),
    "OOF": (3, 6),
    "WorkingElsewhere": (0, 1),
}
"""``statecode`` and ``statuscode`` of each way in which an appointment shows in a calendar."""
_WORDS: Final[dict[Value, str]] = {(0, 2): "Tentative", (3, 5): "Busy", (3, 6): "OOF"}
MASKS: Final = {"requiredattendees": 5, "optionalattendees": 6, "organizer": 7, "resources": 10}
"""``participationtypemask`` of each field that names people."""
INVITED: Final = ("requiredattendees", "optionalattendees", "resources")
"""The fields that name who is invited."""
RESPONSES: Final = {
    "Unknown": 0,
    "Organizer": 1,
    "Tentative": 2,
    "Accept": 3,
    "Decline": 4,
    "NoResponseReceived": 5,
}
"""``responsestatus`` of each answer."""
MASKED_SUBJECT: Final = "Private appointment"
"""What a private appointment is called where its content stays in Exchange."""


class Times(NamedTuple):
    """When an appointment is, as either side has it."""

    start: datetime
    end: datetime
    is_all_day: bool


def times_to_crm(start: datetime, end: datetime, *, is_all_day: bool, zone: tzinfo | None) -> Times:
    """Return the times of an item as the CRM has them.

    >>> from zoneinfo import ZoneInfo
    >>> first = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Berlin; the night after, the clock changes
    >>> [str(each.date()) for each in times_to_crm(
    ...     first, first + timedelta(hours=23), is_all_day=True, zone=ZoneInfo("Europe/Berlin"))[:2]]
    ['2026-03-29', '2026-03-30']

    Args:
        start: When it begins.
        end: When it ends.
        is_all_day: Whether it lasts whole days.
        zone: The zone of the item; ``None`` where it is not known.
    """
    if not is_all_day:
        return Times(start.astimezone(UTC), end.astimezone(UTC), is_all_day=False)
    first, last = _day_of(start, zone), _day_of(end, zone)
    return Times(_midnight(first), _midnight(max(last, first + _DAY)), is_all_day=True)


def times_to_exchange(times: Times, zone: tzinfo) -> Times:
    """Return the times of a record as Exchange takes them: whole days begin and end at midnight in ``zone``."""
    if not times.is_all_day:
        return times
    first = times.start.astimezone(UTC).date()
    end = times.end.astimezone(UTC)
    last = end.date() if end.time() == time() else end.date() + _DAY
    begin, until = (datetime.combine(day, time(), zone) for day in (first, max(last, first + _DAY)))
    return Times(begin.astimezone(UTC), until.astimezone(UTC), is_all_day=True)


def times_of(value: Value) -> Times:
    """Return the times that a field holds.

    Raises:
        ValueError: it holds something else.
    """
    match value:
        case (datetime() as start, datetime() as end, bool() as is_all_day):
            return Times(start, end, is_all_day)
    raise ValueError(f"{value!r} is no time of an appointment")


def shown_as(status: Value) -> str:
    """Return how a record shows in a calendar: what is completed or cancelled, and what is open, as free.

    >>> shown_as((3, 6)), shown_as((1, 3)), shown_as((0, 1))
    ('OOF', 'Free', 'Free')
    """
    return _WORDS.get(status, "Free")


def people(addresses: Iterable[str | None]) -> tuple[str, ...] | None:
    """Return addresses as the value of a field; ``None`` for nobody.

    >>> people(["Ben@example.org", "ada@example.org", None, "ben@example.org"])
    ('ada@example.org', 'ben@example.org')
    """
    found = {stripped.lower() for each in addresses if each and (stripped := each.strip())}
    return tuple(sorted(found)) or None


@lru_cache(maxsize=256)
def alone(address: str) -> tuple[str, ...] | None:
    """Return the value of a field that names this address and no other."""
    return people([address])


def people_of(value: Value) -> tuple[str, ...]:
    """Return the addresses that a field holds."""
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def pairs_of(value: Value) -> dict[str, Value]:
    """Return what a field says of each address, given as a tuple that begins with it."""
    if not isinstance(value, tuple):
        return {}
    return {str(each[0]): each[1] for each in value if isinstance(each, tuple) and len(each) > 1}


def _day_of(moment: datetime, zone: tzinfo | None) -> date:
    """Return the date whose midnight a moment is."""
    return (moment.astimezone(zone or UTC) + _HALF_A_DAY).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
