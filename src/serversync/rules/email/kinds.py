"""What kind of thing an item is, and how each kind is treated.

Exchange keeps more in an Inbox than mail. The item class says what it is; each kind has one stated treatment,
which ``mailbox why`` can repeat. Source: item classes of MS-OXOMSG and MS-OXOCAL.
"""

from enum import Enum
from functools import lru_cache


class Kind(Enum):
    """Kinds of items that lie in folders of mail."""

    MAIL = "mail"
    """Examined."""
    SIGNED = "signed"
    """S/MIME, signed or encrypted: examined; what cannot be read stays as the attachment ``smime.p7m``."""
    PROTECTED = "protected"
    """Rights-protected: examined, unless ``restrictirmemailitems`` keeps it out."""
    REPORT = "report"
    """A report on another message (not delivered, delayed, read): examined, but never makes a contact or lead."""
    AUTOMATIC = "automatic"
    """An out-of-office or other automatic reply: examined, but never makes a contact or lead."""
    RECALL = "recall"
    """An attempt to recall a message, or its report: left alone; the recalled message stays as it was tracked."""
    MEETING = "meeting"
    """An invitation, answer or cancellation: belongs to the calendar, not to mail."""
    TEST = "test"
    """A message by which *Test & Enable* tries a mailbox: left alone, and deleted by who sent it."""
    OTHER = "other"
    """A contact, task, note, post, missed conversation: no mail."""


TEST_MESSAGE_CLASS = "IPM.Note.serversync.Test"
"""The class of the messages by which *Test & Enable* tries a mailbox."""

_PREFIXES: tuple[tuple[str, Kind], ...] = (
    (TEST_MESSAGE_CLASS.upper(), Kind.TEST),
    ("IPM.SCHEDULE.", Kind.MEETING),
    ("IPM.APPOINTMENT", Kind.MEETING),
    ("REPORT.IPM.SCHEDULE.", Kind.MEETING),
    ("REPORT.", Kind.REPORT),
    ("IPM.OUTLOOK.RECALL", Kind.RECALL),
    ("IPM.RECALL.", Kind.RECALL),
    ("IPM.NOTE.SMIME", Kind.SIGNED),
    ("IPM.NOTE.SECURE", Kind.SIGNED),
    ("IPM.NOTE.RPMSG", Kind.PROTECTED),
    ("IPM.NOTE.RULES.", Kind.AUTOMATIC),
    ("IPM.NOTE.MICROSOFT.CONVERSATION", Kind.OTHER),
    ("IPM.NOTE.MICROSOFT.MISSED", Kind.OTHER),
    ("IPM.TASK", Kind.OTHER),
    ("IPM.CONTACT", Kind.OTHER),
    ("IPM.DISTLIST", Kind.OTHER),
    ("IPM.STICKYNOTE", Kind.OTHER),
    ("IPM.ACTIVITY", Kind.OTHER),
    ("IPM.POST", Kind.OTHER),
)
EXAMINED = frozenset({Kind.MAIL, Kind.SIGNED, Kind.PROTECTED, Kind.REPORT, Kind.AUTOMATIC})
"""Kinds that may become e-mail activities."""
NOBODY_NEW = frozenset({Kind.REPORT, Kind.AUTOMATIC})
"""Kinds whose sender never becomes a contact or lead: they were not written by a person."""

PROTECTED_ATTACHMENT = "message.rpmsg"
"""The attachment that a rights-protected message has its content in, whatever its class says."""


@lru_cache(maxsize=1024)
def kind_of(item_class: str) -> Kind:
    """Return the kind that an item class stands for; an unknown class is mail, so that nothing is lost.

    >>> kind_of("IPM.Note"), kind_of("REPORT.IPM.Note.NDR"), kind_of("IPM.Schedule.Meeting.Request")
    (<Kind.MAIL: 'mail'>, <Kind.REPORT: 'report'>, <Kind.MEETING: 'meeting'>)
    """
    name = item_class.upper()
    return next((kind for prefix, kind in _PREFIXES if name.startswith(prefix)), Kind.MAIL)
