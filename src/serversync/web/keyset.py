"""Pages through long lists by position instead of by number, so that the last page is as fast as the first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, NamedTuple, Self, TypeVar
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
LOOKED_THROUGH_OF_OWNER: Final = (2_000,)
"""The same of what one owner has, which lies apart: each row is fetched from a place of its own.

What the index of words finds is held against the owner's index before any row is fetched. With fifty thousand rows that
costs less than looking through a few thousand.
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
    condition: Q | None = None,
    besides: QuerySet[Row] | None = None,
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
        condition: What those of ``rows`` must meet that are shown, where it costs something to find out.
        besides: More rows of the list, none of them in ``rows``, that their keys lead to: all are looked at. ``rows`` are
            what one owner has then, along an index of theirs.
    """
    place = _Place.read(query)
    steps = LOOKED_THROUGH if besides is None else LOOKED_THROUGH_OF_OWNER
    found = _search(rows, place, column, size, search, condition or Q(), steps)
    if besides is not None:
        narrowed = searching.narrow(besides, search, by_index=False)
        found += _next(narrowed, place, column, size)
        found.sort(key=lambda row: (position(row).moment, position(row).key), reverse=place.before is None)
    return _page(found, query, place, position, size)


class _Place(NamedTuple):
    """Where in the list the page is: below one position, above another, or at the top."""

    after: Position | None
    before: Position | None

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        """Return what an address says."""
        return cls(Position.read(query.get("after", "")), Position.read(query.get("before", "")))


def _search(
    rows: QuerySet[Row],
    place: _Place,
    column: str,
    size: int,
    search: str,
    condition: Q,
    steps: Sequence[int],
) -> list[Row]:
    """Return the rows next to the place that have the words, one more than a page if there are so many."""
    if not search.strip():
        return _next(rows.filter(condition), place, column, size)
    for number in steps:
        near = _near(rows, place, column, number)
        passed = searching.narrow(rows.filter(near or Q()), search, by_index=False)
        found = _next(passed.filter(condition), place, column, size)
        if near is None or len(found) > size:
            return found
        if 5 * len(found) < size:
            break
    unordered = ExpressionWrapper(F(column) + timedelta(0), output_field=DateTimeField())  # no index has it
    by_index = searching.narrow(rows, search).filter(condition)
    words_first: QuerySet[Row] = by_index.annotate(place=unordered)  # type: ignore[assignment]  # the same rows
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local work_mem = '{_ROOM}'")
        return _next(words_first, place, "place", size)


def _near(rows: QuerySet[Row], place: _Place, column: str, number: int) -> Q | None:
    """Return the condition of so many rows next to the place in the list; ``None`` where there are no more than these."""
    after, before = place
    if before is not None:
        rows = rows.filter(**{f"{column}__gte": before.moment}).order_by(column, "pk")
    else:
        rows = rows.filter(**{f"{column}__lte": after.moment}) if after is not None else rows
        rows = rows.order_by(f"-{column}", "-pk")
    last = list(rows.values_list(column, flat=True)[number : number + 1])
    if not last:
        return None
    return Q(**{f"{column}__lte" if before is not None else f"{column}__gte": last[0]})


def _next(rows: QuerySet[Row], place: _Place, column: str, size: int) -> list[Row]:
    """Return the rows next to the place, the nearest first, one more than a page if there are so many."""
    after, before = place
    if before is not None:
        newer = rows.filter(
            Q(**{f"{column}__gte": before.moment})
            & (Q(**{f"{column}__gt": before.moment}) | Q(pk__gt=before.key))
        )
        return list(newer.order_by(column, "pk")[: size + 1])
    if after is not None:
        rows = rows.filter(
            Q(**{f"{column}__lte": after.moment})
            & (Q(**{f"{column}__lt": after.moment}) | Q(pk__lt=after.key))
        )
    return list(rows.order_by(f"-{column}", "-pk")[: size + 1])


def _page(
    found: list[Row], query: QueryDict, place: _Place, position: Callable[[Row], Position], size: int
) -> KeysetPage[Row]:
    """Return the page of what was found next to the place, the nearest first."""
    after, before = place
    has_more = len(found) > size
    has_newer, has_older = (has_more, True) if before is not None else (after is not None, has_more)
    shown = found[:size] if before is None else found[:size][::-1]
    return KeysetPage(
        shown,
        _link(query, before=position(shown[0])) if shown and has_newer else "",
        _link(query, after=position(shown[-1])) if shown and has_older else "",
        is_first=before is None and after is None,
    )


def _link(query: QueryDict, **place: Position) -> str:
    changed = query.copy()
    for name in ("before", "after"):
        changed.pop(name, None)
    for name, where in place.items():
        changed[name] = str(where)
    return f"?{changed.urlencode()}"
