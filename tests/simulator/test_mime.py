"""Taking messages apart never fails, whatever the bytes."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from serversync.simulator import Exchange
from serversync.simulator.addresses import Address, parse_addresses
from serversync.simulator.mime import parse_date, parse_message
from serversync.simulator.shape import Shape
from serversync.simulator.versions import Schema
from tests.simulator.conftest import CORPUS, NS

FILES = sorted(CORPUS.rglob("*.eml"))
HEADERS = st.sampled_from(
    (
        b"Subject",
        b"From",
        b"To",
        b"Date",
        b"Content-Type",
        b"Content-Disposition",
        b"Content-Transfer-Encoding",
        b"Reply-To",
    )
)
LINES = st.lists(st.tuples(HEADERS, st.binary(max_size=60)), max_size=8)
EVERYTHING = Shape(Schema.EXCHANGE2016, "AllProperties", include_mime_content=True, body_type="HTML")


def render(mime: bytes) -> str:
    """Deliver and render; returns the XML."""
    exchange = Exchange()
    mailbox = exchange.add_mailbox("a@example.org")
    exchange.deliver(mime, ["a@example.org"])
    return exchange.render(mailbox, mailbox.item(1), EVERYTHING)


def assert_well_formed(xml: str) -> None:
    etree.fromstring(f'<r xmlns:t="{NS["t"]}">{xml}</r>'.encode())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
@example(b"")
@example(b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n")
@example(b"Content-Type: message/rfc822\r\n\r\n")
@example(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!")
@example(b"Subject: =?utf-8?b?gg?=\r\nTo: =?x?q?=\r\n\r\n\xff\xfe")
@example(b"Date: Mon, 99 Foo 99999999 99:99:99 +9999\r\n\r\n")
def test_any_bytes_become_well_formed_xml(data: bytes) -> None:
    assert_well_formed(render(data))


@settings(max_examples=300, deadline=None)
@given(LINES, st.binary(max_size=200))
def test_any_headers_become_well_formed_xml(lines: list[tuple[bytes, bytes]], body: bytes) -> None:
    head = b"".join(
        name + b": " + value.replace(b"\n", b" ").replace(b"\r", b" ") + b"\r\n" for name, value in lines
    )
    assert_well_formed(render(head + b"\r\n" + body))


@pytest.mark.skipif(not FILES, reason="../shared/mail-corpus is not here")
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_real_messages_become_well_formed_xml(data: st.DataObject) -> None:
    mime = bytearray(data.draw(st.sampled_from(FILES)).read_bytes()[:20_000])
    for _ in range(data.draw(st.integers(1, 20))):
        mime[data.draw(st.integers(0, len(mime) - 1))] = data.draw(st.integers(0, 255))
    assert_well_formed(render(bytes(mime)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@x.org", [("", "a@x.org")]),
        ("Ann <a@x.org>, b@x.org", [("Ann", "a@x.org"), ("", "b@x.org")]),
        ('"Lee, Ann" <a@x.org>', [("Lee, Ann", "a@x.org")]),
        ("=?utf-8?q?J=C3=B6rg?= <j@x.org>", [("Jörg", "j@x.org")]),
        ("team: a@x.org, Bo <b@x.org>;", [("", "a@x.org"), ("Bo", "b@x.org")]),
        ("undisclosed-recipients:;", []),
        ("", []),
        ("<>", []),
    ],
)
def test_addresses_are_read_with_names_and_groups(value: str, expected: list[tuple[str, str]]) -> None:
    assert parse_addresses(value) == tuple(Address(*one) for one in expected)


@pytest.mark.parametrize(
    "value", ["", "never", "Mon, 1 Jan 1500 00:00:00 +0000", "Mon, 1 Jan 9999 00:00:00 +0000"]
)
def test_dates_that_cannot_be_are_none(value: str) -> None:
    assert parse_date(value) is None


def test_the_charset_that_a_part_declares_is_used_and_a_wrong_one_does_no_harm() -> None:
    head = b"Content-Type: text/plain; charset=%s\r\n\r\n"
    assert parse_message(head % b"iso-8859-1" + b"caf\xe9").body_text == "café"
    assert parse_message(head % b"no-such-charset" + "café".encode()).body_text == "café"
    assert parse_message(head % b"no-such-charset" + b"caf\xe9").body_text == "café"
    assert parse_message(head % b"utf-8" + b"caf\xe9").body_text == "caf\ufffd"


def test_parts_without_a_name_are_numbered_by_their_kind() -> None:
    parts = b"".join(
        b"--x\r\nContent-Type: " + kind + b"\r\n\r\n1\r\n"
        for kind in (b"text/plain", b"text/plain", b"text/html", b"image/png")
    )
    content = parse_message(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + parts + b"--x--\r\n")
    assert content.body_text == "1"
    assert [one.name for one in content.attachments] == ["ATT00001.txt", "ATT00002.htm", "ATT00003.bin"]


def test_the_corpus_is_read_from_the_shared_shelf_only() -> None:
    assert Path(__file__).parents[2] not in CORPUS.parents
