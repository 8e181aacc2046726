"""Service activities as items of a calendar: the field map, how they show, and the text of their body.

Everything goes to Exchange, nothing comes back. An item with attendees would be a meeting, of which Exchange tells them; so
who takes part stands in the text of the item, before the description.

Source: the field maps of the server-side synchronization inventory; Dataverse table reference, serviceappointment.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from serversync.mapping.fields import FieldMap
from serversync.mapping.values import Form
from serversync.rules.record import Direction, Value


def _row(logicalname: str, prop: str, form: Form, label: str) -> FieldMap:
    return FieldMap(
        logicalname,
        prop,
        form,
        Direction.TO_EXCHANGE,
        is_fixed=True,
        label=label,
        limit=Direction.TO_EXCHANGE,
    )


SERVICE: Final = (
    _row("scheduledstart", "calendar:Start", Form.TIMES, "Appointment Time"),
    _row("prioritycode", "item:Importance", Form.IMPORTANCE, "Importance"),
    _row("location", "calendar:Location", Form.TEXT, "Location"),
    _row("description", "item:Body", Form.NOTE, "Notes"),
    _row("customers", "item:Body", Form.PEOPLE, "Optional Attendees"),
    _row("organizer", "calendar:Organizer", Form.PEOPLE, "Organizer"),
    _row("regardingobjectid", "item:Body", Form.TEXT, "Regarding"),
    _row("resources", "item:Body", Form.PEOPLE, "Required Attendees"),
    _row("statecode", "calendar:LegacyFreeBusyStatus", Form.SHOWN_AS, "Show Time As"),
    _row("subject", "item:Subject", Form.TEXT, "Subject"),
)
"""``serviceappointment`` and ``CalendarItem``.

``scheduledstart`` is the group of start, end and whether it lasts whole days, ``statecode`` the pair of state and status.
The organizer of an item is whose calendar it stands in, and is not written.
"""
SERVICE_DIRECTIONS: Final = dict.fromkeys(
    ("scheduledstart", "prioritycode", "location", "description", "statecode", "subject"),
    Direction.TO_EXCHANGE,
)
"""The fields in which an item is compared with its record; who takes part, and what it is about, are in the description."""
FREE: Final = "Free"
_BUSY: Final = "Busy"
_SHOWN_AS: Final[Mapping[int, str]] = {2: "Tentative", 3: _BUSY, 4: _BUSY, 6: _BUSY, 7: _BUSY}
CUSTOMER: Final = 11
RESOURCE: Final = 10


def service_shown_as(status: int) -> str:
    """Return how a service activity with a ``statuscode`` shows: what is requested, over or cancelled, as free.

    >>> [service_shown_as(status) for status in (1, 2, 3, 4, 6, 7, 8, 9, 10)]
    ['Free', 'Tentative', 'Busy', 'Busy', 'Busy', 'Busy', 'Free', 'Free', 'Free']
    """
    return _SHOWN_AS.get(status, FREE)


def service_text(
    description: str | None,
    parties: Iterable[tuple[int, str | None, str | None]],
    regarding: str | None,
) -> Value:
    r"""Return the text of an item, given part, address and name of everybody, and the name of what it is about.

    >>> service_text("Bring a ladder.\n", [(11, "ben@example.org", "Ben"), (10, "ada@example.org", None)], "Contoso")
    'Customers: Ben <ben@example.org>\nResources: ada@example.org\nRegarding: Contoso\n\nBring a ladder.\n'
    >>> service_text(None, [], None) is None
    True
    """
    named: dict[int, set[str]] = {CUSTOMER: set(), RESOURCE: set()}
    for mask, address, name in parties:
        shown = f"{name} <{address}>" if name and address else name or address
        if shown and mask in named:
            named[mask].add(_line(shown))
    lines = [
        f"{label}: {'; '.join(sorted(named[mask]))}"
        for label, mask in (("Customers", CUSTOMER), ("Resources", RESOURCE))
        if named[mask]
    ]
    if regarding:
        lines.append(f"Regarding: {_line(regarding)}")
    head = "\n".join(lines)
    return f"{head}\n\n{description}" if head and description else head or description or None


def _line(text: str) -> str:
    """Return a text without line ends, which would make another line of what stands after them."""
    return " ".join(text.split())
