"""Pages by number through lists of some hundred thousand rows, which people can sort by any column.

Rows are wide, and the columns of their states change too often to keep an index of each. So the keys alone are put in
order, from whichever end of the list is nearer, and then the rows of one page are read.
"""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def numbered_page(rows: QuerySet[Row], number: str | None, size: int) -> "Page[Row]":
    """Return a page of rows whose order the primary key decides where other columns are equal.

    Args:
        rows: The whole list.
        number: What an address says; anything that is no page means the first, what is beyond the last means the last.
        size: Rows of a page.
    """
    paginator = Paginator(rows, size)
    valid = paginator.get_page(number).number
    first, count = (valid - 1) * size, paginator.count
    end = min(first + size, count)
    keys = rows.select_related(None).values_list("pk", flat=True)
    if first <= count // 2:
        wanted = list(keys[first:end])
    else:
        wanted = list(keys.reverse()[count - end : count - first])[::-1]
    return Page(read_rows(rows, wanted), valid, paginator)


def read_rows(rows: QuerySet[Row], keys: Sequence[UUID]) -> list[Row]:
    """Return those of the rows that have the keys, in the order of these; one that is gone meanwhile is left out."""
    found = {row.pk: row for row in rows.order_by().filter(pk__in=keys)}
    return [found[key] for key in keys if key in found]
