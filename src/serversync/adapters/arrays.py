"""Arrays as the text that PostgreSQL reads.

A list of 512 values costs the driver more than a millisecond, because every member is adapted by itself; the text
of the whole array costs a fiftieth of that.
"""

from collections.abc import Collection, Iterable
from uuid import UUID


def uuid_array(keys: Iterable[UUID]) -> str:
    """Return keys as a parameter for ``%s::uuid[]``.

    >>> uuid_array([UUID(int=1)])
    '{00000000000000000000000000000001}'
    """
    return f"{{{','.join([f'{key.int:032x}' for key in keys])}}}"


def number_array(numbers: Iterable[int]) -> str:
    """Return whole numbers as a parameter for ``%s::bigint[]`` or ``%s::int[]``.

    >>> number_array([3, -1])
    '{3,-1}'
    """
    return f"{{{','.join(map(str, numbers))}}}"


def boolean_array(truths: Iterable[bool]) -> str:
    """Return truth values as a parameter for ``%s::boolean[]``.

    >>> boolean_array([True, False])
    '{t,f}'
    """
    return f"{{{','.join(['t' if each else 'f' for each in truths])}}}"


def text_array(values: Collection[str]) -> str:
    r"""Return texts as a parameter for ``%s::text[]``, whatever they hold.

    >>> print(text_array(["a", 'b "c" {d}', "e\\f"]), text_array([]))
    {"a","b \"c\" {d}","e\\f"} {}
    """
    if not values:
        return "{}"
    together = "".join(values)
    if '"' in together or "\\" in together:
        values = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    between = '","'
    return f'{{"{between.join(values)}"}}'
