"""``emaildelivery``: an e-mail on its way out, and how far it has come. A table of our own.

There is a row from *Send* until the e-mail was sent and its copy read, or for as long as it has failed. ``stage``
is what makes sure that nothing is sent twice; see ``rules.email.sending``.
"""

from django.db import models

from serversync.crm.models.columns import createdon, integer, memo, modifiedon, moment, picklist, string


class DeliveryStage(models.IntegerChoices):
    """How far the sending of an e-mail has come; the numbers are those of ``rules.email.sending.Stage``."""

    WAITING = 0, "Waiting"
    PREPARING = 1, "Preparing"
    SENDING = 2, "Sending"
    SENT = 3, "Sent"


class EmailDelivery(models.Model):
    """An e-mail on its way through a mailbox.

    ``dueon`` says when a worker takes it next; null is never. ``hostid``, ``leaseuntil`` and ``leasefence`` say who
    works on it now. ``draftitemid`` is the draft that may have been sent, ``askedon`` when Exchange was asked to.
    """

    activityid = models.OneToOneField(
        "crm.Email", models.CASCADE, db_column="activityid", primary_key=True, related_name="emaildelivery"
    )
    mailboxid = models.ForeignKey(
        "crm.Mailbox", models.CASCADE, db_column="mailboxid", related_name="emaildeliveries"
    )
    stage = picklist(DeliveryStage, DeliveryStage.WAITING)
    dueon = moment()
    askedon = moment()
    draftitemid = memo()
    draftchangekey = memo()
    leaseuntil = moment()
    leasefence = integer(0, None, 0, big=True)
    hostid = string(256)
    lasterror = string(2048)
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "emaildelivery"
        indexes = (
            models.Index(
                fields=["dueon"], condition=models.Q(dueon__isnull=False), name="emaildelivery_dueon"
            ),
            models.Index(
                fields=["mailboxid", "dueon"],
                condition=models.Q(dueon__isnull=False),
                name="emaildelivery_mailbox",
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)
