"""Meetings: who hears of a change, and whose deletion may be followed.

Only the organizer's mailbox makes a meeting and tells the others. Nobody is invited by a technical update: something
that people see must have changed, and the meeting must lie ahead. Source: the behaviour of appointments in the
server-side synchronization inventory. Nothing is connected to these rules yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from serversync.rules.record import Side

TELLS_OTHERS: Final = frozenset(
    {
        "subject",
        "description",
        "location",
        "isalldayevent",
        "scheduledstart",
        "scheduledend",
        "requiredattendees",
        "optionalattendees",
        "organizer",
        "statecode",
        "prioritycode",
        "recurrencepattern",
    }
)
"""Columns of which the attendees hear when they change; a change of any other one stays silent."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What decides about a meeting in one mailbox.

    Attributes:
        is_organizer: Whether the mailbox is the organizer's.
        has_attendees: Whether anybody else is invited.
        is_past: Whether it is over; of a series, whether its last occurrence is.
        is_completed: Whether it is completed or cancelled in the CRM.
    """

    is_organizer: bool
    has_attendees: bool
    is_past: bool = False
    is_completed: bool = False


def tells_attendees(
    meeting: Meeting, changed: Iterable[str], *, may_send: bool = True, tells_of_past: bool = False
) -> bool:
    """Tell whether a write to Exchange invites or updates the attendees.

    Args:
        meeting: The meeting as it will be.
        changed: The columns that change; all of a new meeting's.
        may_send: The setting that lets invitations leave at all.
        tells_of_past: The setting that lets updates of past meetings leave (``sssupdatepastmeetingsinnondraftmode``).
    """
    return (
        may_send
        and meeting.is_organizer
        and meeting.has_attendees
        and (tells_of_past or not meeting.is_past)
        and not TELLS_OTHERS.isdisjoint(changed)
    )


def cancels(meeting: Meeting, *, may_send: bool = True) -> bool:
    """Tell whether deleting the meeting in Exchange sends cancellations."""
    return may_send and meeting.is_organizer and meeting.has_attendees and not meeting.is_past


def may_be_deleted(meeting: Meeting, deleted_in: Side) -> bool:
    """Tell whether the other side may follow a deletion; otherwise the pair is parted and the other one stays.

    A past meeting is history on both sides, and an attendee's copy is not ours to take away. What is completed in
    the CRM stays there.
    """
    if meeting.is_past or not meeting.is_organizer:
        return False
    return deleted_in is Side.CRM or not meeting.is_completed


def ignores_exchange(meeting: Meeting) -> bool:
    """Tell whether changes in Exchange do not reach the CRM any more: what is completed or cancelled there is done."""
    return meeting.is_completed
