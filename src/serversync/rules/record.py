"""The words in which appointments, contacts and tasks of both sides are compared.

A record is its fields: names of columns of the CRM, values that mean the same on both sides (see ``mapping``). What
belongs together is one field with a tuple as its value, so that it is never taken half from one side and half from the
other: the times of an appointment, the status of a task.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import Enum, IntEnum

Value = str | int | float | bool | date | datetime | tuple["Value", ...] | None
"""One value; ``None`` is empty. Comparable and immutable."""
Fields = Mapping[str, Value]
"""A record as one side has it."""


class Kind(Enum):
    """What is kept in step; the value is the table of the CRM."""

    __hash__ = (
        object.__hash__
    )  # that of ``Enum`` is a function in Python, and tables by kind are asked all the time

    APPOINTMENT = "appointment"
    CONTACT = "contact"
    FAX = "fax"
    LETTER = "letter"
    PHONECALL = "phonecall"
    SERIES = "recurringappointmentmaster"
    SERVICE = "serviceappointment"
    TASK = "task"

    @property
    def noun(self) -> str:
        """What people call one of them."""
        return {
            Kind.PHONECALL: "phone call",
            Kind.SERIES: "series",
            Kind.SERVICE: "service activity",
        }.get(self, self.value)

    @property
    def plural(self) -> str:
        """What people call many of them.

        >>> Kind.CONTACT.plural, Kind.FAX.plural, Kind.SERIES.plural
        ('contacts', 'faxes', 'series')
        """
        return {
            Kind.FAX: "faxes",
            Kind.SERIES: "series",
            Kind.SERVICE: "service activities",
        }.get(self, f"{self.noun}s")


AS_TASKS = (Kind.PHONECALL, Kind.LETTER, Kind.FAX)
"""What is a task in Exchange, and another thing in the CRM."""
TASKS = frozenset({Kind.TASK, *AS_TASKS})
"""What is a task in Exchange."""
MEETINGS = frozenset({Kind.APPOINTMENT, Kind.SERIES})
"""What somebody else can be the organizer of."""
ON_A_CALENDAR = MEETINGS | {Kind.SERVICE}
"""What lies in the calendar."""


class Side(Enum):
    """The two sides."""

    __hash__ = object.__hash__

    CRM = "crm"
    EXCHANGE = "exchange"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.EXCHANGE if self is Side.CRM else Side.CRM


class Direction(IntEnum):
    """Which way a field or a kind goes; the values are those of ``syncattributemapping.syncdirection``."""

    NONE = 0
    TO_EXCHANGE = 1
    TO_CRM = 2
    BOTH = 3

    def goes_to(self, side: Side) -> bool:
        """Tell whether values go to this side."""
        return bool(self & TOWARDS[side])

    def within(self, limit: "Direction") -> "Direction":
        """Return what is left of this direction where the kind as a whole only goes as far as ``limit``."""
        return Direction(self & limit)


TOWARDS = {Side.CRM: Direction.TO_CRM, Side.EXCHANGE: Direction.TO_EXCHANGE}
"""The way that goes to each side."""


def is_empty(value: Value) -> bool:
    """Tell whether a value says nothing."""
    return value is None or value in ("", ()) or (isinstance(value, tuple) and all(map(is_empty, value)))


def is_among(name: str, names: Collection[str]) -> bool:
    """Tell whether a field is one of these.

    One that ends with a colon stands for all that begin with it; one with nothing between its first two colons for whatever
    may stand there.

    >>> is_among("attachment:7b:x", {"attachment:"}), is_among("attachment:7b:x", {"fax"})
    (True, False)
    >>> is_among("attachment:7b:x", {"attachment::x"}), is_among("attachment:7b:x", {"attachment::y"})
    (True, False)
    """
    return name in names or any(_stands_for(each, name) for each in names if ":" in each)


def _stands_for(each: str, name: str) -> bool:
    if each.endswith(":"):
        return name.startswith(each)
    head, middle, tail = each.split(":", 2) if each.count(":") > 1 else (each, "-", "")
    return not middle and name.startswith(f"{head}:") and name.split(":", 2)[2:] == [tail]
