"""``messagetrace``: why a message was tracked, or why not. A table of our own.

One row for each message that was examined in a mailbox, so that nothing is left out silently and a replay knows
what is done already.
"""

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import GreaterThan, LessThanOrEqual

from serversync.crm.models.columns import boolean, integer, memo, moment, picklist, primarykey, string

LONGEST_SUBJECT: Final = 600
"""Characters of a subject that an entry of an index has room for, whatever they are; Exchange itself takes 255."""
SUBJECT_IN_INDEX: Final = Q(LessThanOrEqual(Length("subject"), LONGEST_SUBJECT), subject__gt="")
SUBJECT_TOO_LONG: Final = Q(GreaterThan(Length("subject"), LONGEST_SUBJECT))
"""Of the rows whose subject an index has, and of those whose subject it cannot have; the others have none."""


class TraceOutcome(models.IntegerChoices):
    """What became of a message."""

    TRACKED = 1, "Tracked"
    ALREADY_TRACKED = 2, "Already tracked"
    BEFORE_START = 3, "Before the start date"
    SET_ASIDE = 4, "Set aside"
    GONE = 5, "Gone"
    NOT_MAIL = 6, "Not mail"
    NOT_ACCEPTED = 7, "Not accepted"
    UNTRACKED = 8, "Untracked"


class MessageTrace(models.Model):
    """One message in one mailbox. ``itemkey`` is a digest of the Exchange item id; ids are case-sensitive.

    ``detail`` has the reasons; it is emptied after ``messagetracepersistencetimeindays``, while the row stays, so that
    a replay knows the message. ``iscategorized`` says that it carried the tracking category when it was last seen;
    ``nextattempton``, that it could not be taken yet and when it is tried again.

    An index has the subjects themselves, so that a search for a part of one fetches no row in vain.
    """

    messagetraceid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="messagetraces", db_index=False
    )
    itemkey = models.UUIDField()
    exchangeentryid = memo()
    searchkey = string(512)
    distinguishedfolderid = string(64)
    messageid = memo()
    subject = memo()
    senderaddress = memo()
    receivedon = moment()
    outcome = picklist(TraceOutcome, TraceOutcome.TRACKED)
    reasoncode = string(100)
    detail = models.JSONField(null=True, blank=True)
    activityid = models.ForeignKey(
        "crm.Email",
        models.SET_NULL,
        db_column="activityid",
        null=True,
        blank=True,
        related_name="messagetraces",
    )
    mailboxtrackingfolderid = models.ForeignKey(
        "crm.MailboxTrackingFolder",
        models.SET_NULL,
        db_column="mailboxtrackingfolderid",
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    iscategorized = boolean(default=False)
    attempts = integer(0, None, 1)
    nextattempton = moment()
    examinedon = models.DateTimeField(auto_now_add=True, db_default=Now())

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "messagetrace"
        constraints = (models.UniqueConstraint(fields=["mailboxid", "itemkey"], name="messagetrace_item"),)
        indexes = (
            models.Index(fields=["messageid"], name="messagetrace_messageid"),
            models.Index(
                fields=["mailboxid", "-receivedon"],
                include=["outcome", "activityid"],
                name="messagetrace_newest",
            ),
            models.Index(
                fields=["mailboxid", "-receivedon"],
                condition=Q(outcome=TraceOutcome.SET_ASIDE),
                name="messagetrace_setaside",
            ),
            models.Index(
                fields=["mailboxid", "nextattempton"],
                name="messagetrace_nextattempt",
                condition=Q(nextattempton__isnull=False),
            ),
            models.Index(
                fields=["mailboxid", "examinedon"],
                name="messagetrace_reasons",
                condition=Q(detail__isnull=False),
            ),
            models.Index(
                fields=["mailboxid", "-receivedon", "-examinedon"],
                include=["messagetraceid", "subject"],
                name="messagetrace_subject",
                condition=SUBJECT_IN_INDEX,
            ),
            models.Index(
                fields=["mailboxid"],
                name="messagetrace_longsubject",
                condition=SUBJECT_TOO_LONG,
            ),
        )

    def __str__(self) -> str:
        return self.subject or self.messageid or str(self.itemkey)
