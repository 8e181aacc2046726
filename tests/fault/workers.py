"""Worker processes that are killed, for the fault tests.

They are forked from one process that has imported everything, since a worker that starts from nothing takes a
second of processor time and these tests start many.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.context import ForkServerContext

from tests.fault.worker_process import work


@cache
def _nursery() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fault.preloaded"])
    return context


class WorkerProcess:
    """A worker with a short lease, handled like a ``subprocess.Popen``."""

    def __init__(self, dsn: str, **environment: str) -> None:
        everything = {**os.environ, "DATABASE_URL": dsn, **environment}
        self._process = _nursery().Process(target=work, args=(everything,))
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """The exit code, or the negative number of the signal that ended it; ``None`` while it runs."""
        return self._process.exitcode

    poll = returncode.fget

    def wait(self, timeout: float) -> int:
        """Wait for its end; the test fails if that does not come."""
        self._process.join(timeout)
        code = self.returncode
        assert code is not None, "the worker did not end"
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        with suppress(ProcessLookupError):  # it has killed itself in this moment, as it was told to
            os.kill(self._process.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


@contextmanager
def worker(dsn: str, fault: str = "") -> Iterator[WorkerProcess]:
    """Run a worker with a short lease; ``fault`` says where it kills itself."""
    process = WorkerProcess(dsn, SERVERSYNC_FAULT=fault)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=60)


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds; fail the test if it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
