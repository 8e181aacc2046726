"""Whether a poll has to list folders, or may believe what they say about when they last changed.

Exchange tells of each folder when something in it was last written (0x670A), and how many items have left it
(0x670B). One request brings this *change mark* of all folders of a mailbox. It is believed only

- once it was seen to change together with the folder (a server that always says the same never gets there),
- when a listing began at least two seconds after the mark had been seen: its times are whole seconds, and something
  else may be written within the same one,
- so many times in a row and for so long, then the folders are listed all the same. If they hold something new
  although the mark is the same, it is never believed again.

A listing that finds nothing is no proof of anything, so a mailbox without any mail is simply listed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

SETTLING = timedelta(seconds=2)
"""The resolution of the mark's times is a second; the rest is for the way."""
MOST_SKIPPED = 20
"""Polls in a row that may be answered by the mark alone."""


class Trust(IntEnum):
    """What is known about the change mark of a mailbox."""

    UNPROVEN = 0
    PROVEN = 1
    ABSENT = 2
    """The server gives none."""
    REFUTED = 3
    """It was the same although there was something new."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a mailbox between polls.

    Attributes:
        mark: The change mark seen last.
        marked_on: When this mark was first seen.
        read_on: When the folders were last listed.
        skipped: Polls since then, which the mark answered.
        trust: What is known about it.
    """

    mark: str | None = None
    marked_on: datetime | None = None
    read_on: datetime | None = None
    skipped: int = 0
    trust: Trust = Trust.UNPROVEN

    @property
    def is_settled(self) -> bool:
        """Whether the folders were listed when nothing more could be written under this mark."""
        return (
            self.marked_on is not None
            and self.read_on is not None
            and self.read_on >= self.marked_on + SETTLING
        )

    @property
    def asks_first(self) -> bool:
        """Whether the next poll begins with the question for the mark."""
        return self.trust is Trust.PROVEN or (self.trust is Trust.UNPROVEN and self.mark is None)


UNWATCHED: Final = Watch()
"""What is remembered of a mailbox that was never polled."""


def may_skip(watch: Watch, mark: str | None, now: datetime, *, at_least_every: timedelta) -> bool:
    """Whether the folders need not be listed, because the mark says that nothing has changed.

    Args:
        watch: What is remembered.
        mark: The mark that the server has given just now.
        now: The time.
        at_least_every: After which the folders are listed whatever the mark says.
    """
    return (
        watch.trust is Trust.PROVEN
        and mark is not None
        and mark == watch.mark
        and watch.is_settled
        and watch.skipped < MOST_SKIPPED
        and watch.read_on is not None
        and now - watch.read_on < at_least_every
    )


def after_skip(watch: Watch) -> Watch:
    """Return what to remember after a poll that the mark has answered."""
    return Watch(watch.mark, watch.marked_on, watch.read_on, watch.skipped + 1, watch.trust)


def after_reading(watch: Watch, mark: str | None, *, marked_on: datetime, read_on: datetime) -> Watch:
    """Return what to remember after a poll that asked for the mark and then listed the folders."""
    if mark is None:
        return Watch(read_on=read_on, trust=Trust.ABSENT)
    if mark == watch.mark:
        return replace(watch, read_on=read_on, skipped=0)
    return Watch(mark, marked_on, read_on, 0, watch.trust)


def after_news(watch: Watch, mark: str | None, *, marked_on: datetime) -> Watch:
    """Return what to remember when folders held something new and the mark was asked for afterwards.

    The mark must be another one than before. That it was asked for after the listing makes it unsettled: what was
    written in between is listed by the next poll.
    """
    if mark is None:
        return replace(watch, mark=None, marked_on=None, trust=Trust.ABSENT)
    if mark != watch.mark:
        proven = Trust.PROVEN if watch.mark is not None else watch.trust
        return Watch(mark, marked_on, watch.read_on, 0, proven)
    if watch.trust is Trust.PROVEN:
        return replace(watch, trust=Trust.REFUTED)
    return watch
