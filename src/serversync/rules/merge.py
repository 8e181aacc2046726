"""Field by field: what each side is to get from the other.

A field that only one side has changed goes to the other. Where both sides changed it to different values the
preference decides, and the value that lost is kept and shown, never just dropped. A field that goes one way is written
where its source changes; what people write on the other side stays until then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from serversync.rules.diff import Common
from serversync.rules.record import Direction, Fields, Side, Value, is_empty


class Preference(IntEnum):
    """Whose value stays where both sides changed the same field."""

    CRM = 0
    EXCHANGE = 1
    LATEST = 2

    def winner(self, crm_on: datetime | None, exchange_on: datetime | None) -> Side:
        """Return the side whose value stays, given when each was last changed; the CRM where it cannot be told."""
        if self is Preference.EXCHANGE:
            return Side.EXCHANGE
        if self is Preference.LATEST and crm_on and exchange_on and exchange_on > crm_on:
            return Side.EXCHANGE
        return Side.CRM


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that both sides changed to different values."""

    name: str
    crm: Value
    exchange: Value
    winner: Side

    @property
    def lost(self) -> Value:
        """The value that did not stay."""
        return self.exchange if self.winner is Side.CRM else self.crm


@dataclass(frozen=True, slots=True)
class Merged:
    """What is to be written on each side, and what was in conflict."""

    to_crm: Fields
    to_exchange: Fields
    conflicts: tuple[Conflict, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether both sides stay as they are."""
        return not self.to_crm and not self.to_exchange


def merge(
    base: Common | None,
    crm: Fields,
    exchange: Fields,
    *,
    directions: Mapping[str, Direction],
    winner: Side,
) -> Merged:
    """Return what each side is to get.

    Args:
        base: The last common state; ``None`` where the two were never compared. Then an empty field takes the other
            side's value, and where both have one the preference decides.
        crm: The record in the CRM.
        exchange: The item in Exchange.
        directions: The fields that count, with the way each goes.
        winner: Whose value stays where both changed the same field.
    """
    to_crm: dict[str, Value] = {}
    to_exchange: dict[str, Value] = {}
    conflicts = []
    for name, direction in directions.items():
        ours, theirs = crm.get(name), exchange.get(name)
        if direction is Direction.NONE or ours == theirs:
            continue
        source = _source(base, name, ours, theirs)
        if not source:
            continue
        chosen = source
        if len(source) == len(Side) and direction is Direction.BOTH:
            conflicts.append(Conflict(name, ours, theirs, winner))
            chosen = (winner,)
        elif len(source) == len(Side):
            chosen = (Side.CRM if direction is Direction.TO_EXCHANGE else Side.EXCHANGE,)
        if chosen[0] is Side.CRM and direction.goes_to(Side.EXCHANGE):
            to_exchange[name] = ours
        elif chosen[0] is Side.EXCHANGE and direction.goes_to(Side.CRM):
            to_crm[name] = theirs
    return Merged(to_crm, to_exchange, tuple(conflicts))


def _source(base: Common | None, name: str, crm: Value, exchange: Value) -> tuple[Side, ...]:
    """Return the sides that have changed a field, or have something to say where nothing is known of before."""
    if base is None:
        speaks = {Side.CRM: not is_empty(crm), Side.EXCHANGE: not is_empty(exchange)}
    else:
        speaks = {
            Side.CRM: crm != base.crm.get(name),
            Side.EXCHANGE: exchange != base.exchange.get(name),
        }
    return tuple(side for side, has_changed in speaks.items() if has_changed)
