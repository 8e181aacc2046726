"""Sets up a process that makes passes: memory kept for the next page, fewer looks for cycles, faster unpacking.

All of it is about speed alone; where something is missing, a pass costs more and does the same.
"""

import ctypes
import gc
import importlib
import importlib.util
from typing import Final

import aiohttp

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 64 << 20
"""So much unused memory stays with the process; a page of 512 messages of 7 KB takes about 20 MB."""
_LARGE_BYTES: Final = 32 << 20
"""The most that the C library takes from its own heap; larger buffers go back to the system at once."""


def tune_process() -> None:
    """Set up this process for passes; call it when everything is imported.

    A pass makes many objects and few cycles; what exists at this point (imported modules) is never looked at
    again. ISA-L unpacks in a seventh of zlib's time (9.6 and 1.4 µs a message of 7 KB).
    """
    _keep_memory()
    if importlib.util.find_spec("isal") is not None:
        aiohttp.set_zlib_backend(importlib.import_module("isal.isal_zlib"))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _keep_memory() -> None:
    """Have the C library keep what a page took for the next one.

    By itself it gives the memory back after every page, and the system clears it anew for the next: that was 6 %
    of a pass. Only glibc can be told so.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
