"""The latest calls are noted for who has begun, and for nobody else."""

import asyncio

from aiohttp import web

from serversync.exchange import calls
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.ids import DistinguishedFolderId
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import Servers

INBOX = GetFolder((DistinguishedFolderId("inbox"),))


async def answer(request: web.Request) -> web.Response:
    """Answer as Exchange does, which has an id of its own for each request."""
    body = answers.inbox().encode()
    headers = {"request-id": f"server-{request.headers['client-request-id']}"}
    return web.Response(body=body, content_type="text/xml", charset="utf-8", headers=headers)


async def test_a_call_is_noted_with_the_servers_own_id(servers: Servers) -> None:
    async with servers.client(answer) as client:
        begun = calls.begin()
        await client.call(INBOX, mailbox="ada@example.org")
        (noted,) = calls.latest()
        calls.end(begun)
    assert (noted.operation, noted.status) == ("GetFolder", 200)
    assert noted.request_id.startswith("server-")


async def test_nothing_is_noted_where_nobody_has_begun_or_somebody_has_ended(servers: Servers) -> None:
    async with servers.client(answer) as client:
        await client.call(INBOX)
        calls.end(calls.begin())
        await client.call(INBOX)
    assert calls.latest() == []


def test_the_latest_are_kept_and_no_more() -> None:
    begun = calls.begin()
    for number in range(calls.MOST + 5):
        calls.note("GetItem", 200, str(number))
    noted = [one.request_id for one in calls.latest()]
    calls.end(begun)
    assert noted == [str(number) for number in range(5, calls.MOST + 5)]


async def test_passes_beside_each_other_note_their_own_calls_and_those_of_their_tasks() -> None:
    async def one(name: str) -> list[str]:
        begun = calls.begin()
        calls.note(name, 200, "")
        await asyncio.gather(*(asyncio.create_task(other(name)) for _ in range(2)))
        noted = [call.operation for call in calls.latest()]
        calls.end(begun)
        return noted

    async def other(name: str) -> None:
        await asyncio.sleep(0)
        calls.note(name, 200, "")

    assert await asyncio.gather(one("a"), one("b")) == [["a"] * 3, ["b"] * 3]
