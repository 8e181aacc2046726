"""``exchangesyncmailbox``: when the contacts and tasks of a mailbox are brought into step, and what waits for a person.

A table of our own. It is apart from ``mailbox`` so that e-mail and the rest run beside each other, each under a
lease of its own, and so that what a long pass holds keeps no mail waiting.
"""

from django.db import models
from django.db.models import Q

from serversync.crm.models.columns import (
    boolean,
    createdon,
    integer,
    modifiedon,
    moment,
    picklist,
    string,
)


class SyncAnswer(models.IntegerChoices):
    """What a person has said about deletions that wait; the numbers are those of ``rules.guards.Answer``."""

    NONE = 0, "None"
    DELETE = 1, "Let it happen"
    KEEP = 2, "Keep what is left"
    FILL = 3, "Fill the mailbox again"


class ExchangeSyncMailbox(models.Model):
    """The schedule of one mailbox.

    ``hostid``, ``leaseuntil`` and ``leasefence`` are as in ``mailbox``. ``nextpasson`` null is never: nothing was
    enabled, or the plan waits to be looked at. ``plan`` is what the last pass wanted to do, ``held`` the deletions
    that wait for ``answer``. ``isreplaced`` says that the mailbox had lost our marker although items of it were linked: until
    a person has answered, every deletion waits, and so do pairs that would be parted.
    """

    mailboxid = models.OneToOneField(
        "crm.Mailbox", models.CASCADE, primary_key=True, db_column="mailboxid", related_name="synchronization"
    )
    nextpasson = moment()
    hostid = string(256)
    leaseuntil = moment()
    leasefence = integer(0, None, 0, big=True)
    failures = integer(0, None, 0)
    idlepasses = integer(0, None, 0)
    startedon = moment()
    succeededon = moment()
    isplanapproved = boolean(default=False)
    plan = models.JSONField(null=True, blank=True)
    plannedon = moment()
    held = models.JSONField(null=True, blank=True)
    answer = picklist(SyncAnswer, SyncAnswer.NONE)
    isreplaced = boolean(default=False)
    lastsyncerror = string(2048)
    lastsyncerroroccurredon = moment()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table, and what the database finds quickly."""

        db_table = "exchangesyncmailbox"
        indexes = (
            models.Index(
                fields=["nextpasson"],
                condition=Q(nextpasson__isnull=False),
                name="exchangesyncmailbox_nextpasson",
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)
