"""Whether a message of a mailbox becomes an e-mail activity: outcomes, reasons, and what the listing decides.

The order is: is it mail at all, did it arrive since *Process Email From*, was it marked by hand, does somebody
accept it, to what does it belong. What needs the message itself is decided in ``judgement``.
"""

from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from serversync.rules.email.kinds import EXAMINED, Kind, kind_of


class Outcome(IntEnum):
    """What became of a message that was examined; values are stored."""

    TRACKED = 1
    ALREADY_TRACKED = 2
    BEFORE_START = 3
    SET_ASIDE = 4
    GONE = 5
    NOT_MAIL = 6
    NOT_ACCEPTED = 7
    UNTRACKED = 8


class Decision(NamedTuple):
    """An outcome and the reason for it, as a stable code."""

    outcome: Outcome
    reason: str


REASONS: dict[str, str] = {
    "accepted": "It arrived in a folder that is read, and nothing spoke against it.",
    "filter-all": "{acceptor} takes all e-mail messages.",
    "filter-response": "It answers an e-mail of the CRM, and {acceptor} takes such messages.",
    "filter-sender": "The CRM knows the sender, and {acceptor} takes messages of such senders.",
    "filter-recipient": "The CRM knows a recipient, and {acceptor} takes messages to such recipients.",
    "tracked-folder": "It was filed into the tracked folder {folder}.",
    "category": "It carries the category {category}.",
    "forwarded": "{acceptor} forwarded it to this mailbox as an attachment.",
    "copy": "The same message is tracked already, from this or another mailbox.",
    "ours": "It was sent by the CRM itself, where it is an e-mail already.",
    "internal": "It is mail between users, and its other half is tracked already (ignoreinternalemail).",
    "no-recipient": "Nobody who takes such messages is among its recipients (NoRecipientMatch).",
    "no-correlation": "It belongs to no e-mail of the CRM, and whoever was asked takes only answers (NoCorrelationMatch).",
    "sender-unknown": "The CRM does not know the sender as whoever was asked wants it.",
    "takes-nothing": "Whoever was asked takes no e-mail messages automatically.",
    "not-approved": "The addresses of those who would take it are not approved.",
    "not-enabled": "The mailboxes of those who would take it are not enabled.",
    "invalid-sender": "It has no valid sender, and nobody takes such messages (InvalidSender).",
    "several-senders": "Several records carry the sender's address (overridev5senderconflictresolution).",
    "protected": "It is protected by rights management (restrictirmemailitems).",
    "invalid-forward": (
        "It was not forwarded as an attachment by a user whose incoming method is Forward Mailbox "
        "(InvalidForwardMailItem)."
    ),
    "draft": "It is a draft.",
    "category-removed": "The category was removed in Outlook; the record stays.",
    "before-process-email-from": "It was received before 'Process Email From' of the profile or the mailbox.",
    "not-mail": "It is not a message but another kind of item ({item_class}).",
    "test-message": "Test & Enable sent it to try the mailbox.",
    "recall": "It recalls a message ({item_class}); what was tracked stays.",
    "meeting": "It belongs to the calendar ({item_class}).",
    "gone": "It was deleted or moved before it could be read.",
    "unreadable": "Exchange could not hand it over, see the alert of the mailbox.",
}
"""The sentence for each reason; ``mailbox why`` shows it."""

ACCEPTED = Decision(Outcome.TRACKED, "accepted")
COPY = Decision(Outcome.ALREADY_TRACKED, "copy")
OURS = Decision(Outcome.ALREADY_TRACKED, "ours")
GONE = Decision(Outcome.GONE, "gone")
UNREADABLE = Decision(Outcome.SET_ASIDE, "unreadable")
UNTRACKED = Decision(Outcome.UNTRACKED, "category-removed")
_BEFORE_START = Decision(Outcome.BEFORE_START, "before-process-email-from")
_NO_MAIL = {
    Kind.MEETING: Decision(Outcome.NOT_MAIL, "meeting"),
    Kind.RECALL: Decision(Outcome.NOT_MAIL, "recall"),
    Kind.TEST: Decision(Outcome.NOT_MAIL, "test-message"),
    Kind.OTHER: Decision(Outcome.NOT_MAIL, "not-mail"),
}


def is_mail(item_class: str) -> bool:
    """Tell whether an item class is a message of any kind, reports and signed messages included.

    >>> is_mail("IPM.Note.SMIME"), is_mail("REPORT.IPM.Note.NDR"), is_mail("IPM.Schedule.Meeting.Request")
    (True, True, False)
    """
    return kind_of(item_class) in EXAMINED


def examine(
    item_class: str,
    received_on: datetime | None,
    *,
    process_from: datetime | None,
    listing_first_time: bool,
    marked: bool = False,
) -> Decision:
    """Decide on an item from what the change feed says about it, before it is fetched.

    *Process Email From* speaks of arrival. While a folder is listed for the first time the time of receipt
    stands for it; whatever appears in the folder later arrived later, even with an old date (moved there).
    Somebody who marks a message by hand (``marked``: a category, a tracked folder) means it, however old it is.
    """
    kind = kind_of(item_class)
    if kind not in EXAMINED:
        return _NO_MAIL[kind]
    if not marked and listing_first_time and process_from and received_on and received_on < process_from:
        return _BEFORE_START
    return ACCEPTED


def effective_start(profile: datetime | None, mailbox: datetime | None) -> datetime | None:
    """Return the later of the two *Process Email From* values.

    Source: the effective bound is ``max(profile value, mailbox value)`` (Microsoft, "Connect to Exchange Server (on-premises)").
    """
    given = [value for value in (profile, mailbox) if value is not None]
    return max(given, default=None)
