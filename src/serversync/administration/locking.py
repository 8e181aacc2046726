"""The order in which several rows of a table are locked, so that people and workers never wait in a circle."""

from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def lock(rows: QuerySet[M]) -> QuerySet[M]:
    """Lock rows in the order of their ids, as workers do, and return them; to be used in a transaction.

    References to the rows stay possible meanwhile. A plain ``update`` locks in the order of its plan, and saves in a loop
    in the order of the loop: both may wait for somebody who waits for them.
    """
    list(rows.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    return rows
