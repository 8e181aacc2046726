"""A stream of envelopes is cut into the same documents however the network cuts it into pieces."""

import codecs
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serversync.exchange.notifications import EnvelopeSplitter, NotADocument
from serversync.exchange.soap import parse

junk = st.sampled_from(["", "\r\n", " ", "\n\n"])
prolog = st.sampled_from(["", '<?xml version="1.0" encoding="utf-8"?>', "<!-- </Envelope> -->"])
inside = st.sampled_from(
    [
        "",
        "text",
        "&#x1F;",
        "\x1f",
        "ä",
        "<b/>",
        "<![CDATA[</Envelope>]]>",
        "<!-- </s:Envelope> -->",
        "<Envelopes>1</Envelopes>",
        "<b a='/>'/>",
    ]
)
close = st.sampled_from(["", " ", "\n"])
name = st.sampled_from(["Envelope", "s:Envelope"])


@st.composite
def documents(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Documents, each with what stands before it."""
    made = []
    for _ in range(draw(st.integers(0, 4))):
        root = draw(name)
        body = "".join(draw(st.lists(inside, max_size=4)))
        attribute = draw(st.sampled_from(["", ' xmlns:s="urn:s"']))
        made.append((draw(junk), f"{draw(prolog)}<{root}{attribute}>{body}</{root}{draw(close)}>"))
    return made


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@settings(deadline=None)
@given(documents(), st.lists(st.integers(0, 10_000), max_size=40), st.booleans())
def test_documents_come_out_whole_whatever_the_pieces(
    made: list[tuple[str, str]], places: list[int], marked: bool
) -> None:
    mark = codecs.BOM_UTF8 if marked else b""
    data = b"".join(before.encode() + mark + document.encode() for before, document in made)
    splitter = EnvelopeSplitter()
    found = [document for piece in cut(data, places) for document in splitter.feed(piece)]
    assert [one.decode() for one in found] == [document for _, document in made]
    assert splitter.is_between_documents


@settings(deadline=None)
@given(
    documents(), st.lists(st.integers(0, 10_000), max_size=20), st.sampled_from(["utf-16-le", "utf-16-be"])
)
def test_a_stream_in_utf_16_is_read_too(
    made: list[tuple[str, str]], places: list[int], encoding: str
) -> None:
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else codecs.BOM_UTF16_BE
    data = mark + "".join(document for _, document in made).encode(encoding)
    splitter = EnvelopeSplitter()
    found = [document for piece in cut(data, places) for document in splitter.feed(piece)]
    assert [one.decode() for one in found] == [document for _, document in made]


@settings(deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=10))
def test_nothing_breaks_the_splitter(data: bytes, places: list[int]) -> None:
    splitter = EnvelopeSplitter(most_bytes=150)
    found = []
    with suppress(NotADocument):
        for piece in cut(data, places):
            found += splitter.feed(piece)
    assert len(b"".join(found)) <= len(data)


@settings(deadline=None)
@given(documents(), st.integers(1, 60))
def test_a_document_that_is_not_complete_is_not_given(made: list[tuple[str, str]], missing: int) -> None:
    data = "".join(document for _, document in made).encode()
    splitter = EnvelopeSplitter()
    found = list(splitter.feed(data[: max(0, len(data) - missing)]))
    assert len(found) < len(made) or not made


def test_one_byte_after_the_other_is_enough() -> None:
    splitter = EnvelopeSplitter()
    data = b"\xef\xbb\xbf<a>&#x1F;<![CDATA[</a>]]></a>\r\n\xef\xbb\xbf<b></b >"
    found = [document for byte in data for document in splitter.feed(bytes([byte]))]
    assert found == [b"<a>&#x1F;<![CDATA[</a>]]></a>", b"<b></b >"]
    assert parse(found[0]).text == "</a>"


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"<!DOCTYPE a><a></a>",
        b"<?xml version='1.0'?> <!DOCTYPE a [<!ENTITY b ''>]><a></a>",
        b"<a/>",
    ],
)
def test_what_is_no_envelope_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(NotADocument):
        list(EnvelopeSplitter().feed(data))


def test_a_document_without_an_end_is_refused() -> None:
    splitter = EnvelopeSplitter(most_bytes=100)
    assert list(splitter.feed(b"<a>")) == []
    with pytest.raises(NotADocument, match="larger"):
        list(splitter.feed(b"x" * 100))
