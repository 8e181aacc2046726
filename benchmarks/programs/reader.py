"""exchangelib reads messages of the simulator: CPU of the process that reads."""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import exchangelib

from benchmarks.measure import spending, take_processor


def _spent(process: int) -> float:
    """Return the CPU seconds that a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(place: dict[str, Any], server: int) -> dict[str, float]:
    """Read each message of the Inbox once, a hundred at a time; CPU milliseconds a message here and in the server."""
    os.environ["REQUESTS_CA_BUNDLE"] = place["ca_file"]
    logging.getLogger("exchangelib").setLevel(logging.CRITICAL)
    configuration = exchangelib.Configuration(
        service_endpoint=place["url"],
        credentials=exchangelib.Credentials(place["account"], place["password"]),
        auth_type=exchangelib.BASIC,
        max_connections=1,
    )
    account = exchangelib.Account(
        place["mailboxes"][0], config=configuration, access_type=exchangelib.IMPERSONATION
    )
    ids = [(item.id, item.changekey) for item in account.inbox.all().only("id", "changekey")]
    list(account.fetch(ids[:100], chunk_size=100))
    take_processor()
    before = _spent(server)
    with spending() as spent:
        count = sum(1 for _ in account.fetch(ids[100:], chunk_size=100))
    serving = _spent(server) - before
    account.protocol.close()
    return {"reader": spent.seconds * 1000 / count, "server": serving * 1000 / count}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(**json.loads(sys.argv[1]))) + "\n")
