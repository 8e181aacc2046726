"""Bar plots as SVG: drawn on the server, readable without colour, with their numbers in a table beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from serversync.administration.work import Bucket

WIDTH: Final = 480
HEIGHT: Final = 140
_TOP: Final = 14
_BOTTOM: Final = 18


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, where it stands and how high it is."""

    x: float
    y: float
    width: float
    height: float
    at: str
    value: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its title; ``highest`` is the number at the top line."""

    title: str
    kind: str
    bars: list[Bar]
    highest: str
    first: str
    last: str
    width: int = WIDTH
    height: int = HEIGHT
    top: int = _TOP
    base: int = HEIGHT - _BOTTOM

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return self.highest == "0"


def draw(title: str, buckets: Sequence[Bucket], column: str, *, kind: str = "") -> Plot:
    """Return a plot of one column of the buckets.

    >>> from datetime import UTC
    >>> day = datetime(2026, 1, 1, tzinfo=UTC)
    >>> draw("Items", [Bucket(day, 4, 0, 0.0, 0), Bucket(day, 2, 0, 0.0, 0)], "items").bars[1].height
    54.0
    """
    values = [float(getattr(bucket, column)) for bucket in buckets]
    highest = max(values, default=0.0)
    space = HEIGHT - _TOP - _BOTTOM
    step = WIDTH / max(1, len(values))
    bars = [
        Bar(
            round(number * step + step * 0.1, 2),
            round(HEIGHT - _BOTTOM - _height(value, highest, space), 2),
            round(step * 0.8, 2),
            _height(value, highest, space),
            _time(bucket.at),
            _shown(value),
        )
        for number, (bucket, value) in enumerate(zip(buckets, values, strict=True))
    ]
    return Plot(title, kind, bars, _shown(highest), _time(buckets[0].at), _time(buckets[-1].at))


def _time(at: datetime) -> str:
    return f"{timezone.localtime(at):%-d %b %H:%M}"


def _height(value: float, highest: float, space: int) -> float:
    return round(value / highest * space, 2) if highest else 0.0


def _shown(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.2f}"
