"""``account``: a company outside.

Source: general knowledge of Dataverse's account table, the columns that mail needs.
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
    required_string,
    string,
)
from serversync.crm.models.options import StateCode, StatusCode
from serversync.crm.models.postaladdress import Address1, Address2
from serversync.crm.models.words import Words


class Account(Address1, Address2):
    """A company outside, whose three e-mail addresses are looked up when mail comes in."""

    accountid = primarykey()
    name = required_string(160)
    accountnumber = string(20)
    primarycontactid = models.ForeignKey(
        "crm.Contact", models.SET_NULL, db_column="primarycontactid", null=True, blank=True, related_name="+"
    )
    parentaccountid = models.ForeignKey(
        "self", models.SET_NULL, db_column="parentaccountid", null=True, blank=True, related_name="+"
    )
    emailaddress1 = string(100)
    emailaddress2 = string(100)
    emailaddress3 = string(100)
    telephone1 = string(50)
    telephone2 = string(50)
    telephone3 = string(50)
    fax = string(50)
    websiteurl = string(200)
    description = memo()
    donotemail = boolean(default=False)
    ownerid = models.ForeignKey(
        "crm.SystemUser", models.SET_NULL, db_column="ownerid", null=True, blank=True, related_name="+"
    )
    statecode = picklist(StateCode, StateCode.ACTIVE)
    statuscode = picklist(StatusCode, StatusCode.ACTIVE)
    createdon = createdon()
    modifiedon = modifiedon()

    WORDS: ClassVar[Words] = Words("name", "accountnumber", "emailaddress1")

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "account"
        constraints = (
            models.CheckConstraint(
                condition=Q(statuscode=F("statecode") + 1), name="account_status_of_state"
            ),
        )
        indexes = (
            GinIndex(Words("name", "accountnumber", "emailaddress1"), name="account_words"),
            models.Index(fields=["-createdon", "-accountid"], name="account_newest"),
            models.Index(Lower("name"), name="account_name"),
            models.Index(Lower("emailaddress1"), name="account_emailaddress1"),
            models.Index(Lower("emailaddress2"), name="account_emailaddress2"),
            models.Index(Lower("emailaddress3"), name="account_emailaddress3"),
        )

    def __str__(self) -> str:
        return self.name
