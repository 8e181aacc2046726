"""What single products do differently from the others, as Microsoft's Interop test suites tell."""

import pytest

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, PASSWORD, Client, Serve, basic, envelope, make_exchange
from tests.simulator.test_operation_matrix import spoken

GRACE = "grace@example.org"
PRODUCTS = (
    "Exchange2007_SP1",
    "Exchange2010_SP3",
    "Exchange2013_SP1",
    "Exchange2016",
    "Exchange2019",
    "ExchangeSE",
)
LATER = PRODUCTS[2:]


def ask(exchange: Exchange, client: Client, operation: str, mailbox: str = MAILBOX):
    """Send an operation in the newest version that the product speaks."""
    return client.call(operation, mailbox=mailbox, version=spoken(exchange))


def permit(user: str, level: str, further: str = "") -> str:
    return (
        '<m:UpdateFolder><m:FolderChanges><t:FolderChange><t:DistinguishedFolderId Id="inbox"/><t:Updates><t:SetFolderField>'
        '<t:FieldURI FieldURI="folder:PermissionSet"/><t:Folder><t:PermissionSet><t:Permissions><t:Permission><t:UserId>'
        f"<t:PrimarySmtpAddress>{user}</t:PrimarySmtpAddress></t:UserId>{further}<t:PermissionLevel>{level}</t:PermissionLevel>"
        "</t:Permission></t:Permissions></t:PermissionSet></t:Folder></t:SetFolderField></t:Updates></t:FolderChange>"
        "</m:FolderChanges></m:UpdateFolder>"
    )


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_contributor_reads_items_since_2013_sp1_and_not_before(product: str, serve: Serve) -> None:
    exchange = make_exchange(product)
    exchange.add_mailbox(GRACE, password=PASSWORD)
    (item,) = exchange.deliver(b"From: x@example.com\r\nSubject: Plans\r\n\r\nx", [MAILBOX])
    with serve(exchange) as simulator:
        client = Client(simulator)
        assert ask(exchange, client, permit(GRACE, "Contributor")).codes == ["NoError"]
        get = (
            "<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>"
            f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:GetItem>'
        )
        reply = client.send(envelope(get, version=spoken(exchange)), authorization=basic(GRACE))
        client.close()
    assert reply.codes == (["NoError"] if product in LATER else ["ErrorItemNotFound"])
    assert reply.texts(".//t:Subject") == (["Plans"] if product in LATER else [])


@pytest.mark.parametrize("product", PRODUCTS)
def test_single_rights_beside_a_level_are_refused_until_2010_and_make_no_difference_later(
    product: str, serve: Serve
) -> None:
    exchange = make_exchange(product)
    exchange.add_mailbox(GRACE)
    create = (
        '<m:CreateFolder><m:ParentFolderId><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderId><m:Folders><t:Folder>'
        "<t:DisplayName>Shared</t:DisplayName><t:PermissionSet><t:Permissions><t:Permission><t:UserId>"
        f"<t:PrimarySmtpAddress>{GRACE}</t:PrimarySmtpAddress></t:UserId><t:CanCreateItems>true</t:CanCreateItems>"
        "<t:PermissionLevel>Reviewer</t:PermissionLevel></t:Permission></t:Permissions></t:PermissionSet></t:Folder>"
        "</m:Folders></m:CreateFolder>"
    )
    with serve(exchange) as simulator:
        client = Client(simulator)
        codes = ask(exchange, client, create).codes
        codes += ask(
            exchange, client, permit(GRACE, "Reviewer", "<t:CanCreateItems>true</t:CanCreateItems>")
        ).codes
        codes += ask(
            exchange, client, permit(GRACE, "Custom", "<t:CanCreateItems>true</t:CanCreateItems>")
        ).codes
        client.close()
    refusal = "NoError" if product in LATER else "ErrorInvalidPermissionSettings"
    assert codes == [refusal, refusal, "NoError"]
    assert [one.display_name for one in exchange.mailbox(MAILBOX).folders.values()].count("Shared") == (
        product in LATER
    )


