"""Meetings: who hears of a change, whose deletion may be followed, and which mailbox speaks for a meeting.

Only the organizer's mailbox makes a meeting and tells the others. Nobody is invited by a technical update: something
that people see must have changed, and the meeting must lie ahead. A meeting is one record for all mailboxes; the
organizer's item says what it is, and where the organizer is not synchronized, that of the record's owner, or else of one
of the attendees. What
anybody has answered is said by each mailbox for itself. Source: the behaviour of appointments in the server-side
synchronization inventory.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Final

from serversync.rules.answers import RESPONSES
from serversync.rules.plan import Facts
from serversync.rules.record import Direction, Side

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
        "resources",
        "organizer",
        "statecode",
        "prioritycode",
        "recurrencepattern",
    }
)
"""Columns of which the attendees hear when they change; a change of any other one stays silent."""
ORGANIZER: Final = "organizer"
_ANSWERS: Final = frozenset({RESPONSES})
_ANSWERS_AND_ORGANIZER: Final = frozenset({RESPONSES, ORGANIZER})


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


class PrivateItems(IntEnum):
    """What becomes of private appointments that are tracked in Exchange."""

    LEAVE_OUT = 0
    WITHOUT_CONTENT = 1
    WHOLE = 2


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of meetings.

    Attributes:
        may_send: Whether invitations, updates and cancellations leave at all.
        tells_of_past: Whether updates of past meetings leave (``sssupdatepastmeetingsinnondraftmode``).
        cancels: Whether an appointment cancelled in the CRM goes away in Exchange
            (``ssspropagateappointmentcancellationstoexchange``).
        attendees_track: Whether a meeting can be tracked in the mailbox of somebody who did not call it
            (``trackappointmentsfromnonorganizer``).
        private: What becomes of private appointments.
        starts_on: What ended before then does not begin to take part.
    """

    may_send: bool = True
    tells_of_past: bool = False
    cancels: bool = False
    attendees_track: bool = True
    private: PrivateItems = PrivateItems.WITHOUT_CONTENT
    starts_on: datetime | None = None


REFERENCE: Final = Policy()
"""The settings where nobody has set others."""


@dataclass(frozen=True, slots=True)
class InCrm:
    """What the record says, seen from one mailbox.

    Attributes:
        is_organizer: Whether the mailbox's owner is the organizer.
        speaks: Whether this mailbox speaks for a meeting that somebody else has called.
        is_known: Whether the meeting stands in Exchange already: its id there is known.
        is_completed: Whether it is completed or cancelled.
        is_cancelled: Whether it is cancelled.
    """

    is_organizer: bool
    speaks: bool
    has_attendees: bool
    ends_on: datetime
    is_known: bool = False
    is_completed: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class InExchange:
    """What the item of one mailbox says.

    Attributes:
        is_organizer: Whether the mailbox's owner has called the meeting, or it is an appointment of the owner's alone.
        is_cancelled: Whether its organizer has cancelled it.
        is_private: Whether it is marked as private, personal or confidential.
    """

    is_organizer: bool
    has_attendees: bool
    ends_on: datetime
    is_cancelled: bool = False
    is_private: bool = False


def facts(crm: InCrm | None, exchange: InExchange | None, now: datetime, policy: Policy) -> Facts:
    """Return what decides on an appointment in one mailbox, given what either side says, if it is there.

    Who has called a meeting is what the item says, for a meeting in Exchange cannot change hands.
    """
    one = exchange or crm
    if one is None:
        return Facts()
    is_organizer = one.is_organizer
    meeting = Meeting(
        is_organizer,
        one.has_attendees,
        is_past=one.ends_on < now,
        is_completed=crm is not None and crm.is_completed,
    )
    is_old = policy.starts_on is not None and one.ends_on < policy.starts_on
    speaks, told = _speaks(crm, exchange)
    return Facts(
        is_completed=meeting.is_completed,
        may_be_deleted=may_be_deleted(meeting, Side.EXCHANGE if exchange is None else Side.CRM),
        may_be_made=(
            crm is not None and crm.is_organizer and not crm.is_known and not crm.is_completed and not is_old
        ),
        may_be_taken_in=exchange is not None and not is_old and _may_be_taken_in(exchange, policy),
        is_withdrawn=policy.cancels and crm is not None and crm.is_cancelled and is_organizer,
        limit=_limit(exchange, meeting, speaks=speaks),
        own=frozenset() if meeting.is_completed else told,
        is_silent=not (speaks or meeting.is_completed),
    )


def left_out(crm: InCrm, exchange: InExchange | None) -> InCrm:
    """Return what a record outside the filters says: who was left out of a meeting has a cancelled copy, which speaks for nobody.

    That copy stays as the meeting was then; whoever is still invited knows what it has become.
    """
    if exchange is None or not exchange.is_cancelled or exchange.is_organizer:
        return crm
    return replace(crm, speaks=False)


def _speaks(crm: InCrm | None, exchange: InExchange | None) -> tuple[bool, frozenset[str]]:
    """Return whether the mailbox speaks for the meeting, and what it tells in any case.

    Where somebody has made its owner the organizer in the CRM, its item is an attendee's all the same: it tells whose
    meeting it is, and nothing else until the record says so too.
    """
    if crm is None or (exchange is not None and exchange.is_organizer):
        return True, _ANSWERS
    if exchange is not None and crm.is_organizer:
        return False, _ANSWERS_AND_ORGANIZER
    return crm.speaks or crm.is_organizer, _ANSWERS


def _may_be_taken_in(item: InExchange, policy: Policy) -> bool:
    if item.is_cancelled or (item.is_private and policy.private is PrivateItems.LEAVE_OUT):
        return False
    return item.is_organizer or policy.attendees_track


def _limit(exchange: InExchange | None, meeting: Meeting, *, speaks: bool) -> Direction:
    """Return which way the values of a pair may go."""
    limit = Direction.TO_CRM if speaks else Direction.NONE
    if meeting.is_organizer and not (exchange is not None and exchange.is_private):
        limit = Direction.BOTH
    return limit.within(Direction.TO_EXCHANGE) if ignores_exchange(meeting) else limit
