"""How much is asked for in one request: less after trouble, and bit by bit more again while answers come.

A request that the server cannot answer in time, or refuses because it is busy, is not made possible by repeating it. So
a mailbox whose last passes were stopped by passing trouble begins with a half, a fourth, ... of what is usual; each
answer adds a sixteenth of the whole. Were it doubled, each pass would soon be back at what failed before.
"""

from typing import Final

_STEP: Final = 1 / 16
_MOST_HALVINGS: Final = 9
"""Of 512 changes in a page one is left."""


class BatchSize:
    """The part of the usual size that one mailbox's requests have.

    >>> size = BatchSize(failures=2)
    >>> size.of(512)
    128
    >>> size.answered()
    >>> size.of(512)
    160

    Args:
        failures: How often in a row passes were stopped by passing trouble.
    """

    def __init__(self, failures: int = 0) -> None:
        self._share = 0.5 ** min(max(failures, 0), _MOST_HALVINGS)

    def of(self, usual: int) -> int:
        """Return how much to ask for where it is usually so much; at least 1."""
        return max(1, int(usual * self._share))

    def answered(self) -> None:
        """Take note of an answer."""
        if self._share < 1:
            self._share = min(1.0, self._share + _STEP)
