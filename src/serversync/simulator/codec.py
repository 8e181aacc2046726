"""The simulator's own values as JSON and back: for exported items and for snapshots.

Only plain values and the data classes, enumerations and value forms of the simulator itself can be read back, so
that a stream from a stranger makes values and runs nothing.
"""

import base64
import binascii
import sys
from array import array
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, cast
from uuid import UUID

_OWN = "serversync.simulator."
_MARK = "~"

_WRITE: dict[type, tuple[str, Callable[[Any], Any]]] = {
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    time: ("time", time.isoformat),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    UUID: ("uuid", str),
    array: ("array", lambda value: [value.typecode, value.tolist()]),
    range: ("range", lambda value: [value.start, value.stop]),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "bytes": lambda raw: base64.b64decode(raw, validate=True),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda raw: timedelta(*raw),
    "uuid": UUID,
    "array": lambda raw: array(raw[0], raw[1]),
    "range": lambda raw: range(*raw),
    "tuple": lambda raw: tuple(decode(one) for one in raw),
    "set": lambda raw: {decode(one) for one in raw},
    "frozenset": lambda raw: frozenset(decode(one) for one in raw),
    "dict": lambda raw: {decode(key): decode(value) for key, value in raw},
}


class UnreadableError(ValueError):
    """What was given is not what ``encode`` wrote."""


def encode(value: Any) -> Any:
    """Return a value as JSON holds it.

    Raises:
        TypeError: it is no value of the simulator.
    """
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    if isinstance(value, list):
        return [encode(one) for one in value]
    name, content = _marked(value)
    return {_MARK: name, "v": content}


def _marked(value: Any) -> tuple[str, Any]:
    """Return the name of a value's kind, and what is kept of it."""
    own = f"{type(value).__module__}:{type(value).__qualname__}"
    if isinstance(value, Enum):
        return own, value.name
    if isinstance(value, tuple | set | frozenset):
        name = next(kind.__name__ for kind in (tuple, frozenset, set) if isinstance(value, kind))
        members = value if isinstance(value, tuple) else sorted(value, key=repr)
        return name, [encode(one) for one in members]
    if isinstance(value, Mapping):
        return "dict", [[encode(key), encode(one)] for key, one in value.items()]
    if type(value) in _WRITE:
        name, write = _WRITE[type(value)]
        return name, write(value)
    if is_dataclass(value) and type(value).__module__.startswith(_OWN):
        return own, {one.name: encode(getattr(value, one.name)) for one in fields(value) if one.init}
    raise TypeError(f"{type(value).__qualname__} cannot be kept")


def decode(raw: Any) -> Any:
    """Return the value that ``encode`` was given.

    Raises:
        UnreadableError: it was given something else.
    """
    if isinstance(raw, list):
        return [decode(one) for one in raw]
    if not isinstance(raw, dict):
        return raw
    name, content = raw.get(_MARK), raw.get("v")
    try:
        if name in _READ:
            return _READ[name](content)
        return _own(cast("str", name), content)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, binascii.Error) as problem:
        raise UnreadableError(f"{name}: {type(problem).__name__}") from problem


def _own(name: str, content: Any) -> Any:
    module, _, kind = name.partition(":")
    if not module.startswith(_OWN) or "." in kind:
        raise UnreadableError(f"{name} is none of the simulator's values")
    found = getattr(sys.modules[module], kind)
    if not isinstance(found, type) or found.__module__ != module:
        raise UnreadableError(f"{name} is none of the simulator's values")
    if issubclass(found, Enum):
        return found[content]
    if not is_dataclass(found):
        raise UnreadableError(f"{name} is none of the simulator's values")
    return found(**{key: decode(one) for key, one in content.items()})
