"""CreateItem, UpdateItem, DeleteItem, SendItem, attachments: what is refused, what is told, for every version."""

import base64

import pytest
from lxml import etree

from serversync.simulator import Exchange
from serversync.simulator.versions import SERVER_VERSIONS
from tests.simulator.conftest import MAILBOX, NS, SCHEMAS, Client, Reply, Serve, make_exchange, plain

GRACE = "grace@example.org"
KINDS = {
    "Message": "<t:Message><t:ItemClass>IPM.Note</t:ItemClass><t:Subject>S</t:Subject><t:Body BodyType='HTML'>B</t:Body>"
    "<t:Categories><t:String>Red</t:String></t:Categories><t:Importance>High</t:Importance></t:Message>",
    "PostItem": "<t:PostItem><t:Subject>S</t:Subject></t:PostItem>",
    "Contact": "<t:Contact><t:FileAs>F</t:FileAs><t:GivenName>G</t:GivenName><t:EmailAddresses>"
    "<t:Entry Key='EmailAddress1'>g@example.com</t:Entry></t:EmailAddresses><t:PhysicalAddresses><t:Entry Key='Home'>"
    "<t:Street>1</t:Street></t:Entry></t:PhysicalAddresses><t:Surname>H</t:Surname></t:Contact>",
    "Task": "<t:Task><t:Subject>S</t:Subject><t:DueDate>2026-03-05T00:00:00Z</t:DueDate>"
    "<t:PercentComplete>50</t:PercentComplete></t:Task>",
    "CalendarItem": "<t:CalendarItem><t:Subject>S</t:Subject><t:Start>2026-03-02T09:00:00Z</t:Start>"
    "<t:End>2026-03-02T10:00:00Z</t:End><t:Location>L</t:Location></t:CalendarItem>",
    "DistributionList": "<t:DistributionList><t:DisplayName>D</t:DisplayName></t:DistributionList>",
}
TO_GRACE = f"<t:ToRecipients><t:Mailbox><t:EmailAddress>{GRACE}</t:EmailAddress></t:Mailbox></t:ToRecipients>"


def create(
    client: Client, items: str, *, attributes: str | None = None, folder: str = "", version: str | None = None
) -> Reply:
    given = attributes or 'MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone"'
    saved = (
        f'<m:SavedItemFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SavedItemFolderId>'
        if folder
        else ""
    )
    return client.call(
        f"<m:CreateItem {given}>{saved}<m:Items>{items}</m:Items></m:CreateItem>",
        version=version or "Exchange2013_SP1",
    )


def one_id(reply: Reply) -> tuple[str, str]:
    element = reply.xml.find(".//m:Items/*/t:ItemId", NS)
    return element.get("Id"), element.get("ChangeKey")


def message(inner: str = "<t:Subject>S</t:Subject>") -> str:
    return f"<t:Message>{inner}</t:Message>"


def update(
    client: Client,
    item: tuple[str, str | None],
    updates: str,
    *,
    mode: str = "AutoResolve",
    attributes: str = 'MessageDisposition="SaveOnly" SendMeetingInvitationsOrCancellations="SendToNone"',
) -> Reply:
    key = f' ChangeKey="{item[1]}"' if item[1] else ""
    return client.call(
        f'<m:UpdateItem ConflictResolution="{mode}" {attributes}><m:ItemChanges><t:ItemChange><t:ItemId Id="{item[0]}"{key}/>'
        f"<t:Updates>{updates}</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>"
    )


def put(uri: str, xml: str, kind: str = "Message", verb: str = "SetItemField") -> str:
    return f'<t:{verb}><t:FieldURI FieldURI="{uri}"/><t:{kind}>{xml}</t:{kind}></t:{verb}>'


