"""Which values make two contacts the same person: keys that an administrator has chosen.

A key is one column or several together. A contact of Exchange is held against the keys in turn; the first of which it has
every value, and by which a contact of the CRM is the same, says who it is.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from serversync.rules.record import Fields

Keys = Sequence[tuple[str, ...]]
FIRST_ADDRESS: Final[Keys] = (("emailaddress1",),)
"""The key where nobody has chosen others."""
_WEAK: Final = frozenset({"firstname", "lastname", "jobtitle", "department", "company", "address1_city"})
"""What many people share, so that it says who somebody is only together with something else."""
_LONGEST: Final = 4


def keys_of(text: str, columns: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Return the keys that a text names, such as ``emailaddress1, emailaddress2 + lastname``; none for an empty one.

    >>> keys_of("emailaddress1, firstname + lastname", ["emailaddress1", "firstname", "lastname"])
    (('emailaddress1',), ('firstname', 'lastname'))

    Raises:
        ValueError: a column is none of ``columns``, is named twice, or says too little on its own.
    """
    keys = []
    for part in text.split(","):
        if not part.strip():
            continue
        key = tuple(name.strip().lower() for name in part.split("+"))
        unknown = next((name for name in key if name not in columns), None)
        if unknown is not None:
            raise ValueError(f"{unknown!r} is no column that contacts of both sides have as a text")
        if len(set(key)) < len(key) or len(key) > _LONGEST:
            raise ValueError(f"{part.strip()!r} is not one to {_LONGEST} different columns")
        if len(key) == 1 and key[0] in _WEAK:
            raise ValueError(f"many people have the same {key[0]}: put something else beside it with +")
        if key in keys:
            raise ValueError(f"{part.strip()!r} is there twice")
        keys.append(key)
    return tuple(keys)


def values_of(key: Sequence[str], fields: Fields) -> Mapping[str, str] | None:
    """Return what an item has for a key; ``None`` where something of it is missing."""
    values: dict[str, str] = {}
    for name in key:
        value = fields.get(name)
        if not isinstance(value, str) or not value.strip():
            return None
        values[name] = value.strip()
    return values
