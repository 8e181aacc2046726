"""When somebody is busy: the items of a calendar that touch a span of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from serversync.simulator.calendar.series import occurrences_between, series_of
from serversync.simulator.itemview import ItemView
from serversync.simulator.shape import Shape
from serversync.simulator.versions import Schema

if TYPE_CHECKING:
    from serversync.simulator.exchange import Exchange
    from serversync.simulator.mailbox import Mailbox

DIGITS = {"Free": 0, "Tentative": 1, "Busy": 2, "OOF": 3, "WorkingElsewhere": 0, "NoData": 4}
"""How the merged string shows each kind."""


@dataclass(frozen=True, slots=True)
class BusyTime:
    """One entry of a calendar.

    Attributes:
        start: When it begins.
        end: When it ends.
        kind: A value of ``LegacyFreeBusyType``.
        view: The item.
    """

    start: datetime
    end: datetime
    kind: str
    view: ItemView


def busy_times(
    exchange: "Exchange", mailbox: "Mailbox", start: datetime, end: datetime, schema: Schema
) -> list[BusyTime]:
    """Return the entries of the calendar that touch a span, in the order of their start."""
    return sorted(_entries(exchange, mailbox, start, end, schema), key=lambda one: (one.start, one.end))


def _entries(
    exchange: "Exchange", mailbox: "Mailbox", start: datetime, end: datetime, schema: Schema
) -> Iterator[BusyTime]:
    for number in mailbox.distinguished_folder("calendar").items:
        item = mailbox.item(number)
        for one in [item] if series_of(item) is None else occurrences_between(item, start, end):
            view = exchange.view(mailbox, one, Shape(schema))
            begins, ends = view.get("calendar:Start"), view.get("calendar:End")
            if begins is not None and ends is not None and begins < end and ends > start:
                yield BusyTime(begins, ends, view.get("calendar:LegacyFreeBusyStatus") or "Busy", view)


def merged(times: list[BusyTime], start: datetime, end: datetime, minutes: int) -> str:
    """Return one digit for each interval of a span: the busiest kind that touches it."""
    step = timedelta(minutes=minutes)
    digits = []
    at = start
    while at < end:
        touching = (DIGITS.get(one.kind, 2) for one in times if one.start < at + step and one.end > at)
        digits.append(str(max(touching, default=0)))
        at += step
    return "".join(digits)