@pytest.mark.parametrize("name", SERVER_VERSIONS)
def test_each_product_makes_and_shows_every_kind_as_its_schema_wants(name: str, serve: Serve) -> None:
    exchange = make_exchange(name)
    label = exchange.version.label
    version = label if label.startswith("E") else "Exchange2013_SP1"
    if exchange.version.schema.name == "EXCHANGE2013":
        version = "Exchange2013"
    with serve(exchange, schema_dir=SCHEMAS if SCHEMAS.is_dir() else None) as simulator:
        client = Client(simulator)
        for kind, xml in KINDS.items():
            made = create(client, xml, version=version)
            assert made.codes == ["NoError"], kind
            shape = "<t:BaseShape>AllProperties</t:BaseShape>"
            shown = client.call(
                f"<m:GetItem><m:ItemShape>{shape}</m:ItemShape><m:ItemIds>"
                f'<t:ItemId Id="{one_id(made)[0]}"/></m:ItemIds></m:GetItem>',
                version=version,
            )
            assert shown.codes == ["NoError"]
            assert [etree.QName(one).localname for one in shown.xml.iterfind(".//m:Items/*", NS)] == [kind]
        client.close()


def test_what_a_client_has_to_say_is_asked_for(client: Client) -> None:
    silent = 'SendMeetingInvitations="SendToNone"'
    assert create(client, message(), attributes=silent).codes == ["ErrorMessageDispositionRequired"]
    quiet = 'MessageDisposition="SaveOnly"'
    assert create(client, KINDS["CalendarItem"], attributes=quiet).codes == [
        "ErrorSendMeetingInvitationsRequired"
    ]
    item = one_id(create(client, message()))
    subject = put("item:Subject", "<t:Subject>x</t:Subject>")
    assert update(client, item, subject, attributes="").codes == ["ErrorMessageDispositionRequired"]
    meeting = one_id(create(client, KINDS["CalendarItem"]))
    location = put("calendar:Location", "<t:Location>x</t:Location>", "CalendarItem")
    assert update(client, meeting, location, attributes="").codes == [
        "ErrorSendMeetingInvitationsOrCancellationsRequired"
    ]
    assert delete(client, meeting[0]).codes == ["ErrorSendMeetingCancellationsRequired"]
    task = one_id(create(client, KINDS["Task"]))
    assert delete(client, task[0]).codes == ["ErrorAffectedTaskOccurrencesRequired"]


def delete(client: Client, item: str, how: str = "HardDelete", attributes: str = "") -> Reply:
    return client.call(
        f'<m:DeleteItem DeleteType="{how}" {attributes}><m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:DeleteItem>'
    )


def test_items_are_made_in_the_usual_folder_and_only_where_they_belong(
    exchange: Exchange, client: Client
) -> None:
    folders = {"Message": "drafts", "Contact": "contacts", "Task": "tasks", "CalendarItem": "calendar"}
    mailbox = exchange.mailbox(MAILBOX)
    for kind, folder in folders.items():
        create(client, KINDS[kind])
        assert len(mailbox.distinguished_folder(folder).items) == 1
    for kind, code in (
        ("Contact", "ErrorCannotCreateContactInNonContactFolder"),
        ("Task", "ErrorCannotCreateTaskInNonTaskFolder"),
        ("CalendarItem", "ErrorCannotCreateCalendarItemInNonCalendarFolder"),
    ):
        assert create(client, KINDS[kind], folder="inbox").codes == [code]
    assert create(client, KINDS["PostItem"], folder="calendar").codes == [
        "ErrorCannotCreatePostItemInNonMailFolder"
    ]


