"""XML of many things that have the same properties: what is the same in all of them is put together once.

A layout is made of a document in which a mark stands for each value. Texts are looked at together for what must be
escaped, since most of them hold nothing of the kind.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from serversync.exchange.xml_text import escape, is_plain

_BEFORE: Final = "\ue000"
_AFTER: Final = "\ue001"
"""Characters for private use: no name of a schema holds them, and nothing escapes them."""
_MARK: Final = re.compile(f"{_BEFORE}([0-9]+){_AFTER}")


def mark(number: int) -> str:
    """Return what stands for the value with this number."""
    return f"{_BEFORE}{number}{_AFTER}"


class Layout(Struct, frozen=True, gc=False):
    """The XML of things that have the same properties.

    Attributes:
        template: The XML, with ``%s`` for each value.
        order: The number of the value for each of these places.
        texts: The numbers of those that are texts, to be escaped.
        written: The numbers of all others, each with what makes XML of it.
    """

    template: str
    order: tuple[int, ...]
    texts: tuple[int, ...]
    written: tuple[tuple[int, Callable[[Any], str]], ...]

    def fill(self, values: Iterable[Any]) -> str:
        """Return the XML with these values, by their numbers."""
        given = list(values)
        for number, write in self.written:
            given[number] = write(given[number])
        if not _are_plain([given[number] for number in self.texts]):
            for number in self.texts:
                given[number] = escape(str(given[number]))
        return self.template % tuple([given[number] for number in self.order])


def layout_of(document: str, writers: Sequence[Callable[[Any], str] | None]) -> Layout:
    """Return the layout of a document with marks.

    >>> layout_of(f"<a>{mark(1)}</a>{mark(0)}", [lambda each: f"<b c='{each}'/>", None]).fill([5, "x < y"])
    "<a>x &lt; y</a><b c='5'/>"

    Args:
        document: The XML, with a mark for each value.
        writers: What makes XML of each value; ``None`` where it is a text.
    """
    return Layout(
        _MARK.sub("%s", document.replace("%", "%%")),
        tuple(int(found[1]) for found in _MARK.finditer(document)),
        tuple(number for number, write in enumerate(writers) if write is None),
        tuple((number, write) for number, write in enumerate(writers) if write is not None),
    )


def _are_plain(values: Sequence[Any]) -> bool:
    """Tell whether these are texts without anything that must be escaped."""
    try:
        return is_plain("".join(values))
    except TypeError:  # a number among them, or an option
        return False
