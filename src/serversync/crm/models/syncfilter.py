"""``userquery`` and ``savedquery``: synchronization filters of users, and the organization's templates for them.

Source: Dataverse table reference, userquery and savedquery, and the server-side synchronization inventory. In place of
``fetchxml`` the conditions are JSON: ``{"attribute", "operator", "value"}`` each, of which all have to hold, or with
``isany`` one of them. A row here is always a filter of synchronization, so there is no ``querytype``.
"""

from typing import Any

from django.db import models

from serversync.crm.models.columns import (
    boolean,
    createdon,
    memo,
    modifiedon,
    picklist,
    primarykey,
    required_string,
)
from serversync.crm.models.options import StateCode, StatusCode


def _conditions() -> "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]":
    return models.JSONField(default=list, db_default=models.Value([], models.JSONField()))


class UserQuery(models.Model):
    """A filter of a user; an active one lets records of its kind into the mailbox of its owner."""

    userqueryid = primarykey()
    name = required_string(200)
    description = memo()
    returnedtypecode = required_string(64)
    conditions = _conditions()
    isany = boolean(default=False)
    ownerid = models.ForeignKey("crm.SystemUser", models.CASCADE, db_column="ownerid", related_name="+")
    statecode = picklist(StateCode, StateCode.ACTIVE)
    statuscode = picklist(StatusCode, StatusCode.ACTIVE)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces."""

        db_table = "userquery"
        constraints = (
            models.UniqueConstraint(
                fields=["ownerid", "returnedtypecode", "name"], name="userquery_name_of_owner"
            ),
            models.CheckConstraint(
                condition=models.Q(statuscode=models.F("statecode") + 1), name="userquery_status_of_state"
            ),
        )

    def __str__(self) -> str:
        return self.name


class SavedQuery(models.Model):
    """A template: with ``isdefault`` and active, every user gets a filter of that kind once, at the first set-up."""

    savedqueryid = primarykey()
    name = required_string(200)
    description = memo()
    returnedtypecode = required_string(64)
    conditions = _conditions()
    isany = boolean(default=False)
    isdefault = boolean(default=True)
    statecode = picklist(StateCode, StateCode.ACTIVE)
    statuscode = picklist(StatusCode, StatusCode.ACTIVE)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces."""

        db_table = "savedquery"
        constraints = (
            models.UniqueConstraint(fields=["returnedtypecode", "name"], name="savedquery_name"),
            models.CheckConstraint(
                condition=models.Q(statuscode=models.F("statecode") + 1), name="savedquery_status_of_state"
            ),
        )

    def __str__(self) -> str:
        return self.name
