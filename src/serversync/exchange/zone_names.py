"""Names of time zones: those that Exchange uses, which are Windows', and those of everybody else, which are IANA's.

The table is CLDR's, out of the package tzlocal.
"""

from collections.abc import Collection
from typing import Final

from tzlocal.windows_tz import tz_win, win_tz

UTC_NAME: Final = "Etc/UTC"
_UTC_NAMES: Final = frozenset(
    {
        "UTC",
        "Etc/UTC",
        "GMT",
        "Etc/GMT",
        "Etc/UCT",
        "Z",
        "tzone://Microsoft/Utc",
        "Coordinated Universal Time",
    }
)


def iana_name(name: str) -> str | None:
    """Return the IANA name of a zone by its Windows or IANA name; ``None`` where neither knows it.

    >>> iana_name("W. Europe Standard Time"), iana_name("Europe/Vienna"), iana_name("Ours")
    ('Europe/Berlin', 'Europe/Vienna', None)
    """
    if name in _UTC_NAMES:
        return UTC_NAME
    return win_tz.get(name) or (name if name in tz_win else None)


def windows_name(name: str) -> str | None:
    """Return the Windows name of a zone by its IANA or Windows name; ``None`` where it has none.

    >>> windows_name("Europe/Vienna"), windows_name("<+01>-1")
    ('W. Europe Standard Time', None)
    """
    if name in _UTC_NAMES:
        return "UTC"
    return name if name in win_tz else tz_win.get(name)


def named_zones() -> Collection[str]:
    """Return an IANA name for each zone that Windows knows."""
    return sorted({*win_tz.values()})
