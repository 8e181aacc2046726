"""Which kinds one feed tells of (``HEARD_WITH``): what is asked of the database about them is one statement for all."""

from collections.abc import Iterable
from typing import Final

from serversync.engine.act_ports import HEARD_WITH
from serversync.rules.record import Kind


def together(kinds: Iterable[Kind]) -> list[tuple[Kind, ...]]:
    """Return kinds in their order, those of one feed together.

    >>> [len(each) for each in together([Kind.CONTACT, Kind.TASK, Kind.APPOINTMENT, Kind.FAX])]
    [1, 2, 1]
    """
    groups: dict[Kind, list[Kind]] = {}
    for kind in kinds:
        groups.setdefault(HEARD_WITH.get(kind, kind), []).append(kind)
    return [tuple(group) for group in groups.values()]


_CASES: Final = " ".join(f"when '{kind.value}' then '{by.value}'" for kind, by in HEARD_WITH.items())


def heard_with(column: str) -> str:
    """Return the kind whose feed tells of the kind in a column, in SQL."""
    return f"case {column} {_CASES} else {column} end"
