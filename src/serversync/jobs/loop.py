"""Runs a worker's coroutines over the event loop that costs least.

Nearly all of an idle poll is one HTTPS request, and asyncio's own loop does TLS and sockets in Python: with uvloop, which
does them in C, a request costs about a third less CPU. Where it is not installed, or made for no such machine, asyncio's
loop does the same.
"""

import asyncio
import importlib
import importlib.util
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


def fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop; ``None`` for asyncio's own."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    make: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return make


def run(main: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine to its end, as ``asyncio.run`` does."""
    with asyncio.Runner(loop_factory=fastest_loop()) as runner:
        return runner.run(main)
