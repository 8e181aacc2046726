"""Out of office: what a mailbox answers by itself while its owner is away."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class OofSettings:
    """The automatic replies of a mailbox.

    Attributes:
        state: ``Disabled``, ``Enabled`` or ``Scheduled``.
        external_audience: Which senders outside get an answer: ``None``, ``Known`` (contacts) or ``All``.
        start: When a scheduled absence begins.
        end: When it ends.
        internal_reply: HTML for senders of the organization.
        external_reply: HTML for all others.
        answered: Addresses that got an answer since replies were switched on; each gets one only.
    """

    state: str = "Disabled"
    external_audience: str = "All"
    start: datetime | None = None
    end: datetime | None = None
    internal_reply: str = ""
    external_reply: str = ""
    answered: set[str] = field(default_factory=set)

    def is_active(self, now: datetime) -> bool:
        """Whether replies go out at a time."""
        if self.state != "Scheduled":
            return self.state == "Enabled"
        return self.start is not None and self.end is not None and self.start <= now < self.end

    def reply_for(self, *, is_internal: bool, is_known: bool) -> str | None:
        """Return the text for a sender; ``None`` where none is sent.

        Args:
            is_internal: Whether the sender belongs to the organization.
            is_known: Whether the sender is among the contacts.
        """
        if is_internal:
            return self.internal_reply or None
        if self.external_audience == "None" or (self.external_audience == "Known" and not is_known):
            return None
        return self.external_reply or None
