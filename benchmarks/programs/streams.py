"""So many open streams in one process, one subscription each: what opening and holding them costs."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import settled_megabytes, spending, take_processor
from serversync.exchange.affinity import Affinity
from serversync.exchange.client import Credentials, Endpoint, EwsClient, Scheme
from serversync.exchange.notifications import EventStream
from serversync.exchange.operations.subscribe import StreamingSubscriptionRequest, Subscribe
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.jobs import loop
from serversync.jobs.tuning import tune_process

_INBOX = Subscribe(StreamingSubscriptionRequest(folder_ids=(DistinguishedFolderId("inbox"),)))
AT_ONCE = 10


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Open the streams and listen for so many seconds."""
    place = json.loads(Path(arguments["place"]).read_text())
    return loop.run(_hold(place, arguments["streams"], arguments["seconds"]))


async def _hold(place: dict[str, Any], streams: int, seconds: float) -> dict[str, float]:
    endpoint = Endpoint(url=place["url"], ca_file=Path(place["ca_file"]), timeout=timedelta(seconds=100))
    credentials = Credentials(username=place["account"], password=place["password"], scheme=Scheme.BASIC)
    tune_process()
    async with EwsClient(endpoint, credentials, connections=AT_ONCE) as client, AsyncExitStack() as stack:
        room = asyncio.Semaphore(AT_ONCE)
        opened = asyncio.Semaphore(0)

        async def listen(address: str) -> None:
            affinity = Affinity(address)
            async with AsyncExitStack() as own:
                async with room:
                    (outcome,) = await client.call(_INBOX, mailbox=address, affinity=affinity)
                    stream: EventStream = await own.enter_async_context(
                        client.stream([outcome.unwrap().subscription_id], mailbox=address, affinity=affinity)
                    )
                async for _ in stream:
                    opened.release()

        with spending() as opening:
            tasks = [asyncio.create_task(listen(address)) for address in place["addresses"][:streams]]
            stack.push_async_callback(asyncio.gather, *tasks, return_exceptions=True)
            for task in tasks:
                stack.callback(task.cancel)
            for _ in tasks:
                async with asyncio.timeout(120):
                    await opened.acquire()
        with spending() as holding:
            await asyncio.sleep(seconds)
        if any(task.done() for task in tasks):
            raise SystemExit("a stream has ended")
        return {
            "opening": opening.seconds,
            "holding": holding.seconds / seconds,
            "resident": settled_megabytes(),
        }


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
