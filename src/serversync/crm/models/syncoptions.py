"""Options of keeping appointments, contacts and tasks in step; the numbers are those of ``rules``."""

from django.db.models import IntegerChoices


class SyncDirection(IntegerChoices):
    """Which way a kind or a field goes; the values are those of ``syncattributemapping.syncdirection``."""

    NONE = 0, "None"
    TO_EXCHANGE = 1, "To Exchange"
    TO_CRM = 2, "To the CRM"
    BOTH = 3, "Both ways"


class ConflictPreference(IntegerChoices):
    """Whose value stays where both sides changed the same field."""

    CRM = 0, "The CRM"
    EXCHANGE = 1, "Exchange"
    LATEST = 2, "Whoever was later"


class DeletionBehavior(IntegerChoices):
    """What a deletion on one side means for the other; the values are those of Dynamics 365 for tasks."""

    ALWAYS = 0, "Delete"
    UNLESS_COMPLETED = 1, "Delete unless completed"
    NEVER = 2, "Keep"


class PrivateAppointments(IntegerChoices):
    """What becomes of private appointments that are tracked in Exchange."""

    LEAVE_OUT = 0, "Leave out"
    WITHOUT_CONTENT = 1, "Without their content"
    WHOLE = 2, "Whole"


class LeavingBehavior(IntegerChoices):
    """What becomes of an item in Exchange whose record leaves the filters of the user."""

    KEEP = 0, "Keep"
    DELETE = 1, "Delete"
