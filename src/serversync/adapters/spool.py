"""Content too large for memory: kept in temporary files until the page it belongs to is written."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import BinaryIO, Self

CHUNK = 256 * 1024


class SpooledContent:
    """A temporary file that is written once and read as often as needed; gone when closed."""

    def __init__(self) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(prefix="serversync-")  # noqa: SIM115 - closed by close()

    @property
    def size_bytes(self) -> int:
        """How much it holds."""
        return self._file.seek(0, os.SEEK_END)

    @classmethod
    def of(cls, chunks: Iterable[bytes]) -> Self:
        """Return a file that holds the chunks."""
        spool = cls()
        for chunk in chunks:
            spool.write(chunk)
        return spool

    def write(self, chunk: bytes) -> int:
        """Write at the current place; with ``tell``, ``seek`` and ``truncate`` the sink of the EWS client."""
        return self._file.write(chunk)

    def tell(self) -> int:
        """Return the current place."""
        return self._file.tell()

    def seek(self, offset: int) -> int:
        """Go to a place, counted from the start."""
        return self._file.seek(offset)

    def truncate(self) -> int:
        """Forget everything behind the current place."""
        return self._file.truncate()

    def chunks(self) -> Iterator[bytes]:
        """Yield the content from the start, in pieces of at most 256 KB."""
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            yield chunk

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
