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
        text = _joined(compiler, self.get_source_expressions())
        signs, spaces = _SIGNS.replace("'", "''"), " " * len(_SIGNS)
        return f"to_tsvector('simple'::regconfig, translate({text}, '{signs}', '{spaces}'))", []


def _joined(compiler: Any, columns: list[Any]) -> str:
    return " || ' ' || ".join(f"coalesce({compiler.compile(one)[0]}, '')" for one in columns)


class Occurs(Func):
    """Whether the columns have a text anywhere, in any case: a tenth of what it costs to take the words of a row.

    It decides nothing: it spares rows that cannot have a word that ``Begun`` looks for.
    """

    output_field = BooleanField()

    def __init__(self, words: Words, pattern: str) -> None:
        """Take the words of the row, and what ``pattern_of`` returns."""
        super().__init__(*words.get_source_expressions())
        self.pattern = pattern

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # Django's own is wider
        """Return the condition."""
        del connection
        return f"lower({_joined(compiler, self.get_source_expressions())}) like lower(%s)", [self.pattern]


def pattern_of(word: str) -> str:
    """Return a pattern for LIKE that fits whatever has a word that begins with an entered one.

    Full text search may part a word between letters and digits, and reads letters beyond ASCII in ways of its own.

    >>> pattern_of("Sørensen"), pattern_of("No4711"), pattern_of("Ø")
    ('%S%rensen%', '%No%4711%', '%%')
    """
    return f"%{'%'.join(_ALIKE.findall(word))}%"


_ALIKE: Final = re.compile("[a-z]+|[0-9]+", re.ASCII | re.IGNORECASE)
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
