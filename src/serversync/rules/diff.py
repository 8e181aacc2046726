"""What has happened to a linked pair since both sides last meant the same: one verdict.

Each side is held against its own picture in the last common state, not against the other side. A note that Exchange
keeps with formatting and the CRM without is in step as long as neither of the two has changed, although they are not
the same text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from serversync.rules.record import Fields, Side


@dataclass(frozen=True, slots=True)
class Common:
    """The last common state: what each side looked like when the two last meant the same."""

    crm: Fields
    exchange: Fields

    def of(self, side: Side) -> Fields:
        """Return the picture of one side."""
        return self.crm if side is Side.CRM else self.exchange


class State(Enum):
    """What has become of one side of a pair."""

    __hash__ = object.__hash__  # see ``Kind``

    NEVER = "never"
    NEW = "new"
    SAME = "same"
    EDITED = "edited"
    GONE = "gone"


class Verdict(Enum):
    """What has become of a pair."""

    __hash__ = object.__hash__  # see ``Kind``

    NOTHING = "nothing"
    IN_STEP = "in step"
    CRM_NEW = "new in the CRM"
    EXCHANGE_NEW = "new in Exchange"
    MET = "there on both sides, never compared"
    CRM_EDITED = "edited in the CRM"
    EXCHANGE_EDITED = "edited in Exchange"
    BOTH_EDITED = "edited on both sides"
    CRM_GONE = "deleted in the CRM"
    EXCHANGE_GONE = "deleted in Exchange"
    CRM_GONE_EXCHANGE_EDITED = "deleted in the CRM, edited in Exchange"
    EXCHANGE_GONE_CRM_EDITED = "deleted in Exchange, edited in the CRM"
    BOTH_GONE = "deleted on both sides"


_VERDICTS = {
    (State.NEVER, State.NEVER): Verdict.NOTHING,
    (State.NEW, State.NEVER): Verdict.CRM_NEW,
    (State.NEVER, State.NEW): Verdict.EXCHANGE_NEW,
    (State.NEW, State.NEW): Verdict.MET,
    (State.SAME, State.SAME): Verdict.IN_STEP,
    (State.EDITED, State.SAME): Verdict.CRM_EDITED,
    (State.SAME, State.EDITED): Verdict.EXCHANGE_EDITED,
    (State.EDITED, State.EDITED): Verdict.BOTH_EDITED,
    (State.GONE, State.SAME): Verdict.CRM_GONE,
    (State.SAME, State.GONE): Verdict.EXCHANGE_GONE,
    (State.GONE, State.EDITED): Verdict.CRM_GONE_EXCHANGE_EDITED,
    (State.EDITED, State.GONE): Verdict.EXCHANGE_GONE_CRM_EDITED,
    (State.GONE, State.GONE): Verdict.BOTH_GONE,
}

MIRROR = {
    Verdict.CRM_NEW: Verdict.EXCHANGE_NEW,
    Verdict.EXCHANGE_NEW: Verdict.CRM_NEW,
    Verdict.CRM_EDITED: Verdict.EXCHANGE_EDITED,
    Verdict.EXCHANGE_EDITED: Verdict.CRM_EDITED,
    Verdict.CRM_GONE: Verdict.EXCHANGE_GONE,
    Verdict.EXCHANGE_GONE: Verdict.CRM_GONE,
    Verdict.CRM_GONE_EXCHANGE_EDITED: Verdict.EXCHANGE_GONE_CRM_EDITED,
    Verdict.EXCHANGE_GONE_CRM_EDITED: Verdict.CRM_GONE_EXCHANGE_EDITED,
}
"""The verdict where the two sides change places; all others are their own mirror."""


def state(before: Fields | None, now: Fields | None, names: Iterable[str]) -> State:
    """Return what has become of one side.

    Args:
        before: Its picture in the last common state; ``None`` where there is none.
        now: What it looks like; ``None`` where it is not there.
        names: The fields that count.
    """
    if before is None:
        return State.NEVER if now is None else State.NEW
    if now is None:
        return State.GONE
    return State.EDITED if any(before.get(name) != now.get(name) for name in names) else State.SAME


def judge(base: Common | None, crm: Fields | None, exchange: Fields | None, names: Iterable[str]) -> Verdict:
    """Return the verdict on a pair.

    >>> base = Common({"subject": "Tea"}, {"subject": "Tea"})
    >>> judge(base, {"subject": "Coffee"}, {"subject": "Tea"}, ["subject"]).value
    'edited in the CRM'
    """
    if base is None:
        return _VERDICTS[state(None, crm, ()), state(None, exchange, ())]
    names = tuple(names)
    return _VERDICTS[state(base.crm, crm, names), state(base.exchange, exchange, names)]
