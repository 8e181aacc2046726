"""Where mail comes from that is made only when somebody reads it."""

from datetime import datetime
from typing import Protocol


class MailSource(Protocol):
    """Where the content of seeded messages comes from; must give the same answer each time."""

    def mime(self, mailbox: str, number: int) -> bytes:
        """Return the MIME of message ``number`` of the mailbox with this address."""
        ...

    def received(self, mailbox: str, number: int) -> datetime:
        """Return when that message arrived."""
        ...
