"""Pages through long lists by position instead of by number, so that the last page is as fast as the first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Self, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list that is ordered by time and key, newest first."""

    moment: datetime
    key: UUID

    def __str__(self) -> str:
        return f"{self.moment.astimezone(UTC):%Y%m%dT%H%M%S.%f}~{self.key}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the position that ``str`` wrote, or ``None`` for anything else."""
        moment, _, key = text.partition("~")
        try:
            return cls(datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), UUID(key))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """Some rows of a list, and the queries of the addresses before and after them (empty: there is none)."""

    rows: Sequence[Row]
    newer: str
    older: str
    is_first: bool


def read_page(
    rows: QuerySet[Row],
    query: QueryDict,
    *,
    column: str,
    position: Callable[[Row], Position],
    size: int,
) -> KeysetPage[Row]:
    """Read the page that an address asks for by ``after`` (older ones) or ``before`` (newer ones).

    Args:
        rows: The whole list, with the annotation or column ``column``.
        query: The address's query; what else it says is kept in the links.
        column: The time by which the list is ordered; the primary key decides between equals.
        position: The position of a row.
        size: Rows of a page.
    """
    after, before = Position.read(query.get("after", "")), Position.read(query.get("before", ""))
    if before is not None:
        newer = rows.filter(
            Q(**{f"{column}__gte": before.moment})
            & (Q(**{f"{column}__gt": before.moment}) | Q(pk__gt=before.key))
        )
        found = list(newer.order_by(column, "pk")[: size + 1])
        has_newer, has_older = len(found) > size, True
        found = found[:size][::-1]
    else:
        if after is not None:
            rows = rows.filter(
                Q(**{f"{column}__lte": after.moment})
                & (Q(**{f"{column}__lt": after.moment}) | Q(pk__lt=after.key))
            )
        found = list(rows.order_by(f"-{column}", "-pk")[: size + 1])
        has_newer, has_older = after is not None, len(found) > size
        found = found[:size]
    return KeysetPage(
        found,
        _link(query, before=position(found[0])) if found and has_newer else "",
        _link(query, after=position(found[-1])) if found and has_older else "",
        is_first=before is None and after is None,
    )


def _link(query: QueryDict, **place: Position) -> str:
    changed = query.copy()
    for name in ("before", "after"):
        changed.pop(name, None)
    for name, where in place.items():
        changed[name] = str(where)
    return f"?{changed.urlencode()}"
