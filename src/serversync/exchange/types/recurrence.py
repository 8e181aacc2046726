"""How a series repeats, and which of its occurrences were changed or deleted, in the elements of EWS.

Dates of a pattern are days of the zone in which the series was made; Exchange appends that zone's offset to them, which
says nothing more and is passed over. A pattern that this client does not know keeps its name, so that it can be told.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import local_name, t
from serversync.exchange.types.ids import ItemId, read_item_id
from serversync.exchange.xml_text import escape
from serversync.exchange.xml_values import datetime_of, integer


class Recurrence(Struct, frozen=True, gc=False, kw_only=True):
    """A pattern and its range; each pattern uses some of the attributes, named as its elements are.

    Attributes:
        pattern: Name of the pattern's element, for example ``WeeklyRecurrence``.
        interval: Every how many days, weeks or months; yearly patterns have none.
        days_of_week: Words of ``DayOfWeekType``: names of days, ``Day``, ``Weekday``, ``WeekendDay``.
        day_of_week_index: ``First`` to ``Fourth``, or ``Last``.
        month: Its English name.
        first_day_of_week: Of a weekly pattern; the schema of 2007 lacks it.
        start_date: The first day that may be one of the series.
        end_date: The last one.
        number_of_occurrences: How many there are; neither this nor ``end_date`` for a series without an end.
    """

    pattern: str
    start_date: date | None = None
    interval: int | None = None
    days_of_week: tuple[str, ...] = ()
    day_of_week_index: str | None = None
    day_of_month: int | None = None
    month: str | None = None
    first_day_of_week: str | None = None
    end_date: date | None = None
    number_of_occurrences: int | None = None


class OccurrenceInfo(Struct, frozen=True, gc=False):
    """Where an occurrence is; ``original_start`` is where the pattern puts it."""

    item_id: ItemId | None
    start: datetime | None
    end: datetime | None
    original_start: datetime | None


_PATTERNS: Final[dict[str, tuple[str, ...]]] = {
    "RelativeYearlyRecurrence": ("DaysOfWeek", "DayOfWeekIndex", "Month"),
    "AbsoluteYearlyRecurrence": ("DayOfMonth", "Month"),
    "RelativeMonthlyRecurrence": ("Interval", "DaysOfWeek", "DayOfWeekIndex"),
    "AbsoluteMonthlyRecurrence": ("Interval", "DayOfMonth"),
    "WeeklyRecurrence": ("Interval", "DaysOfWeek", "FirstDayOfWeek"),
    "DailyRecurrence": ("Interval",),
}
"""The elements of each pattern, in the order of the schema."""


def _whole(text: str) -> int | None:
    return integer(text.strip())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


_READERS: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    t("Interval"): ("interval", _whole),
    t("DaysOfWeek"): ("days_of_week", lambda text: tuple(text.split())),
    t("DayOfWeekIndex"): ("day_of_week_index", str.strip),
    t("DayOfMonth"): ("day_of_month", _whole),
    t("Month"): ("month", str.strip),
    t("FirstDayOfWeek"): ("first_day_of_week", str.strip),
    t("StartDate"): ("start_date", _day),
    t("EndDate"): ("end_date", _day),
    t("NumberOfOccurrences"): ("number_of_occurrences", _whole),
}


def read_recurrence(element: _Element) -> Recurrence:
    """Return the pattern and range that a ``t:Recurrence`` holds."""
    given: dict[str, object] = {}
    pattern = ""
    for part in element:
        name = local_name(part.tag)
        if not name.endswith(("NoEndRecurrence", "EndDateRecurrence", "NumberedRecurrence")):
            pattern = name
        for child in part:
            if child.tag in _READERS:
                attribute, read = _READERS[child.tag]
                given[attribute] = read(child.text or "")
    return Recurrence(pattern=pattern, **given)  # type: ignore[arg-type]


def recurrence_xml(recurrence: Recurrence) -> str:
    """Return the ``t:Recurrence`` element.

    Raises:
        ValueError: the pattern is none that an appointment can have, or it has no first day.
    """
    if recurrence.pattern not in _PATTERNS or recurrence.start_date is None:
        raise ValueError(f"{recurrence.pattern!r} is no pattern of an appointment")
    values = {
        "Interval": recurrence.interval,
        "DaysOfWeek": " ".join(recurrence.days_of_week),
        "DayOfWeekIndex": recurrence.day_of_week_index,
        "DayOfMonth": recurrence.day_of_month,
        "Month": recurrence.month,
        "FirstDayOfWeek": recurrence.first_day_of_week,
    }
    inner = "".join(
        f"<t:{name}>{escape(str(values[name]))}</t:{name}>"
        for name in _PATTERNS[recurrence.pattern]
        if values[name] is not None
    )
    return f"<t:Recurrence><t:{recurrence.pattern}>{inner}</t:{recurrence.pattern}>{_range(recurrence)}</t:Recurrence>"


def _range(recurrence: Recurrence) -> str:
    start = f"<t:StartDate>{recurrence.start_date}</t:StartDate>"
    if recurrence.number_of_occurrences is not None:
        count = f"<t:NumberOfOccurrences>{recurrence.number_of_occurrences}</t:NumberOfOccurrences>"
        return f"<t:NumberedRecurrence>{start}{count}</t:NumberedRecurrence>"
    if recurrence.end_date is not None:
        end = f"<t:EndDate>{recurrence.end_date}</t:EndDate>"
        return f"<t:EndDateRecurrence>{start}{end}</t:EndDateRecurrence>"
    return f"<t:NoEndRecurrence>{start}</t:NoEndRecurrence>"


def read_occurrence_info(element: _Element) -> OccurrenceInfo:
    """Return what a ``FirstOccurrence``, ``LastOccurrence`` or an entry of ``ModifiedOccurrences`` tells."""
    item_id = element.find(_ITEM_ID)
    times = [
        None if (found := element.find(name)) is None else datetime_of(found)
        for name in (_START, _END, _ORIGINAL_START)
    ]
    return OccurrenceInfo(None if item_id is None else read_item_id(item_id), *times)


def read_modified_occurrences(element: _Element) -> tuple[OccurrenceInfo, ...]:
    """Return the occurrences that a ``ModifiedOccurrences`` lists."""
    return tuple([read_occurrence_info(each) for each in element])


def read_deleted_occurrences(element: _Element) -> tuple[datetime, ...]:
    """Return where the pattern had put the occurrences that a ``DeletedOccurrences`` lists."""
    starts = [each.find(_START) for each in element]
    return tuple([when for each in starts if each is not None and (when := datetime_of(each)) is not None])


_ITEM_ID, _START, _END, _ORIGINAL_START = t("ItemId"), t("Start"), t("End"), t("OriginalStart")
