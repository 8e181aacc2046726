"""Answers of strangers are read without trusting them."""

import pytest

from serversync.core.errors import InputInvalid
from serversync.exchange.autodiscover import json_v2, pox, soap_settings
from serversync.exchange.autodiscover.documents import LARGEST, Unreadable
from serversync.exchange.autodiscover.names import is_allowed, is_online, parse_hosts
from serversync.exchange.autodiscover.result import (
    ErrorAnswer,
    RedirectAddress,
    RedirectUrl,
    Settings,
    discovery_of,
    request_version,
)
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo
from tests.unit.exchange.autodiscover import worlds

BOMB = b'<!DOCTYPE a [<!ENTITY x "xxxx"><!ENTITY y "&x;&x;">]><Autodiscover><Response>&y;</Response></Autodiscover>'
OUTSIDE = b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Autodiscover/>'


@pytest.mark.parametrize("read", [pox.read, soap_settings.read, json_v2.read])
@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        OUTSIDE,
        b"",
        b" ",
        b"\x00\xff",
        b"<html><body>Welcome</body></html>",
        b"<Autodiscover/>",
        b"<a><b></a>",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"Protocol": 7}',
        b'{"Protocol": "ActiveSync", "Url": "https://x.example/"}',
        b"x" * (LARGEST + 1),
        b"<Autodiscover>" + b"<a/>" * (LARGEST // 4) + b"</Autodiscover>",
    ],
)
def test_what_is_no_answer_is_told_as_such(read, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_an_older_name_space_is_understood() -> None:
    body = worlds.pox_settings().replace(b'"http://', b'"https://')
    assert isinstance(pox.read(body), Settings)


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        (worlds.pox_redirect("redirectAddr", "b@example.org"), RedirectAddress("b@example.org")),
        (worlds.pox_redirect("redirectUrl", "https://x.example/"), RedirectUrl("https://x.example/")),
        (worlds.pox_error("600"), ErrorAnswer("600", "Invalid.")),
    ],
)
def test_pox_says_where_else_to_go(body: bytes, meaning: object) -> None:
    assert pox.read(body) == meaning


def test_pox_takes_internal_and_external_urls_apart_and_leaves_web_alone() -> None:
    body = worlds.pox(
        "<Account><Action>settings</Action>"
        "<Protocol><Type>WEB</Type><EwsUrl>https://web.example/</EwsUrl></Protocol>"
        "<Protocol><Type>EXPR</Type><EwsUrl>https://out.example/EWS/Exchange.asmx</EwsUrl></Protocol>"
        "<Protocol><Type>EXCH</Type><ASUrl>https://in.example/EWS/Exchange.asmx</ASUrl>"
        "<EwsPartnerUrl>https://p.example/EWS/Exchange.asmx</EwsPartnerUrl>"
        "<GroupingInformation>Site</GroupingInformation><ServerVersion>738180DA</ServerVersion></Protocol></Account>"
    )
    answer = pox.read(body)
    assert isinstance(answer, Settings)
    found = discovery_of(answer, "a@example.org", "https://s.example/")
    assert found is not None
    assert found.ews_url == "https://in.example/EWS/Exchange.asmx"
    assert found.external_ews_url == "https://out.example/EWS/Exchange.asmx"
    assert found.ews_partner_url == "https://p.example/EWS/Exchange.asmx"
    assert found.grouping_information == "Site"
    assert found.server_version == ServerVersionInfo(14, 1, 218, 0)


@pytest.mark.parametrize("text", ["", "73818", "73818ZZZ", "-3818000", "738180DA0"])
def test_a_version_that_is_none_is_left_out(text: str) -> None:
    assert pox.decode_server_version(text) is None


def test_a_soap_fault_is_an_error_of_the_service() -> None:
    fault = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>a:Busy'
        b"</faultcode><faultstring>Not now</faultstring></s:Fault></s:Body></s:Envelope>"
    )
    assert soap_settings.read(fault) == ErrorAnswer("Busy", "Not now")
    assert soap_settings.read(worlds.soap("", "InvalidRequest")) == ErrorAnswer("InvalidRequest", "No.")


def test_the_questions_escape_what_an_address_may_hold() -> None:
    address = "a&b<c>@example.org"
    assert b"a&amp;b&lt;c&gt;@example.org" in pox.request(address)
    assert b"a&amp;b&lt;c&gt;@example.org" in soap_settings.request("https://x.example/", address)
    assert "Email=a%26b%3Cc%3E@example.org&" in json_v2.url("x.example", address)


@pytest.mark.parametrize(
    ("schemas", "version", "wanted"),
    [
        (("Exchange2007", "Exchange2010_SP2", "Exchange2013", "Exchange2013_SP1"), None, "Exchange2013_SP1"),
        (("Exchange2010", "Exchange2010_SP2"), (15, 1, 0, 0), "Exchange2010_SP2"),
        (("Exchange2007_SP1",), None, "Exchange2007_SP1"),
        (("V2017_07_11",), (15, 2, 1748, 10), "Exchange2013_SP1"),
        ((), (14, 3, 513, 0), "Exchange2010_SP2"),
        ((), (15, 0, 775, 38), None),
        ((), None, None),
    ],
)
def test_the_schema_of_requests_follows_from_what_the_server_told(schemas, version, wanted) -> None:
    info = ServerVersionInfo(*version) if version else None
    assert request_version(schemas, info) == (RequestServerVersion(wanted) if wanted else None)


def test_allowed_hosts_are_names_or_everything_below_a_name() -> None:
    allowed = parse_hosts("Mail.Example.org, *.corp.example.org\nlocalhost")
    assert allowed == ("mail.example.org", "*.corp.example.org", "localhost")
    assert is_allowed("mail.example.org", allowed)
    assert is_allowed("a.b.corp.example.org", allowed)
    for host in (
        "corp.example.org",
        "xmail.example.org",
        "evilcorp.example.org",
        "mail.example.org.evil.example",
    ):
        assert not is_allowed(host, allowed)


@pytest.mark.parametrize(
    "text", ["*.org", "*.co.uk", "org", "*", "*.*.org", "https://mail.example.org", "a b@c"]
)
def test_nobody_can_allow_a_whole_registry(text: str) -> None:
    with pytest.raises(InputInvalid):
        parse_hosts(text)


def test_the_cloud_is_known_by_its_names() -> None:
    assert is_online("contoso.mail.onmicrosoft.com")
    assert is_online("outlook.office365.com")
    assert not is_online("notoutlook.com")
    assert not is_online("outlook.com.example.org")