MEETING = (
    '<m:CreateItem SendMeetingInvitations="SendToAllAndSaveCopy"><m:Items><t:CalendarItem><t:Subject>Review</t:Subject>'
    "<t:Start>2026-03-02T09:00:00Z</t:Start><t:End>2026-03-02T10:00:00Z</t:End><t:Location>Room 1</t:Location>"
    f"<t:RequiredAttendees><t:Attendee><t:Mailbox><t:EmailAddress>{GRACE}</t:EmailAddress></t:Mailbox></t:Attendee>"
    "</t:RequiredAttendees></t:CalendarItem></m:Items></m:CreateItem>"
)


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_location_of_a_meeting_request_is_empty_since_2013_and_its_place_tells_it(
    product: str, serve: Serve
) -> None:
    exchange = make_exchange(product)
    exchange.add_mailbox(GRACE)
    place = '<t:FieldURI FieldURI="calendar:EnhancedLocation"/>' if product in LATER else ""
    find = (
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape><t:AdditionalProperties>'
        f'<t:FieldURI FieldURI="calendar:Location"/>{place}</t:AdditionalProperties></m:ItemShape><m:ParentFolderIds>'
        '<t:DistinguishedFolderId Id="{folder}"/></m:ParentFolderIds></m:FindItem>'
    )
    with serve(exchange) as simulator:
        client = Client(simulator)
        assert ask(exchange, client, MEETING).codes == ["NoError"]
        request = ask(exchange, client, find.replace("{folder}", "inbox"), GRACE)
        appointment = ask(exchange, client, find.replace("{folder}", "calendar"), GRACE)
        client.close()
    later = product in LATER
    assert request.texts(".//t:MeetingRequest/t:Location") == ([] if later else ["Room 1"])
    assert request.texts(".//t:EnhancedLocation/t:DisplayName") == (["Room 1"] if later else [])
    assert appointment.texts(".//t:CalendarItem/t:Location") == ["Room 1"]


def test_a_text_and_a_place_tell_the_same_location(client: Client) -> None:
    created = client.call(MEETING.replace("SendToAllAndSaveCopy", "SendToNone"))
    item = created.attributes(".//t:ItemId", "Id")[0]
    shape = (
        "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI='calendar:Location'/>"
        "<t:FieldURI FieldURI='calendar:EnhancedLocation'/></t:AdditionalProperties>"
    )

    def told() -> tuple[list[str], list[str]]:
        reply = client.get_items(item, shape=shape)
        return reply.texts(".//t:Location"), reply.texts(".//t:EnhancedLocation/t:DisplayName")

    def update(inner: str) -> None:
        reply = client.call(
            '<m:UpdateItem ConflictResolution="AlwaysOverwrite" SendMeetingInvitationsOrCancellations="SendToNone">'
            f'<m:ItemChanges><t:ItemChange><t:ItemId Id="{item}"/><t:Updates>{inner}</t:Updates></t:ItemChange>'
            "</m:ItemChanges></m:UpdateItem>"
        )
        assert reply.codes == ["NoError"]

    assert told() == (["Room 1"], ["Room 1"])
    update(
        '<t:SetItemField><t:FieldURI FieldURI="calendar:EnhancedLocation"/><t:CalendarItem><t:EnhancedLocation>'
        "<t:DisplayName>Town hall</t:DisplayName><t:PostalAddress><t:City>Bern</t:City></t:PostalAddress>"
        "</t:EnhancedLocation></t:CalendarItem></t:SetItemField>"
    )
    assert told() == (["Town hall"], ["Town hall"])
    assert client.get_items(item, shape=shape).texts(".//t:City") == ["Bern"]
    update(
        '<t:SetItemField><t:FieldURI FieldURI="calendar:Location"/><t:CalendarItem><t:Location>Room 2</t:Location>'
        "</t:CalendarItem></t:SetItemField>"
    )
    assert told() == (["Room 2"], ["Room 2"])
    assert client.get_items(item, shape=shape).texts(".//t:City") == []
    update('<t:DeleteItemField><t:FieldURI FieldURI="calendar:EnhancedLocation"/></t:DeleteItemField>')
    assert told() == ([], [])


