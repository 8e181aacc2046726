"""Delivery: reports, receipts, automatic replies, rules, limits, rights, and mail from outside by SMTP."""

import email
import smtplib
from email.policy import default

import pytest

from serversync.simulator import Exchange, SimulatorThread, SmtpListener
from serversync.simulator.identifiers import Identifier, encode
from serversync.simulator.mailbox import Mailbox, Quota
from serversync.simulator.rules import Actions, Conditions, InboxRule
from serversync.simulator.transport import Envelope, route
from tests.simulator.conftest import GET_INBOX, MAILBOX, Client, Serve, make_exchange, plain

GRACE = "grace@example.org"


@pytest.fixture(autouse=True)
def grace(exchange: Exchange) -> Mailbox:
    return exchange.add_mailbox(GRACE, display_name="Grace Hopper")


def send(
    client: Client, *to: str, inner: str = "", mailbox: str = MAILBOX, body: str = "B", sender: str = ""
) -> list[str]:
    people = "".join(f"<t:Mailbox><t:EmailAddress>{one}</t:EmailAddress></t:Mailbox>" for one in to)
    author = (
        f"<t:From><t:Mailbox><t:EmailAddress>{sender}</t:EmailAddress></t:Mailbox></t:From>" if sender else ""
    )
    return client.call(
        '<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items><t:Message><t:Subject>Offer</t:Subject>'
        f'<t:Body BodyType="Text">{body}</t:Body><t:ToRecipients>{people}</t:ToRecipients>{inner}{author}</t:Message></m:Items></m:CreateItem>',
        mailbox=mailbox,
    ).codes


def mail_of(mailbox: Mailbox, folder: str = "inbox") -> list[email.message.EmailMessage]:
    numbers = mailbox.distinguished_folder(folder).items
    return [
        email.message_from_bytes(mailbox.mime(mailbox.item(one)) or b"", policy=default) for one in numbers
    ]


def classes(exchange: Exchange, client: Client, address: str = MAILBOX) -> list[str]:
    mailbox = exchange.mailbox(address)
    ids = [mailbox.item_id(mailbox.item(one)) for one in mailbox.inbox.items]
    if not ids:
        return []
    listed = "".join(f'<t:ItemId Id="{one}"/>' for one in ids)
    reply = client.call(
        "<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"
        f"<m:ItemIds>{listed}</m:ItemIds></m:GetItem>",
        mailbox=address,
        version=None,
    )
    return reply.texts(".//t:ItemClass")


def text_of(message: email.message.EmailMessage) -> str:
    return message.as_string()


@pytest.mark.parametrize(("version", "status"), [("Exchange2010_SP3", "5.1.1"), ("Exchange2019", "5.1.10")])
def test_a_recipient_without_a_mailbox_comes_back_as_a_report(
    version: str, status: str, serve: Serve
) -> None:
    exchange = make_exchange(version)
    with serve(exchange) as simulator:
        client = Client(simulator)
        message = "<t:ToRecipients><t:Mailbox><t:EmailAddress>nobody@example.org</t:EmailAddress></t:Mailbox></t:ToRecipients>"
        client.call(
            '<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message><t:Subject>Offer</t:Subject>'
            f"{message}</t:Message></m:Items></m:CreateItem>",
            version="Exchange2010_SP2",
        )
        (report,) = mail_of(exchange.mailbox(MAILBOX))
        assert report["Subject"] == "Undeliverable: Offer"
        assert report["From"].startswith("Microsoft Outlook")
        assert report.get_content_type() == "multipart/report"
        _, machine, original = report.iter_parts()
        assert f"Status: {status}" in machine.as_string()
        assert original.get_content_type() == "message/rfc822"
        assert report["In-Reply-To"] == original.get_payload()[0]["Message-ID"]
        assert classes(exchange, client) == ["REPORT.IPM.Note.NDR"]
        client.close()
    assert exchange.outbox == []


