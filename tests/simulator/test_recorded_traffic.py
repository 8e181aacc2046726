"""What a real Exchange 2010 was asked, and what it answered: the simulator answers the same.

The recorded ids stand for folders that the recording does not make; they are made first, as the recording implies.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from serversync.simulator import Exchange
from serversync.simulator.folders import folder_id
from tests.simulator.conftest import MAILBOX, NS, SCHEMAS, SHARED, Client, Serve, impersonate, make_exchange

TRACES = SHARED / "exchange-traces" / "camel" / "folder"
FILES = sorted(TRACES.iterdir()) if TRACES.is_dir() else []
BLOCK = re.compile(r"(?:^[><] ?[^\n]*\n)+", re.MULTILINE)
ID = re.compile(r'FolderId[^>]*? Id="(AAMk[^"]*)"')


@dataclass
class Exchanged:
    """A request and its answer."""

    request: str
    status: int
    answer: str


def read(path: Path) -> list[Exchanged]:
    """Read a trace; exchanges that were refused for want of a log-on are left out."""
    text = path.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^> POST [^\n]*\n", text)[1:]
    found = []
    for part in parts:
        lines = part.splitlines()
        sent = "\n".join(line[2:] for line in lines if line.startswith("> ") and line.startswith("> <"))
        received = [line[2:] for line in lines if line.startswith("< ")]
        status = int(received[0].split()[1])
        body = "\n".join(line for line in received if line.startswith("<"))
        if status != 401:
            request = sent[sent.index("<SOAP-ENV:Envelope") :]
            found.append(Exchanged(request, status, body))
    return found


def codes(answer: str | bytes) -> list[str]:
    root = etree.fromstring(answer.encode() if isinstance(answer, str) else answer)
    elements = [*root.iterfind(".//m:ResponseCode", NS), *root.iterfind(".//e:ResponseCode", NS)]
    return [element.text for element in elements]


def folder_ids(text: str) -> list[str]:
    return list(dict.fromkeys(ID.findall(text)))


def test_the_traces_are_read(tmp_path: Path) -> None:
    if not FILES:
        pytest.skip("../shared/exchange-traces is not here")
    assert len(FILES) >= 14
    assert all(read(path) for path in FILES)


@pytest.mark.skipif(not FILES, reason="../shared/exchange-traces is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_recorded_exchange_is_answered_alike(path: Path, serve: Serve) -> None:
    exchange = make_exchange("Exchange2010_SP2")
    known: dict[str, str] = {}
    with serve(exchange, schema_dir=SCHEMAS if SCHEMAS.is_dir() else None) as simulator:
        client = Client(simulator)
        for exchanged in read(path):
            prepare(exchange, exchanged, known)
            request = exchanged.request
            for recorded, own in known.items():
                request = request.replace(recorded, own)
            head = f'<SOAP-ENV:Header xmlns:t="{NS["t"]}">{impersonate(MAILBOX)}'
            reply = client.send(request.replace("<SOAP-ENV:Header>", head))
            assert (reply.status, codes(reply.body)) == (exchanged.status, codes(exchanged.answer))
            for recorded, own in zip(
                folder_ids(exchanged.answer), folder_ids(reply.body.decode()), strict=False
            ):
                known.setdefault(recorded, own)
        client.close()


def prepare(exchange: Exchange, exchanged: Exchanged, known: dict[str, str]) -> None:
    """Make the folders that a request takes for granted; what was not found there is not made."""
    if "NotFound" in exchanged.answer:
        return
    mailbox = exchange.mailbox(MAILBOX)
    for recorded in folder_ids(exchanged.request):
        if recorded not in known:
            made = mailbox.create_folder(f"Folder {len(known) + 1}")
            known[recorded] = re.search(r' Id="([^"]*)"', folder_id(mailbox, made)).group(1)
