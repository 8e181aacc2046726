"""Runs one pass over a mailbox and prints, as JSON, what it did and how much memory that took at the most."""

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
        from serversync.jobs.single import sync_now

        before = peak_megabytes()
        result, error = asyncio.run(sync_now(UUID(sys.argv[1])))
        print(
            json.dumps(
                {"error": str(error), "processed": result.processed, "grown": peak_megabytes() - before}
            )
        )
