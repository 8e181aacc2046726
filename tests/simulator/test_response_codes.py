"""Codes that Microsoft's pages name for requests that cannot be carried out, each asked for."""

import pytest

from serversync.simulator import Exchange, Fault
from tests.simulator.conftest import GET_INBOX, MAILBOX, Client, envelope, impersonate, plain

SHAPE = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{more}</m:ItemShape>"
INBOX = '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds>'


def find(restriction: str = "", *, view: str = "", more: str = "") -> str:
    wanted = f"<m:Restriction>{restriction}</m:Restriction>" if restriction else ""
    return f'<m:FindItem Traversal="Shallow">{SHAPE.format(more=more)}{view}{wanted}{INBOX}</m:FindItem>'


def test_an_empty_id_is_told_apart_from_a_malformed_one(client: Client) -> None:
    assert client.get_items("").codes == ["ErrorInvalidIdEmpty"]
    assert client.get_items("AAAA").codes == ["ErrorInvalidIdMalformed"]


@pytest.mark.parametrize("name", ["IsDraft", "IsSubmitted", "IsUnmodified", "IsResend", "IsFromMe"])
def test_flags_exist_always_and_nobody_asks_whether_they_do(client: Client, name: str) -> None:
    reply = client.call(find(f'<t:Exists><t:FieldURI FieldURI="item:{name}"/></t:Exists>'))
    assert reply.codes == ["ErrorInvalidPropertyForExists"]


@pytest.mark.parametrize(
    ("uri", "value"),
    [("item:Size", "large"), ("item:DateTimeReceived", "yesterday"), ("message:IsRead", "perhaps")],
)
def test_a_constant_of_another_type_is_told(client: Client, uri: str, value: str) -> None:
    condition = (
        f'<t:IsEqualTo><t:FieldURI FieldURI="{uri}"/><t:FieldURIOrConstant><t:Constant Value="{value}"/>'
        "</t:FieldURIOrConstant></t:IsEqualTo>"
    )
    assert client.call(find(condition)).codes == ["ErrorInvalidValueForProperty"]


def test_named_properties_have_no_tag(exchange: Exchange, client: Client) -> None:
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    uri = '<t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="String"/>'
    shape = "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{uri}</t:AdditionalProperties>"
    reply = client.get_items(item, shape=shape.format(uri=uri.format(tag="0x8000")))
    assert (reply.status, reply.codes) == (500, ["ErrorNoPropertyTagForCustomProperties"])
    assert client.get_items(item, shape=shape.format(uri=uri.format(tag="0x7FFF"))).codes == ["NoError"]


def test_an_account_without_mailbox_has_to_say_whose_folder_it_means(client: Client) -> None:
    reply = client.call(GET_INBOX, mailbox=None)
    assert reply.codes == ["ErrorMissingEmailAddress"]
    assert "you must specify the mailbox primary SMTP address" in reply.texts(".//m:MessageText")[0]


def test_a_page_before_the_beginning_is_refused(client: Client) -> None:
    view = '<m:IndexedPageItemView MaxEntriesReturned="5" Offset="-1" BasePoint="Beginning"/>'
    assert client.call(find(view=view)).codes == ["ErrorInvalidIndexedPagingParameters"]


def test_a_header_that_comes_twice_is_refused(client: Client) -> None:
    version = '<t:RequestServerVersion Version="Exchange2010"/>'
    reply = client.send(envelope(GET_INBOX, header=version + impersonate(MAILBOX)))
    assert (reply.status, reply.codes) == (500, ["ErrorDuplicateSOAPHeader"])


def test_a_principal_name_that_is_none_is_told(client: Client) -> None:
    reply = client.send(envelope(GET_INBOX, header=impersonate("ada", "PrincipalName")))
    assert (reply.status, reply.codes) == (500, ["ErrorInvalidUserPrincipalName"])


def test_nobody_is_told_of_a_meeting_that_lies_in_deleted_items(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox("ben@example.org")
    meeting = (
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>M</t:Subject>'
        "<t:Start>2026-03-02T09:00:00Z</t:Start><t:End>2026-03-02T10:00:00Z</t:End><t:RequiredAttendees><t:Attendee>"
        "<t:Mailbox><t:EmailAddress>ben@example.org</t:EmailAddress></t:Mailbox></t:Attendee></t:RequiredAttendees>"
        "</t:CalendarItem></m:Items></m:CreateItem>"
    )
    (made,) = client.call(meeting).attributes(".//t:ItemId", "Id")
    moved = client.call(
        '<m:DeleteItem DeleteType="MoveToDeletedItems" SendMeetingCancellations="SendToNone"><m:ItemIds>'
        f'<t:ItemId Id="{made}"/></m:ItemIds></m:DeleteItem>'
    )
    assert moved.codes == ["NoError"]
    mailbox = exchange.mailbox(MAILBOX)
    (number,) = mailbox.distinguished_folder("deleteditems").items
    item = mailbox.item(number)
    update = (
        '<m:UpdateItem ConflictResolution="AlwaysOverwrite" SendMeetingInvitationsOrCancellations="{mode}"><m:ItemChanges>'
        f'<t:ItemChange><t:ItemId Id="{mailbox.item_id(item)}"/><t:Updates><t:SetItemField><t:FieldURI '
        'FieldURI="item:Subject"/><t:CalendarItem><t:Subject>N</t:Subject></t:CalendarItem></t:SetItemField></t:Updates>'
        "</t:ItemChange></m:ItemChanges></m:UpdateItem>"
    )
    assert client.call(update.replace("{mode}", "SendToAllAndSaveCopy")).codes == [
        "ErrorCalendarCannotUpdateDeletedItem"
    ]
    assert client.call(update.replace("{mode}", "SendToNone")).codes == ["NoError"]


def test_a_search_folder_is_not_followed(client: Client) -> None:
    made = client.call(
        '<m:CreateFolder><m:ParentFolderId><t:DistinguishedFolderId Id="searchfolders"/></m:ParentFolderId><m:Folders>'
        "<t:SearchFolder><t:DisplayName>Found</t:DisplayName><t:SearchParameters><t:Restriction><t:Exists>"
        '<t:FieldURI FieldURI="item:Subject"/></t:Exists></t:Restriction><t:BaseFolderIds><t:DistinguishedFolderId Id="inbox"/>'
        "</t:BaseFolderIds></t:SearchParameters></t:SearchFolder></m:Folders></m:CreateFolder>"
    )
    (folder,) = made.attributes(".//t:FolderId", "Id")
    reply = client.call(
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:SyncFolderId>"
        f'<t:FolderId Id="{folder}"/></m:SyncFolderId><m:MaxChangesReturned>10</m:MaxChangesReturned></m:SyncFolderItems>'
    )
    assert reply.codes == ["ErrorInvalidFolderTypeForOperation"]


def test_what_a_batch_left_out_is_a_warning(exchange: Exchange, client: Client) -> None:
    first, second = exchange.deliver(plain(1), [MAILBOX]) + exchange.deliver(plain(2), [MAILBOX])
    exchange.faults.add(Fault(item_id=second, response_code="ErrorBatchProcessingStopped"))
    reply = client.get_items(first, second)
    assert reply.attributes(".//m:GetItemResponseMessage", "ResponseClass") == ["Success", "Warning"]
    assert reply.codes == ["NoError", "ErrorBatchProcessingStopped"]
