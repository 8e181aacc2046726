"""What users and queues have in common: the database gives each of them its mailbox.

A trigger makes the mailbox in the statement that inserts the user or queue (migration 0002), so that there is no
way to have one without the other. The instance in memory then reads back what the database has filled in.
"""

from typing import Any, ClassVar

from django.db import models


class MailboxOwner(models.Model):
    """A table whose rows get a mailbox with them."""

    filled_in: ClassVar[tuple[str, ...]] = (
        "defaultmailbox",
        "emailrouteraccessapproval",
        "incomingemaildeliverymethod",
        "outgoingemaildeliverymethod",
    )

    class Meta:
        """Has no table of its own."""

        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and after the insert read back the mailbox that the database has made."""
        inserted = self._state.adding
        super().save(*args, **kwargs)
        if inserted:
            self.refresh_from_db(fields=self.filled_in)
