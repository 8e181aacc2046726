"""Option values that several tables share, with Dataverse's numbers.

Source: Dataverse table reference of mailbox, queue, systemuser, emailserverprofile and email.
"""

from django.db.models import IntegerChoices


class StateCode(IntegerChoices):
    """Whether a row of reference data is in use."""

    ACTIVE = 0, "Active"
    INACTIVE = 1, "Inactive"


class StatusCode(IntegerChoices):
    """The reason of ``StateCode``; each state has one."""

    ACTIVE = 1, "Active"
    INACTIVE = 2, "Inactive"


class EmailRouterAccessApproval(IntegerChoices):
    """Email Address Status: may mail of this address be processed?"""

    EMPTY = 0, "Empty"
    APPROVED = 1, "Approved"
    PENDING_APPROVAL = 2, "Pending Approval"
    REJECTED = 3, "Rejected"


class IncomingEmailDeliveryMethod(IntegerChoices):
    """How mail comes into the CRM."""

    NONE = 0, "None"
    OUTLOOK = 1, "Microsoft Dynamics 365 for Outlook"
    SERVER_SIDE_SYNCHRONIZATION = 2, "Server-Side Synchronization or Email Router"
    FORWARD_MAILBOX = 3, "Forward Mailbox"


class OutgoingEmailDeliveryMethod(IntegerChoices):
    """How mail leaves the CRM."""

    NONE = 0, "None"
    OUTLOOK = 1, "Microsoft Dynamics 365 for Outlook"
    SERVER_SIDE_SYNCHRONIZATION = 2, "Server-Side Synchronization or Email Router"


class QueueIncomingEmailDeliveryMethod(IntegerChoices):
    """How mail of a queue comes in; a queue has no Outlook."""

    NONE = 0, "None"
    SERVER_SIDE_SYNCHRONIZATION = 2, "Server-Side Synchronization or Email Router"
    FORWARD_MAILBOX = 3, "Forward Mailbox"


class QueueOutgoingEmailDeliveryMethod(IntegerChoices):
    """How mail of a queue leaves."""

    NONE = 0, "None"
    SERVER_SIDE_SYNCHRONIZATION = 2, "Server-Side Synchronization or Email Router"


class ActDeliveryMethod(IntegerChoices):
    """How appointments, contacts and tasks are synchronized."""

    OUTLOOK = 0, "Microsoft Dynamics 365 for Outlook"
    SERVER_SIDE_SYNCHRONIZATION = 1, "Server-Side Synchronization"
    NONE = 2, "None"


class IncomingEmailFilteringMethod(IntegerChoices):
    """Convert Incoming Email To Activities: which messages a user or queue lets in."""

    ALL = 0, "All email messages"
    RESPONSES = 1, "Email messages in response to Dynamics 365 email"
    LEADS_CONTACTS_ACCOUNTS = 2, "Email messages from Dynamics 365 Leads, Contacts and Accounts"
    EMAIL_ENABLED_RECORDS = 3, "Email messages from Dynamics 365 records that are email enabled"
    NONE = 4, "No email messages"


class NewSender(IntegerChoices):
    """What an unknown sender becomes when a message is tracked."""

    NOTHING = -1, "None"
    CONTACT = 0, "Contact"
    LEAD = 1, "Lead"


class TestResult(IntegerChoices):
    """What came out of the last run of a test or a pass."""

    __test__ = False

    NOT_RUN = 0, "Not Run"
    SUCCESS = 1, "Success"
    FAILURE = 2, "Failure"


class Priority(IntegerChoices):
    """Urgency of an activity or of its delivery."""

    LOW = 0, "Low"
    NORMAL = 1, "Normal"
    HIGH = 2, "High"
