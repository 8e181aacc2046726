"""Strange messages become activities like others, stop nobody else's, and can be looked at afterwards."""

import asyncio

import pytest
from django.test import Client

from serversync.crm.models import Email, SystemUser, UserSettings
from serversync.jobs.single import sync_now
from serversync.simulator import Fault
from serversync.simulator.transport import Envelope, arrive
from tests.e2e.place import company
from tests.e2e.strange_messages import (
    BODY_BYTES,
    DEPTH,
    LONG_SUBJECT,
    RECIPIENTS,
    file_part,
    mixed,
    simple,
    strange_messages,
)

ADA, BEN = "ada@example.org", "ben@example.org"


def put(place, mime, address=ADA):
    """Let a message lie in a mailbox just as it is; return its item id."""
    exchange = place.exchange
    with exchange.lock:
        mailbox = exchange.mailbox(address)
        return mailbox.item_id(arrive(exchange, mailbox, Envelope("", (address,), mime), exchange.now()))


def read(place, address=ADA):
    result, error = asyncio.run(sync_now(place.mailboxes[address]))
    assert error is None
    return result


@pytest.fixture(scope="module")
def strange():
    return strange_messages()


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        UserSettings.objects.update(incomingemailfilteringmethod=0, autocreatecontactonpromote=0)
        yield made


def one(name):
    return Email.objects.get(messageid=f"<{name}@strange.example>")


def parties(email, kind):
    return sorted(p.addressused for p in email.activityparties.filter(participationtypemask=kind))


def files(email):
    return [
        (a.filename, bytes(a.attachmentid.body))
        for a in email.activitymimeattachments.order_by("attachmentnumber")
    ]


@pytest.mark.timeout(600)
def test_every_one_of_them_is_tracked_in_one_pass_and_can_be_looked_at(place, strange):
    items = {put(place, mime): name for name, mime in strange.items()}
    read(place)
    told = place.query("select exchangeentryid, outcome, reasoncode, detail from messagetrace")
    assert {items[item] for item, *_ in told} == set(strange)
    left = {items[item]: (reason, detail) for item, outcome, reason, detail in told if outcome != 1}
    assert left == {}
    assert Email.objects.count() == len(strange)

    # What they say is what was said.
    assert one("iso-2022-jp").subject == "日本"
    assert "日本語" in one("iso-2022-jp").description
    assert "价格表€" in one("gb18030").description
    assert one("raw-utf-8-headers").subject == "Übergröße 😀"
    assert one("huge-subject").subject == LONG_SUBJECT[:800]
    assert one("huge-body").description.count("0123456789abcde") == BODY_BYTES // 16
    assert "before" in one("nul-in-body").description
    assert "after" in one("nul-in-body").description
    assert one("nul").subject.startswith("before")
    assert len(parties(one("many-recipients"), 2)) == RECIPIENTS + 1
    assert parties(one("groups"), 2) == [ADA, "pat@x.example"]
    assert parties(one("groups"), 3) == [BEN, "cleo@example.org"]
    assert one("no-sender").sender is None
    assert one("no-recipient").torecipients == ""
    assert one("winmail").attachmentcount == 1
    assert files(one("winmail"))[0][0] == "winmail.dat"
    assert len(files(one("names-of-files"))) == 5
    assert all(name for name, _ in files(one("names-of-files")))
    ((name, content),) = files(one(f"level{DEPTH - 1}"))
    assert name.endswith(".eml")
    assert content.count(b"message/rfc822") == DEPTH - 1
    assert b"the treasure" in content

    # Nobody becomes a contact under an address that is not his.
    assert place.query(
        "select count(*) from contact where emailaddress1 not in (select sender from email)"
    ) == [(0,)]

    admin = SystemUser.objects.create_superuser("root", password="a long password")
    client = Client()
    client.force_login(admin)
    for email in Email.objects.all():
        assert client.get(f"/mail/{email.pk}/").status_code == 200, email.messageid
        assert client.get(f"/mail/{email.pk}/body").status_code == 200, email.messageid
    assert read(place).processed == 0


def test_the_same_message_id_on_different_messages_loses_none_of_them(place):
    for number in range(3):
        put(place, simple("twice", b"Subject: scan", body=f"page {number}".encode()))
    put(place, simple("twice", b"Subject: scan", body=b"page 0"), BEN)
    read(place)
    read(place, BEN)
    pages = [f"page {number}" for number in range(3)]
    found = [next(page for page in pages if page in email.description) for email in Email.objects.all()]
    assert sorted(found) == pages


def test_messages_without_an_id_are_told_apart_by_what_else_they_say(place):
    head = b"From: scanner@example.org\r\nTo: ada@example.org\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
    for number in range(3):
        put(place, head + b"Subject: scan\r\n\r\npage %d\r\n" % number)
    read(place)
    assert Email.objects.count() == 3


LINK = b"""<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>
<h:ServerVersionInfo MajorVersion="15" MinorVersion="1" MajorBuildNumber="2507" MinorBuildNumber="6" Version="V2017_07_11"
 xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header><s:Body>
<m:GetAttachmentResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
 xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><m:ResponseMessages>
<m:GetAttachmentResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Attachments>
<t:ReferenceAttachment><t:AttachmentId Id="AAA="/><t:Name>plan.docx</t:Name>
<t:AttachLongPathName>https://files.example.org/plan.docx?a=1&amp;b=2</t:AttachLongPathName></t:ReferenceAttachment>
</m:Attachments></m:GetAttachmentResponseMessage></m:ResponseMessages></m:GetAttachmentResponse></s:Body></s:Envelope>"""
"""What GetAttachment answers of a file that lies in the cloud."""


def test_of_a_file_that_lies_elsewhere_the_link_is_kept(place):
    part = file_part(b'Content-Disposition: attachment; filename="plan.docx"\r\n', b"x")
    put(place, mixed("linked", part))
    place.exchange.faults.add(Fault(operation="GetAttachment", body=LINK))
    read(place)
    assert files(one("linked")) == [
        ("plan.docx.url", b"[InternetShortcut]\r\nURL=https://files.example.org/plan.docx?a=1&b=2\r\n")
    ]
    assert one("linked").leftout is None
