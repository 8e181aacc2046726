"""Worker processes that are killed, for the fault tests."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def worker(dsn: str, fault: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker with a short lease; ``fault`` says where it kills itself."""
    environment = {**os.environ, "DATABASE_URL": dsn, "SERVERSYNC_FAULT": fault}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fault.worker_process"], cwd=ROOT, env=environment
    )
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
