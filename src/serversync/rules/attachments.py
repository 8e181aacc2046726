"""The files of an appointment or task: one field of the record for each of them.

So two people who attach two files, one in the CRM and one in Outlook, both have both. The name of the field says which file
it is and what it is called; its value is ``THERE``, or nothing where the file is not there. A file that is replaced by another one
is one field less and one more.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from serversync.rules.record import Direction, Fields, Value

PREFIX: Final = "attachment:"
"""How the fields of files begin; in a map of directions it stands for all of them."""
THERE: Final[Value] = True
"""The value of a file that is there."""
LONGEST_NAME: Final = 255


class File(NamedTuple):
    """A file: what it is, and what it is called."""

    fileid: str
    name: str


def field_of(file: File) -> str:
    """Return the field of a file.

    >>> file_of(field_of(File("7b", "plan: new.pdf")))
    File(fileid='7b', name='plan: new.pdf')
    """
    return f"{PREFIX}{file.fileid}:{file.name}"


def file_of(field: str) -> File:
    """Return the file that a field is about."""
    fileid, _, name = field.removeprefix(PREFIX).partition(":")
    return File(fileid, name)


def files(fields: Fields) -> Iterator[tuple[File, bool]]:
    """Yield the files among fields, each with whether it is, or shall be, there."""
    return ((file_of(name), value == THERE) for name, value in fields.items() if name.startswith(PREFIX))


def name_of(text: str | None) -> str:
    r"""Return what a file is called, on either side: in one line that fits its column.

    >>> name_of(" a\tb.txt "), name_of(None)
    ('a b.txt', 'attachment')
    """
    line = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return line.strip()[:LONGEST_NAME].strip() or "attachment"


def safe_name(name: str | None) -> str:
    """Return a file name without folders and control characters, for whoever saves the file.

    >>> safe_name("../../etc/passwd"), safe_name("")
    ('passwd', 'attachment')
    """
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable()).strip(". ") or "attachment"


def expand(directions: Mapping[str, Direction], *pictures: Fields | None) -> dict[str, Direction]:
    """Return directions in which the files stand one by one that any of the pictures of a record has."""
    way = directions.get(PREFIX)
    if way is None:
        return dict(directions)
    names = {name for each in pictures for name in each or () if name.startswith(PREFIX)}
    named = {name: direction for name, direction in directions.items() if name != PREFIX}
    return named | dict.fromkeys(sorted(names), way)
