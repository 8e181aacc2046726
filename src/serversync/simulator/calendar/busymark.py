"""Whether a change of a calendar item changes when its owner is busy."""

from serversync.simulator.storeditem import StoredItem

_TIMES = (
    "calendar:Start",
    "calendar:End",
    "calendar:IsAllDayEvent",
    "calendar:LegacyFreeBusyStatus",
    "calendar:Recurrence",
    "calendar:StartTimeZone",
    "calendar:StartTimeZoneId",
    "calendar:MeetingTimeZone",
)
_FREE = ("calendar:LegacyFreeBusyStatus", "Free")

BusyMark = tuple[tuple[object, ...], ...]
"""What decides when somebody is busy with an item; empty for an item that takes no time."""


def busy_mark(item: StoredItem) -> BusyMark:
    """Return a value that differs between two states of an item exactly where its busy times do."""
    given = item.properties or {}
    name, free = _FREE
    if not given.get("calendar:Start") or (given.get(name) == free and not item.exceptions):
        return ()
    exceptions = sorted((item.exceptions or {}).items(), key=lambda one: one[0])
    return (
        tuple(given.get(uri) or None for uri in _TIMES),
        *(
            (day, *(() if one is None else ((one.properties or {}).get(uri) or None for uri in _TIMES)))
            for day, one in exceptions
        ),
    )
