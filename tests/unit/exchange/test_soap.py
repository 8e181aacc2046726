"""Envelopes of requests, faults and strict parsing."""

import pytest
from lxml import etree

from serversync.core.errors import AnswerUnreadable, ImpersonationDenied, RequestRefused, ServerBusy
from serversync.exchange.namespaces import soap, t
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.soap import NotAnEnvelope, envelope, open_envelope, parse
from serversync.exchange.types.ids import DistinguishedFolderId, ItemId
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo
from tests.unit.exchange import answers

INBOX = GetFolder((DistinguishedFolderId("inbox"),))
NEW, OLD = RequestServerVersion.EXCHANGE2013_SP1, RequestServerVersion.EXCHANGE2007_SP1


def header(document: bytes) -> etree._Element:
    return etree.fromstring(document).find(soap("Header"))


def test_the_mailbox_is_impersonated_by_any_of_its_addresses() -> None:
    found = header(envelope(INBOX, NEW, "ada&co@example.org")).findtext(f".//{t('SmtpAddress')}")
    assert found == "ada&co@example.org"


def test_exchange_2007_knows_the_primary_address_only() -> None:
    assert header(envelope(INBOX, OLD, "ada@example.org")).find(f".//{t('PrimarySmtpAddress')}") is not None


def test_the_version_is_asked_for() -> None:
    assert header(envelope(INBOX, NEW)).find(t("RequestServerVersion")).get("Version") == "Exchange2013_SP1"


@pytest.mark.parametrize(
    ("operation", "version", "sent"), [(GetItem((ItemId("1"),)), NEW, True), (INBOX, NEW, False)]
)
def test_times_are_asked_for_in_utc_where_the_wsdl_allows_it(
    operation: GetItem | GetFolder, version: RequestServerVersion, sent: bool
) -> None:
    assert (header(envelope(operation, version)).find(t("TimeZoneContext")) is not None) is sent


def test_the_server_tells_its_version() -> None:
    opened = open_envelope(parse(answers.inbox().encode()))
    assert opened.server_version == ServerVersionInfo(15, 2, 1748, 10, "V2017_07_11")


def test_a_fault_is_raised_with_its_text() -> None:
    with pytest.raises(RequestRefused, match="ErrorSchemaValidation Not now"):
        answers.read(INBOX, answers.fault("ErrorSchemaValidation"))


def test_a_fault_without_detail_is_read_from_its_code() -> None:
    fault = (
        "<soap:Fault><faultcode>a:ErrorServerBusy</faultcode><faultstring>Busy.</faultstring></soap:Fault>"
    )
    with pytest.raises(ServerBusy):
        answers.read(INBOX, answers.envelope(fault))


def test_a_fault_that_says_nothing_is_still_an_error() -> None:
    with pytest.raises(RequestRefused, match="SOAP fault"):
        answers.read(INBOX, answers.envelope("<soap:Fault/>"))


def test_the_detail_of_a_fault_wins_over_its_code() -> None:
    with pytest.raises(ImpersonationDenied):
        answers.read(INBOX, answers.fault("ErrorImpersonateUserDenied").replace("a:Error", "s:Client.Error"))


def test_an_empty_body_is_unreadable() -> None:
    with pytest.raises(AnswerUnreadable, match="body is empty"):
        answers.read(INBOX, answers.envelope(""))


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>',
        b'<?xml version="1.0"?><!-- <a> --> <!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
        b"\xef\xbb\xbf<!DOCTYPE a><a/>",
        b"\x00<!DOCTYPE a><a/>",
    ],
)
def test_a_document_type_is_never_parsed(document: bytes) -> None:
    with pytest.raises(NotAnEnvelope, match="document type"):
        parse(document)


@pytest.mark.parametrize("text", ["<!DOCTYPE", "<!-- x -->"])
def test_what_looks_like_one_inside_a_mail_is_just_text(text: str) -> None:
    assert parse(f"<a><![CDATA[{text}]]></a>".encode()).text == text


@pytest.mark.parametrize("document", [b"<a>&undefined;</a>", b"<a><b></a>", b"<a", b"", b"<a/><b/>"])
def test_what_stays_broken_is_refused(document: bytes) -> None:
    with pytest.raises(NotAnEnvelope):
        parse(document)


def test_a_utf_16_answer_is_read() -> None:
    document = answers.inbox().replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16")
    assert open_envelope(parse(document)).content is not None
