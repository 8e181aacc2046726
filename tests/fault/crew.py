"""Workers that die, or are cut off from the database or from Exchange, until each of that has happened at every point."""

import random
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.fault.breaking import WAYS
from tests.fault.workers import WorkerProcess


class Crew:
    """Some workers; whoever dies is replaced, and each is given what is still to go wrong.

    Args:
        dsn: Their database.
        points: Where things go wrong.
        chance: What goes wrong where and when.
        told: The file in which they write down what went wrong.
        size: How many there are.
    """

    def __init__(
        self, dsn: str, points: Sequence[str], chance: random.Random, told: Path, *, size: int = 4
    ) -> None:
        self._dsn, self._chance, self._told, self._size = dsn, chance, told, size
        self._running: list[WorkerProcess] = []
        self._wished: dict[WorkerProcess, frozenset[tuple[str, str]]] = {}
        self._points = points
        self.wanted = frozenset((point, way) for point in points for way in WAYS)
        self.deaths: Counter[int | None] = Counter()
        told.touch()

    @property
    def missing(self) -> set[tuple[str, str]]:
        """What has not gone wrong so far."""
        broken = set()
        for line in self._told.read_text().splitlines():
            point, _, way = line.partition("=")
            broken.add((point, way))
        return set(self.wanted - broken)

    def keep(self) -> None:
        """Replace whoever is gone, and whoever can do nothing any more of what is still to go wrong."""
        missing = self.missing
        for one in self._running:
            if one.poll() is not None:
                self.deaths[one.returncode] += 1
            elif missing and self._wished.get(one, missing).isdisjoint(missing):
                one.send_signal(signal.SIGTERM)
                self._wished.pop(one)  # told once
        self._running = [one for one in self._running if one.returncode is None]
        while len(self._running) < self._size:
            wishes = self._wishes()
            told = " ".join(f"{point}={way}@{self._chance.randint(1, 3)}" for point, way in wishes.items())
            one = WorkerProcess(self._dsn, WORKER_BREAKS=told, WORKER_BROKEN=str(self._told))
            self._running.append(one)
            self._wished[one] = frozenset(wishes.items())

    def _wishes(self) -> dict[str, str]:
        """One point at which it dies, if there is one left, and some at which it is cut off."""
        left = sorted(self.missing)
        self._chance.shuffle(left)
        deaths = [point for point, way in left if way == "kill"][:1]
        cuts = {point: way for point, way in left if way != "kill" and point not in deaths}
        return {**dict.fromkeys(deaths, "kill"), **dict(list(cuts.items())[:6])}

    def expect_deaths(self) -> None:
        """Somebody was killed at every point."""
        assert self.deaths[-signal.SIGKILL] >= len(self._points)

    def end(self) -> None:
        """Let all of them finish."""
        for one in self._running:
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        try:
            for one in self._running:
                one.wait(timeout=60)
        finally:
            for one in self._running:
                one.kill()
