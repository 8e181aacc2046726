"""The TLS that every connection uses: verified always, 1.2 or newer, no switch to turn it off."""

import asyncio
import ssl
from functools import lru_cache
from pathlib import Path

from serversync.core.errors import InputInvalid


def ssl_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return the shared context; the authorities of ``ca_file`` are trusted beside the system's own.

    Raises:
        InputInvalid: the file cannot be read or holds no certificate.
    """
    if ca_file is None:
        return _context(None, 0, 0)
    try:
        state = ca_file.stat()
        return _context(ca_file, state.st_mtime_ns, state.st_size)
    except ssl.SSLError as error:
        raise InputInvalid(field="CA file", reason=f"{ca_file} holds no PEM certificate") from error
    except OSError as error:
        raise InputInvalid(field="CA file", reason=f"{ca_file}: {error.strerror}") from error


@lru_cache(maxsize=64)
def _context(ca_file: Path | None, _modified: int, _size: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


_SMALL_BUFFER = 32 * 1024


def shrink_buffer(transport: asyncio.Transport | None) -> bool:
    """Let a connection that mostly waits hold 32 KB for reading instead of asyncio's 256 KB; whether it worked.

    With many streams this buffer is most of their memory. There is no public way to choose its size, so where
    the inside of the loop looks different nothing is changed. uvloop does not fill its buffer with zeros, so it takes
    no memory beyond what was ever read at once.
    """
    protocol = getattr(transport, "_ssl_protocol", None)
    if protocol is None or not all(
        hasattr(protocol, name) for name in ("max_size", "_ssl_buffer", "_ssl_buffer_view")
    ):
        return False
    buffer = bytearray(_SMALL_BUFFER)
    protocol.max_size = _SMALL_BUFFER
    protocol._ssl_buffer = buffer  # noqa: SLF001 - see above
    protocol._ssl_buffer_view = memoryview(buffer)  # noqa: SLF001
    return True
