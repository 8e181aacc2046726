"""Breaks the process that it runs in at named points: killed, or cut off from its database or from Exchange.

``WORKER_BREAKS`` says where, how and at the how many-th time: ``incoming.before-commit=database@2 ...``. What happened
is written down in the file ``WORKER_BROKEN`` first, so that a test can hold it against what it wanted.
"""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from serversync.core import faults

WAYS = ("kill", "database", "exchange")
"""Killed; the connections to the database; those to Exchange."""


@contextmanager
def breaking() -> Iterator[None]:
    """Break what was asked for while the block runs."""
    with ExitStack() as stack:
        for wish in os.environ.get("WORKER_BREAKS", "").split():
            point, _, what = wish.partition("=")
            way, _, nth = what.partition("@")
            stack.enter_context(faults.arm(point, _break_at(point, way, int(nth))))
        yield


def _break_at(point: str, way: str, nth: int) -> Callable[[], None]:
    left = nth

    def action() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            with Path(os.environ["WORKER_BROKEN"]).open("a") as told:
                told.write(f"{point}={way}\n")
            if way == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            _cut(socket.AF_UNIX if way == "database" else socket.AF_INET)

    return action


def _cut(family: socket.AddressFamily) -> None:
    """Shut down every connection of this process to somebody else; the embedded database is reached by a path."""
    for open_file in list(Path("/proc/self/fd").iterdir()):
        try:
            one = socket.socket(fileno=os.dup(int(open_file.name)))
        except OSError:  # no socket, or the folder that is being listed
            continue
        with one:
            try:
                is_connected = one.family == family and bool(one.getpeername())
            except OSError:  # it only listens
                continue
            if is_connected:
                one.shutdown(socket.SHUT_RDWR)