@pytest.mark.parametrize("product", PRODUCTS)
def test_nobody_sets_whether_a_meeting_is_online_since_2016(product: str, serve: Serve) -> None:
    exchange = make_exchange(product)
    online = "<t:IsOnlineMeeting>true</t:IsOnlineMeeting>"
    plain = MEETING.replace("SendToAllAndSaveCopy", "SendToNone")
    with serve(exchange) as simulator:
        client = Client(simulator)
        made = ask(exchange, client, plain.replace("</t:CalendarItem>", f"{online}</t:CalendarItem>"))
        item = ask(exchange, client, plain).attributes(".//t:ItemId", "Id")[0]
        changed = ask(
            exchange,
            client,
            '<m:UpdateItem ConflictResolution="AlwaysOverwrite" SendMeetingInvitationsOrCancellations="SendToNone">'
            f'<m:ItemChanges><t:ItemChange><t:ItemId Id="{item}"/><t:Updates><t:SetItemField>'
            f'<t:FieldURI FieldURI="calendar:IsOnlineMeeting"/><t:CalendarItem>{online}</t:CalendarItem></t:SetItemField>'
            "</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>",
        )
        client.close()
    is_fixed = product in {"Exchange2016", "Exchange2019", "ExchangeSE"}
    assert made.codes == changed.codes == (["ErrorInvalidPropertySet"] if is_fixed else ["NoError"])


@pytest.mark.parametrize("product", PRODUCTS[1:])
def test_outlook_on_the_web_has_links_to_items_and_none_to_change_them_since_2019(
    product: str, serve: Serve
) -> None:
    exchange = make_exchange(product)
    (item,) = exchange.deliver(b"From: x@example.com\r\nSubject: Plans\r\n\r\nx", [MAILBOX])
    uris = ("item:WebClientReadFormQueryString", "item:WebClientEditFormQueryString")
    fields = "".join(f'<t:FieldURI FieldURI="{one}"/>' for one in uris)
    with serve(exchange) as simulator:
        client = Client(simulator)
        reply = ask(
            exchange,
            client,
            "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
            f'{fields}</t:AdditionalProperties></m:ItemShape><m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:GetItem>',
        )
        client.close()
    (read,) = reply.texts(".//t:WebClientReadFormQueryString")
    assert read.startswith(
        "?ae=Item&" if product == "Exchange2010_SP3" else "https://mail.example.org/owa/?ItemID="
    )
    edits = reply.texts(".//t:WebClientEditFormQueryString")
    assert len(edits) == (product not in {"Exchange2019", "ExchangeSE"})


IMAGES = (
    b"From: x@example.com\r\nSubject: Offer\r\nContent-Type: text/html\r\n\r\n"
    b'<p><img alt="a" src="https://track.example.com/1.gif"><IMG SRC=//x.example.com/2.gif><img src="cid:1"></p>'
)


@pytest.mark.parametrize("product", LATER)
@pytest.mark.parametrize("asked", [True, False])
def test_images_of_other_servers_are_left_out_by_2013_alone(product: str, asked: bool, serve: Serve) -> None:
    exchange = make_exchange(product)
    (item,) = exchange.deliver(IMAGES, [MAILBOX])
    wanted = "<t:BlockExternalImages>true</t:BlockExternalImages>" if asked else ""
    with serve(exchange) as simulator:
        client = Client(simulator)
        reply = client.get_items(item, shape=f"<t:BaseShape>AllProperties</t:BaseShape>{wanted}")
        client.close()
    (body,) = reply.texts(".//t:Body")
    left_out = asked and product == "Exchange2013_SP1"
    assert body.count("blockedimagesrc") == (2 if left_out else 0)
    assert 'src="cid:1"' in body
    assert reply.texts(".//t:HasBlockedImages") == ["true" if left_out else "false"]
