"""Keys that are looked up first and then used, whatever the planner thinks of it."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Func, QuerySet, Value


class AmongKeys(Func):
    """Whether the primary key of a row, or another value, is among the keys that a query returns.

    ``IN (SELECT ...)`` lets the planner read the whole list in its order and look each row up, which takes seconds where
    few of millions are meant. As an array the keys are found first. For as many as one person or mailbox has.
    """

    template = "%(expressions)s)"
    arg_joiner = " = any("
    output_field = BooleanField()

    def __init__(self, keys: QuerySet[Any, Any], value: str | Value = "pk") -> None:
        """Take a query of one column, and the name of the column or the value that is to be among them."""
        super().__init__(value, ArraySubquery(keys))
