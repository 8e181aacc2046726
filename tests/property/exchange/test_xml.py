"""What goes out arrives, what is repaired harms nobody, and no answer can break the parser."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from serversync.core.errors import ServiceError
from serversync.exchange.namespaces import m, soap, t
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.outcome import Failure
from serversync.exchange.repair import StreamRepair, repair
from serversync.exchange.soap import NotAnEnvelope, envelope, parse, parse_pieces
from serversync.exchange.streaming import DivertingReader, TextDecoder
from serversync.exchange.types.fields import ExtendedFieldURI
from serversync.exchange.types.ids import DistinguishedFolderId, ItemId
from serversync.exchange.types.shapes import ItemShape
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import ILLEGAL, attribute, escape
from tests.unit.exchange import answers

VERSION = RequestServerVersion.EXCHANGE2013_SP1
any_text = st.text(st.characters(exclude_categories=()))
legal_text = st.text(st.characters(exclude_categories=("Cs",))).map(lambda text: ILLEGAL.sub("", text))
illegal_reference = st.sampled_from(
    [
        "&#0;",
        "&#x0;",
        "&#x1F;",
        "&#11;",
        "&#xFFFE;",
        "&#xD800;",
        "&#xDFFF;",
        "&#x110000;",
        "\x00",
        "\x1f",
        "\ufffe",
    ]
)


@given(any_text)
def test_any_text_of_an_element_survives(text: str) -> None:
    document = envelope(SyncFolderItems(DistinguishedFolderId("inbox"), sync_state=text), VERSION)
    assert (etree.fromstring(document).findtext(f".//{m('SyncState')}") or "") == ILLEGAL.sub("", text)


@given(any_text, any_text)
def test_any_text_of_an_attribute_survives(identifier: str, name: str) -> None:
    field = ExtendedFieldURI(property_type="String", property_name=name)
    request = GetItem((ItemId(identifier),), ItemShape(additional_properties=(field,)))
    root = etree.fromstring(envelope(request, VERSION))
    assert root.find(f".//{t('ItemId')}").get("Id") == ILLEGAL.sub("", identifier)
    assert root.find(f".//{t('ExtendedFieldURI')}").get("PropertyName") == ILLEGAL.sub("", name)


@given(any_text)
def test_any_address_survives(mailbox: str) -> None:
    root = etree.fromstring(envelope(SyncFolderItems(DistinguishedFolderId("inbox")), VERSION, mailbox))
    assert (root.find(soap("Header")).findtext(f".//{t('SmtpAddress')}") or "") == ILLEGAL.sub("", mailbox)


documents = st.recursive(
    legal_text.map(escape)
    | legal_text.map(lambda text: f"<![CDATA[{text.replace(']]>', '')}]]>")
    | legal_text.map(lambda text: f"<!--{re.sub('-+', '', text)}-->")
    | legal_text.map(lambda text: f'<e a="{attribute(text)}"/>')
    | st.sampled_from(["&#9;", "&#x1F40E;", "&#38;#0;", "&amp;#x1F;"]),
    lambda inner: st.lists(inner).map(lambda parts: f"<e>{''.join(parts)}</e>"),
)


@given(documents)
def test_a_valid_document_is_not_touched(inner: str) -> None:
    document = f"<a>{inner}</a>".encode()
    etree.fromstring(document)
    assert repair(document) == document


@given(st.lists(legal_text, min_size=2, max_size=6), st.data())
def test_what_is_illegal_in_one_item_damages_no_other(subjects: list[str], data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, len(subjects) - 1))
    cut = data.draw(st.integers(0, len(subjects[bad])))
    written = [escape(subject) for subject in subjects]
    reference = data.draw(illegal_reference)
    written[bad] = escape(subjects[bad][:cut]) + reference + escape(subjects[bad][cut:])
    document = answers.answer("GetItem", *[answers.message(n, each) for n, each in enumerate(written)])
    request = GetItem(tuple(ItemId(str(n)) for n in range(len(subjects))))
    outcomes = answers.read(request, document.encode("utf-8", "surrogatepass"))
    assert [each.unwrap().subject for each in outcomes] == subjects


@given(st.lists(st.one_of(legal_text.map(escape), illegal_reference, st.just("&#x1F40E;"))), st.data())
def test_a_stream_is_repaired_as_the_whole_is(parts: list[str], data: st.DataObject) -> None:
    document = f"<a>{''.join(parts)}</a>".encode("utf-8", "surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(document)), max_size=8)))
    stream = StreamRepair()
    pieces = [document[start:end] for start, end in zip([0, *cuts], [*cuts, len(document)], strict=True)]
    assert b"".join([*map(stream.feed, pieces), stream.close()]) == repair(document)


GOOD = answers.answer("GetItem", *[answers.message(n, "Hello &amp; more") for n in range(3)]).encode()
FULL = answers.canned("get_item/full_message.xml")
SYNC = answers.canned("sync_folder_items/mixed_page.xml")
THREE = GetItem((ItemId("0"), ItemId("1"), ItemId("2")))
damage = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 30),
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from(
                [
                    b"<",
                    b">",
                    b"&",
                    b"</t:Message>",
                    b'"',
                    b"<!DOCTYPE a>",
                    b"<t:Message/>",
                    b"&#0;",
                    b"<m:Items/>",
                    b"]]>",
                ]
            ),
        ),
    ),
    min_size=1,
    max_size=5,
)


def damaged(document: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, length, replacement in changes:
        start = int(where * len(document))
        document = document[:start] + replacement + document[start + length :]
    return document


@given(st.sampled_from([GOOD, FULL]), damage)
def test_a_damaged_answer_gives_all_outcomes_or_an_error(
    document: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    try:
        outcomes = answers.read(THREE, damaged(document, changes))
    except (ServiceError, NotAnEnvelope):
        return
    assert len(outcomes) == 3
    for outcome in outcomes:
        assert isinstance(outcome, Failure) or outcome.value is not None


@given(damage)
def test_a_damaged_page_of_changes_gives_a_page_or_an_error(changes: list[tuple[float, int, bytes]]) -> None:
    try:
        outcomes = answers.read(SyncFolderItems(DistinguishedFolderId("inbox")), damaged(SYNC, changes))
    except (ServiceError, NotAnEnvelope):
        return
    assert len(outcomes) == 1


@given(st.binary())
def test_any_bytes_are_parsed_or_refused(document: bytes) -> None:
    try:
        parse(document)
    except NotAnEnvelope:
        return


@given(st.sampled_from([GOOD, FULL, SYNC]), damage)
def test_a_damaged_stream_is_read_or_refused(
    document: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    reader = DivertingReader(frozenset({t("Subject")}), TextDecoder(lambda _: None))
    try:
        reader.feed(damaged(document, changes))
        reader.close()
    except NotAnEnvelope:
        return


@given(legal_text, st.integers(1, 50))
def test_a_diverted_text_arrives_whole_wherever_it_is_cut(text: str, size: int) -> None:
    document = answers.answer("GetItem", answers.message(0, escape(text))).encode()
    written: list[bytes] = []
    reader = DivertingReader(frozenset({t("Subject")}), TextDecoder(written.append))
    for start in range(0, len(document), size):
        reader.feed(document[start : start + size])
    root = reader.close()
    assert b"".join(written).decode() == text
    assert root.find(f".//{t('Subject')}").text is None
    assert root.find(f".//{t('ItemId')}").get("Id") == "0"


@given(legal_text.filter(bool), st.integers(1, 64), st.booleans())
def test_an_answer_is_the_same_in_one_piece_and_in_many(text: str, size: int, with_mark: bool) -> None:
    request = GetItem((ItemId(text),), ItemShape())
    document = envelope(request, VERSION).replace(b"?><", b"?>\r\n<!--<--><", 1) + b"\r\n<!-- end -->"
    if with_mark:
        document = b"\xef\xbb\xbf" + document
    pieces = [document[start : start + size] for start in range(0, len(document), size)]
    assert etree.tostring(parse_pieces(pieces), method="c14n") == etree.tostring(
        parse(document), method="c14n"
    )


@given(st.integers(1, 40))
def test_a_document_type_is_refused_wherever_the_pieces_are_cut(size: int) -> None:
    document = b'<?xml version="1.0"?>\n<!-- < -->\n<!DOCTYPE a [<!ENTITY b "c">]><a d="&b;"/>'
    pieces = [document[start : start + size] for start in range(0, len(document), size)]
    with pytest.raises(NotAnEnvelope, match="document type"):
        parse_pieces(pieces)


@given(st.integers(1, 40))
def test_an_answer_in_pieces_is_repaired_as_a_whole_one_is(size: int) -> None:
    document = b"<a><b>first&#x1F;</b><b>second</b></a>"
    pieces = [document[start : start + size] for start in range(0, len(document), size)]
    assert [each.text for each in parse_pieces(pieces)] == [each.text for each in parse(document)]
