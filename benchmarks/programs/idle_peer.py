"""exchangelib asking the same: SyncFolderItems with the kept state of each folder, accounts and folders known."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from exchangelib import IMPERSONATION, Account, Configuration, Credentials
from exchangelib.folders import Folder
from exchangelib.properties import FolderId
from exchangelib.protocol import BaseProtocol, FailFast

from benchmarks.measure import spending, take_processor


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Ask for the changes of every folder of every mailbox; there are none."""
    place = json.loads(Path(arguments["place"]).read_text())
    os.environ["REQUESTS_CA_BUNDLE"] = place["ca_file"]
    BaseProtocol.SESSION_POOLSIZE = 1
    configuration = Configuration(
        service_endpoint=place["url"],
        credentials=Credentials(place["account"], place["password"]),
        auth_type="basic",
        retry_policy=FailFast(),
    )
    count = arguments["mailboxes"]
    folders = []
    for address, ids in zip(place["addresses"][:count], place["folders"], strict=False):
        account = Account(address, config=configuration, autodiscover=False, access_type=IMPERSONATION)
        own = [account.inbox, account.sent, *(Folder(root=account.root, _id=FolderId(i)) for i in ids)]
        for folder in own:
            _sync(folder)
        folders.extend(own)
    with spending() as spent:
        for _ in range(arguments["rounds"]):
            for folder in folders:
                if _sync(folder):
                    raise SystemExit("something has changed")
    account.protocol.close()
    return {"cpu": spent.seconds / arguments["rounds"] / count}


def _sync(folder: Folder) -> int:
    return sum(1 for _ in folder.sync_items(only_fields=["id", "changekey"]))


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
