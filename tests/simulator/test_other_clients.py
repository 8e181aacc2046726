"""Requests as programs in other languages write them: prefixes, encodings, headers, transfer, and garbage as log-ons."""

import base64
import socket
import ssl

import pytest

from serversync.simulator import Exchange, SimulatorThread
from tests.simulator.conftest import (
    ACCOUNT,
    GET_INBOX,
    MAILBOX,
    NS,
    PASSWORD,
    SCHEMAS,
    Client,
    Serve,
    basic,
    envelope,
    impersonate,
    make_exchange,
    plain,
)

SOAP, M, T = NS["s"], NS["m"], NS["t"]
WHO = impersonate(MAILBOX)

MANAGED = (
    f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    f'xmlns:m="{M}" xmlns:t="{T}" xmlns:soap="{SOAP}">\n  <soap:Header>\n    <t:RequestServerVersion Version="Exchange2013_SP1" />\n'
    '    <t:TimeZoneContext><t:TimeZoneDefinition Name="(UTC+01:00) Berlin" Id="W. Europe Standard Time" /></t:TimeZoneContext>\n'
    f"    {WHO}\n  </soap:Header>\n  <soap:Body>\n    <m:GetFolder>\n      <m:FolderShape>\n        <t:BaseShape>AllProperties"
    '</t:BaseShape>\n      </m:FolderShape>\n      <m:FolderIds>\n        <t:DistinguishedFolderId Id="inbox" />\n      </m:FolderIds>\n'
    "    </m:GetFolder>\n  </soap:Body>\n</soap:Envelope>"
)
EVOLUTION = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="no"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}" '
    'xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><SOAP-ENV:Header><types:RequestServerVersion xmlns:types="{T}" '
    f'Version="Exchange2007_SP1"/>{WHO.replace("t:", "types:").replace("<types:ExchangeImpersonation>", f"<types:ExchangeImpersonation xmlns:types={T!r}>")}'
    f'</SOAP-ENV:Header><SOAP-ENV:Body xmlns:messages="{M}"><messages:GetFolder xmlns="{T}"><messages:FolderShape>'
    '<BaseShape>Default</BaseShape><AdditionalProperties><ExtendedFieldURI PropertyType="Integer" PropertyTag="0x3601"/>'
    '<FieldURI FieldURI="folder:FolderClass"/></AdditionalProperties></messages:FolderShape><messages:FolderIds>'
    '<DistinguishedFolderId Id="inbox"/></messages:FolderIds></messages:GetFolder></SOAP-ENV:Body></SOAP-ENV:Envelope>'
)
DEFAULT_NAMESPACE = (
    f'<Envelope xmlns="{SOAP}"><Header><RequestServerVersion xmlns="{T}" Version="Exchange2010_SP2"/>'
    f'<ExchangeImpersonation xmlns="{T}"><ConnectingSID><PrimarySmtpAddress>{MAILBOX}</PrimarySmtpAddress></ConnectingSID>'
    f'</ExchangeImpersonation></Header><Body><GetFolder xmlns="{M}"><FolderShape><BaseShape xmlns="{T}">Default</BaseShape>'
    f'</FolderShape><FolderIds><DistinguishedFolderId xmlns="{T}" Id="inbox"/></FolderIds></GetFolder></Body></Envelope>'
)
JAVA = (
    f'<S:Envelope xmlns:S="{SOAP}"><S:Header><MailboxCulture xmlns="{T}">de-DE</MailboxCulture>'
    f'<RequestServerVersion xmlns="{T}" Version="Exchange2013_SP1"/><DateTimePrecision xmlns="{T}">Milliseconds</DateTimePrecision>'
    f'<ManagementRole xmlns="{T}"><UserRoles><Role>MailboxSearch</Role></UserRoles></ManagementRole>'
    f'<Security xmlns="urn:x" S:mustUnderstand="0"/>{WHO.replace("<t:ExchangeImpersonation>", f"<t:ExchangeImpersonation xmlns:t={T!r}>")}'
    f'</S:Header><S:Body><!-- from Java --><ns2:GetFolder xmlns="{T}" xmlns:ns2="{M}"><ns2:FolderShape><BaseShape><![CDATA[IdOnly]]>'
    '</BaseShape></ns2:FolderShape><ns2:FolderIds><DistinguishedFolderId Id="inbox"/></ns2:FolderIds></ns2:GetFolder></S:Body></S:Envelope>'
)


