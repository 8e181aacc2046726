"""CPU and memory of the process that calls, and the programs that are measured, each in a process of its own."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


def cpu_seconds() -> float:
    """User and system time that this process has used so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_megabytes() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(slots=True)
class Spent:
    """CPU time spent inside a ``spending`` block, in seconds."""

    seconds: float = 0.0


@contextmanager
def spending() -> Iterator[Spent]:
    """Measure the CPU time of the block."""
    spent, start = Spent(), cpu_seconds()
    yield spent
    spent.seconds = cpu_seconds() - start


def program(module: str, **arguments: object) -> dict[str, float]:
    """Run ``python -m benchmarks.programs.<module>`` with JSON arguments and return the JSON it prints last."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.programs.{module}", json.dumps(arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
