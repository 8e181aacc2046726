"""How a process uses the embedded PostgreSQL: take a lease, work, give it back.

The first lease brings the server up, the last one to go takes it down and waits until it is down. A lease is a
shared lock on ``users.lock``; the kernel gives it back when the process is killed, so a server is never left
behind, and no process id is trusted.

While a lease lasts, a thread of the process waits for the end of the supervisor. If somebody kills the supervisor,
the processes that still use the database start another one; connections break once, as with any restart.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import sql

from serversync.core.errors import DatabaseStartFailed
from serversync.database.address import DATABASE, socket_dsn
from serversync.database.cluster import Cluster
from serversync.database.locks import FileLock, Mode, is_free
from serversync.database.supervisor import FAILED, STOPPED

_PAUSE: Final = 0.02
_PATIENCE_WITH_A_READY_SERVER: Final = 30.0


class Lease:
    """The right of this process to use the embedded server, which runs as long as any lease is held.

    ``dsn`` is the address of the database ``serversync`` in it.
    """

    def __init__(self, data: Path) -> None:
        """Take a lease, starting the server where needed; wait for it as long as its supervisor lives.

        Raises:
            DatabaseStartFailed: it cannot be started; the reason and the end of the log are in the details.
        """
        self._cluster = Cluster(data)
        self._closed = threading.Event()
        self._close_lock = threading.Lock()
        self._child: int | None = None
        self._ready_since: float | None = None
        try:
            self._cluster.prepare_folder()
            self._users = FileLock(self._cluster.users_lock)
        except OSError as reason:
            raise DatabaseStartFailed(folder=data, reason=str(reason), log=self._cluster.log) from reason
        try:
            self._users.wait(Mode.SHARED)
            self.dsn = self._await_server()
        except BaseException:
            self._users.close()
            raise
        threading.Thread(target=self._keep_supervised, name="database-lease", daemon=True).start()

    def close(self) -> None:
        """Give the lease back; if it was the last one, return when the server has stopped. Harmless when repeated."""
        with self._close_lock:
            if self._closed.is_set():
                return
            self._closed.set()
        self._users.close()
        self._await_end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _await_server(self) -> str:
        """Return the address once the server answers, starting a supervisor whenever there is none."""
        failures = 0
        while True:
            if is_free(self._cluster.supervisor_lock, Mode.EXCLUSIVE):
                if self._child is not None and (ended := _end_of(self._child)) is not None:
                    failures += ended > 0
                    self._raise_if_failed(failures)
                    self._child = None
                if self._child is None:
                    self._child = self._spawn_supervisor()
            elif address := self._answering():
                return address
            time.sleep(_PAUSE)

    def _answering(self) -> str | None:
        """Return the address if the server says that it is ready; make the database in it at the first time.

        Raises:
            DatabaseStartFailed: it says so for half a minute, but lets nobody in.
        """
        socket = self._cluster.ready_socket()
        if socket is None:
            self._ready_since = None
            return None
        self._ready_since = self._ready_since or time.monotonic()
        try:
            with psycopg.connect(
                socket_dsn(socket, "postgres"), autocommit=True, connect_timeout=5
            ) as connection:
                _create_database(connection)
        except psycopg.OperationalError as reason:
            if time.monotonic() - self._ready_since > _PATIENCE_WITH_A_READY_SERVER:
                raise DatabaseStartFailed(
                    folder=self._cluster.data, reason=str(reason), log=self._cluster.log
                ) from reason
            return None
        return socket_dsn(socket)

    def _raise_if_failed(self, failures: int) -> None:
        """Give up if the supervisor has said why it did, or has ended three times without a word."""
        lock = FileLock(self._cluster.supervisor_lock)
        word, _, reason = lock.noted().partition(" ")
        lock.close()
        if word != FAILED and failures >= 3:
            word, reason = FAILED, "its supervisor ended at once"
        if word == FAILED:
            tail = self._cluster.log_tail()
            raise DatabaseStartFailed(
                folder=self._cluster.data, reason=reason, log=self._cluster.log, log_tail=tail
            )

    def _spawn_supervisor(self) -> int:
        """Start a supervisor in a session of its own, which Ctrl-C does not reach; return its process id."""
        log = os.open(self._cluster.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            return os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", "serversync.database.supervisor", str(self._cluster.data)],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                ],
                setsid=True,
            )
        finally:
            os.close(log)

    def _keep_supervised(self) -> None:
        """Start another supervisor whenever the present one was killed under us."""
        lock = FileLock(self._cluster.supervisor_lock)
        while True:
            lock.wait(Mode.SHARED)
            word = lock.noted().partition(" ")[0]
            lock.unlock()
            if self._child is not None and _end_of(self._child) is not None:
                self._child = None
            if self._closed.is_set() or word in {STOPPED, FAILED}:
                lock.close()
                return
            if self._child is None:
                self._child = self._spawn_supervisor()
            self._closed.wait(0.1)

    def _await_end(self) -> None:
        """Wait for the end of the server if nobody else uses it.

        Seen three times in a row: the supervisor works and somebody holds a lease, so the server stays up. A single
        look could take the probing of another process that leaves for a lease.
        """
        others = 0
        while others < 3 and not is_free(self._cluster.supervisor_lock, Mode.SHARED):
            unused = is_free(self._cluster.users_lock, Mode.EXCLUSIVE)
            in_use = not unused and is_free(self._cluster.users_lock, Mode.SHARED)
            others = others + 1 if in_use else 0
            time.sleep(_PAUSE)
        while others < 3 and self._child is not None and _end_of(self._child) is None:
            time.sleep(_PAUSE)  # a supervisor of ours that came too late is about to see that nobody needs it


def _create_database(connection: psycopg.Connection) -> None:
    """Create the program's database unless it is there, or a process beside us was faster."""
    found = connection.execute("select from pg_database where datname = %s", [DATABASE]).fetchone()
    if found is None:
        with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))


def _end_of(child: int) -> int | None:
    """Return the exit code of a supervisor that we have started, or ``None`` while it lives.

    A signal counts as a negative code, as does a child that somebody else has collected.
    """
    try:
        process, status = os.waitpid(child, os.WNOHANG)
    except ChildProcessError:
        return -1
    return os.waitstatus_to_exitcode(status) if process else None
