"""The reader that diverts one text and builds the rest."""

import binascii

import pytest

from serversync.exchange.namespaces import t
from serversync.exchange.soap import NotAnEnvelope
from serversync.exchange.streaming import Base64Decoder, DivertingReader, TextDecoder
from tests.unit.exchange import answers

SUBJECT = frozenset({t("Subject")})


def reader(written: list[bytes]) -> DivertingReader:
    return DivertingReader(SUBJECT, TextDecoder(written.append))


def test_only_the_first_of_the_elements_is_diverted() -> None:
    written: list[bytes] = []
    reading = reader(written)
    reading.feed(answers.answer("GetItem", answers.message(1, "one"), answers.message(2, "two")).encode())
    subjects = [each.text for each in reading.close().iter(t("Subject"))]
    assert b"".join(written) == b"one"
    assert subjects == [None, "two"]


@pytest.mark.parametrize("document", [b"<!DOCTYPE a><a/>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'])
def test_a_document_type_is_refused(document: bytes) -> None:
    with pytest.raises(NotAnEnvelope, match="document type"):
        reader([]).feed(document)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(NotAnEnvelope, match="too deeply"):
        reader([]).feed(b"<a>" * 1000)


def test_more_than_was_asked_for_is_refused() -> None:
    reading = reader([])
    with pytest.raises(NotAnEnvelope, match="more than was asked for"):
        reading.feed(b"<a>" + b"x" * (5 << 20))


def test_a_document_that_ends_early_is_refused() -> None:
    reading = reader([])
    reading.feed(b"<a><b>")
    with pytest.raises(NotAnEnvelope):
        reading.close()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_base64_is_decoded_in_pieces_of_any_size(size: int) -> None:
    content = bytes(range(256)) * 3
    text = binascii.b2a_base64(content, newline=False).decode()
    text = "\n".join(text[start : start + 76] for start in range(0, len(text), 76)) + "\r\n"
    written: list[bytes] = []
    decoder = Base64Decoder(written.append)
    for start in range(0, len(text), size):
        decoder.feed(text[start : start + size])
    decoder.close()
    assert b"".join(written) == content


@pytest.mark.parametrize("pieces", [["AAA"], ["AA=="] * 2, ["AA==", "A"], ["****"], ["A", "A"]])
def test_broken_base64_is_told(pieces: list[str]) -> None:
    decoder = Base64Decoder(lambda _: None)
    with pytest.raises(binascii.Error):
        _feed(decoder, pieces)


def _feed(decoder: Base64Decoder, pieces: list[str]) -> None:
    for piece in pieces:
        decoder.feed(piece)
    decoder.close()
