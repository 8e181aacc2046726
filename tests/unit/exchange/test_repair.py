"""Repair of answers that hold what XML forbids."""

import pytest

from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.repair import StreamRepair, repair, to_utf8
from serversync.exchange.soap import parse
from serversync.exchange.types.ids import ItemId
from tests.unit.exchange import answers

CASES = [
    (b"a&#0;b", "ab"),
    (b"a&#x0;b", "ab"),
    (b"a&#x1F;b", "ab"),
    (b"a&#xD83D;&#xDC0E;&#x1F40E;&#xDC0E;b", "a🐎🐎b"),
    (b"a&#11;b", "ab"),
    (b"a&#00011;b", "ab"),
    (b"a&#xFFFE;b", "ab"),
    (b"a&#xFFFF;b", "ab"),
    (b"a&#xD800;b", "ab"),
    (b"a&#x110000;b", "ab"),
    (b"a&#99999999999999999999;b", "ab"),
    (b"a&#xD83D;&#xDC0E;b", "a🐎b"),
    (b"a\x00\x01\x0b\x1fb", "ab"),
    (b"a\xef\xbf\xbeb", "ab"),
    (b"a\xffb", "a\ufffdb"),
    (b"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"),
    (b"&#9;&#xA;&#x1F40E;&lt;&#x1f;&amp;&gt;", "\t\n🐎<&>"),
]


@pytest.mark.parametrize(("inner", "text"), CASES)
def test_what_xml_forbids_is_left_out_and_nothing_else(inner: bytes, text: str) -> None:
    assert parse(b"<a>" + inner + b"</a>").text == text


@pytest.mark.parametrize(("inner", "text"), CASES)
def test_a_stream_is_repaired_the_same_wherever_it_is_cut(inner: bytes, text: str) -> None:
    document = b"<a>" + inner + b"</a>"
    for cut in range(len(document)):
        stream = StreamRepair()
        whole = stream.feed(document[:cut]) + stream.feed(document[cut:]) + stream.close()
        assert parse(whole).text == text


def test_the_neighbours_of_a_bad_subject_are_untouched() -> None:
    subjects = ["one &lt;b&gt; &amp; x", "bad &#x1F; &lt;one&gt;", "three &gt; &amp;"]
    document = answers.answer("GetItem", *[answers.message(n, each) for n, each in enumerate(subjects)])
    outcomes = answers.read(GetItem(tuple(ItemId(str(n)) for n in range(3))), document)
    assert [each.unwrap().subject for each in outcomes] == ["one <b> & x", "bad  <one>", "three > &"]


@pytest.mark.parametrize(
    "document", [b"<a><![CDATA[&#0;]]>&#0;</a>", b"<a><!-- &#0; -->&#0;</a>", b"<a><?p &#0;?>&#0;</a>"]
)
def test_references_are_looked_for_where_references_can_be(document: bytes) -> None:
    assert repair(document) == document.replace(b"&#0;</a>", b"</a>")


def test_a_section_that_never_ends_is_text() -> None:
    assert repair(b"<![CDATA[<!--<?&#0;" * 3) == b"<![CDATA[<!--<?" * 3


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_taken_off(mark: str) -> None:
    assert to_utf8("<a>ü</a>".encode(mark)) == "<a>ü</a>".encode()


def test_white_space_before_the_declaration_is_cut_off() -> None:
    assert parse(b'\r\n <?xml version="1.0"?><a>x</a>\n\x00').text == "x"
