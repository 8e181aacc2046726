"""The TLS that every connection uses: verified always, 1.2 or newer, no switch to turn it off."""

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
