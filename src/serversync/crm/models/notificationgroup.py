"""``notificationgroup``: mailboxes whose changes one stream tells, and the worker that holds it. A table of our own."""

from django.db import models

from serversync.crm.models.columns import (
    createdon,
    integer,
    memo,
    modifiedon,
    moment,
    primarykey,
    required_string,
    string,
)


class NotificationGroup(models.Model):
    """Up to 200 mailboxes on one server; ``mailbox.notificationgroupid`` names their group.

    One worker at a time holds a group by a lease, as mailboxes are held. ``endpoint`` is the server of the mailboxes
    where autodiscover finds it, otherwise empty: the profile says it; ``groupinginformation`` is what autodiscover says
    of mailboxes that may share a stream, empty where it says nothing. ``livesince`` is empty while no stream is open.
    """

    notificationgroupid = primarykey()
    emailserverprofileid = models.ForeignKey(
        "crm.EmailServerProfile", models.CASCADE, db_column="emailserverprofileid", related_name="+"
    )
    endpoint = models.CharField(max_length=2084, default="", db_default="", blank=True)
    groupinginformation = models.CharField(max_length=256, default="", db_default="", blank=True)
    anchormailboxid = models.UUIDField()
    anchoraddress = required_string(100)
    hostid = string(256)
    leaseuntil = moment()
    leasefence = integer(0, None, 0, big=True)
    livesince = moment()
    failures = integer(0, None, 0)
    lasterror = memo()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table."""

        db_table = "notificationgroup"

    def __str__(self) -> str:
        return self.anchoraddress
