"""``logonattempt``: failed log-ins in a row, by account and address. A table of our own.

It outlives restarts, so that guessing cannot be hurried along by making the program start anew.
"""

from django.db import models
from django.db.models.functions import Now

from serversync.crm.models.columns import integer, moment, required_string


class LogOnAttempt(models.Model):
    """One counter. The key is a digest of what is counted: a name from a stranger is not kept."""

    logonattemptid = required_string(64, primary_key=True)
    failures = integer(0, None, 0)
    lastfailureon = models.DateTimeField(auto_now_add=True, db_default=Now())
    lockeduntil = moment()

    class Meta:
        """The table, and what the database enforces and finds quickly."""

        db_table = "logonattempt"
        indexes = (models.Index(fields=["lastfailureon"], name="logonattempt_last"),)

    def __str__(self) -> str:
        return self.logonattemptid
