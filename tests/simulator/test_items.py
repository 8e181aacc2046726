"""GetItem, FindItem, GetAttachment: shapes, single properties, and text that XML cannot hold."""

import base64
from datetime import UTC, datetime

import pytest
from lxml import etree

from serversync.simulator import Exchange
from serversync.simulator.bodytext import html_to_text, text_to_html
from serversync.simulator.seed import SeededMail
from serversync.simulator.storeditem import ExtendedValue
from tests.simulator.conftest import MAILBOX, NS, Client, Serve, plain

REPORT = (
    b"From: postmaster@example.com\r\nTo: ada@example.org\r\nSubject: Undeliverable\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n--r\r\n\r\nSorry.\r\n'
    b"--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; q@x\r\n"
    b"Action: %s\r\nStatus: 5.1.1\r\n\r\n--r--\r\n"
)


def with_header(line: bytes, body: bytes = b"body") -> bytes:
    return b"From: g@example.com\r\nMessage-ID: <h@example.com>\r\n" + line + b"\r\n\r\n" + body


def names(reply, path: str = ".//t:Message/*") -> list[str]:
    return [etree.QName(element).localname for element in reply.xml.iterfind(path, NS)]


def test_id_only_is_the_id_and_nothing_else(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    assert names(client.get_items(item, shape="<t:BaseShape>IdOnly</t:BaseShape>")) == ["ItemId"]


def test_the_default_shape_has_body_and_people_but_no_mime(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    found = names(client.get_items(item, shape="<t:BaseShape>Default</t:BaseShape>"))
    assert {"ItemId", "Subject", "Body", "ToRecipients", "From", "IsRead"} <= set(found)
    assert not {"MimeContent", "ParentFolderId", "InternetMessageHeaders"} & set(found)


def test_each_property_can_be_asked_for_alone(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    for uri in (
        "item:Body",
        "item:DateTimeReceived",
        "message:From",
        "item:UniqueBody",
        "item:MimeContent",
        "item:TextBody",
    ):
        shape = (
            "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
            f'<t:FieldURI FieldURI="{uri}"/></t:AdditionalProperties>'
        )
        assert set(names(client.get_items(item, shape=shape))) == {"ItemId", uri.partition(":")[2]}


def test_a_single_header_can_be_asked_for(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(with_header(b"X-CRM-Id: 4711\r\nX-Other: 1"), [MAILBOX])[0]
    shape = (
        "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex="x-crm-id"/></t:AdditionalProperties>'
    )
    assert client.get_items(item, shape=shape).texts(".//t:InternetMessageHeader") == ["4711"]


def test_extended_properties_by_tag_and_by_name(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(with_header(b"X-CRM-Id: 4711"), [MAILBOX])[0]
    mailbox, stored = exchange.find_item(item)
    stamp = {("00020329-0000-0000-c000-000000000046", "x-stamp"): ExtendedValue("String", "abc")}
    mailbox.edit(stored.number, extended=stamp)
    uris = (
        'PropertyTag="0x300B" PropertyType="Binary"',
        'PropertyTag="4149" PropertyType="String"',
        'PropertyTag="0x007D" PropertyType="String"',
        'DistinguishedPropertySetId="InternetHeaders" PropertyName="X-CRM-Id" PropertyType="String"',
        'DistinguishedPropertySetId="PublicStrings" PropertyName="X-Stamp" PropertyType="String"',
        'DistinguishedPropertySetId="PublicStrings" PropertyName="absent" PropertyType="String"',
    )
    paths = "".join(f"<t:ExtendedFieldURI {uri}/>" for uri in uris)
    shape = f"<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{paths}</t:AdditionalProperties>"
    values = client.get_items(item, shape=shape).texts(".//t:ExtendedProperty/t:Value")
    assert len(base64.b64decode(values[0])) == 16
    assert values[1] == "<h@example.com>"
    assert "X-CRM-Id: 4711" in values[2]
    assert values[3:] == ["4711", "abc"]


def test_a_text_message_is_html_when_html_is_asked_for(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(with_header(b"Subject: x", b"1 < 2\r\n  & more"), [MAILBOX])[0]
    shape = "<t:BaseShape>Default</t:BaseShape><t:BodyType>HTML</t:BodyType>"
    body = client.get_items(item, shape=shape).texts(".//t:Body")[0]
    assert "1 &lt; 2<br>\r\n&nbsp; &amp; more" in body
    best = client.get_items(item, shape="<t:BaseShape>Default</t:BaseShape>")
    assert best.texts(".//t:Body") == ["1 < 2\r\n  & more"]


def test_html_and_text_are_turned_into_each_other() -> None:
    assert (
        html_to_text("<style>x</style><p>One &amp; two</p><p>three<br>four</p>")
        == "One & two\r\n\r\nthree\r\nfour\r\n"
    )
    assert "&lt;b&gt;" in text_to_html("<b>")


def test_a_bad_date_becomes_the_time_of_arrival(exchange: Exchange, client: Client) -> None:
    when = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    item = exchange.deliver(with_header(b"Date: yesterday or so"), [MAILBOX], when)[0]
    reply = client.get_items(item)
    assert (
        reply.texts(".//t:DateTimeSent") == reply.texts(".//t:DateTimeReceived") == ["2026-02-03T04:05:06Z"]
    )


def test_a_message_without_id_gets_one_the_same_for_all_recipients(
    exchange: Exchange, client: Client
) -> None:
    exchange.add_mailbox("grace@example.org")
    first, second = exchange.deliver(b"Subject: none\r\n\r\nbody", [MAILBOX, "grace@example.org"])
    assert first != second
    mimes = [exchange.find_item(item)[1].mime for item in (first, second)]
    assert mimes[0] == mimes[1]
    assert client.get_items(first).texts(".//t:InternetMessageId")[0].endswith("@example.org>")


def test_mail_for_a_stranger_is_not_delivered_to_anybody(exchange: Exchange) -> None:
    with pytest.raises(LookupError, match=r"nobody@example\.org"):
        exchange.deliver(plain(1), [MAILBOX, "nobody@example.org"])
    assert len(exchange.mailbox(MAILBOX).inbox.items) == 0


@pytest.mark.parametrize(
    ("action", "item_class"), [(b"failed", "REPORT.IPM.Note.NDR"), (b"delivered", "REPORT.IPM.Note.DR")]
)
def test_reports_have_a_class_of_their_own(
    exchange: Exchange, client: Client, action: bytes, item_class: str
) -> None:
    item = exchange.deliver(REPORT % action, [MAILBOX])[0]
    assert client.get_items(item).texts(".//t:ItemClass") == [item_class]


def test_ids_are_case_sensitive(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    assert client.get_items(item.lower(), item.swapcase(), item).codes == ["ErrorInvalidIdMalformed"] * 2 + [
        "NoError"
    ]


def test_the_change_key_changes_with_each_write(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]

    def key() -> str:
        return client.get_items(item).attributes(".//t:Message/t:ItemId", "ChangeKey")[0]

    before = key()
    assert key() == before
    exchange.edit(item, subject="Other")
    assert key() != before
    assert client.get_items(item).texts(".//t:Subject") == ["Other"]


def test_illegal_characters_are_dropped_or_written_as_a_real_server_does(
    exchange: Exchange, client: Client
) -> None:
    item = exchange.deliver(with_header(b"Subject: =?utf-8?q?a=1Fb=00c?="), [MAILBOX])[0]
    assert client.get_items(item).texts(".//t:Subject") == ["abc"]
    exchange.illegal_characters = "reference"
    body = client.get_items(item).body
    assert b"<t:Subject>a&#x1F;b&#x0;c</t:Subject>" in body
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(body)


def test_attachments_of_attached_messages_can_be_read(exchange: Exchange, client: Client) -> None:
    inner = (
        b"Subject: Inner\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\ntext\r\n"
        b"--i\r\nContent-Type: application/x-y; name=deep.bin\r\n\r\ndeep\r\n--i--\r\n"
    )
    outer = (
        b"Subject: Outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\ntext\r\n"
        b"--o\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--o--\r\n"
    )
    item = exchange.deliver(outer, [MAILBOX])[0]
    (attached,) = client.get_items(item).attributes(".//t:ItemAttachment/t:AttachmentId", "Id")

    def get(attachment: str):
        return client.call(
            f'<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="{attachment}"/></m:AttachmentIds></m:GetAttachment>'
        )

    reply = get(attached)
    assert reply.texts(".//t:Message/t:Subject") == ["Inner"]
    assert names(reply, ".//t:Message/t:ItemId") == []
    (deep,) = reply.attributes(".//t:Message/t:Attachments/t:FileAttachment/t:AttachmentId", "Id")
    assert base64.b64decode(get(deep).texts(".//t:Content")[0]) == b"deep"
    assert get(item).codes == ["ErrorInvalidAttachmentId"]
    assert get("rubbish").codes == ["ErrorInvalidAttachmentId"]
    exchange.delete(item)
    assert get(attached).codes == ["ErrorItemNotFound"]


def find(client: Client, view: str, order: str = "") -> list[str]:
    reply = client.call(
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>'
        f'<t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties></m:ItemShape>{view}{order}'
        '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>'
    )
    return [*reply.texts(".//t:Subject"), *reply.attributes(".//m:RootFolder", "IncludesLastItemInRange")]


def test_find_item_pages_from_both_ends_and_both_ways(exchange: Exchange, client: Client) -> None:
    for number in range(4):
        exchange.deliver(plain(number), [MAILBOX])
    page = '<m:IndexedPageItemView MaxEntriesReturned="3" Offset="{}" BasePoint="{}"/>'
    ascending = '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder>'
    assert find(client, page.format(0, "Beginning")) == ["Compiler 3", "Compiler 2", "Compiler 1", "false"]
    assert find(client, page.format(3, "Beginning")) == ["Compiler 0", "true"]
    assert find(client, page.format(0, "End")) == ["Compiler 2", "Compiler 1", "Compiler 0", "false"]
    assert find(client, page.format(0, "Beginning"), ascending) == [
        "Compiler 0",
        "Compiler 1",
        "Compiler 2",
        "false",
    ]


def test_find_item_orders_by_the_time_of_delivery(exchange: Exchange, client: Client) -> None:
    for number, day in enumerate((3, 1, 2)):
        exchange.deliver(plain(number), [MAILBOX], datetime(2026, 1, day, tzinfo=UTC))
    assert find(client, "")[:3] == ["Compiler 0", "Compiler 2", "Compiler 1"]


def test_a_page_that_is_no_number_is_a_schema_fault(client: Client) -> None:
    for operation in ("FindItem", "FindFolder"):
        kind = operation.removeprefix("Find")
        reply = client.call(
            f'<m:{operation} Traversal="Shallow"><m:{kind}Shape><t:BaseShape>IdOnly</t:BaseShape></m:{kind}Shape>'
            f'<m:IndexedPage{kind}View MaxEntriesReturned="3" Offset="some" BasePoint="Beginning"/>'
            f'<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:{operation}>'
        )
        assert reply.codes == ["ErrorSchemaValidation"]


def test_seeded_mail_is_the_same_each_time_and_costs_nothing_until_it_is_read(
    exchange: Exchange, client: Client
) -> None:
    source = SeededMail(7, attachments=True)
    assert (
        source.mime(MAILBOX, 5)
        == SeededMail(7, attachments=True).mime(MAILBOX, 5)
        != SeededMail(8).mime(MAILBOX, 5)
    )
    exchange.seed_mailbox(MAILBOX, source, 100_000)
    ids = client.sync(limit=5).attributes(".//t:ItemId", "Id")
    reply = client.get_items(*ids)
    assert reply.codes == ["NoError"] * 5
    assert all(8_000 < int(size) < 13_000 for size in reply.texts(".//t:Message/t:Size"))
    assert reply.texts(".//t:FileAttachment/t:Name") == ["drawing-100000.pdf"]
    state = client.sync().texts(".//m:SyncState")[0]
    exchange.mark_read(ids[0])
    exchange.delete(ids[1])
    assert client.get_items(ids[1]).codes == ["ErrorItemNotFound"]
    assert client.sync(state, limit=2).attributes(".//m:Changes//t:ItemId", "Id") == ids[:2]


def test_seeding_a_mailbox_that_holds_mail_is_refused(exchange: Exchange) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    with pytest.raises(ValueError, match="holds mail already"):
        exchange.seed_mailbox(MAILBOX, SeededMail(), 3)


def test_several_products_write_the_same_message(serve: Serve) -> None:
    texts = set()
    for version in ("Exchange2013_SP1", "ExchangeSE"):
        exchange = Exchange(version)
        exchange.add_account("svc-crm@example.org", password="correct horse battery", impersonation=True)
        exchange.add_mailbox(MAILBOX)
        item = exchange.deliver(plain(1), [MAILBOX], datetime(2026, 1, 1, tzinfo=UTC))[0]
        with serve(exchange) as simulator:
            client = Client(simulator)
            texts.add(etree.tostring(client.get_items(item).xml.find(".//t:Message", NS)))
            client.close()
    assert len(texts) == 1
