"""Changed occurrences that do not have the people of their series yet, although these were changed for all of it.

In Exchange a changed occurrence keeps the people that it had when others are invited to its series. Where the CRM changes
who is invited, these occurrences follow, each by a request of its own, and we may be killed before. So it is noted whom
they will keep, together with what is about to be written. An occurrence that still has just these people was given them
by nobody: it is looked at without them, so that whatever else somebody has made of it counts, and follows its series now.
"""

from typing import Final

from serversync.rules.record import Fields, Value
from serversync.rules.series.changes import DELETED, PREFIX, Own, own_of, resets_occurrences, without

PEOPLE: Final = ("requiredattendees", "optionalattendees", "resources")
"""The fields that name who is invited, of a series and of one occurrence."""
_SERIES: Final = "series"


def kept_people(to_exchange: Fields, exchange: Fields, behind: Fields | None) -> dict[str, Value]:
    """Return whom occurrences will keep, or keep already, where they do not follow their series at once.

    >>> kept_people({"resources": ("hall@example.org",)}, {"resources": ("room@example.org",)}, None)
    {'series': ('own', None, None, (('resources', ('room@example.org',)),))}

    Args:
        to_exchange: What is about to be written.
        exchange: The series before.
        behind: The occurrences that have not followed an earlier change (``left_behind``).
    """
    kept = dict(behind or {})
    if not resets_occurrences(to_exchange):  # a new pattern leaves no occurrence anything of its own
        people = Own(
            fields=tuple((name, exchange.get(name)) for name in PEOPLE if name in to_exchange)
        ).value()
        if people is not None:
            kept[_SERIES] = people
    return kept


def left_behind(kept: Fields, intended: Fields, exchange: Fields) -> dict[str, Value]:
    """Return the occurrences that do not have the people of their series yet, each with those that it has kept.

    >>> kept = kept_people({"resources": ("hall@example.org",)}, {"resources": ("room@example.org",)}, None)
    >>> moved = (("location", "Hall"), ("resources", ("room@example.org",)))
    >>> now = {"resources": ("hall@example.org",), "occurrence:2026-07-01": ("own", None, None, moved)}
    >>> left_behind(kept, {"resources": ("hall@example.org",)}, now)
    {'occurrence:2026-07-01': ('own', None, None, (('resources', ('room@example.org',)),))}

    Args:
        kept: What was noted (``kept_people``).
        intended: What was about to be written.
        exchange: The series now.
    """
    # Of people that are not the intended ones nobody knows whose change it was that an occurrence has not followed.
    before = {
        name: had for name, had in _people(kept.get(_SERIES)) if exchange.get(name) == intended.get(name)
    }
    found: dict[str, Value] = {}
    for name, value in exchange.items():
        if name.startswith(PREFIX) and value != DELETED:
            noted = {*before.items(), *_people(kept.get(name))}
            still = Own(fields=tuple(each for each in _people(value) if each in noted)).value()
            if still is not None:
                found[name] = still
    return found


def caught_up(exchange: Fields, behind: Fields) -> dict[str, Value]:
    """Return a series as if the occurrences that were left behind had followed it."""
    followed = {
        name: without(exchange.get(name), (each for each, _ in _people(kept)))
        for name, kept in behind.items()
    }
    return {name: value for name, value in {**exchange, **followed}.items() if value is not None}


def with_followers(to_exchange: Fields, exchange: Fields, behind: Fields) -> dict[str, Value]:
    """Return what is to be written so that the occurrences that were left behind follow, too.

    Args:
        to_exchange: What is to be written otherwise.
        exchange: The series as if they had followed (``caught_up``).
        behind: The occurrences.
    """
    if resets_occurrences(to_exchange):
        return dict(to_exchange)
    return {**{name: exchange.get(name) for name in behind}, **to_exchange}


def _people(value: Value) -> tuple[tuple[str, Value], ...]:
    return tuple(each for each in own_of(value).fields if each[0] in PEOPLE)
