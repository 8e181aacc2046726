"""Values of Exchange as values of the CRM, and back.

Dates are the difficult part. A birthday or the day on which a task is due is a date, but EWS makes it a moment, and
clients and servers choose different hours: midnight of their own zone, noon, 11:59 in UTC. A date is read from whichever
of them it is without a zone, and written so that every zone from UTC-11 to UTC+12 shows the same day. Year 4501 and the
year 1601 are how Exchange says *none*.

Every form is idempotent: what was read, written and read again is the same.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any, Final

from serversync.rules.record import Value
from serversync.rules.regarding import normal

NO_DATE_YEARS: Final = frozenset({1601, 4501})
_HALF_A_DAY: Final = timedelta(hours=12)
_DAY_WRITTEN_AT: Final = time(11, 59, tzinfo=UTC)
_SEPARATOR: Final = ", "


class Form(Enum):
    """What kind of value a field holds; those from ``TIMES`` on are of appointments (``mapping.appointment``).

    A picture is no property of an item, but a file of it.
    """

    __hash__ = object.__hash__  # that of ``Enum`` is a function in Python, and every value asks for its form

    TEXT = "text"
    NOTE = "note"
    DATE = "date"
    TEXTS = "texts"
    PERCENT = "percent"
    IMPORTANCE = "importance"
    STATUS = "status"
    CALL_STATUS = "status of a phone call"
    LETTER_STATUS = "status of a letter"
    FAX_STATUS = "status of a fax"
    MOMENT = "moment"
    PICTURE = "picture"
    REFERENCE = "reference"
    TIMES = "times"
    SHOWN_AS = "shown as"
    PEOPLE = "people"
    FLAG = "flag"
    IDENTITY = "identity"
    SERIES = "series"
    FILES = "files"


IMPORTANCE: Final = {"Low": 0, "Normal": 1, "High": 2}
"""``prioritycode`` of each importance."""

TASK_STATUS: Final = {
    "NotStarted": (0, 2),
    "InProgress": (0, 3),
    "WaitingOnOthers": (0, 4),
    "Deferred": (0, 7),
    "Completed": (1, 5),
}
"""``statecode`` and ``statuscode`` of each status of a task."""
_COMPLETED_OR_CANCELED: Final = frozenset({1, 2})


def _of_correspondence(opened: int, completed: int) -> dict[str, tuple[int, int]]:
    """Return the status of each status of a task; what is not completed is open, however far it is."""
    return {word: (state, completed if state else opened) for word, (state, _) in TASK_STATUS.items()}


STATUSES: Final[dict[Form, dict[str, tuple[int, int]]]] = {
    Form.STATUS: TASK_STATUS,
    Form.CALL_STATUS: _of_correspondence(opened=1, completed=2),
    Form.LETTER_STATUS: _of_correspondence(opened=2, completed=4),
    Form.FAX_STATUS: _of_correspondence(opened=1, completed=2),
}
"""``statecode`` and ``statuscode`` of each status of a task, by what the record is.

Source: Dataverse table reference; the statuses are the default ones of their states.
"""


def to_crm(form: Form, value: Any) -> Value:
    """Return a value of Exchange as the CRM has it; ``None`` where it says nothing.

    >>> to_crm(Form.DATE, datetime(1815, 12, 9, 23, 0, tzinfo=UTC))  # midnight in Berlin
    datetime.date(1815, 12, 10)
    """
    if value is None or value in ("", ()):
        return None
    found: Value = _READERS[form](value)
    return found


def reader(form: Form) -> Callable[[Any], Value]:
    """Return what makes of a value of Exchange that is there one of the CRM; ``None`` where it says nothing.

    For whoever reads many values of a few forms.
    """
    return _READERS[form]


def to_exchange(form: Form, value: Value) -> Any:
    """Return a value of the CRM as Exchange takes it; ``None`` to take the property away.

    >>> to_exchange(Form.DATE, date(1815, 12, 10)).isoformat()
    '1815-12-10T11:59:00+00:00'
    """
    if value is None or value in ("", ()):
        return None
    match form:
        case Form.DATE | Form.MOMENT if isinstance(value, date):
            return _written_at(form, value)
        case Form.TEXTS:
            return tuple(each.strip() for each in str(value).split(",") if each.strip())
        case Form.IMPORTANCE:
            return next((word for word, code in IMPORTANCE.items() if code == value), "Normal")
        case Form.STATUS | Form.CALL_STATUS | Form.LETTER_STATUS | Form.FAX_STATUS if isinstance(
            value, tuple
        ):
            return _status_word(form, value)
        case Form.PERCENT | Form.NOTE | Form.TEXT | Form.REFERENCE:
            return value
    raise ValueError(f"{value!r} is no {form.value}")


def day_of(moment: datetime) -> date:
    """Return the date that a moment stands for, whatever hour of the day was chosen for it.

    Nobody chooses seconds: a moment with some is when something happened, such as a task being completed.

    >>> day_of(datetime(2026, 7, 1, 17, 4, 9, tzinfo=UTC)).isoformat()
    '2026-07-01'
    """
    if moment.second or moment.microsecond:
        return moment.astimezone(UTC).date()
    return (moment.astimezone(UTC) + _HALF_A_DAY).date()


def is_day_kept(value: Value) -> bool:
    """Tell whether a date comes back as it was written: its hour is chosen so, but some years mean *none*.

    >>> is_day_kept(date(1815, 12, 10)), is_day_kept(date(4501, 1, 1)), is_day_kept("1815-12-10")
    (True, False, False)
    """
    return type(value) is date and value.year not in NO_DATE_YEARS


def plain_text(text: str) -> str | None:
    """Return a text with the line ends of the CRM and nothing at its end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip() or None


def _date(moment: datetime) -> date | None:
    return None if moment.year in NO_DATE_YEARS else day_of(moment)


def _minute(moment: datetime) -> datetime:
    """Return a moment in UTC, to the minute; nobody chooses seconds."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _written_at(form: Form, value: date) -> datetime:
    """Return a moment as it is written, or the hour at which a date is."""
    if form is Form.MOMENT and isinstance(value, datetime):
        return _minute(value)
    return datetime.combine(value, _DAY_WRITTEN_AT)


def _moment(moment: datetime) -> datetime | None:
    return None if moment.year in NO_DATE_YEARS else _minute(moment)


def _text(value: Any) -> str | None:
    return str(value).strip() or None


def _joined(texts: Iterable[str]) -> str | None:
    return _SEPARATOR.join(each.strip() for each in texts if each.strip()) or None


_READERS: Final[dict[Form, Callable[[Any], Value]]] = {
    Form.TEXT: _text,
    Form.NOTE: plain_text,
    Form.DATE: _date,
    Form.TEXTS: _joined,
    Form.PERCENT: round,
    Form.IMPORTANCE: IMPORTANCE.get,
    Form.MOMENT: _moment,
    **{form: statuses.get for form, statuses in STATUSES.items()},
    Form.REFERENCE: normal,
}


def _status_word(form: Form, status: tuple[Value, ...]) -> str:
    for word, known in STATUSES[form].items():
        if known == status:
            return word
    # Cancelled tasks and statuses of one's own: completed or not is all that Exchange can say.
    return "Completed" if status[0] in _COMPLETED_OR_CANCELED else "NotStarted"