def test_the_others_get_the_message_nevertheless(exchange: Exchange, client: Client, grace: Mailbox) -> None:
    assert send(client, GRACE, "nobody@example.org", "x@example.com") == ["NoError"]
    assert [one["Subject"] for one in mail_of(grace)] == ["Offer"]
    assert [one.recipients for one in exchange.outbox] == [("x@example.com",)]
    assert [one["Subject"] for one in mail_of(exchange.mailbox(MAILBOX))] == ["Undeliverable: Offer"]


def test_mail_to_other_domains_bounces_on_command(exchange: Exchange, client: Client) -> None:
    send(client, "x@example.com")
    exchange.bounce(exchange.outbox[0], status="5.7.1", diagnostic="relaying denied")
    (report,) = mail_of(exchange.mailbox(MAILBOX))
    assert "550 5.7.1 relaying denied" in text_of(report)
    assert classes(exchange, client) == ["REPORT.IPM.Note.NDR"]


def test_a_report_is_never_answered_with_a_report(exchange: Exchange) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    route(exchange, Envelope("gone@example.org", ("nobody@example.org",), plain(2)))
    assert exchange.outbox == []
    assert len(exchange.mailbox(MAILBOX).inbox.items) == 1


def test_delivery_and_reading_are_reported_if_that_was_asked_for(
    exchange: Exchange, client: Client, grace: Mailbox
) -> None:
    wanted = (
        "<t:IsReadReceiptRequested>true</t:IsReadReceiptRequested>"
        "<t:IsDeliveryReceiptRequested>true</t:IsDeliveryReceiptRequested>"
    )
    send(client, GRACE, inner=wanted)
    assert classes(exchange, client) == ["REPORT.IPM.Note.DR"]
    (number,) = grace.inbox.items
    for is_read in (True, False, True):
        exchange.mark_read(grace.item_id(grace.item(number)), is_read=is_read)
    assert classes(exchange, client) == ["REPORT.IPM.Note.DR", "REPORT.IPM.Note.IPNRN"]
    receipt = mail_of(exchange.mailbox(MAILBOX))[1]
    sent = mail_of(exchange.mailbox(MAILBOX), "inbox")[0]
    assert receipt["Subject"] == "Read: Offer"
    assert receipt["In-Reply-To"] == sent["In-Reply-To"]


@pytest.mark.parametrize(("suppress", "expected"), [("true", []), ("false", ["REPORT.IPM.Note.IPNNRN"])])
def test_mail_that_is_deleted_unread_is_reported_unless_suppressed(
    exchange: Exchange, client: Client, grace: Mailbox, suppress: str, expected: list[str]
) -> None:
    send(client, GRACE, inner="<t:IsReadReceiptRequested>true</t:IsReadReceiptRequested>")
    (number,) = grace.inbox.items
    client.call(
        f'<m:DeleteItem DeleteType="HardDelete" SuppressReadReceipts="{suppress}"><m:ItemIds>'
        f'<t:ItemId Id="{grace.item_id(grace.item(number))}"/></m:ItemIds></m:DeleteItem>',
        mailbox=GRACE,
    )
    assert classes(exchange, client) == expected


def test_an_absent_owner_answers_each_sender_once(exchange: Exchange, client: Client, grace: Mailbox) -> None:
    grace.oof.state, grace.oof.internal_reply, grace.oof.external_reply = "Enabled", "<p>In</p>", "Out"
    send(client, GRACE)
    send(client, GRACE)
    (reply,) = mail_of(exchange.mailbox(MAILBOX))
    assert (reply["Subject"], reply["Auto-Submitted"]) == ("Automatic reply: Offer", "auto-generated")
    assert "<p>In</p>" in reply.get_content()
    assert classes(exchange, client) == ["IPM.Note.Rules.OofTemplate.Microsoft"]
    exchange.deliver(plain(1), [GRACE])
    (outside,) = exchange.outbox
    assert (outside.sender, outside.recipients) == ("", ("grace@example.com",))


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied", "Precedence: bulk", "X-Auto-Response-Suppress: OOF", "List-Id: <x>"],
)
def test_automatic_mail_is_not_answered(exchange: Exchange, grace: Mailbox, header: str) -> None:
    grace.oof.state, grace.oof.external_reply = "Enabled", "Out"
    exchange.deliver(header.encode() + b"\r\n" + plain(1), [GRACE])
    assert exchange.outbox == []


