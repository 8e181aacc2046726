"""File locks by which the processes on one machine agree who may do what.

They are ``flock`` locks: they belong to the open file, and the kernel gives them back when the process ends,
however it ends, ``kill -9`` included. No process id is ever trusted.
"""

import fcntl
import os
from enum import IntEnum
from pathlib import Path


class Mode(IntEnum):
    """Shared: any number at a time. Exclusive: one alone."""

    SHARED = fcntl.LOCK_SH
    EXCLUSIVE = fcntl.LOCK_EX


class FileLock:
    """One lock file, opened; nothing is locked before ``wait`` or ``attempt``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def wait(self, mode: Mode) -> None:
        """Lock, waiting as long as it takes; signal handlers run meanwhile and may break the wait."""
        fcntl.flock(self._descriptor, mode)

    def attempt(self, mode: Mode) -> bool:
        """Lock if that is possible at once; tell whether it was."""
        try:
            fcntl.flock(self._descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self) -> None:
        """Give the lock back and keep the file open."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def note(self, text: str) -> None:
        """Replace what the file says; for its exclusive holder."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def noted(self) -> str:
        """Return what the last exclusive holder has written."""
        return os.pread(self._descriptor, 1024, 0).decode(errors="replace")

    def close(self) -> None:
        """Close the file, which gives the lock back too; harmless when repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_free(path: Path, mode: Mode) -> bool:
    """Tell whether the lock could be had in this mode at this moment."""
    lock = FileLock(path)
    try:
        return lock.attempt(mode)
    finally:
        lock.close()
