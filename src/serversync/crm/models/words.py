"""The words of some columns of a row, by which lists are searched; the database keeps an index of them.

A word is what stands between spaces and signs, whatever its letters' case: ``ada@example.org`` has three. A search finds
rows that have, for each word that was entered, a word that begins with it. Searching for any part of a text would read
millions of rows each time.
"""

import re
from typing import Any, Final

from django.db.models import BooleanField, CharField, Func, TextField, Value
from django.db.models.expressions import F

_SIGNS: Final = "@._-+<>/\\:;,()[]{}\"'&|!*?#=~`^$"
_BETWEEN: Final = re.compile(rf"[\s{re.escape(_SIGNS)}%]+")


class Words(Func):
    """The words of columns as PostgreSQL's full text search keeps them; the expression of the index."""

    function = "to_tsvector"
    output_field = TextField()

    def __init__(self, *columns: str) -> None:
        """Take the names of the columns."""
        super().__init__(*(F(name) for name in columns))

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # Django's own is wider
        """Return the expression, written alike in the index and in every search."""
        del connection  # there is one kind of database
        parts = [compiler.compile(one)[0] for one in self.get_source_expressions()]
        text = " || ' ' || ".join(f"coalesce({part}, '')" for part in parts)
        signs, spaces = _SIGNS.replace("'", "''"), " " * len(_SIGNS)
        return f"to_tsvector('simple'::regconfig, translate({text}, '{signs}', '{spaces}'))", []


_QUERY: Final = "to_tsquery('simple'::regconfig, %(expressions)s)"


class Begun(Func):
    """Whether a row has a word that begins with each of those that were entered."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = BooleanField()

    def __init__(self, words: Words, entered: list[str], *, by_index: bool = True) -> None:
        """Take the words of the row, and those that were entered, as ``split`` returns them.

        Without ``by_index`` it is written so that the index does not fit.
        """
        if not by_index:
            self.template = "(%(expressions)s) is true"
        wanted = " & ".join(f"'{word}':*" for word in entered)
        super().__init__(words, Func(Value(wanted, CharField()), template=_QUERY))


def split(text: str) -> list[str]:
    """Return the words that a person entered.

    >>> split("Offer ADA@example")
    ['Offer', 'ADA', 'example']
    """
    return [word for word in _BETWEEN.split(text.replace("\0", " ")) if word]
