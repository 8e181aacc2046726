"""The three services of Autodiscover as clients see them, and what goes wrong with them on command."""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Iterator

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest
from lxml import etree

from serversync.simulator import AutodiscoverFault, DnsResponder, Exchange, PlainHttpListener, SimulatorThread
from serversync.simulator.versions import SERVER_VERSIONS
from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD, make_exchange

POX = "/autodiscover/autodiscover.xml"
SOAP = "/Autodiscover/Autodiscover.svc"
JSON = "/autodiscover/autodiscover.json"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode()


@pytest.fixture
def exchange() -> Exchange:
    return make_exchange()


@pytest.fixture
def listener(exchange: Exchange) -> PlainHttpListener:
    return PlainHttpListener(exchange, own_url="https://localhost/EWS/Exchange.asmx")


@pytest.fixture
def names() -> DnsResponder:
    return DnsResponder()


@pytest.fixture
def simulator(
    exchange: Exchange, listener: PlainHttpListener, names: DnsResponder
) -> Iterator[SimulatorThread]:
    with SimulatorThread(exchange, extended_protection="require", beside=(listener, names)) as running:
        yield running


def ask(
    simulator: SimulatorThread,
    path: str,
    body: str | None = None,
    *,
    authorization: str | None = BASIC,
    host: str = "autodiscover.example.org",
) -> tuple[int, dict[str, str], bytes]:
    context = ssl.create_default_context(cafile=str(simulator.ca_file))
    connection = http.client.HTTPSConnection("localhost", simulator.server.port, context=context, timeout=20)
    headers = {"Host": host, "Content-Type": "text/xml"}
    if authorization:
        headers["Authorization"] = authorization
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    found = (answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    connection.close()
    return found


def pox(address: str = MAILBOX, schema: str = OUTLOOK) -> str:
    return (
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
        f"<EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>{schema}</AcceptableResponseSchema>"
        "</Request></Autodiscover>"
    )


def soap(*addresses: str, settings: tuple[str, ...] = ("InternalEwsUrl",)) -> str:
    users = "".join(f"<a:User><a:Mailbox>{one}</a:Mailbox></a:User>" for one in addresses)
    wanted = "".join(f"<a:Setting>{one}</a:Setting>" for one in settings)
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:a="http://schemas.microsoft.com/exchange/2010/Autodiscover"><s:Body><a:GetUserSettingsRequestMessage>'
        f"<a:Request><a:Users>{users}</a:Users><a:RequestedSettings>{wanted}</a:RequestedSettings></a:Request>"
        "</a:GetUserSettingsRequestMessage></s:Body></s:Envelope>"
    )


def values(body: bytes, name: str) -> list[str]:
    """The texts of all elements with a name."""
    return [element.text or "" for element in etree.fromstring(body).iter(f"{{*}}{name}")]


def test_pox_tells_where_a_mailbox_is(simulator: SimulatorThread) -> None:
    status, headers, body = ask(simulator, POX, pox())
    assert (status, headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert values(body, "AutoDiscoverSMTPAddress") == [MAILBOX]
    assert values(body, "Action") == ["settings"]
    assert set(values(body, "EwsUrl")) == {simulator.url}
    assert values(body, "Type") == ["EXCH", "EXPR", "WEB", "EXCH", "EXPR"]
    assert values(body, "ServerVersion") == ["73C189CB"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "600"),
        ("", "600"),
        ("<x/>", "600"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><Autodiscover>&b;</Autodiscover>', "600"),
        (
            pox(schema="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"),
            "601",
        ),
        (pox("nobody@example.org"), "500"),
    ],
)
def test_pox_has_an_error_for_each_bad_request(
    simulator: SimulatorThread, body: str | None, code: str
) -> None:
    status, _, answer = ask(simulator, POX, body)
    assert status == 200
    assert values(answer, "ErrorCode") == [code]


@pytest.mark.parametrize("path", [POX, SOAP, POX.upper(), SOAP.lower()])
def test_xml_services_ask_who_it_is_and_know_no_extended_protection(
    simulator: SimulatorThread, path: str
) -> None:
    status, headers, _ = ask(simulator, path, pox(), authorization=None)
    assert status == 401
    assert "www-authenticate" in headers