@pytest.mark.parametrize("body", [MANAGED, EVOLUTION, DEFAULT_NAMESPACE, JAVA])
@pytest.mark.parametrize("validated", [True, False])
def test_prefixes_and_headers_of_other_clients_are_understood(
    serve: Serve, body: str, validated: bool
) -> None:
    if validated and not SCHEMAS.is_dir():
        pytest.skip("../shared/ews-schema is not here")
    with serve(make_exchange(), **({"schema_dir": SCHEMAS} if validated else {})) as simulator:
        client = Client(simulator)
        reply = client.send(body, headers={"SOAPAction": '""', "User-Agent": "X"})
        assert (reply.status, reply.codes) == (200, ["NoError"]), reply.body
        client.close()


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8-sig", "text/xml; charset=utf-8"),
        ("utf-8", "text/xml"),
        ("utf-8", 'text/xml;charset="UTF-8"'),
        ("utf-8", "TEXT/XML; Charset=UTF-8"),
        ("utf-16", "text/xml; charset=utf-16"),
        ("utf-16-le", "text/xml; charset=utf-16"),
        ("iso-8859-1", "text/xml; charset=iso-8859-1"),
    ],
)
def test_encodings_are_read(client: Client, encoding: str, content_type: str) -> None:
    made = envelope(
        '<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:Subject>Größe</t:Subject></t:Message></m:Items></m:CreateItem>',
        header=WHO,
    )
    name = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encoding, encoding)
    raw = f'<?xml version="1.0" encoding="{name}"?>{made}'.encode(encoding)
    reply = client.send(
        (b"\xff\xfe" if encoding == "utf-16-le" else b"") + raw, headers={"Content-Type": content_type}
    )
    assert reply.codes == ["NoError"], reply.body
    item = reply.attributes(".//t:ItemId", "Id")[0]
    assert client.get_items(item).texts(".//t:Subject") == ["Größe"]


def raw_exchange(client: Client, data: bytes) -> bytes:
    """What comes back on a connection of its own until the server closes it or has answered."""
    server = client.simulator.server
    context = ssl.create_default_context(cafile=str(client.simulator.ca_file))
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain_socket,
        context.wrap_socket(plain_socket, server_hostname="localhost") as connection,
    ):
        connection.sendall(data)
        found = b""
        while piece := connection.recv(65536):
            found += piece
            if b"</s:Envelope>" in found or b"</html>" in found:
                break
    return found


def head(*lines: str, version: str = "1.1") -> bytes:
    own = ("Host: localhost", f"Authorization: {basic()}", "Content-Type: text/xml; charset=utf-8", *lines)
    return "\r\n".join((f"POST /EWS/Exchange.asmx HTTP/{version}", *own, "", "")).encode()


BODY = envelope(GET_INBOX, header=WHO).encode()


def test_a_body_in_pieces_is_put_together(client: Client) -> None:
    pieces = (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:300], BODY[300:]))
        + b"0\r\n\r\n"
    )
    assert b"NoError" in raw_exchange(client, head("Transfer-Encoding: chunked") + pieces)


def test_expect_continue_is_answered(client: Client) -> None:
    answer = raw_exchange(client, head(f"Content-Length: {len(BODY)}", "Expect: 100-continue") + BODY)
    assert answer.startswith(b"HTTP/1.1 100 ")
    assert b"NoError" in answer


def test_a_connection_is_closed_where_the_client_wants_that(client: Client) -> None:
    for asked in (
        head(f"Content-Length: {len(BODY)}", "Connection: close"),
        head(f"Content-Length: {len(BODY)}", version="1.0"),
    ):
        answer = raw_exchange(client, asked + BODY)
        assert b"NoError" in answer
        assert b"connection: keep-alive" not in answer.lower()


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nabc\r\n0\r\n\r\n", b"-5\r\nabc\r\n", b"5\r\nabcdefghij\r\n0\r\n\r\n"]
)
def test_chunks_that_are_none_break_nothing(exchange: Exchange, client: Client, chunks: bytes) -> None:
    answer = raw_exchange(
        client, head("Transfer-Encoding: chunked", "Connection: close") + chunks + b"\r\n" * 9
    )
    assert b"NoError" not in answer
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    assert client.get_items(item).codes == ["NoError"]


