"""Programs of their own that use the embedded database, for tests that kill them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from serversync.database.cluster import Cluster
from serversync.database.locks import Mode, is_free

PROGRAM = """
import signal, sys
from pathlib import Path
from serversync.database.embedded import Lease
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background of a shell
with Lease(Path(sys.argv[1])) as lease:
    print(lease.dsn, flush=True)
    sys.stdin.readline()
"""


class Program:
    """A process that takes a lease, says where the database is, and leaves when told to."""

    def __init__(self, data: Path, *, prefix: tuple[str, ...] = ()) -> None:
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-c", PROGRAM, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._dsn = ""

    @property
    def dsn(self) -> str:
        """Where the database is; waits until the program has its lease."""
        if not self._dsn:
            assert self._process.stdout is not None
            self._dsn = self._process.stdout.readline().decode().strip()
        assert self._dsn, "the program ended without a lease"
        return self._dsn

    def leave(self) -> int:
        """Let the program end in good order; return its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(60)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, as a terminal does with Ctrl-C, and wait for the end."""
        os.killpg(self._process.pid, number)
        self._process.wait(60)

    def dispose(self) -> None:
        """Kill the program if it still runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()


class Installation:
    """A data folder, the programs that use it, and what can be seen of its server from outside."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.cluster = Cluster(data)
        self._programs: list[Program] = []

    def program(self, *, prefix: tuple[str, ...] = ()) -> Program:
        """Start another program on this data folder."""
        program = Program(self.data, prefix=prefix)
        self._programs.append(program)
        return program

    def query(self, dsn: str, text: str = "select 1") -> object:
        """Return the one value of a query over a connection of its own."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            row = connection.execute(text.encode()).fetchone()
        assert row is not None
        return row[0]

    def remember(self, dsn: str, value: int) -> None:
        """Commit a value that ``select value from kept`` returns."""
        with psycopg.connect(dsn) as connection:
            connection.execute("create table kept (value int)")
            connection.execute("insert into kept values (%s)", [value])

    @property
    def postmaster(self) -> int:
        """The process id of the running server; 0 while it is being written or there is none."""
        return _first_number(self.cluster.folder / "postmaster.pid")

    @property
    def supervisor(self) -> int:
        """The process id of the supervisor; 0 while it is being written."""
        return _first_number(self.cluster.supervisor_lock)

    def is_down(self) -> bool:
        """Tell whether neither a supervisor nor any process of the server is left."""
        supervised = self.cluster.supervisor_lock.exists() and not is_free(
            self.cluster.supervisor_lock, Mode.EXCLUSIVE
        )
        return not supervised and not any(True for _ in self.cluster.processes())

    def dispose(self) -> None:
        """Kill what is left of the programs and wait for the server to follow."""
        for program in self._programs:
            program.dispose()
        wait_until(self.is_down)


def _first_number(path: Path) -> int:
    try:
        return int(path.read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return 0


def wait_until(fact: Callable[[], object], seconds: float = 30) -> None:
    """Wait until ``fact`` holds; fail the test if it does not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def installation(name: str = "data") -> Iterator[Installation]:
    """Make an installation in a short temporary folder; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ss-"))
    made = Installation(folder / name)
    try:
        yield made
    finally:
        made.dispose()
        shutil.rmtree(folder)
