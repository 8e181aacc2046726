"""``mailboxaction``: what is still to be done to an item in Exchange. A table of our own.

Written in the transaction that decides it and removed once Exchange has done it, so that a worker that dies in
between leaves it to the next one. Every action may be done twice without harm.
"""

from django.db import models
from django.db.models.functions import Now

from serversync.crm.models.columns import integer, memo, moment, picklist, primarykey, string


class ActionKind(models.IntegerChoices):
    """What is to be done."""

    DELETE = 1, "Move to Deleted Items"
    ADD_CATEGORY = 2, "Add a category"
    REMOVE_CATEGORY = 3, "Remove a category"
    MOVE_UNDELIVERABLE = 4, "Move to Undeliverable"


class MailboxAction(models.Model):
    """One action on one item of a mailbox."""

    mailboxactionid = primarykey()
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="mailboxactions", db_index=False
    )
    itemkey = models.UUIDField()
    exchangeentryid = models.TextField()
    kind = picklist(ActionKind, ActionKind.DELETE)
    category = string(255)
    attempts = integer(0, None, 0)
    nextattempton = moment()
    lasterror = memo()
    createdon = models.DateTimeField(auto_now_add=True, db_default=Now())

    class Meta:
        """The table, and what the database enforces."""

        db_table = "mailboxaction"
        constraints = (
            models.UniqueConstraint(
                fields=["mailboxid", "itemkey", "kind", "category"],
                nulls_distinct=False,
                name="mailboxaction_once",
            ),
        )

    def __str__(self) -> str:
        return f"{ActionKind(self.kind).label}: {self.itemkey}"
