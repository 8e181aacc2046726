"""``contact``: a person outside.

Source: the field map of contacts in the server-side synchronization inventory; lengths as Dataverse has them.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from serversync.crm.models.columns import (
    boolean,
    createdon,
    memo,
    modifiedon,
    picklist,
    primarykey,
    string,
    uniqueidentifier,
)
from serversync.crm.models.options import StateCode, StatusCode
from serversync.crm.models.postaladdress import Address1, Address2, Address3
from serversync.crm.models.words import Words


class Contact(Address1, Address2, Address3):
    """A person outside, whose three e-mail addresses are looked up when mail comes in."""

    contactid = primarykey()
    fullname = string(160)
    salutation = string(100)
    firstname = string(50)
    middlename = string(50)
    lastname = string(50)
    suffix = string(10)
    nickname = string(100)
    yomifirstname = string(150)
    yomilastname = string(150)
    jobtitle = string(100)
    department = string(100)
    parentcustomerid = uniqueidentifier()
    parentcustomeridtype = string(64)
    emailaddress1 = string(100)
    emailaddress2 = string(100)
    emailaddress3 = string(100)
    telephone1 = string(50)
    telephone2 = string(50)
    telephone3 = string(50)
    business2 = string(50)
    home2 = string(50)
    mobilephone = string(50)
    callback = string(50)
    company = string(50)
    fax = string(50)
    pager = string(50)
    assistantname = string(100)
    assistantphone = string(50)
    managername = string(100)
    spousesname = string(100)
    childrensnames = string(255)
    anniversary = models.DateField(null=True, blank=True)
    birthdate = models.DateField(null=True, blank=True)
    governmentid = string(50)
    websiteurl = string(200)
    ftpsiteurl = string(200)
    description = memo()
    entityimageid = models.ForeignKey(
        "crm.Attachment",
        models.SET_NULL,
        db_column="entityimageid",
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    donotemail = boolean(default=False)
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    statecode = picklist(StateCode, StateCode.ACTIVE)
    statuscode = picklist(StatusCode, StatusCode.ACTIVE)
    createdon = createdon()
    modifiedon = modifiedon()

    WORDS: ClassVar[Words] = Words("fullname", "company", "emailaddress1")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "contact"
        constraints = (
            models.CheckConstraint(
                condition=Q(statuscode=F("statecode") + 1), name="contact_status_of_state"
            ),
        )
        indexes = (
            GinIndex(Words("fullname", "company", "emailaddress1"), name="contact_words"),
            models.Index(fields=["-createdon", "-contactid"], name="contact_newest"),
            models.Index(
                fields=["parentcustomerid"],
                condition=Q(parentcustomerid__isnull=False),
                name="contact_parentcustomerid",
            ),
            models.Index(
                fields=["entityimageid"],
                condition=Q(entityimageid__isnull=False),
                name="contact_entityimageid",
            ),
            models.Index(Lower("emailaddress1"), name="contact_emailaddress1"),
            models.Index(Lower("emailaddress2"), name="contact_emailaddress2"),
            models.Index(Lower("emailaddress3"), name="contact_emailaddress3"),
        )

    def __str__(self) -> str:
        return self.fullname or " ".join(filter(None, (self.firstname, self.lastname))) or str(self.contactid)
