"""Fields of single occurrences that go another way than both: looked at for themselves, apart from their occurrence.

An occurrence is one field of its series, and goes both ways as a whole. Where somebody has set that a text goes one way
only, or not at all, what an occurrence has of its own of this text must go so too. While a pair is judged, each such text
stands as a field of its own, ``occurrence:2026-07-01/location``, and is put back into its occurrence afterwards.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from serversync.rules.record import Direction, Fields, Value
from serversync.rules.series.changes import DELETED, PREFIX, Own, own_of

_OWN = "its own"


def apart(directions: Mapping[str, Direction]) -> frozenset[str]:
    """Return the fields that do not go both ways."""
    return frozenset(name for name, direction in directions.items() if direction is not Direction.BOTH)


def split(fields: Fields | None, names: frozenset[str]) -> Fields | None:
    """Return a picture in which these fields of single occurrences stand for themselves.

    >>> split({"occurrence:2026-07-01": ("own", None, None, (("location", "Hall"),))}, frozenset({"location"}))
    {'occurrence:2026-07-01': None, 'occurrence:2026-07-01/location': ('its own', 'Hall')}
    """
    if fields is None or not names or not any(_taken(value, names) for _, value in _occurrences(fields)):
        return fields
    found = dict(fields)
    for name, value in _occurrences(fields):
        taken = _taken(value, names)
        if taken:
            own = own_of(value)
            found[name] = replace(
                own, fields=tuple(each for each in own.fields if each[0] not in names)
            ).value()
            found |= {f"{name}/{field}": (_OWN, each) for field, each in taken.items()}
    return found


def directions_of(fields: Fields | None, directions: Mapping[str, Direction]) -> dict[str, Direction]:
    """Return the ways of the fields that ``split`` has made stand for themselves."""
    names = (name for name in fields or () if _is_apart(name))
    return {name: directions[name.partition("/")[2]] for name in names}


def joined(written: Fields, present: Fields | None) -> Fields:
    """Return what is to be written with every field in its occurrence again.

    Args:
        written: What is to be written, as ``split`` has it.
        present: What the side that gets it has now, as ``split`` has it.
    """
    has = present or {}
    if not _has_apart(written) and not _has_apart(has):
        return written
    touched = {name.partition("/")[0] for name in written if name.startswith(PREFIX)}
    found = {name: value for name, value in written.items() if not name.startswith(PREFIX)}
    after = {**has, **written}
    for name in sorted(touched):
        texts = {
            each.partition("/")[2]: value for each, value in after.items() if each.startswith(f"{name}/")
        }
        found[name] = _with(after.get(name), texts)
    return found


def _with(value: Value, texts: Mapping[str, Value]) -> Value:
    if value == DELETED:
        return value
    own = own_of(value)
    more = {name: each[1] for name, each in texts.items() if isinstance(each, tuple)}
    return Own(own.start, own.end, tuple(sorted({**dict(own.fields), **more}.items()))).value()


def _taken(value: Value, names: frozenset[str]) -> dict[str, Value]:
    return {name: each for name, each in own_of(value).fields if name in names}


def _occurrences(fields: Fields) -> Iterator[tuple[str, Value]]:
    return ((name, value) for name, value in fields.items() if name.startswith(PREFIX))


def _has_apart(fields: Fields) -> bool:
    """Tell whether a field of an occurrence stands for itself; most records have none, so all names are looked at together."""
    return "/" in "".join(fields) and any(map(_is_apart, fields))


def _is_apart(name: str) -> bool:
    return name.startswith(PREFIX) and "/" in name
