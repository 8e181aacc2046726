"""All 103 real messages: what GetItem says of them is what the standard library reads from the same bytes."""

import base64
import email
import re
from email.message import EmailMessage
from email.policy import compat32, default
from pathlib import Path
from typing import Any

import pytest

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, NS, Client
from tests.stdlib_mail import BETTER, FILES, addresses, body_of, header, leaves, legal

ADDED = re.compile(rb"Message-ID: <[0-9a-f]{32}@example\.org>\r?\n")
pytestmark = pytest.mark.skipif(not FILES, reason="../shared/mail-corpus is not here")
SHAPE = "<t:BaseShape>AllProperties</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent><t:BodyType>{}</t:BodyType>"


def old_headers(message: EmailMessage) -> list[tuple[str, str]]:
    """The headers with their line breaks as in the source."""
    return [(name, value) for name, value in message.raw_items()]


def said_addresses(item: Any, name: str) -> list[str]:
    return [one.text for one in item.iterfind(f"t:{name}/t:Mailbox/t:EmailAddress", NS)]


@pytest.fixture
def item(
    request: pytest.FixtureRequest, exchange: Exchange, client: Client
) -> tuple[Any, EmailMessage, Client, bytes]:
    mime = Path(request.param).read_bytes()
    item_id = exchange.deliver(mime, [MAILBOX])[0]
    reply = client.get_items(item_id, shape=SHAPE.format("Best"))
    assert reply.codes == ["NoError"]
    return reply.xml.find(".//t:Message", NS), email.message_from_bytes(mime, policy=default), client, mime


@pytest.mark.parametrize(
    "item", [path for path in FILES if path.stem not in BETTER], indirect=True, ids=lambda path: path.stem
)
def test_each_message_of_the_corpus_is_shown_as_the_standard_library_reads_it(
    item: tuple[Any, EmailMessage, Client, bytes],
) -> None:
    said, message, client, mime = item
    returned = base64.b64decode(said.findtext("t:MimeContent", namespaces=NS))
    assert returned == mime or ADDED.sub(b"", returned, count=1) == mime
    assert said.findtext("t:Subject", "", NS) == legal(header(message, "subject")).strip()
    for ews, name in (("ToRecipients", "to"), ("CcRecipients", "cc")):
        assert said_addresses(said, ews) == addresses(message, name)
    assert said_addresses(said, "From")[:1] == addresses(message, "from")[:1]
    body = said.find("t:Body", NS)
    wanted = body_of(message, "html" if body.get("BodyType") == "HTML" else "plain")
    if wanted is not None and message.get_body(("html",)) is not None:
        assert body.get("BodyType") == "HTML"
    if wanted is not None:
        assert (body.text or "") == legal(wanted)
    compare_attachments(said, message, client)


def compare_attachments(said: Any, message: EmailMessage, client: Client) -> None:
    bodies = [id(part) for kind in ("plain", "html") if (part := message.get_body((kind,))) is not None]
    expected = [part for part in leaves(message) if id(part) not in bodies]
    elements = said.findall("t:Attachments/*", NS)
    assert len(elements) == len(expected)
    for element, part in zip(elements, expected, strict=True):
        name = element.findtext("t:Name", namespaces=NS)
        file_name = part.get_filename()
        if file_name:
            assert name == legal(file_name)
        elif part.get_content_type() != "message/rfc822":
            assert re.fullmatch(r"ATT\d{5}\.(txt|htm|bin)", name)
        assert element.findtext("t:ContentType", namespaces=NS) == part.get_content_type()
        attachment_id = element.find("t:AttachmentId", NS).get("Id")
        reply = client.call(
            "<m:GetAttachment><m:AttachmentShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:AttachmentShape>"
            f'<m:AttachmentIds><t:AttachmentId Id="{attachment_id}"/></m:AttachmentIds></m:GetAttachment>'
        )
        assert reply.codes == ["NoError"]
        if part.get_content_type() == "message/rfc822":
            nested = base64.b64decode(reply.texts(".//t:Message/t:MimeContent")[0])
            inner = part.get_payload(0)
            assert email.message_from_bytes(nested, policy=compat32).items() == old_headers(inner)
            assert str(email.message_from_bytes(nested, policy=default).get_body()) == str(inner.get_body())
        elif not part.is_multipart():
            assert base64.b64decode(reply.texts(".//t:Content")[0]) == part.get_payload(decode=True)


@pytest.mark.parametrize(
    ("stem", "recipient", "attachments"),
    [
        ("utf8_headers", "märy@exämple.net", []),
        ("raw_email_with_binary_encoded", "mikel@me.nowhere", ["2013-08-13_19-08-28-1.jpg"]),
        ("attachment_with_unquoted_name", "blah@example.com", ["This is a test.txt"]),
        ("attachment_with_base64_encoded_name", "xxxxx@xxxxxxxxx.com", ["This is a test.pdf"]),
    ],
)
def test_what_is_read_better(
    exchange: Exchange, client: Client, stem: str, recipient: str, attachments: list[str]
) -> None:
    path = next(path for path in FILES if path.stem == stem)
    reply = client.get_items(exchange.deliver(path.read_bytes(), [MAILBOX])[0])
    assert reply.texts(".//t:ToRecipients/t:Mailbox/t:EmailAddress") == [recipient]
    assert reply.texts(".//t:Attachments/*/t:Name") == attachments


@pytest.mark.parametrize("body_type", ["HTML", "Text"])
def test_every_message_has_a_body_of_the_kind_that_was_asked_for(
    exchange: Exchange, client: Client, body_type: str
) -> None:
    ids = [exchange.deliver(path.read_bytes(), [MAILBOX])[0] for path in FILES]
    reply = client.get_items(*ids, shape=SHAPE.format(body_type))
    assert reply.attributes(".//t:Message/t:Body", "BodyType") == [body_type] * len(FILES)


def test_the_corpus_is_complete() -> None:
    assert len(FILES) == 103
