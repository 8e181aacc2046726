"""The latest calls to Exchange of whoever asks for them, with the ids by which the server's own logs know them.

The calls of one pass are noted beside the pass, not in the client, which serves many mailboxes at once. Where nobody has
begun nothing is noted. A call whose answer never came has no id of the server's and is not there; its error says so.
"""

from collections import deque
from contextvars import ContextVar, Token
from datetime import datetime
from typing import Final, NamedTuple

from serversync.core import clock

MOST: Final = 10
"""So many are kept of a pass, the latest."""


class Call(NamedTuple):
    """One call that was answered; ``status`` is that of HTTP, ``request_id`` stands in Exchange's and IIS's logs."""

    at: datetime
    operation: str
    status: int
    request_id: str


Begun = Token["deque[Call] | None"]

_NOTED: ContextVar["deque[Call] | None"] = ContextVar("exchange_calls", default=None)


def begin() -> Begun:
    """Note the calls that are made from here on, by this task and those that it starts; return what ``end`` takes."""
    return _NOTED.set(deque(maxlen=MOST))


def end(begun: Begun) -> None:
    """Note no more, and forget what was noted since ``begin``."""
    _NOTED.reset(begun)


def note(operation: str, status: int, request_id: str | None) -> None:
    """Note a call that was answered, if somebody has begun."""
    noted = _NOTED.get()
    if noted is not None:
        noted.append(Call(clock.now(), operation, status, request_id or ""))


def latest() -> list[Call]:
    """Return what was noted since ``begin``, in order."""
    return list(_NOTED.get() or ())
