"""``passwordexpiry``: when the password of an account ends, as Exchange told it last. A table of our own."""

from django.db import models

from serversync.crm.models.columns import createdon, modifiedon, moment


class PasswordExpiry(models.Model):
    """One account whose password was asked about.

    The key is that of whose credentials they are: an email server profile, or a mailbox with its own. ``expireson`` is
    empty where the password never ends, or Exchange does not tell it. ``credentialsof`` is ``modifiedon`` of that row:
    once it is changed, Exchange is asked again at once, otherwise at ``dueon``.
    """

    passwordexpiryid = models.UUIDField(primary_key=True)
    credentialsof = models.DateTimeField()
    expireson = moment()
    dueon = models.DateTimeField()
    createdon = createdon()
    modifiedon = modifiedon()

    class Meta:
        """The table."""

        db_table = "passwordexpiry"

    def __str__(self) -> str:
        return str(self.passwordexpiryid)
