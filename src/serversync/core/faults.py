"""Named points at which a test may stop or break the program, to prove that it recovers.

In production ``reach`` costs one dictionary look-up in an empty dictionary. A test either installs an
action in the process (``arm``) or starts a process with ``SERVERSYNC_FAULT=point=kill`` (or
``point=kill@3`` for the third time the point is reached), which ends it like ``kill -9``.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INCOMING_PASS = (
    "incoming.claimed",
    "incoming.page-listed",
    "incoming.items-fetched",
    "incoming.attachments-fetched",
    "incoming.before-commit",
    "incoming.rows-copied",
    "incoming.after-commit",
    "incoming.finished",
)
"""Every point of the incoming pass, in the order in which it reaches them."""

INCOMING_ACTIONS = ("incoming.before-actions", "incoming.actions-done")
"""Points of the incoming pass that it only reaches where something is to be done in Exchange."""

OUTGOING_DELIVERY = (
    "outgoing.claimed",
    "outgoing.before-draft",
    "outgoing.draft-made",
    "outgoing.file-attached",
    "outgoing.before-intention",
    "outgoing.before-send",
    "outgoing.asked",
    "outgoing.sent",
    "outgoing.finished",
)
"""Every point of sending an e-mail, in the order in which it reaches them."""

ACT_PASS = (
    "act.claimed",
    "act.heard",
    "act.planned",
    "act.intended",
    "act.written",
    "act.settled",
    "act.finished",
)
"""Every point of keeping appointments, contacts and tasks in step, in the order in which a pass reaches them."""

ACT_FILES = ("act.file-removed", "act.file-attached")
"""Points that such a pass only reaches where a photo of a contact is replaced or written in Exchange."""

ACT_SERIES = ("act.series-written", "act.occurrence-written")
"""Points that such a pass only reaches where a series is written in Exchange, and single occurrences after it."""

KEY_CHANGE = ("secrets.next-made", "secrets.resealed", "secrets.committed", "secrets.switched")
"""Every point of a change of the key, in the order in which it reaches them."""

JOB_BEFORE_COMMIT = "job.before-commit"
JOB_AFTER_COMMIT = "job.after-commit"
JOB = (JOB_BEFORE_COMMIT, JOB_AFTER_COMMIT)
"""Every point of a mailbox of a job."""

POINTS: frozenset[str] = frozenset(
    (
        *KEY_CHANGE,
        *INCOMING_PASS,
        *INCOMING_ACTIONS,
        *OUTGOING_DELIVERY,
        *ACT_PASS,
        *ACT_FILES,
        *ACT_SERIES,
        *JOB,
    )
)

_armed: dict[str, Callable[[], None]] = {}


def reach(point: str) -> None:
    """Run what a test has armed at this point; nothing otherwise."""
    if _armed and (action := _armed.get(point)):
        action()


@contextmanager
def arm(point: str, action: Callable[[], None]) -> Iterator[None]:
    """Let ``action`` run whenever ``point`` is reached, until the block is left.

    Raises:
        KeyError: no such point; a test that never fires would prove nothing.
    """
    if point not in POINTS:
        raise KeyError(point)
    _armed[point] = action
    try:
        yield
    finally:
        del _armed[point]


def _kill_at(countdown: int) -> Callable[[], None]:
    left = countdown

    def action() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return action


def arm_from_environment() -> None:
    """Arm what ``SERVERSYNC_FAULT`` names; called once when a process starts.

    Raises:
        ValueError: the variable does not read ``point=kill`` or ``point=kill@N``, or names no point.
    """
    wish = os.environ.get("SERVERSYNC_FAULT")
    if not wish:
        return
    point, _, what = wish.partition("=")
    kind, _, nth = what.partition("@")
    if point not in POINTS or kind != "kill" or not (nth or "1").isdigit():
        raise ValueError(f"SERVERSYNC_FAULT={wish} is not point=kill or point=kill@N")
    _armed[point] = _kill_at(int(nth or "1"))
