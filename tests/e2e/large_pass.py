"""Runs one pass over a mailbox, or sends an e-mail, and prints as JSON what it did and how much memory that took."""

import asyncio
import json
import resource
import sys
from uuid import UUID

from serversync import bootstrap


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    with bootstrap.start(migrate=False):
        from serversync.jobs.single import deliver_now, sync_now

        before, done = peak_megabytes(), {}
        if sys.argv[1] == "send":
            asyncio.run(deliver_now(UUID(sys.argv[2])))
        else:
            result, error = asyncio.run(sync_now(UUID(sys.argv[2])))
            done = {"error": str(error), "processed": result.processed}
        print(json.dumps({**done, "grown": peak_megabytes() - before}))
