"""An Exchange for benchmarks: mailboxes with folders, and mail that is delivered on command.

The first line of output says where it is. Then each line of input, ``deliver ADDRESS NUMBER``, delivers a message, and
is answered by a line with the time of the delivery.
"""

import json
import sys
import time
from typing import Any

from serversync.simulator import Exchange, Fault, SimulatorThread
from serversync.simulator.identifiers import Identifier, encode

ACCOUNT, PASSWORD = "svc-crm@example.org", "benchmark password"


def main(arguments: dict[str, Any]) -> None:
    """Serve until the input ends."""
    exchange = Exchange("Exchange2016")
    exchange.add_account(ACCOUNT, password=PASSWORD, impersonation=True)
    folders: list[list[str]] = []
    addresses = []
    for number in range(arguments["mailboxes"]):
        mailbox = exchange.add_mailbox(f"user{number:05d}@example.org")
        addresses.append(mailbox.primary_smtp_address)
        made = [mailbox.create_folder(f"Folder {i}", parent="inbox") for i in range(arguments["folders"])]
        folders.append([encode(Identifier(mailbox.guid, folder.number)) for folder in made])
    if throttled := arguments.get("throttled"):
        busy = Fault(
            mailbox=throttled, times=None, response_code="ErrorServerBusy", back_off_milliseconds=500
        )
        exchange.faults.add(busy)
    with SimulatorThread(exchange) as simulator:
        about = {
            "url": simulator.url,
            "ca_file": str(simulator.ca_file),
            "account": ACCOUNT,
            "password": PASSWORD,
            "addresses": addresses,
            "folders": folders,
        }
        print(json.dumps(about), flush=True)
        for line in sys.stdin:
            _, address, number = line.split()
            exchange.deliver(_mail(address, number), [address])
            print(json.dumps({"at": time.time()}), flush=True)


def _mail(address: str, number: str) -> bytes:
    return (
        f"From: grace@contoso.example\r\nTo: {address}\r\nSubject: Number {number}\r\n"
        f"Message-ID: <{number}@contoso.example>\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\n\r\n"
        + "A line of text that a customer wrote.\r\n"
        * 40
    ).encode()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