def test_two_absent_owners_do_not_answer_each_other_for_ever(
    exchange: Exchange, client: Client, grace: Mailbox
) -> None:
    for mailbox in (grace, exchange.mailbox(MAILBOX)):
        mailbox.oof.state, mailbox.oof.internal_reply = "Enabled", "Away"
    send(client, GRACE)
    assert len(grace.inbox.items) == 1
    assert len(exchange.mailbox(MAILBOX).inbox.items) == 1


def test_a_forward_mailbox_gets_mail_as_an_attachment(exchange: Exchange, grace: Mailbox) -> None:
    crm = exchange.add_mailbox("crm@example.org", display_name="CRM")
    actions = Actions(forward_as_attachment=("crm@example.org",), mark_as_read=True)
    grace.rules.append(InboxRule("1", "to CRM", actions=actions))
    (item,) = exchange.deliver(plain(1), [GRACE])
    (forwarded,) = mail_of(crm)
    assert (forwarded["From"], forwarded["Subject"]) == ("Grace Hopper <grace@example.org>", "FW: Compiler 1")
    (attached,) = forwarded.iter_attachments()
    assert attached.get_content_type() == "message/rfc822"
    assert attached.get_payload()[0]["Message-ID"] == "<1@example.com>"
    assert exchange.find_item(item)[1].is_read


def test_rules_look_at_the_message_and_stop_where_they_are_told(exchange: Exchange, grace: Mailbox) -> None:
    target = grace.create_folder("Compilers")
    moves = Actions(move_to=encode(Identifier(grace.guid, target.number)), stop=True)
    grace.rules = [
        InboxRule("1", "file", 1, conditions=Conditions(subject=("compiler",)), actions=moves),
        InboxRule("2", "rest", 2, actions=Actions(delete=True)),
    ]
    exchange.deliver(plain(1), [GRACE])
    exchange.deliver(plain(2).replace(b"Compiler", b"Other"), [GRACE])
    assert [len(one.items) for one in (grace.inbox, target, grace.distinguished_folder("deleteditems"))] == [
        0,
        1,
        1,
    ]


def test_rules_that_send_mail_in_circles_stop(exchange: Exchange, grace: Mailbox) -> None:
    grace.rules = [InboxRule("1", "a", actions=Actions(redirect=(MAILBOX,)))]
    exchange.mailbox(MAILBOX).rules = [InboxRule("1", "b", actions=Actions(redirect=(GRACE,)))]
    exchange.deliver(plain(1), [GRACE])
    assert len(grace.inbox.items) + len(exchange.mailbox(MAILBOX).inbox.items) == 6


def test_a_message_that_is_too_large_is_not_sent(exchange: Exchange, client: Client, grace: Mailbox) -> None:
    exchange.max_message_size = 2000
    assert send(client, GRACE, body="x" * 3000) == ["ErrorMessageSizeExceeded"]
    assert send(client, GRACE) == ["NoError"]
    assert len(grace.inbox.items) == 1


def test_a_full_mailbox_sends_nothing_and_takes_nothing(
    exchange: Exchange, client: Client, grace: Mailbox
) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    ada = exchange.mailbox(MAILBOX)
    ada.quota = Quota(prohibit_send=10)
    assert send(client, GRACE) == ["ErrorQuotaExceeded"]
    ada.quota = Quota()
    exchange.deliver(plain(1), [GRACE])
    grace.quota = Quota(prohibit_send_receive=10)
    assert send(client, GRACE) == ["NoError"]
    assert "5.2.2" in text_of(mail_of(ada)[-1])
    draft = '<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:Subject>S</t:Subject></t:Message></m:Items></m:CreateItem>'
    assert client.call(draft, mailbox=GRACE).codes == ["ErrorQuotaExceeded"]


