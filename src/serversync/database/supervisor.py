"""The small process that owns the embedded PostgreSQL, so that no other one has to.

``python -m serversync.database.supervisor DATA`` is started by the first process that needs the database
(``embedded.py``) and promises:

* one supervisor a data folder: it holds ``supervisor.lock``; a second one ends at once;
* the server runs as its direct child, which the kernel stops should the supervisor itself be killed;
* a server that dies while somebody uses it is started again;
* as soon as nobody holds ``users.lock`` any more, the server is stopped and the supervisor ends;
* SIGTERM or SIGINT stops the server in good order, users or not, and nobody starts it again by himself.

It imports the standard library only: it starts in some ten milliseconds and stays small.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from enum import Enum, auto
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from serversync.database.cluster import Cluster, ClusterUnusable
from serversync.database.locks import FileLock, Mode, is_free

STOPPED: Final = "stopped"
FAILED: Final = "failed"

_LOG_LIMIT = 4_000_000
_CANDIDACY = 1.0
_QUICK_DEATH = 5.0
_QUICK_DEATHS = 5
_FAST_STOP = 60.0
_IMMEDIATE_STOP = 15.0


class Event(Enum):
    """What can end the quiet wait."""

    UNUSED = auto()
    SERVER_DIED = auto()
    ASKED_TO_STOP = auto()


class Supervisor:
    """Looks after the server of one cluster, from the lock on."""

    def __init__(self, cluster: Cluster, lock: FileLock) -> None:
        self._cluster = cluster
        self._lock = lock
        self._events: SimpleQueue[Event] = SimpleQueue()

    def run(self) -> int:
        """Keep the server up until nobody uses it; return the exit code, 0 unless it could not be kept up."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._events.put(Event.ASKED_TO_STOP))
        self._lock.note(str(os.getpid()))
        threading.Thread(target=self._await_disuse, daemon=True).start()
        quick_deaths = 0
        while True:
            self._cluster.create()
            begun = time.monotonic()
            server = self._cluster.start()
            threading.Thread(target=self._await_death, args=(server,), daemon=True).start()
            event = self._events.get()
            if event is not Event.SERVER_DIED:
                break
            quick_deaths = quick_deaths + 1 if time.monotonic() - begun < _QUICK_DEATH else 0
            _say(f"the server ended with {server.returncode}, starting it again")
            if quick_deaths >= _QUICK_DEATHS:
                raise ClusterUnusable(f"the server ended {quick_deaths} times right after its start")
        _stop(server)
        self._cluster.remove_socket_folder()
        if event is Event.ASKED_TO_STOP:
            self._lock.note(STOPPED)
        return 0

    def _await_disuse(self) -> None:
        """Report when the last user is gone; the lock is kept, so that a newcomer waits until we have ended."""
        FileLock(self._cluster.users_lock).wait(Mode.EXCLUSIVE)
        self._events.put(Event.UNUSED)

    def _await_death(self, server: subprocess.Popen[bytes]) -> None:
        server.wait()
        self._events.put(Event.SERVER_DIED)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Stop the server: connections closed and data written if it can, recovered at the next start if not."""
    for number, patience in (
        (signal.SIGINT, _FAST_STOP),
        (signal.SIGQUIT, _IMMEDIATE_STOP),
        (signal.SIGKILL, None),
    ):
        server.send_signal(number)
        try:
            server.wait(patience)
        except subprocess.TimeoutExpired:
            _say(f"the server did not end within {patience} seconds")
        else:
            return


def _say(text: str) -> None:
    """Write a line to the log, which is our standard error."""
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC supervisor: {text}\n")
    sys.stderr.flush()


def _become_the_one(lock: FileLock) -> bool:
    """Take the supervisor's lock; somebody who only looks whether it is free holds it for an instant."""
    deadline = time.monotonic() + _CANDIDACY
    while not lock.attempt(Mode.EXCLUSIVE):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def main(data: Path) -> int:
    """Run as the supervisor of a data folder, or end at once where it has one."""
    cluster = Cluster(data)
    lock = FileLock(cluster.supervisor_lock)
    if not _become_the_one(lock):
        return 0
    if is_free(cluster.users_lock, Mode.EXCLUSIVE):
        return 0  # whoever started us has left already, and the supervisor before us has stopped the server
    if cluster.log.exists() and cluster.log.stat().st_size > _LOG_LIMIT:
        os.truncate(cluster.log, 0)
    try:
        return Supervisor(cluster, lock).run()
    except (ClusterUnusable, OSError) as reason:
        _say(str(reason))
        lock.note(f"{FAILED} {reason}")
        return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
