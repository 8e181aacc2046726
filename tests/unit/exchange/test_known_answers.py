"""An answer that comes again byte for byte is not read again; any other one is."""

from collections.abc import Sequence

import pytest
from aiohttp import web

from serversync.core.errors import ServerBusy
from serversync.exchange.known_answers import KnownAnswer, KnownAnswers
from serversync.exchange.operations.get_folder_values import FolderValues, GetFolderValues
from serversync.exchange.outcome import Outcome
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.exchange.types.shapes import BaseShape, FolderShape
from serversync.exchange.version import ServerVersionInfo
from tests.unit.exchange import answers
from tests.unit.exchange.conftest import Servers

QUESTION = GetFolderValues((DistinguishedFolderId("inbox"),), FolderShape(base_shape=BaseShape.ID_ONLY))
BUILD = ServerVersionInfo(15, 2, 1748, 10, "V2017_07_11")


class Reader:
    """Counts how often it is asked what outcomes mean."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, outcomes: Sequence[Outcome[FolderValues]]) -> str | None:
        self.times += 1
        count = outcomes[0].unwrap().total_count
        return None if count == "0" else f"{count} items"


def folder(count: int) -> web.Response:
    payload = f"<m:Folders><t:Folder><t:TotalCount>{count}</t:TotalCount></t:Folder></m:Folders>"
    return page(answers.answer("GetFolder", answers.success("GetFolder", payload)))


def page(text: str, status: int = 200) -> web.Response:
    return web.Response(body=text.encode(), status=status, content_type="text/xml", charset="utf-8")


async def meanings(
    servers: Servers, told: list[web.Response], *mailboxes: str
) -> tuple[list[str | None], Reader]:
    reader = Reader()
    remaining = iter(told)

    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity", "packing costs more than it saves"
        return next(remaining)

    async with servers.client(handler) as client:
        found = [await client.call_known(QUESTION, reader, mailbox=mailbox) for mailbox in mailboxes]
        assert client.server_version == BUILD
    return found, reader


async def test_the_same_answer_is_read_once(servers: Servers) -> None:
    found, reader = await meanings(servers, [folder(3), folder(3), folder(3)], *["ada@example.org"] * 3)
    assert found == ["3 items"] * 3
    assert reader.times == 1


async def test_another_answer_is_read_and_the_first_one_stays_known(servers: Servers) -> None:
    found, reader = await meanings(servers, [folder(3), folder(4), folder(3)], *["ada@example.org"] * 3)
    assert found == ["3 items", "4 items", "3 items"]
    assert reader.times == 2


async def test_the_same_answer_about_another_mailbox_is_read(servers: Servers) -> None:
    found, reader = await meanings(servers, [folder(3), folder(3)], "ada@example.org", "bob@example.org")
    assert found == ["3 items", "3 items"]
    assert reader.times == 2


async def test_what_has_no_meaning_is_read_each_time(servers: Servers) -> None:
    found, reader = await meanings(servers, [folder(0), folder(0)], *["ada@example.org"] * 2)
    assert found == [None, None]
    assert reader.times == 2


async def test_trouble_is_never_taken_for_known(servers: Servers) -> None:
    reader = Reader()
    busy = answers.answer("GetFolder", answers.failure("GetFolder", "ErrorServerBusy"))
    told = iter([folder(3), page(busy), page(answers.fault("ErrorServerBusy"), 500), page(busy), folder(3)])

    async def handler(request: web.Request) -> web.Response:
        return next(told)

    async with servers.client(handler) as client:
        assert await client.call_known(QUESTION, reader) == "3 items"
        for _ in range(3):
            with pytest.raises(ServerBusy):
                await client.call_known(QUESTION, reader)
        assert await client.call_known(QUESTION, reader) == "3 items"


def test_it_is_the_same_answer_however_the_network_cuts_it() -> None:
    whole = KnownAnswers.key(b"question", [b"<answer/>"])
    assert KnownAnswers.key(b"question", [b"<ans", b"wer/>"]) == whole
    assert KnownAnswers.key(b"question", [b"<answer>"]) != whole
    assert KnownAnswers.key(b"another question", [b"<answer/>"]) != whole


def test_no_more_are_remembered_than_it_may() -> None:
    known = KnownAnswers(most=2)
    keys = [KnownAnswers.key(b"question", [b"%d" % number]) for number in range(3)]
    for key in keys:
        known.keep(key, KnownAnswer("meaning", BUILD))
    assert len(known) == 2
    assert [known.get(key) is not None for key in keys] == [False, True, True]