def test_soap_answers_each_user_with_each_setting(simulator: SimulatorThread) -> None:
    wanted = ("InternalEwsUrl", "AutoDiscoverSMTPAddress", "MobileMailboxPolicy")
    status, _, body = ask(simulator, SOAP, soap(MAILBOX, "nobody@example.org", settings=wanted))
    assert status == 200
    assert values(body, "ErrorCode") == ["NoError", "NoError", "SettingIsNotAvailable", "InvalidUser"]
    assert values(body, "Value") == [simulator.url, MAILBOX]
    assert values(body, "MajorVersion") == ["15"]
    assert values(body, "Version") == ["V2017_07_11"]


@pytest.mark.parametrize(("body", "status"), [("<x/>", 500), ("", 500), (soap(), 200)])
def test_soap_refuses_what_is_no_request(simulator: SimulatorThread, body: str, status: int) -> None:
    found, _, answer = ask(simulator, SOAP, body)
    assert found == status
    assert b"Fault" in answer if status == 500 else values(answer, "ErrorCode") == ["InvalidRequest"]


@pytest.mark.parametrize("version", sorted(SERVER_VERSIONS))
def test_each_version_has_the_services_and_schemas_of_its_time(version: str) -> None:
    exchange = make_exchange(version)
    build = exchange.version.build
    with SimulatorThread(exchange) as simulator:
        assert values(ask(simulator, POX, pox())[2], "ASUrl")
        status, _, body = ask(simulator, SOAP, soap(MAILBOX, settings=("EwsSupportedSchemas",)))
        assert status == (200 if build >= (14,) else 404)
        if status == 200:
            assert values(body, "Value")[0].split(", ")[-1] == exchange.version.schema.name.replace(
                "EXCHANGE", "Exchange"
            )
        assert ask(simulator, f"{JSON}?Email={MAILBOX}&Protocol=Ews")[0] == (200 if build >= (15, 1) else 404)


@pytest.mark.parametrize(
    ("target", "status", "content"),
    [
        (f"{JSON}?Email={MAILBOX}&Protocol=Ews", 200, {"Protocol": "Ews"}),
        (f"/autodiscover.json/v1.0/{MAILBOX}?Protocol=ews", 200, {"Protocol": "Ews"}),
        (
            f"/Autodiscover/Autodiscover.json/v1.0/{MAILBOX}?Protocol=AutodiscoverV1",
            200,
            {"Protocol": "AutodiscoverV1"},
        ),
        (f"{JSON}?Email={MAILBOX}&Protocol=Imap", 400, {"ErrorCode": "ProtocolNotSupported"}),
        (f"{JSON}?Email=nobody@example.org&Protocol=Ews", 404, {"ErrorCode": "UserNotFound"}),
    ],
)
def test_json_needs_no_log_on(simulator: SimulatorThread, target: str, status: int, content: dict) -> None:
    found, _, body = ask(simulator, target, authorization=None)
    assert found == status
    assert json.loads(body).items() >= content.items()


def test_an_address_is_sent_on_to_another(simulator: SimulatorThread, exchange: Exchange) -> None:
    exchange.autodiscover.redirect_addresses[MAILBOX] = "new@example.com"
    assert values(ask(simulator, POX, pox())[2], "RedirectAddr") == ["new@example.com"]
    body = ask(simulator, SOAP, soap(MAILBOX))[2]
    assert (values(body, "ErrorCode")[1], values(body, "RedirectTarget")) == (
        "RedirectAddress",
        ["new@example.com"],
    )
    status, headers, _ = ask(simulator, f"{JSON}?Email={MAILBOX}&Protocol=Ews")
    assert status == 302
    assert headers["location"].startswith(
        "https://autodiscover.example.com/autodiscover/autodiscover.json?Email=new@"
    )
    assert ask(simulator, f"{JSON}?Email={MAILBOX}&Protocol=Ews&RedirectCount=10")[0] == 400


def test_an_address_is_sent_on_to_another_url(simulator: SimulatorThread, exchange: Exchange) -> None:
    exchange.autodiscover.redirect_urls[MAILBOX] = "https://other.example.com/autodiscover/autodiscover.xml"
    assert values(ask(simulator, POX, pox())[2], "Action") == ["redirectUrl"]
    assert values(ask(simulator, SOAP, soap(MAILBOX))[2], "ErrorCode")[1] == "RedirectUrl"
    assert values(ask(simulator, POX, pox(), host="other.example.com")[2], "Action") == ["settings"]
    exchange.autodiscover.redirects_in_circles = True
    assert values(ask(simulator, POX, pox(), host="other.example.com")[2], "Action") == ["redirectUrl"]


