"""Whether a message of a mailbox becomes an e-mail activity.

The order is: is it mail at all, did it arrive since *Process Email From*, does somebody accept it, to what
does it belong. Filtering by recipients and correlation join here with the e-mail rules.
"""

from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple


class Outcome(IntEnum):
    """What became of a message that was examined; values are stored."""

    TRACKED = 1
    ALREADY_TRACKED = 2
    BEFORE_START = 3
    SET_ASIDE = 4
    GONE = 5
    NOT_MAIL = 6


class Decision(NamedTuple):
    """An outcome and the reason for it, as a stable code."""

    outcome: Outcome
    reason: str


REASONS: dict[str, str] = {
    "accepted": "It arrived in a folder that is read, and nothing spoke against it.",
    "copy": "The same message is tracked already, from this or another mailbox.",
    "before-process-email-from": "It was received before 'Process Email From' of the profile or the mailbox.",
    "not-mail": "It is not a message but another kind of item ({item_class}).",
    "gone": "It was deleted or moved before it could be read.",
    "unreadable": "Exchange could not hand it over, see the alert of the mailbox.",
}
"""The sentence for each reason; ``mailbox why`` shows it."""

_NOT_MAIL = (
    "IPM.SCHEDULE.",
    "IPM.TASKREQUEST",
    "IPM.APPOINTMENT",
    "IPM.CONTACT",
    "IPM.DISTLIST",
    "IPM.TASK",
    "IPM.STICKYNOTE",
    "IPM.ACTIVITY",
    "IPM.POST",
)

ACCEPTED = Decision(Outcome.TRACKED, "accepted")
COPY = Decision(Outcome.ALREADY_TRACKED, "copy")
GONE = Decision(Outcome.GONE, "gone")
UNREADABLE = Decision(Outcome.SET_ASIDE, "unreadable")
_NOT_A_MESSAGE = Decision(Outcome.NOT_MAIL, "not-mail")
_BEFORE_START = Decision(Outcome.BEFORE_START, "before-process-email-from")


@lru_cache(maxsize=1024)
def is_mail(item_class: str) -> bool:
    """Tell whether an item class is a message of any kind, reports and signed messages included.

    >>> is_mail("IPM.Note.SMIME"), is_mail("REPORT.IPM.Note.NDR"), is_mail("IPM.Schedule.Meeting.Request")
    (True, True, False)
    """
    return not item_class.upper().startswith(_NOT_MAIL)


def examine(
    item_class: str, received_on: datetime | None, *, process_from: datetime | None, listing_first_time: bool
) -> Decision:
    """Decide on an item from what the change feed says about it, before it is fetched.

    *Process Email From* speaks of arrival. While a folder is listed for the first time the time of receipt
    stands for it; whatever appears in the folder later arrived later, even with an old date (moved there).
    """
    if not is_mail(item_class):
        return _NOT_A_MESSAGE
    if listing_first_time and process_from and received_on and received_on < process_from:
        return _BEFORE_START
    return ACCEPTED


def effective_start(profile: datetime | None, mailbox: datetime | None) -> datetime | None:
    """Return the later of the two *Process Email From* values.

    Source: the effective bound is ``max(profile value, mailbox value)``, ``server-side-sync.md`` 2.2.
    """
    given = [value for value in (profile, mailbox) if value is not None]
    return max(given, default=None)
