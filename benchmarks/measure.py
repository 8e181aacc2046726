"""CPU and memory of the process that calls, and the programs that are measured, each in a process of its own."""

import ctypes
import gc
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


def cpu_seconds() -> float:
    """User and system time that this process has used so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_megabytes() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_megabytes() -> float:
    """The memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def settled_megabytes() -> float:
    """The memory that this process cannot do without: what is garbage, or free and not given back yet, is not counted."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library; its free memory is counted then
        ctypes.CDLL(None).malloc_trim(0)
    return resident_megabytes()


@dataclass(slots=True)
class Spent:
    """CPU time spent inside a ``spending`` block, in seconds."""

    seconds: float = 0.0


def take_processor() -> None:
    """Move this process, which is about to be measured, to the processor that was kept for it."""
    if kept := os.environ.get("BENCHMARK_PROCESSOR"):
        os.sched_setaffinity(0, {int(kept)})


@contextmanager
def spending() -> Iterator[Spent]:
    """Measure the CPU time of the block."""
    spent, start = Spent(), cpu_seconds()
    yield spent
    spent.seconds = cpu_seconds() - start


@contextmanager
def servers_apart() -> Iterator[None]:
    """Keep one processor for the program that is measured; whatever else is started meanwhile runs on the others.

    Otherwise the scheduler moves simulator and database in and out beside the program, and its figures swing by a
    third. Where there is one processor only, or no way to choose, nothing is done.
    """
    if not hasattr(os, "sched_setaffinity") or len(processors := sorted(os.sched_getaffinity(0))) < 2:
        yield
        return
    _MEASURED_ON.append(processors[0])
    os.sched_setaffinity(0, processors[1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)
        _MEASURED_ON.clear()


_MEASURED_ON: list[int] = []


def program(module: str, **arguments: object) -> dict[str, float]:
    """Run ``python -m benchmarks.programs.<module>`` with JSON arguments and return the JSON it prints last."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.programs.{module}", json.dumps(arguments)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "BENCHMARK_PROCESSOR": ",".join(map(str, _MEASURED_ON))},
    )
    if done.returncode:
        raise SystemExit(f"{done.stderr[-4000:]}\nbenchmarks.programs.{module} failed.")
    answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
