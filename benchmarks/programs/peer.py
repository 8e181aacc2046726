"""exchangelib alone: sync_items for the ids, then all messages in full; nothing is stored."""

import json
import sys

from exchangelib import DELEGATE, IMPERSONATION, Account, Configuration, Credentials
from exchangelib.protocol import BaseProtocol, FailFast

from benchmarks.measure import peak_megabytes, spending, take_processor


def main(arguments: dict[str, str]) -> dict[str, float]:
    """Read the whole inbox."""
    import os

    os.environ["REQUESTS_CA_BUNDLE"] = arguments["ca_file"]
    BaseProtocol.SESSION_POOLSIZE = 1
    configuration = Configuration(
        service_endpoint=arguments["url"],
        credentials=Credentials(arguments["account"], arguments["password"]),
        auth_type="basic",
        retry_policy=FailFast(),
    )
    account = Account(
        arguments["mailbox"],
        config=configuration,
        autodiscover=False,
        access_type=IMPERSONATION if arguments["account"] != arguments["mailbox"] else DELEGATE,
    )
    inbox = account.inbox
    with spending() as spent:
        ids = [
            item for _, item in inbox.sync_items(only_fields=["id", "changekey"], max_changes_returned=512)
        ]
        count = sum(1 for item in account.fetch(ids=ids, chunk_size=100) if item.body is not None)
    account.protocol.close()
    return {"cpu": spent.seconds, "messages": count, "peak": peak_megabytes()}


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