TYPE_1 = base64.b64encode(b"NTLMSSP\x00\x01\x00\x00\x00\x07\x82\x08\xa2" + b"\x00" * 16).decode()
GARBAGE = [
    "NTLM",
    "NTLM !!!",
    "NTLM " + base64.b64encode(b"NTLMSSP\x00").decode(),
    "NTLM " + base64.b64encode(b"NTLMSSP\x00\x09\x00\x00\x00").decode(),
    "NTLM " + base64.b64encode(b"\x00" * 5000).decode(),
    "Negotiate " + base64.b64encode(b"\x60\x82\xff\xff\x06").decode(),
    "Negotiate",
    "Basic",
    "Basic !!!",
    "Basic " + base64.b64encode(b"nocolon").decode(),
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    "Bearer abc.def.ghi",
    "Digest username=x",
    " ",
]


@pytest.mark.parametrize("authorization", GARBAGE)
def test_garbage_as_a_log_on_is_refused_and_locks_nobody_out(
    exchange: Exchange, client: Client, authorization: str
) -> None:
    exchange.directory.lockout_threshold = 2
    for _ in range(3):
        reply = client.send(BODY, authorization=authorization)
        assert reply.status == 401
        assert reply.headers.get_all("WWW-Authenticate")
    assert client.send(BODY).codes == ["NoError"]


@pytest.mark.parametrize("second", ["NTLM", "Negotiate"])
def test_an_answer_to_a_challenge_that_points_outside_of_itself_is_refused(
    client: Client, second: str
) -> None:
    for length, offset in ((0xFFFF, 0), (10, 0xFFFFFFFF), (0xFFFF, 0xFFFFFFF0), (0, 0)):
        assert client.send(BODY, authorization=f"NTLM {TYPE_1}").status == 401
        field = length.to_bytes(2, "little") * 2 + offset.to_bytes(4, "little")
        message = b"NTLMSSP\x00\x03\x00\x00\x00" + field * 6 + b"\x07\x82\x08\xa2" + b"\x00" * 24
        refused = client.send(BODY, authorization=f"{second} {base64.b64encode(message).decode()}")
        assert refused.status == 401
    assert client.send(BODY, authorization=basic(ACCOUNT, PASSWORD)).codes == ["NoError"]


HOSTILE = {
    "an entity from a file": '<!DOCTYPE s:Envelope [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    + BODY.decode().replace("inbox", "&x;"),
    "an entity from the network": '<!DOCTYPE s:Envelope SYSTEM "http://127.0.0.1:9/x.dtd">' + BODY.decode(),
    "a parameter entity": '<!DOCTYPE s:Envelope [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]>'
    + BODY.decode(),
    "elements in elements": envelope(
        "<m:GetFolder>" + "<t:x>" * 50_000 + "</t:x>" * 50_000 + "</m:GetFolder>", header=WHO
    ),
    "a huge attribute": envelope(f'<m:GetFolder x="{"y" * 12_000_000}"/>', header=WHO),
    "a hundred thousand attributes": envelope(
        "<m:GetFolder " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>", header=WHO
    ),
    "conditions in conditions": envelope(
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:Restriction>'
        + "<t:Not>" * 240
        + '<t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists>'
        + "</t:Not>" * 240
        + '</m:Restriction><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>',
        header=WHO,
    ),
    "an include": BODY.decode().replace(
        "<m:GetFolder>",
        '<m:GetFolder><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_reads_nothing_and_breaks_nothing(exchange: Exchange, name: str) -> None:
    with SimulatorThread(exchange) as simulator:
        client = Client(simulator)
        reply = client.send(HOSTILE[name])
        (item,) = exchange.deliver(plain(1), [MAILBOX])
        assert client.get_items(item).codes == ["NoError"]
        client.close()
    assert reply.status in {200, 500}
    assert b"root:" not in reply.body
    assert "ErrorInternalServerError" not in reply.codes
