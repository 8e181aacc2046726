"""``exchangeaccount``: the refusals of an account's password, so that all workers together do not lock it. Ours."""

from django.db import models

from serversync.crm.models.columns import (
    createdon,
    integer,
    modifiedon,
    moment,
    required_string,
    uniqueidentifier,
)


class ExchangeAccount(models.Model):
    """An account whose password was refused; without a row nothing is known against it.

    The key is that of whose credentials they are: an email server profile, or a mailbox with its own. Refusals are
    about the credentials as they were at ``credentialsof``, which is ``modifiedon`` of that row: once it is
    changed, the account is tried again. ``stoppedon`` is set with the second refusal: nobody tries it any more.
    """

    exchangeaccountid = models.UUIDField(primary_key=True)
    emailserverprofileid = uniqueidentifier()
    credentialsof = models.DateTimeField()
    refusals = integer(0, None, 0)
    host = required_string(320)
    username = required_string(320)
    scheme = required_string(100)
    refusedon = moment()
    stoppedon = moment()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table."""

        db_table = "exchangeaccount"

    def __str__(self) -> str:
        return self.username
