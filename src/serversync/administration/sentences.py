"""Sentences with times in them: text for the command line, and what the pages need to show the times their way."""

from datetime import datetime
from typing import Self

from serversync.administration.records import iso


class Sentence(str):
    """A sentence that also knows its pattern and values; its text has the times as ISO 8601 in UTC."""

    __slots__ = ("pattern", "values")

    pattern: str
    values: dict[str, object]

    def __new__(cls, pattern: str, **values: object) -> Self:
        """Fill the braces of the pattern, which is ours; the values may be anybody's."""
        shown = {name: iso(one) if isinstance(one, datetime) else one for name, one in values.items()}
        made = super().__new__(cls, pattern.format_map(shown))
        made.pattern, made.values = pattern, values
        return made
