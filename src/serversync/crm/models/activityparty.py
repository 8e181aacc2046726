"""``activityparty``: who took part in an activity, as which record, and under which address.

Source: Dataverse table reference, activityparty. ``responsestatus``, what an attendee has answered, is our own.
"""

from django.db import models
from django.db.models import Q

from serversync.crm.models.columns import boolean, integer, picklist, primarykey, string, uniqueidentifier


class ParticipationTypeMask(models.IntegerChoices):
    """The part somebody has in an activity."""

    SENDER = 1, "Sender"
    TO_RECIPIENT = 2, "To Recipient"
    CC_RECIPIENT = 3, "CC Recipient"
    BCC_RECIPIENT = 4, "BCC Recipient"
    REQUIRED_ATTENDEE = 5, "Required attendee"
    OPTIONAL_ATTENDEE = 6, "Optional attendee"
    ORGANIZER = 7, "Organizer"
    REGARDING = 8, "Regarding"
    OWNER = 9, "Owner"
    RESOURCE = 10, "Resource"
    CUSTOMER = 11, "Customer"
    CHAT_PARTICIPANT = 12, "Chat Participant"


class InstanceTypeCode(models.IntegerChoices):
    """What the activity is to a series."""

    NOT_RECURRING = 0, "Not Recurring"
    RECURRING_MASTER = 1, "Recurring Master"
    RECURRING_INSTANCE = 2, "Recurring Instance"
    RECURRING_EXCEPTION = 3, "Recurring Exception"
    RECURRING_FUTURE_EXCEPTION = 4, "Recurring Future Exception"


class ResponseStatus(models.IntegerChoices):
    """What somebody has answered to an invitation; the words are those of Exchange."""

    UNKNOWN = 0, "Unknown"
    ORGANIZER = 1, "Organizer"
    TENTATIVE = 2, "Tentative"
    ACCEPT = 3, "Accept"
    DECLINE = 4, "Decline"
    NO_RESPONSE_RECEIVED = 5, "NoResponseReceived"


ATTENDEES = (
    ParticipationTypeMask.REQUIRED_ATTENDEE,
    ParticipationTypeMask.OPTIONAL_ATTENDEE,
    ParticipationTypeMask.ORGANIZER,
    ParticipationTypeMask.RESOURCE,
)
"""The parts that somebody can have in an appointment."""


class ActivityParty(models.Model):
    """One participant of an activity; without ``partyid`` the address is not (or not uniquely) known.

    ``activityid`` is an e-mail, an appointment, a series or a service activity, so the database has no foreign key for it; a trigger takes the parties
    away together with their activity.
    """

    activitypartyid = primarykey()
    activityid = models.ForeignKey(
        "crm.Email",
        models.CASCADE,
        db_column="activityid",
        db_constraint=False,
        related_name="activityparties",
    )
    participationtypemask = picklist(ParticipationTypeMask, ParticipationTypeMask.TO_RECIPIENT)
    partyid = uniqueidentifier()
    partyobjecttypecode = string(64)
    addressused = string(320)
    addressusedemailcolumnnumber = integer(1)
    unresolvedpartyname = string(200)
    exchangeentryid = string(1024)
    donotemail = boolean(default=False)
    ispartydeleted = boolean(default=False)
    instancetypecode = picklist(InstanceTypeCode, InstanceTypeCode.NOT_RECURRING)
    responsestatus = picklist(ResponseStatus)

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "activityparty"
        constraints = (
            models.CheckConstraint(
                condition=Q(partyid=None, partyobjecttypecode=None)
                | Q(partyid__isnull=False, partyobjecttypecode__isnull=False),
                name="activityparty_id_and_type",
            ),
        )
        indexes = (
            models.Index(
                fields=["partyid"], name="activityparty_partyid", condition=Q(partyid__isnull=False)
            ),
            models.Index(
                fields=["partyid", "participationtypemask", "activityid"],
                name="activityparty_attendee",
                condition=Q(partyid__isnull=False, participationtypemask__in=ATTENDEES),
            ),
        )

    def __str__(self) -> str:
        return self.unresolvedpartyname or self.addressused or str(self.partyid)
