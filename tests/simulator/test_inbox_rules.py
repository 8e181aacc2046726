"""Server rules that clients make: each condition and action is kept as it was given, and carried out."""

import pytest
from lxml import etree

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, NS, Client, plain
from tests.simulator.test_directory import GET_RULES, rule, rules

GRACE = "grace@example.com"
ADDRESS = f"<t:Address><t:EmailAddress>{GRACE}</t:EmailAddress></t:Address>"
HIGH = plain(1).replace(b"Subject: Compiler", b"X-Own: blue moon\r\nImportance: high\r\nSubject: Compiler")
SIGNED = (
    plain(1).replace(
        b"\r\n\r\n",
        b"\r\nMIME-Version: 1.0\r\nSensitivity: Private\r\nX-Message-Flag: Follow up\r\n"
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=x\r\n\r\n--x\r\n'
        b"Content-Type: text/plain\r\n\r\n",
        1,
    )
    + b"--x\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
    b"Content-Disposition: attachment; filename=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x--\r\n"
)
CC = plain(1).replace(b"To: ada@example.org", b"To: ben@example.com\r\nCc: ada@example.org")
BOTH = plain(1).replace(b"To: ada@example.org", b"To: ada@example.org, ben@example.com")
INVITATION = (
    b"From: grace@example.com\r\nTo: ada@example.org\r\nSubject: Review\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:r1\r\nDTSTART:20260323T090000Z\r\n"
    b"DTEND:20260323T100000Z\r\nORGANIZER:mailto:grace@example.com\r\nATTENDEE:mailto:ada@example.org\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)
ANSWER = (
    INVITATION.replace(b"REQUEST", b"REPLY")
    .replace(b"ORGANIZER:mailto:grace@example.com", b"ORGANIZER:mailto:ada@example.org")
    .replace(b"ATTENDEE:mailto:ada@example.org", b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:grace@example.com")
)
REPORT = (
    b"From: postmaster@example.com\r\nTo: ada@example.org\r\nSubject: Undeliverable\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/report; report-type=%s; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nR\r\n"
    b"--x\r\nContent-Type: message/%s\r\n\r\n%s\r\n--x--\r\n"
)
NDR = REPORT % (
    b"delivery-status",
    b"delivery-status",
    b"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; y@x\r\nAction: failed\r\nStatus: 5.1.1\r\n",
)
READ = REPORT % (
    b"disposition-notification",
    b"disposition-notification",
    b"Final-Recipient: rfc822; y@x\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n",
)


def strings(*values: str) -> str:
    return "".join(f"<t:String>{one}</t:String>" for one in values)


CONDITIONS = [
    (f"<t:ContainsHeaderStrings>{strings('Blue Moon')}</t:ContainsHeaderStrings>", HIGH, plain(1)),
    (f"<t:ContainsRecipientStrings>{strings('ben@')}</t:ContainsRecipientStrings>", BOTH, plain(1)),
    (f"<t:ContainsSenderStrings>{strings('grace')}</t:ContainsSenderStrings>", plain(1), NDR),
    (f"<t:ContainsSubjectStrings>{strings('zzz', 'compil')}</t:ContainsSubjectStrings>", plain(1), NDR),
    (f"<t:ContainsBodyStrings>{strings('hello')}</t:ContainsBodyStrings>", plain(1), NDR),
    (f"<t:FromAddresses>{ADDRESS}</t:FromAddresses>", plain(1), NDR),
    ("<t:FlaggedForAction>FollowUp</t:FlaggedForAction>", SIGNED, plain(1)),
    ("<t:FlaggedForAction>Any</t:FlaggedForAction>", SIGNED, plain(1)),
    ("<t:HasAttachments>true</t:HasAttachments>", SIGNED, plain(1)),
    ("<t:Importance>High</t:Importance>", HIGH, plain(1)),
    ("<t:IsMeetingRequest>true</t:IsMeetingRequest>", INVITATION, ANSWER),
    ("<t:IsMeetingResponse>true</t:IsMeetingResponse>", ANSWER, INVITATION),
    ("<t:IsNDR>true</t:IsNDR>", NDR, READ),
    ("<t:IsReadReceipt>true</t:IsReadReceipt>", READ, NDR),
    ("<t:IsSigned>true</t:IsSigned>", SIGNED, plain(1)),
    ("<t:NotSentToMe>true</t:NotSentToMe>", CC, plain(1)),
    ("<t:SentCcMe>true</t:SentCcMe>", CC, plain(1)),
    ("<t:SentOnlyToMe>true</t:SentOnlyToMe>", plain(1), BOTH),
    ("<t:SentToMe>true</t:SentToMe>", BOTH, CC),
    ("<t:SentToOrCcMe>true</t:SentToOrCcMe>", CC, plain(1).replace(b"To: ada", b"To: eve")),
    ("<t:Sensitivity>Private</t:Sensitivity>", SIGNED, plain(1)),
    (
        "<t:WithinDateRange><t:StartDateTime>2020-01-01T00:00:00Z</t:StartDateTime></t:WithinDateRange>",
        plain(1),
        None,
    ),
    (
        "<t:WithinSizeRange><t:MinimumSize>2</t:MinimumSize><t:MaximumSize>9</t:MaximumSize></t:WithinSizeRange>",
        plain(1) + b"x" * 4000,
        plain(1),
    ),
]


@pytest.mark.parametrize(("condition", "fits", "other"), CONDITIONS)
def test_a_condition_is_kept_and_decides(
    exchange: Exchange, client: Client, condition: str, fits: bytes, other: bytes | None
) -> None:
    mark = "<t:Actions><t:MarkImportance>Low</t:MarkImportance><t:MarkAsRead>true</t:MarkAsRead></t:Actions>"
    given = rule(f"<t:Conditions>{condition}</t:Conditions>{mark}")
    assert rules(client, f"<t:CreateRuleOperation>{given}</t:CreateRuleOperation>").codes == ["NoError"]
    (told,) = client.call(GET_RULES).xml.iterfind(".//t:Conditions/*", NS)
    wanted = etree.fromstring(f'<x xmlns:t="{NS["t"]}">{condition}</x>')[0]
    assert [one.tag for one in told.iter()][:2] == [one.tag for one in wanted.iter()][:2]
    found = []
    for mime in (fits, other):
        for item in exchange.deliver(mime, [MAILBOX]) if mime is not None else ():
            reply = client.get_items(item)
            found.append((reply.texts(".//t:IsRead"), reply.texts(".//t:Importance")))
    assert found[0] == (["true"], ["Low"])
    assert ["true"] not in [is_read for is_read, _ in found[1:]]


def test_a_rule_answers_with_a_message_that_is_kept_for_it(exchange: Exchange, client: Client) -> None:
    template = client.call(
        '<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:Subject>On holiday</t:Subject>'
        '<t:Body BodyType="Text">Ask Ben.</t:Body></t:Message></m:Items></m:CreateItem>'
    ).attributes(".//t:ItemId", "Id")[0]
    given = rule(f'<t:Actions><t:ServerReplyWithMessage Id="{template}"/></t:Actions>')
    assert rules(client, f"<t:CreateRuleOperation>{given}</t:CreateRuleOperation>").codes == ["NoError"]
    assert client.call(GET_RULES).attributes(".//t:ServerReplyWithMessage", "Id") == [template]
    exchange.add_mailbox("cy@example.org", display_name="Cy")
    sent = client.call(
        '<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message><t:Subject>Q</t:Subject><t:ToRecipients>'
        f"<t:Mailbox><t:EmailAddress>{MAILBOX}</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>",
        mailbox="cy@example.org",
    )
    assert sent.codes == ["NoError"]
    cy = exchange.mailbox("cy@example.org")
    (answer,) = [cy.item(number) for number in cy.inbox.items]
    assert answer.item_class == "IPM.Note.Rules.ReplyTemplate.Microsoft"
    assert b"Subject: On holiday" in (answer.mime or b"")
    assert b"Ask Ben." in (answer.mime or b"")
