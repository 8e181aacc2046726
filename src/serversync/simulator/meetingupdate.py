"""What a changed meeting means for its attendees: who is told what after an update."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serversync.simulator import meetings
from serversync.simulator.calendar.meeting import (
    RequestType,
    attendees,
    content_differs,
    keep_answers,
    times_differ,
    without,
)
from serversync.simulator.kinds.attendee import Attendee
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.storeditem import StoredItem

if TYPE_CHECKING:
    from serversync.simulator.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Update:
    """Who has to be told what after an organizer changed a meeting.

    Attributes:
        kind: What the request to those who stay invited says.
        added: Who is new.
        kept: Who stays.
        removed: Who is no longer invited.
    """

    kind: RequestType
    added: tuple[Attendee, ...]
    kept: tuple[Attendee, ...]
    removed: tuple[Attendee, ...]


def prepare_update(before: StoredItem, after: StoredItem, *, sends: bool) -> Update:
    """Bring the answers and the sequence number of a changed meeting up to date, before it is stored.

    Args:
        before: The appointment as it was.
        after: As it becomes.
        sends: Whether anybody is told.
    """
    was, given = before.properties or {}, after.properties or {}
    is_moved = times_differ(was, given)
    keep_answers(was, given, forget=is_moved and sends)
    if sends and attendees(given):
        if is_moved:
            given["calendar:AppointmentSequenceNumber"] = meetings.sequence(was) + 1
        meetings.mark_as_meeting(after)
    old, new = attendees(was), attendees(given)
    return Update(
        RequestType.FULL if is_moved else RequestType.INFORMATIONAL,
        tuple(without(new, old)),
        tuple(one for one in new if one not in tuple(without(new, old))),
        tuple(without(old, new)),
    )


def tell_update(
    exchange: "Exchange",
    mailbox: Mailbox,
    before: StoredItem,
    after: StoredItem,
    update: Update,
    *,
    only_changed: bool,
    saves_copy: bool,
) -> None:
    """Send what an update asks for: requests to those who are new, updates to others, cancellations to the rest."""
    was, given = before.properties or {}, after.properties or {}
    meetings.invite(exchange, mailbox, after, update.added, RequestType.NEW, saves_copy=saves_copy)
    meetings.cancel(exchange, mailbox, before, update.removed, saves_copy=saves_copy, goes_on=True)
    is_changed = update.kind is RequestType.FULL or content_differs(was, given)
    if update.kept and (is_changed or not only_changed):
        meetings.invite(exchange, mailbox, after, update.kept, update.kind, saves_copy=saves_copy)