def test_a_farm_has_a_url_for_each_mailbox(simulator: SimulatorThread, exchange: Exchange) -> None:
    exchange.autodiscover.ews_urls[MAILBOX] = "https://two.example.org/EWS/Exchange.asmx"
    exchange.autodiscover.external_ews_url = ""
    body = ask(simulator, SOAP, soap(MAILBOX, settings=("InternalEwsUrl", "ExternalEwsUrl")))[2]
    assert values(body, "Value") == ["https://two.example.org/EWS/Exchange.asmx"]


def test_faults_happen_where_and_as_often_as_they_are_told(
    simulator: SimulatorThread, exchange: Exchange
) -> None:
    exchange.autodiscover.faults += [
        AutodiscoverFault(
            host="example.org", body=b"<html><title>Example Ltd</title></html>", http_status=200
        ),
        AutodiscoverFault(form="POX", nth=2, times=1, http_status=503, headers={"Retry-After": "7"}),
    ]
    assert b"Example Ltd" in ask(simulator, POX, pox(), host="example.org:443")[2]
    statuses = [ask(simulator, POX, pox())[0] for _ in range(3)]
    assert statuses == [200, 503, 200]
    exchange.autodiscover.faults.append(AutodiscoverFault(form="SOAP", reset=True))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError, ssl.SSLError)):
        ask(simulator, SOAP, soap(MAILBOX))
    exchange.autodiscover.is_enabled = False
    assert ask(simulator, POX, pox())[0] == 404


def test_it_remembers_who_came_with_a_password(simulator: SimulatorThread, exchange: Exchange) -> None:
    ask(simulator, POX, pox(), authorization=None)
    ask(simulator, POX, pox())
    assert [(one.scheme, one.host, one.address, one.authorization) for one in exchange.autodiscover.seen] == [
        ("https", "autodiscover.example.org", MAILBOX, False),
        ("https", "autodiscover.example.org", MAILBOX, True),
    ]


def test_plain_http_redirects_and_can_be_a_bait(
    simulator: SimulatorThread, exchange: Exchange, listener: PlainHttpListener
) -> None:
    def plain(method: str) -> tuple[int, str | None, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=20)
        connection.request(method, POX, pox() if method == "POST" else None)
        answer = connection.getresponse()
        found = answer.status, answer.getheader("Location"), answer.read()
        connection.close()
        return found

    assert plain("GET")[0] == 404
    exchange.autodiscover.http_redirect = "https://mail.example.org" + POX
    assert plain("GET")[:2] == (302, "https://mail.example.org" + POX)
    assert plain("POST")[0] == 302
    exchange.autodiscover.http_accepts_post = True
    assert values(plain("POST")[2], "Action") == ["settings"]
    assert [one.method for one in exchange.autodiscover.seen] == ["GET", "GET", "POST", "POST"]


def test_dns_answers_what_it_was_told(simulator: SimulatorThread, names: DnsResponder) -> None:
    names.add_autodiscover("example.org", "mail.example.org", port=8443, priority=5, weight=7)
    names.add("mail.example.org", "A", "127.0.0.1")

    def query(name: str, kind: str) -> dns.message.Message:
        return dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", timeout=10, port=names.port)

    assert (
        query("_AUTODISCOVER._tcp.example.org", "SRV").answer[0][0].to_text() == "5 7 8443 mail.example.org."
    )
    assert query("mail.example.org", "A").answer[0][0].to_text() == "127.0.0.1"
    empty = query("mail.example.org", "AAAA")
    assert (empty.rcode(), empty.answer) == (dns.rcode.NOERROR, [])
    assert query("other.example.org", "A").rcode() == dns.rcode.NXDOMAIN
    assert names.asked[0] == ("_autodiscover._tcp.example.org.", "SRV")
    with pytest.raises(dns.exception.DNSException):
        names.add("x.example.org", "SRV", "nonsense")


@pytest.mark.parametrize("datagram", [b"", b"\x00" * 5, b"\xff" * 600])
def test_dns_says_nothing_to_what_is_no_question(names: DnsResponder, datagram: bytes) -> None:
    assert names.answer(datagram) is None


def test_dns_survives_garbage(simulator: SimulatorThread, names: DnsResponder) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"\xff" * 100, ("127.0.0.1", names.port))
    query = dns.message.make_query("x.example.org", "A")
    assert dns.query.udp(query, "127.0.0.1", timeout=10, port=names.port).rcode() == dns.rcode.NXDOMAIN
