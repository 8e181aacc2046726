"""How many batches a worker runs at the same time, so that no more is claimed than can soon be run."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """Counts the batches under way.

    Attributes:
        changed: Set whenever a place becomes free; whoever waits for it clears it.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken = 0
        self.changed = asyncio.Event()

    @property
    def free(self) -> int:
        """How many further batches could run now."""
        return max(self._count - self._taken, 0)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Occupy a place for the block."""
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
            self.changed.set()