def test_only_what_is_saved_without_being_sent_gets_an_id(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox(GRACE)
    for how in ("SendOnly", "SendAndSaveCopy"):
        reply = create(
            client,
            message(f"<t:Subject>{how}</t:Subject>{TO_GRACE}"),
            attributes=f'MessageDisposition="{how}"',
        )
        assert (reply.codes, reply.attributes(".//t:ItemId", "Id")) == (["NoError"], [])
    mailbox = exchange.mailbox(MAILBOX)
    assert len(mailbox.distinguished_folder("sentitems").items) == 1
    assert len(exchange.mailbox(GRACE).inbox.items) == 2


def test_a_message_for_nobody_or_for_no_address_is_not_sent(exchange: Exchange, client: Client) -> None:
    nobody = create(client, message(), attributes='MessageDisposition="SendOnly"')
    wrong = TO_GRACE.replace(GRACE, "not an address")
    bad = create(client, message(wrong), attributes='MessageDisposition="SendOnly"')
    assert nobody.codes == bad.codes == ["ErrorInvalidRecipients"]
    assert exchange.outbox == []


def test_a_read_only_property_can_neither_be_set_nor_deleted(client: Client) -> None:
    item = one_id(create(client, message()))
    size = put("item:Size", "<t:Size>5</t:Size>")
    gone = '<t:DeleteItemField><t:FieldURI FieldURI="item:Size"/></t:DeleteItemField>'
    foreign = put("contacts:GivenName", "<t:Subject>x</t:Subject>")
    assert update(client, item, size).codes == ["ErrorInvalidPropertySet"]
    assert update(client, item, gone).codes == ["ErrorInvalidPropertyDelete"]
    assert update(client, item, foreign).codes == ["ErrorInvalidPropertySet"]
    assert create(client, message("<t:Size>5</t:Size>")).codes == ["ErrorInvalidPropertySet"]


def test_an_update_sets_one_property_and_the_one_that_it_names(client: Client) -> None:
    item = one_id(create(client, message()))
    two = put("item:Subject", "<t:Subject>a</t:Subject><t:Sensitivity>Private</t:Sensitivity>")
    none = put("item:Subject", "")
    other = put("item:Subject", "<t:Sensitivity>Private</t:Sensitivity>")
    assert update(client, item, two).codes == ["ErrorIncorrectUpdatePropertyCount"]
    assert update(client, item, none).codes == ["ErrorIncorrectUpdatePropertyCount"]
    assert update(client, item, other).codes == ["ErrorUpdatePropertyMismatch"]


def test_bodies_and_lists_are_appended_to_and_nothing_else(client: Client) -> None:
    item = one_id(create(client, message("<t:Body BodyType='Text'>one</t:Body>" + TO_GRACE)))
    more = put("item:Body", "<t:Body BodyType='Text'> two</t:Body>", verb="AppendToItemField") + put(
        "message:ToRecipients", TO_GRACE.replace(GRACE, "h@example.com"), verb="AppendToItemField"
    )
    assert update(client, item, more).codes == ["NoError"]
    shown = client.get_items(item[0])
    assert shown.texts(".//t:Body") == ["one two"]
    assert shown.texts(".//t:ToRecipients//t:EmailAddress") == [GRACE, "h@example.com"]
    subject = put("item:Subject", "<t:Subject>x</t:Subject>", verb="AppendToItemField")
    assert update(client, (item[0], one_id(shown)[1]), subject).codes == ["ErrorInvalidPropertyAppend"]


def test_conflicts_are_found_by_change_key(client: Client) -> None:
    item = one_id(create(client, message()))
    subject = put("item:Subject", "<t:Subject>x</t:Subject>")
    changed = update(client, item, subject)
    assert changed.texts(".//m:ConflictResults/t:Count") == ["0"]
    assert one_id(changed)[1] != item[1]
    assert update(client, item, subject, mode="NeverOverwrite").codes == ["ErrorIrresolvableConflict"]
    assert update(client, item, subject, mode="AutoResolve").codes == ["ErrorIrresolvableConflict"]
    assert update(client, item, subject, mode="AlwaysOverwrite").codes == ["NoError"]
    assert update(client, (item[0], None), subject).codes == ["ErrorChangeKeyRequiredForWriteOperations"]
    assert update(client, (item[0], "rubbish"), subject).codes == ["ErrorInvalidChangeKey"]


def test_a_message_that_was_sent_keeps_its_recipients_but_not_its_subject(
    exchange: Exchange, client: Client
) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    key = one_id(client.get_items(item))[1]
    assert update(client, (item, key), put("message:ToRecipients", TO_GRACE)).codes == [
        "ErrorInvalidPropertyUpdateSentMessage"
    ]
    assert update(client, (item, key), put("item:Subject", "<t:Subject>x</t:Subject>")).codes == ["NoError"]
    assert client.get_items(item).texts(".//t:Subject") == ["x"]


def test_an_item_class_of_another_kind_is_refused(client: Client) -> None:
    wrong = message("<t:ItemClass>IPM.Contact</t:ItemClass>")
    own = message("<t:ItemClass>IPM.Note.CRM</t:ItemClass>")
    assert create(client, wrong).codes == ["ErrorObjectTypeChanged"]
    assert client.get_items(one_id(create(client, own))[0]).texts(".//t:ItemClass") == ["IPM.Note.CRM"]


def test_an_item_is_sent_with_its_current_change_key_only(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox(GRACE)
    item = one_id(create(client, message(TO_GRACE)))
    current = one_id(update(client, item, put("item:Subject", "<t:Subject>x</t:Subject>")))

    def send(key: str | None, save: str = "true", folder: str = "") -> Reply:
        given = f' ChangeKey="{key}"' if key else ""
        return client.call(
            f'<m:SendItem SaveItemToFolder="{save}"><m:ItemIds><t:ItemId Id="{item[0]}"{given}/></m:ItemIds>{folder}</m:SendItem>'
        )

    saved = '<m:SavedItemFolderId><t:DistinguishedFolderId Id="junkemail"/></m:SavedItemFolderId>'
    assert send(item[1]).codes == ["ErrorStaleObject"]
    assert send(None).codes == ["ErrorChangeKeyRequiredForWriteOperations"]
    assert send(current[1], "false", saved).codes == ["ErrorInvalidSendItemSaveSettings"]
    assert send(current[1], "true", saved).codes == ["NoError"]
    assert len(exchange.mailbox(MAILBOX).distinguished_folder("junkemail").items) == 1
    assert client.get_items(item[0]).codes == ["ErrorItemNotFound"]


def test_an_attachment_changes_its_item_and_tells_the_new_change_key(client: Client) -> None:
    item = one_id(create(client, message()))
    content = base64.b64encode(b"alpha").decode()
    made = client.call(
        f'<m:CreateAttachment><m:ParentItemId Id="{item[0]}"/><m:Attachments><t:FileAttachment><t:Name>a.txt</t:Name>'
        f"<t:Content>{content}</t:Content></t:FileAttachment><t:ItemAttachment><t:Name>Inner</t:Name>"
        "<t:Message><t:Subject>Inner</t:Subject></t:Message></t:ItemAttachment></m:Attachments></m:CreateAttachment>"
    )
    assert made.codes == ["NoError", "NoError"]
    key = made.attributes(".//t:AttachmentId", "RootItemChangeKey")[-1]
    assert key == one_id(client.get_items(item[0]))[1] != item[1]
    first = made.attributes(".//t:AttachmentId", "Id")[0]
    removed = client.call(
        f'<m:DeleteAttachment><m:AttachmentIds><t:AttachmentId Id="{first}"/><t:AttachmentId Id="{first}"/>'
        "</m:AttachmentIds></m:DeleteAttachment>"
    )
    assert removed.codes == ["NoError", "ErrorInvalidAttachmentId"]
    assert removed.attributes(".//m:RootItemId", "RootItemChangeKey") == [
        one_id(client.get_items(item[0]))[1]
    ]
    assert client.get_items(item[0]).texts(".//t:Attachments//t:Name") == ["Inner"]


def test_an_attachment_is_added_to_a_delivered_message_without_losing_its_own(
    exchange: Exchange, client: Client
) -> None:
    mime = (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\ntext\r\n"
        b"--o\r\nContent-Type: application/x-y; name=own.bin\r\n\r\nown\r\n--o--\r\n"
    )
    item = exchange.deliver(mime, [MAILBOX])[0]
    client.call(
        f'<m:CreateAttachment><m:ParentItemId Id="{item}"/><m:Attachments><t:FileAttachment><t:Name>new.bin</t:Name>'
        "<t:Content>bmV3</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>"
    )
    assert client.get_items(item).texts(".//t:FileAttachment/t:Name") == ["own.bin", "new.bin"]
    shape = "<t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>"
    made = base64.b64decode(client.get_items(item, shape=shape).texts(".//t:MimeContent")[0])
    assert b"own.bin" in made
    assert b"new.bin" in made


def test_items_are_soft_deleted_into_the_recoverable_ones_and_found_from_their_folder(
    exchange: Exchange, client: Client
) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    assert delete(client, item, "SoftDelete").codes == ["NoError"]
    found = client.call(
        '<m:FindItem Traversal="SoftDeleted"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>'
        '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>'
    )
    assert found.texts(".//t:Subject") == ["Compiler 1"]
    assert delete(client, item).codes == ["ErrorItemNotFound"]


def test_items_move_and_are_copied_inside_a_mailbox_only(exchange: Exchange, client: Client) -> None:
    other = exchange.add_mailbox(GRACE)
    other.delegates.add("svc-crm@example.org")
    item = exchange.deliver(plain(1), [MAILBOX])[0]

    def carry(operation: str, folder: str, more: str = "") -> Reply:
        return client.call(
            f'<m:{operation}><m:ToFolderId>{folder}</m:ToFolderId><m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds>{more}</m:{operation}>'
        )

    hers = f'<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>{GRACE}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>'
    junk = '<t:DistinguishedFolderId Id="junkemail"/>'
    assert carry("MoveItem", hers).codes == ["ErrorCrossMailboxMoveCopy"]
    copied = carry("CopyItem", junk)
    assert copied.attributes(".//t:ItemId", "Id") not in ([], [item])
    silent = carry("MoveItem", junk, "<m:ReturnNewItemIds>false</m:ReturnNewItemIds>")
    assert (silent.codes, silent.attributes(".//t:ItemId", "Id")) == (["NoError"], [])
    keys = {search_key(client, one) for one in sync_ids(client, "junkemail")}
    assert len(keys) == 1


def sync_ids(client: Client, folder: str) -> list[str]:
    return client.sync(folder=folder).attributes(".//m:Changes//t:ItemId", "Id")


def search_key(client: Client, item: str) -> str:
    shape = (
        "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:ExtendedFieldURI PropertyTag="0x300B" PropertyType="Binary"/></t:AdditionalProperties>'
    )
    return client.get_items(item, shape=shape).texts(".//t:Value")[0]


def test_a_property_is_one_value_by_element_and_by_tag(client: Client) -> None:
    by_tag = (
        '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x3A06" PropertyType="String"/><t:Value>Grace</t:Value>'
        "</t:ExtendedProperty>"
    )
    contact = one_id(create(client, f"<t:Contact>{by_tag}<t:DisplayName>x</t:DisplayName></t:Contact>"))
    assert client.get_items(contact[0]).texts(".//t:GivenName") == ["Grace"]
    importance = (
        '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0017" PropertyType="Integer"/><t:Value>2</t:Value>'
        "</t:ExtendedProperty>"
    )
    item = one_id(create(client, message(importance)))
    assert client.get_items(item[0]).texts(".//t:Importance") == ["High"]


def test_a_value_that_does_not_fit_its_type_is_refused(client: Client) -> None:
    def stamp(kind: str, value: str) -> str:
        uri = f'<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="x" PropertyType="{kind}"/>'
        return message(f"<t:ExtendedProperty>{uri}{value}</t:ExtendedProperty>")

    assert create(client, stamp("Integer", "<t:Value>many</t:Value>")).codes == [
        "ErrorInvalidExtendedPropertyValue"
    ]
    assert create(client, stamp("Object", "<t:Value>x</t:Value>")).codes == [
        "ErrorUnsupportedMapiPropertyType"
    ]
    fine = "<t:Values><t:Value>2026-01-01T00:00:00Z</t:Value></t:Values>"
    assert create(client, stamp("SystemTimeArray", fine)).codes == ["NoError"]


def test_marking_all_as_read_and_archiving(exchange: Exchange, client: Client) -> None:
    for number in range(3):
        item = exchange.deliver(plain(number), [MAILBOX])[0]
    marked = client.call(
        "<m:MarkAllItemsAsRead><m:ReadFlag>true</m:ReadFlag><m:SuppressReadReceipts>true</m:SuppressReadReceipts>"
        '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:MarkAllItemsAsRead>'
    )
    assert (marked.codes, exchange.mailbox(MAILBOX).inbox.unread) == (["NoError"], 0)
    archived = client.call(
        '<m:ArchiveItem><m:ArchiveSourceFolderId><t:DistinguishedFolderId Id="inbox"/></m:ArchiveSourceFolderId>'
        f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:ArchiveItem>'
    )
    assert archived.codes == ["ErrorArchiveMailboxNotEnabled"]


def test_an_operation_that_is_newer_than_the_request_is_a_fault(client: Client) -> None:
    reply = client.call("<m:MarkAllItemsAsRead/>", version="Exchange2010_SP2")
    assert (reply.status, reply.codes) == (500, ["ErrorInvalidRequest"])


def test_a_receipt_is_suppressed_once(exchange: Exchange, client: Client) -> None:
    asked = plain(1).replace(b"Subject:", b"Disposition-Notification-To: grace@example.com\r\nSubject:")
    item = exchange.deliver(asked, [MAILBOX])[0]
    wish = f'<t:SuppressReadReceipt><t:ReferenceItemId Id="{item}"/></t:SuppressReadReceipt>'
    assert create(client, wish).codes == ["NoError"]
    assert create(client, wish).codes == ["ErrorReadReceiptNotPending"]


PERMISSION = (
    "<m:UpdateFolder><m:FolderChanges><t:FolderChange><t:DistinguishedFolderId Id='inbox'/><t:Updates><t:SetFolderField>"
    "<t:FieldURI FieldURI='folder:PermissionSet'/><t:Folder><t:PermissionSet><t:Permissions><t:Permission>{user}"
    "<t:PermissionLevel>Author</t:PermissionLevel></t:Permission></t:Permissions></t:PermissionSet></t:Folder>"
    "</t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>"
)
READ_PERMISSIONS = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI "
    "FieldURI='folder:PermissionSet'/></t:AdditionalProperties></m:FolderShape><m:FolderIds>"
    "<t:DistinguishedFolderId Id='inbox'/></m:FolderIds></m:GetFolder>"
)


def test_a_permission_level_is_answered_with_all_that_it_stands_for(client: Client) -> None:
    user = "<t:UserId><t:PrimarySmtpAddress>ben@example.org</t:PrimarySmtpAddress></t:UserId>"
    assert client.call(PERMISSION.format(user=user)).codes == ["NoError"]
    reply = client.call(READ_PERMISSIONS)
    (permission,) = reply.xml.iterfind(".//t:Permission", NS)
    assert {etree.QName(one).localname: one.text for one in permission[1:]} == {
        "CanCreateItems": "true",
        "CanCreateSubFolders": "false",
        "IsFolderOwner": "false",
        "IsFolderVisible": "true",
        "IsFolderContact": "false",
        "EditItems": "Owned",
        "DeleteItems": "Owned",
        "ReadItems": "FullDetails",
        "PermissionLevel": "Author",
    }


def test_a_permission_for_nobody_is_refused(client: Client) -> None:
    assert client.call(PERMISSION.format(user="<t:UserId/>")).codes == ["ErrorMissingUserIdInformation"]
