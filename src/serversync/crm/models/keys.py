"""Keys that are looked up first and then used, whatever the planner thinks of it."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Func, QuerySet


class AmongKeys(Func):
    """Whether the primary key of a row is among those that a query returns.

    ``IN (SELECT ...)`` lets the planner read the whole list in its order and look each row up, which takes seconds where
    few of millions are meant. As an array the keys are found first. For as many as one person or mailbox has.
    """

    template = "%(expressions)s)"
    arg_joiner = " = any("
    output_field = BooleanField()

    def __init__(self, keys: QuerySet[Any, Any], column: str = "pk") -> None:
        """Take a query of one column."""
        super().__init__(column, ArraySubquery(keys))
