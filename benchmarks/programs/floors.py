"""What cannot be avoided: ``lxml.etree.fromstring`` of the same answers, and COPY of the same rows."""

import json
import sys
from collections import defaultdict
from datetime import timedelta
from typing import Any

import lxml.etree

from benchmarks.measure import spending, take_processor
from benchmarks.programs.ours import prepare
from serversync import bootstrap


def main(arguments: dict[str, str]) -> dict[str, float]:
    """Run our pass once and keep its answers and its rows; then only parse, and only copy."""
    with bootstrap.start() as environment:
        mailboxid = prepare(arguments)
        from serversync.jobs import loop

        return loop.run(_measure(environment.dsn, mailboxid))


async def _measure(dsn: str, mailboxid: Any) -> dict[str, float]:
    from serversync.adapters import crm_store
    from serversync.adapters.copying import copy_rows
    from serversync.adapters.leases import claim_one
    from serversync.adapters.profiles import ProfileConnections
    from serversync.exchange import client as ews_client
    from serversync.jobs.batch import BatchRunner
    from serversync.jobs.worker import open_pool

    answers: list[bytes] = []
    rows: dict[Any, list[Any]] = defaultdict(list)
    parse, copy = ews_client.parse_pieces, crm_store.copy_rows

    def keep_answer(pieces: Any) -> Any:
        answers.append(b"".join(pieces))
        return parse(pieces)

    async def keep_rows(connection: Any, target: Any, new: Any) -> None:
        kept = [tuple(row) for row in new]
        rows[target].extend(kept)
        await copy(connection, target, kept)

    ews_client.parse_pieces, crm_store.copy_rows = keep_answer, keep_rows
    lease = timedelta(minutes=5)
    async with open_pool(dsn) as pool:
        profiles = ProfileConnections(pool, user_agent="serversync-bench")
        runner = BatchRunner(pool, profiles, host="bench", lease=lease)
        async with pool.connection() as connection:
            fence = await claim_one(connection, mailboxid, host="bench", lease=lease)
        outcome = await runner.run_one(mailboxid, fence)
        await profiles.close()
        messages = outcome[0].processed if outcome else 0
        with spending() as parsed:
            for answer in answers:
                lxml.etree.fromstring(answer)
        async with pool.connection() as connection:
            for target in rows:
                await connection.execute(
                    f"create temp table {target.table} (like {target.table} including defaults)"
                )
            with spending() as copied:
                for target, kept in rows.items():
                    for start in range(0, len(kept), 512):
                        await copy_rows(connection, target, kept[start : start + 512])
    return {
        "parse": parsed.seconds,
        "copy": copied.seconds,
        "messages": messages,
        "rows": sum(map(len, rows.values())),
        "bytes": sum(map(len, answers)),
    }


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
