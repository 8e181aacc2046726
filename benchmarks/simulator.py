"""What the simulator costs: CPU a message in GetItem of a hundred, beside exchangelib that reads it; memory a message."""

import json
import signal
import subprocess
import sys

from rich.console import Console

from benchmarks.measure import program
from benchmarks.result import Row

_CPU_GOAL, _MEMORY_GOAL = 0.15, 1.5


def run(console: Console, *, quick: bool) -> list[Row]:
    """Measure the simulator alone, in processes of its own."""
    console.print("simulator: CPU of GetItem x 100 …")
    server, reader = _cpu(200 if quick else 2000)
    console.print("simulator: memory …")
    size, held = _memory(500 if quick else 5000)
    return [
        Row("simulator.reader", reader, "ms CPU/message"),
        Row(
            "simulator.getitem",
            server,
            "ms CPU/message",
            "simulator.reader",
            server / reader,
            _CPU_GOAL,
        ),
        Row("simulator.mime", size, "bytes/message"),
        Row("simulator.memory", held, "bytes/message", "simulator.mime", held / size, _MEMORY_GOAL),
    ]


def _cpu(count: int) -> tuple[float, float]:
    """Return the CPU milliseconds a message of server and reader; each message is read once, so nothing is at hand."""
    command = [
        sys.executable,
        "-m",
        "serversync.simulator",
        "--mailboxes",
        "1",
        "--messages",
        str(count + 100),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        if server.stdout is None:
            raise RuntimeError("the simulator tells nothing")
        try:
            place = json.loads(server.stdout.readline())
            told = program("reader", place=place, server=server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
    return told["server"], told["reader"]


_DELIVER = """
import gc, json, sys
from benchmarks.measure import resident_megabytes
from serversync.simulator import Exchange
from serversync.simulator.seed import SeededMail
count = int(sys.argv[1])
exchange = Exchange()
exchange.add_mailbox("a@example.org")
source = SeededMail(1)
size = 0
exchange.deliver(source.mime("a@example.org", 1), ["a@example.org"])
gc.collect()
before = resident_megabytes()
for number in range(2, count + 2):
    mime = source.mime("a@example.org", number)
    size += len(mime)
    exchange.deliver(mime, ["a@example.org"])
del mime
gc.collect()
held = (resident_megabytes() - before) * 1048576
print(json.dumps({"size": size / count, "held": held / count}))
"""


def _memory(count: int) -> tuple[float, float]:
    """Return the size of a message and what the simulator holds for it after delivery, in bytes."""
    command = [sys.executable, "-c", _DELIVER, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return told["size"], told["held"]
