"""When somebody works: days and hours on the clock of a time zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """The working hours of a mailbox, on the clock of whoever asks.

    Attributes:
        days: Names of the working days, Monday first.
        begins: When work begins, in minutes after midnight.
        ends: When it ends.
    """

    days: tuple[str, ...] = DAYS[:5]
    begins: int = 480
    ends: int = 1020

    def cover(self, local: datetime, lasts: timedelta) -> bool:
        """Whether a meeting from a time on the wall on is within them."""
        minute = local.hour * 60 + local.minute
        is_within = self.begins <= minute and minute + lasts.total_seconds() / 60 <= self.ends
        return is_within and DAYS[local.weekday()] in self.days
