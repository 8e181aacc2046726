"""``lead``: somebody who might become a customer.

Source: general knowledge of Dataverse's lead table, the columns that mail needs.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from serversync.crm.models.columns import boolean, createdon, memo, modifiedon, picklist, primarykey, string
from serversync.crm.models.postaladdress import Address1


class LeadState(models.IntegerChoices):
    """Where a lead stands."""

    OPEN = 0, "Open"
    QUALIFIED = 1, "Qualified"
    DISQUALIFIED = 2, "Disqualified"


class LeadStatus(models.IntegerChoices):
    """The reason of ``LeadState``."""

    NEW = 1, "New"
    CONTACTED = 2, "Contacted"
    QUALIFIED = 3, "Qualified"
    LOST = 4, "Lost"
    CANNOT_CONTACT = 5, "Cannot Contact"
    NO_LONGER_INTERESTED = 6, "No Longer Interested"
    CANCELED = 7, "Canceled"


class Lead(Address1):
    """A possible customer, whose three e-mail addresses are looked up when mail comes in."""

    leadid = primarykey()
    subject = string(300)
    salutation = string(100)
    firstname = string(50)
    lastname = string(50)
    fullname = string(160)
    companyname = string(100)
    jobtitle = string(100)
    emailaddress1 = string(100)
    emailaddress2 = string(100)
    emailaddress3 = string(100)
    telephone1 = string(50)
    mobilephone = string(50)
    fax = string(50)
    websiteurl = string(200)
    description = memo()
    donotemail = boolean(default=False)
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    statecode = picklist(LeadState, LeadState.OPEN)
    statuscode = picklist(LeadStatus, LeadStatus.NEW)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "lead"
        constraints = (
            models.CheckConstraint(
                condition=Q(statecode=LeadState.OPEN, statuscode__in=[1, 2])
                | Q(statecode=LeadState.QUALIFIED, statuscode=3)
                | Q(statecode=LeadState.DISQUALIFIED, statuscode__in=[4, 5, 6, 7]),
                name="lead_status_of_state",
            ),
        )
        indexes = (
            models.Index(Lower("emailaddress1"), name="lead_emailaddress1"),
            models.Index(Lower("emailaddress2"), name="lead_emailaddress2"),
            models.Index(Lower("emailaddress3"), name="lead_emailaddress3"),
        )

    def __str__(self) -> str:
        return self.fullname or self.companyname or self.subject or str(self.leadid)
