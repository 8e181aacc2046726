"""Fields of records as JSON, and back: dates, times and groups keep what they are."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from serversync.engine.act_ports import Intent
from serversync.rules.diff import Common
from serversync.rules.merge import Conflict
from serversync.rules.record import Fields, Side, Value

_SAYING: Final = frozenset({str, int, bool, float})
_PLAIN: Final = _SAYING | {type(None)}
"""What JSON has itself."""


def pack(value: Value) -> Any:
    """Return a value as ``msgspec.json`` has to be given it.

    Tuples of plain values and times in UTC stay what they are: it writes them faster than they could be taken apart.

    >>> from msgspec import json
    >>> unpack(json.decode(json.encode(pack((1, date(2026, 7, 1), datetime(2026, 7, 1, 12, tzinfo=UTC))))))
    (1, datetime.date(2026, 7, 1), datetime.datetime(2026, 7, 1, 12, 0, tzinfo=datetime.timezone.utc))
    """
    if isinstance(value, tuple):
        if _PLAIN.issuperset(map(type, value)):
            return {"group": value}
        return {"group": [each if type(each) in _PLAIN else pack(each) for each in value]}
    if isinstance(value, datetime):
        return {"moment": value if value.tzinfo is UTC else value.isoformat()}
    if isinstance(value, date):
        return {"date": value}
    return value


def unpack(value: Any) -> Value:
    """Return what ``pack`` was given."""
    if not isinstance(value, Mapping):
        plain: Value = value
        return plain
    if "moment" in value:
        return datetime.fromisoformat(value["moment"])
    if "date" in value:
        return date.fromisoformat(value["date"])
    return tuple(unpack(each) for each in value["group"])


def pack_fields(fields: Fields) -> Mapping[str, Any]:
    """Return fields as a JSON object; what is empty is left out."""
    if _SAYING.issuperset(map(type, fields.values())):
        return fields
    return {
        name: value if type(value) in _PLAIN else pack(value)
        for name, value in fields.items()
        if value is not None
    }


def unpack_fields(stored: Mapping[str, Any]) -> dict[str, Value]:
    """Return the fields of a JSON object."""
    return {name: unpack(value) if type(value) is dict else value for name, value in stored.items()}


def pack_pair(pair: Common | Intent | None) -> dict[str, Any] | None:
    """Return both pictures of a common state or an intent, which often are the same."""
    if pair is None:
        return None
    crm = pack_fields(pair.crm)
    if pair.exchange is pair.crm:
        return {"crm": crm, "exchange": crm}
    exchange = {
        name: value if type(value) in _PLAIN else crm[name] if pair.crm.get(name) is value else pack(value)
        for name, value in pair.exchange.items()
        if value is not None
    }
    return {"crm": crm, "exchange": exchange}


def pack_intent(intent: Intent | None) -> dict[str, Any] | None:
    """Return an intent; whom occurrences keep, and what was told before, is said where there is anything.

    >>> unpack_intent(pack_intent(Intent({"a": 1}, {}, told={"a": 2}))).told
    {'a': 2}
    """
    packed = pack_pair(intent)
    if packed is not None and intent is not None and intent.kept:
        packed["kept"] = pack_fields(intent.kept)
    if packed is not None and intent is not None and intent.told is not None:
        packed["told"] = pack_fields(intent.told)
    return packed


def unpack_intent(stored: Mapping[str, Any]) -> Intent:
    """Return what ``pack_intent`` was given."""
    told = stored.get("told")
    return Intent(
        unpack_fields(stored["crm"]),
        unpack_fields(stored["exchange"]),
        unpack_fields(stored.get("kept", {})),
        None if told is None else unpack_fields(told),
    )


def pack_conflicts(conflicts: tuple[Conflict, ...]) -> list[dict[str, Any]]:
    """Return conflicts with both values, so that they can be shown."""
    if not conflicts:
        return []
    return [
        {"name": c.name, "crm": pack(c.crm), "exchange": pack(c.exchange), "winner": c.winner.value}
        for c in conflicts
    ]


def unpack_conflicts(stored: list[dict[str, Any]] | None) -> tuple[Conflict, ...]:
    """Return the conflicts of a JSON array."""
    return tuple(
        Conflict(each["name"], unpack(each["crm"]), unpack(each["exchange"]), Side(each["winner"]))
        for each in stored or ()
    )