def test_a_full_mailbox_takes_no_copies_attachments_and_uploads_but_lets_things_be_moved(
    exchange: Exchange, client: Client
) -> None:
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    ids = f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds>'
    data = client.call(f"<m:ExportItems>{ids}</m:ExportItems>").texts(".//m:Data")[0]
    key = client.get_items(item).attributes(".//t:ItemId", "ChangeKey")[0]
    drafts = '<m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId>'
    attach = (
        f'<m:CreateAttachment><m:ParentItemId Id="{item}"/><m:Attachments><t:FileAttachment><t:Name>a</t:Name>'
        "<t:Content>AAAA</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>"
    )
    folder = client.call(GET_INBOX).attributes(".//t:FolderId", "Id")[0]
    upload = (
        f'<m:UploadItems><m:Items><t:Item CreateAction="CreateNew"><t:ParentFolderId Id="{folder}"/>'
        f"<t:Data>{data}</t:Data></t:Item></m:Items></m:UploadItems>"
    )

    def update(subject: str) -> list[str]:
        return client.call(
            '<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly"><m:ItemChanges><t:ItemChange>'
            f'<t:ItemId Id="{item}" ChangeKey="{key}"/><t:Updates><t:SetItemField><t:FieldURI FieldURI="item:Subject"/>'
            f"<t:Message><t:Subject>{subject}</t:Subject></t:Message></t:SetItemField></t:Updates>"
            "</t:ItemChange></m:ItemChanges></m:UpdateItem>"
        ).codes

    ada = exchange.mailbox(MAILBOX)
    ada.quota = Quota(prohibit_send_receive=ada.size)
    assert client.call(f"<m:CopyItem>{drafts}{ids}</m:CopyItem>").codes == ["ErrorQuotaExceeded"]
    assert client.call(attach).codes == ["ErrorQuotaExceeded"]
    assert client.call(upload).codes == ["ErrorQuotaExceeded"]
    assert update("x" * 500) == ["ErrorQuotaExceeded"]
    assert client.call(f"<m:MoveItem>{drafts}{ids}</m:MoveItem>").codes == ["NoError"]
    ada.quota = Quota()
    assert client.call(upload).codes == ["NoError"]


def test_sending_on_behalf_needs_the_right(exchange: Exchange, client: Client, grace: Mailbox) -> None:
    assert send(client, "x@example.com", sender=GRACE) == ["ErrorSendAsDenied"]
    grace.send_on_behalf.add(MAILBOX)
    assert send(client, "x@example.com", sender=GRACE) == ["NoError"]
    sent = email.message_from_bytes(exchange.outbox[0].mime, policy=default)
    assert GRACE in sent["From"]
    assert MAILBOX in sent["Sender"]


def test_smtp_brings_mail_in_and_refuses_strangers(exchange: Exchange, grace: Mailbox) -> None:
    listener = SmtpListener(exchange)
    with SimulatorThread(exchange, beside=(listener,)), smtplib.SMTP("127.0.0.1", listener.port) as session:
        refused = session.sendmail(
            "a@example.com", [GRACE, "nobody@example.org", "x@elsewhere.example"], plain(1)
        )
        assert {address: code for address, (code, _) in refused.items()} == {
            "nobody@example.org": 550,
            "x@elsewhere.example": 550,
        }
        assert b"5.1.10" in refused["nobody@example.org"][1]
        session.sendmail("a@example.com", [GRACE], b"Subject: two\r\n\r\n.\r\n..x\r\n")
    assert [one["Subject"] for one in mail_of(grace)] == ["Compiler 1", "two"]
    assert mail_of(grace)[1]["Message-ID"]


def test_smtp_refuses_what_is_too_large(exchange: Exchange) -> None:
    exchange.max_message_size = 1000
    listener = SmtpListener(exchange)
    with (
        SimulatorThread(exchange, beside=(listener,)),
        smtplib.SMTP("127.0.0.1", listener.port) as session,
        pytest.raises(smtplib.SMTPResponseException) as refused,
    ):
        session.sendmail("a@example.com", [GRACE], plain(1) + b"x" * 2000)
    assert refused.value.smtp_code == 552
