"""``workhour``: what all passes of one hour did together. A table of our own.

The statistics of single passes (``mailboxstatistics``) are kept for days only and are many; the overview shows a month.
"""

from django.db import models

from serversync.crm.models.columns import integer


class WorkHour(models.Model):
    """One hour, by when passes were completed; an hour without any has a row of zeros."""

    startedon = models.DateTimeField(primary_key=True)
    passes = integer(0, None, 0)
    passesfailed = integer(0, None, 0)
    itemsprocessed = integer(0, None, 0, big=True)
    itemsfailed = integer(0, None, 0, big=True)
    milliseconds = integer(0, None, 0, big=True)
    waitedmilliseconds = integer(0, None, 0, big=True)

    class Meta:
        """The table."""

        db_table = "workhour"

    def __str__(self) -> str:
        return f"{self.startedon:%Y-%m-%d %H:00}"
