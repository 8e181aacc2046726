"""Pages through long lists by position instead of by number, so that the last page is as fast as the first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Self, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Model, Q, QuerySet
from django.http import QueryDict

from serversync.administration import searching

Row = TypeVar("Row", bound=Model)

LOOKED_THROUGH: Final = (5_000, 25_000)
"""Rows next to the place in the list that a search looks through before it asks the index of words.

The second number where a fifth of a page was found within the first: the index would have to hand over tens of thousands.
"""
_ROOM: Final = "64MB"
"""For what the index finds of each word; where it does not fit the words of many rows are taken once more."""


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
    search: str = "",
) -> KeysetPage[Row]:
    """Read the page that an address asks for by ``after`` (older ones) or ``before`` (newer ones).

    Args:
        rows: The whole list, with the annotation or column ``column``.
        query: The address's query; what else it says is kept in the links.
        column: The time by which the list is ordered; the primary key decides between equals.
        position: The position of a row.
        size: Rows of a page.
        search: Words that the rows must have. What many rows have is found by looking through those next to the place;
            what few have, by the index of words. The planner knows not which it is, and would read millions of rows.
    """
    if not search.strip():
        return _read(rows, query, column=column, position=position, size=size)
    for number in LOOKED_THROUGH:
        near = _near(rows, query, column, number)
        if near is None:
            break
        passed = searching.narrow(rows.filter(near), search, by_index=False)
        page = _read(passed, query, column=column, position=position, size=size)
        if page.newer if "before" in query else page.older:
            return page
        if 5 * len(page.rows) < size:
            break
    unordered = ExpressionWrapper(F(column) + timedelta(0), output_field=DateTimeField())  # no index has it
    found = searching.narrow(rows, search)
    words_first: QuerySet[Row] = found.annotate(place=unordered)  # type: ignore[assignment]  # the same rows
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local work_mem = '{_ROOM}'")
        return _read(words_first, query, column="place", position=position, size=size)


def _near(rows: QuerySet[Row], query: QueryDict, column: str, number: int) -> Q | None:
    """Return the condition of so many rows next to the place in the list; ``None`` where there are no more than these."""
    after, before = Position.read(query.get("after", "")), Position.read(query.get("before", ""))
    if before is not None:
        rows = rows.filter(**{f"{column}__gte": before.moment}).order_by(column, "pk")
    else:
        rows = rows.filter(**{f"{column}__lte": after.moment}) if after is not None else rows
        rows = rows.order_by(f"-{column}", "-pk")
    last = list(rows.values_list(column, flat=True)[number : number + 1])
    if not last:
        return None
    return Q(**{f"{column}__lte" if before is not None else f"{column}__gte": last[0]})


def _read(
    rows: QuerySet[Row],
    query: QueryDict,
    *,
    column: str,
    position: Callable[[Row], Position],
    size: int,
) -> KeysetPage[Row]:
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
