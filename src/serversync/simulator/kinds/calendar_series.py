"""What a calendar item tells of its time zones, and a master of its series."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo

from serversync.simulator import identifiers
from serversync.simulator.calendar.recurrence import write_recurrence
from serversync.simulator.calendar.series import (
    last_occurrence,
    occurrence,
    occurrences,
    occurrences_between,
    series_of,
    zone_of,
)
from serversync.simulator.calendar.timezones import definition, id_of, zone_of_id
from serversync.simulator.identifiers import Identifier
from serversync.simulator.itemview import ItemView
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema


def item_zone(view: ItemView, name: str = "StartTimeZone") -> tzinfo:
    """Return the zone of the start, or of the end, of a calendar item."""
    given = view.item.properties or {}
    start = zone_of(given)
    return (
        start
        if name == "StartTimeZone" or not given.get("calendar:EndTimeZone")
        else zone_of({"calendar:StartTimeZone": given["calendar:EndTimeZone"]})
    )


def time_zone(view: ItemView, name: str) -> str:
    """Return ``StartTimeZone`` or ``EndTimeZone`` with all its data; a zone of the client's own as it came."""
    zone = item_zone(view, name)
    if zone_of_id(id_of(zone)) is not None:
        start = view.get("calendar:Start")
        return definition(name, zone, start.year if start else view.item.received.year)
    given = view.item.properties or {}
    fragment = given.get(f"calendar:{name}") or given.get("calendar:StartTimeZone")
    return str(fragment or "").replace("t:StartTimeZone", f"t:{name}")


def meeting_time_zone(view: ItemView) -> str:
    """Return ``MeetingTimeZone``: as it came, or by name for clients of 2007."""
    given = (view.item.properties or {}).get("calendar:MeetingTimeZone")
    if given:
        return str(given)
    if view.shape.schema >= Schema.EXCHANGE2010:
        return ""
    return f'<t:MeetingTimeZone TimeZoneName="{id_of(item_zone(view))}"/>'


def wall_clock(view: ItemView, name: str) -> datetime | None:
    """Return the start or end by the clock of its own zone."""
    value = view.get(f"calendar:{name}")
    return None if value is None else value.astimezone(item_zone(view, f"{name}TimeZone"))


def recurrence(view: ItemView) -> str:
    """Return ``Recurrence``; its dates say the offset of the zone in which they are meant."""
    found = series_of(view.item)
    if found is None:
        return ""
    offset = f"{found.start(found.recurrence.start).astimezone(found.zone):%z}"
    suffix = f"{offset[:3]}:{offset[3:5]}" if offset.strip("+0") else "Z"
    return write_recurrence(found.recurrence, suffix)


def _info(view: ItemView, name: str, found: StoredItem | None) -> str:
    if found is None:
        return ""
    given = found.properties or {}
    root = Identifier(view.mailbox.guid, found.folder, found.number, occurrence=found.occurrence)
    ids = f'<t:ItemId Id="{identifiers.encode(root)}" ChangeKey="{view.mailbox.change_key(found)}"/>'
    times = "".join(
        f"<t:{part}>{view.time(given[f'calendar:{part}'])}</t:{part}>"
        for part in ("Start", "End", "OriginalStart")
    )
    return f"<t:{name}>{ids}{times}</t:{name}>"


def first_occurrence(view: ItemView) -> str:
    """Return ``FirstOccurrence`` of a master."""
    return _info(view, "FirstOccurrence", next(occurrences(view.item), None))


def final_occurrence(view: ItemView) -> str:
    """Return ``LastOccurrence`` of a master; none for a series without an end."""
    return _info(view, "LastOccurrence", last_occurrence(view.item))


def modified_occurrences(view: ItemView) -> str:
    """Return ``ModifiedOccurrences`` of a master."""
    exceptions = view.item.exceptions or {}
    rows = "".join(
        _info(view, "Occurrence", occurrence(view.item, date.fromordinal(number)))
        for number in sorted(exceptions)
        if exceptions[number] is not None
    )
    return f"<t:ModifiedOccurrences>{rows}</t:ModifiedOccurrences>" if rows else ""


def deleted_occurrences(view: ItemView) -> str:
    """Return ``DeletedOccurrences`` of a master."""
    series, exceptions = series_of(view.item), view.item.exceptions or {}
    if series is None:
        return ""
    rows = "".join(
        f"<t:DeletedOccurrence><t:Start>{view.time(series.start(date.fromordinal(number)))}</t:Start></t:DeletedOccurrence>"
        for number in sorted(exceptions)
        if exceptions[number] is None
    )
    return f"<t:DeletedOccurrences>{rows}</t:DeletedOccurrences>" if rows else ""


def _others(view: ItemView) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the mailbox is busy with something else, from a day before an item to a day after it."""
    start, end = view.get("calendar:Start"), view.get("calendar:End")
    if view.path or start is None or end is None:
        return
    first, last = start - timedelta(1), end + timedelta(1)
    calendar = view.mailbox.find_distinguished_folder("calendar")
    for number in () if calendar is None else calendar.items:
        other = view.mailbox.item(number)
        given = other.properties or {}
        is_series = bool(given.get("calendar:Recurrence"))
        for one in occurrences_between(other, first, last) if is_series else (other,):
            found = one.properties or {}
            if found.get("calendar:UID") == view.get("calendar:UID"):
                continue
            if found.get("calendar:LegacyFreeBusyStatus") != "Free" and found.get("calendar:Start"):
                yield found["calendar:Start"], found["calendar:End"]


def conflicting(view: ItemView) -> int:
    """Return how many other appointments overlap one."""
    start, end = view.get("calendar:Start"), view.get("calendar:End")
    return sum(begins < end and ends > start for begins, ends in _others(view))


def adjacent(view: ItemView) -> int:
    """Return how many other appointments end where one starts, or start where it ends."""
    start, end = view.get("calendar:Start"), view.get("calendar:End")
    return sum(begins == end or ends == start for begins, ends in _others(view))
