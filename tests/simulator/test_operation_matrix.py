"""Every operation on every version: success, or the fault that a server of this version gives, in valid XML each time."""

import re

import pytest
from lxml import etree

from serversync.simulator import Exchange
from serversync.simulator.operations import ELEMENTS, MISSING, OPERATIONS, SINCE
from serversync.simulator.shape import Shape
from serversync.simulator.versions import REQUEST_VERSIONS, SERVER_VERSIONS, Schema
from tests.simulator.conftest import (
    ACCOUNT,
    COLLECTION,
    MAILBOX,
    SCHEMAS,
    Client,
    Reply,
    Serve,
    make_exchange,
    plain,
)
from tests.simulator.test_directory import EVERY, GRACE

needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="../shared/ews-schema is not here")
SHAPE = "<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"
FOLDERS = "<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>"
INBOX = '<t:DistinguishedFolderId Id="inbox"/>'
ITEM = '<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds>'
PULL = (
    f"<m:Subscribe><m:PullSubscriptionRequest><t:FolderIds>{INBOX}</t:FolderIds><t:EventTypes>"
    "<t:EventType>NewMailEvent</t:EventType></t:EventTypes><t:Timeout>10</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>"
)
STREAMING = (
    f"<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>{INBOX}</t:FolderIds><t:EventTypes>"
    "<t:EventType>NewMailEvent</t:EventType></t:EventTypes></m:StreamingSubscriptionRequest></m:Subscribe>"
)
NEW_FOLDER = (
    f"<m:CreateFolder><m:ParentFolderId>{INBOX}</m:ParentFolderId><m:Folders><t:Folder>"
    "<t:DisplayName>{name}</t:DisplayName></t:Folder></m:Folders></m:CreateFolder>"
)
OWN = '<m:FolderIds><t:FolderId Id="{own}"/></m:FolderIds>'

PLAIN: dict[str, str] = {
    "ApplyConversationAction": "<m:ApplyConversationAction><m:ConversationActions><t:ConversationAction>"
    '<t:Action>SetReadState</t:Action><t:ConversationId Id="{conversation}"/><t:ContextFolderId>'
    f"{INBOX}</t:ContextFolderId><t:IsRead>true</t:IsRead></t:ConversationAction></m:ConversationActions>"
    "</m:ApplyConversationAction>",
    "ArchiveItem": f"<m:ArchiveItem><m:ArchiveSourceFolderId>{INBOX}</m:ArchiveSourceFolderId>{ITEM}</m:ArchiveItem>",
    "ConvertId": '<m:ConvertId DestinationFormat="HexEntryId"><m:SourceIds><t:AlternateId Format="EwsId" Id="{item}" '
    f'Mailbox="{MAILBOX}"/></m:SourceIds></m:ConvertId>',
    "CopyFolder": '<m:CopyFolder><m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId>'
    + OWN
    + "</m:CopyFolder>",
    "CopyItem": f'<m:CopyItem><m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId>{ITEM}</m:CopyItem>',
    "CreateAttachment": '<m:CreateAttachment><m:ParentItemId Id="{item}"/><m:Attachments><t:FileAttachment>'
    "<t:Name>a</t:Name><t:Content>AAAA</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>",
    "CreateFolder": NEW_FOLDER.replace("{name}", "Another"),
    "CreateFolderPath": f"<m:CreateFolderPath><m:ParentFolderId>{INBOX}</m:ParentFolderId><m:RelativeFolderPath>"
    "<t:Folder><t:DisplayName>A</t:DisplayName></t:Folder><t:Folder><t:DisplayName>B</t:DisplayName></t:Folder>"
    "</m:RelativeFolderPath></m:CreateFolderPath>",
    "CreateManagedFolder": "<m:CreateManagedFolder><m:FolderNames><t:FolderName>Legal</t:FolderName></m:FolderNames>"
    "</m:CreateManagedFolder>",
    "CreateItem": '<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:Subject>S</t:Subject></t:Message>'
    "</m:Items></m:CreateItem>",
    "DeleteAttachment": '<m:DeleteAttachment><m:AttachmentIds><t:AttachmentId Id="{attachment}"/></m:AttachmentIds>'
    "</m:DeleteAttachment>",
    "DeleteFolder": f'<m:DeleteFolder DeleteType="HardDelete">{OWN}</m:DeleteFolder>',
    "DeleteItem": f'<m:DeleteItem DeleteType="HardDelete">{ITEM}</m:DeleteItem>',
    "EmptyFolder": f'<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="false">{OWN}</m:EmptyFolder>',
    "ExpandDL": "<m:ExpandDL><m:Mailbox><t:EmailAddress>rooms@example.org</t:EmailAddress></m:Mailbox></m:ExpandDL>",
    "FindConversation": '<m:FindConversation><m:IndexedPageItemView MaxEntriesReturned="10" Offset="0" '
    f'BasePoint="Beginning"/><m:ParentFolderId>{INBOX}</m:ParentFolderId></m:FindConversation>',
    "FindFolder": f'<m:FindFolder Traversal="Deep">{FOLDERS}<m:ParentFolderIds>'
    '<t:DistinguishedFolderId Id="msgfolderroot"/></m:ParentFolderIds></m:FindFolder>',
    "FindItem": f'<m:FindItem Traversal="Shallow">{SHAPE}<m:ParentFolderIds>{INBOX}</m:ParentFolderIds></m:FindItem>',
    "FindPeople": '<m:FindPeople><m:IndexedPageItemView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/>'
    "<m:QueryString>ada</m:QueryString></m:FindPeople>",
    "GetAttachment": '<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="{attachment}"/></m:AttachmentIds>'
    "</m:GetAttachment>",
    "GetConversationItems": f"<m:GetConversationItems>{SHAPE}<m:Conversations><t:Conversation>"
    '<t:ConversationId Id="{conversation}"/></t:Conversation></m:Conversations></m:GetConversationItems>',
    "GetEvents": "<m:GetEvents><m:SubscriptionId>{subscription}</m:SubscriptionId><m:Watermark>{watermark}</m:Watermark>"
    "</m:GetEvents>",
    "GetFolder": f"<m:GetFolder>{FOLDERS}<m:FolderIds>{INBOX}</m:FolderIds></m:GetFolder>",
    "GetItem": f"<m:GetItem>{SHAPE}{ITEM}</m:GetItem>",
    "GetPasswordExpirationDate": f"<m:GetPasswordExpirationDate><m:MailboxSmtpAddress>{ACCOUNT}</m:MailboxSmtpAddress>"
    "</m:GetPasswordExpirationDate>",
    "GetPersona": f"<m:GetPersona><m:EmailAddress><t:EmailAddress>{MAILBOX}</t:EmailAddress></m:EmailAddress></m:GetPersona>",
    "GetReminders": "<m:GetReminders/>",
    "GetSearchableMailboxes": "<m:GetSearchableMailboxes/>",
    "GetUserPhoto": f"<m:GetUserPhoto><m:Email>{MAILBOX}</m:Email><m:SizeRequested>HR48x48</m:SizeRequested></m:GetUserPhoto>",
    "GetUserRetentionPolicyTags": "<m:GetUserRetentionPolicyTags/>",
    "PerformReminderAction": "<m:PerformReminderAction><m:ReminderItemActions><t:ReminderItemAction>"
    '<t:ActionType>Dismiss</t:ActionType><t:ItemId Id="{item}" ChangeKey="{item_key}"/></t:ReminderItemAction>'
    "</m:ReminderItemActions></m:PerformReminderAction>",
    "GetServerTimeZones": '<m:GetServerTimeZones ReturnFullTimeZoneData="true"><m:Ids><t:Id>W. Europe Standard Time</t:Id>'
    "</m:Ids></m:GetServerTimeZones>",
    "MarkAllItemsAsRead": "<m:MarkAllItemsAsRead><m:ReadFlag>true</m:ReadFlag><m:SuppressReadReceipts>true"
    f"</m:SuppressReadReceipts><m:FolderIds>{INBOX}</m:FolderIds></m:MarkAllItemsAsRead>",
    "MarkAsJunk": f'<m:MarkAsJunk IsJunk="true" MoveItem="true">{ITEM}</m:MarkAsJunk>',
    "MoveFolder": '<m:MoveFolder><m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId>'
    + OWN
    + "</m:MoveFolder>",
    "MoveItem": f'<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId>{ITEM}</m:MoveItem>',
    "SendItem": '<m:SendItem SaveItemToFolder="true"><m:ItemIds><t:ItemId Id="{draft}" ChangeKey="{key}"/></m:ItemIds>'
    "</m:SendItem>",
    "Subscribe": PULL,
    "SyncFolderHierarchy": f"<m:SyncFolderHierarchy>{FOLDERS}</m:SyncFolderHierarchy>",
    "SyncFolderItems": f"<m:SyncFolderItems>{SHAPE}<m:SyncFolderId>{INBOX}</m:SyncFolderId>"
    "<m:MaxChangesReturned>10</m:MaxChangesReturned></m:SyncFolderItems>",
    "Unsubscribe": "<m:Unsubscribe><m:SubscriptionId>{subscription}</m:SubscriptionId></m:Unsubscribe>",
    "UpdateFolder": '<m:UpdateFolder><m:FolderChanges><t:FolderChange><t:FolderId Id="{own}"/><t:Updates>'
    '<t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/><t:Folder><t:DisplayName>Renamed</t:DisplayName>'
    "</t:Folder></t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>",
    "UpdateItem": '<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly"><m:ItemChanges>'
    '<t:ItemChange><t:ItemId Id="{draft}" ChangeKey="{key}"/><t:Updates><t:SetItemField>'
    '<t:FieldURI FieldURI="item:Subject"/><t:Message><t:Subject>N</t:Subject></t:Message></t:SetItemField></t:Updates>'
    "</t:ItemChange></m:ItemChanges></m:UpdateItem>",
}
"""A request of each operation that needs no operation before it."""

VERBS = ("Create", "Delete", "Get", "Update")
CODES = {
    "ArchiveItem": {"ErrorArchiveMailboxNotEnabled"},
    "CreateManagedFolder": {"ErrorManagedFolderNotFound"},
    "GetSearchableMailboxes": {"ErrorAccessDenied"},
    "GetUserPhoto": {"ErrorItemNotFound"},
}
"""What is answered where that is not ``NoError``."""


def spoken(exchange: Exchange) -> str:
    """The newest request version that a server knows."""
    known = [(schema, name) for name, schema in REQUEST_VERSIONS.items() if schema <= exchange.version.schema]
    return max(known)[1]


def prepare(exchange: Exchange, client: Client) -> dict[str, str]:
    """Ids of everything that requests name."""
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    version = spoken(exchange)

    def ask(request: str) -> Reply:
        return client.call(request, version=version)

    draft = ask(
        '<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:Subject>D</t:Subject><t:ToRecipients>'
        f"<t:Mailbox><t:EmailAddress>{GRACE}</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>"
    ).attributes(".//t:ItemId", "Id")[0]
    attached = ask(PLAIN["CreateAttachment"].replace("{item}", draft))
    pulled = ask(PULL)
    found = ask(f"<m:GetFolder>{FOLDERS}<m:FolderIds>{INBOX}</m:FolderIds></m:GetFolder>")
    mailbox, stored = exchange.find_item(item)
    view = exchange.view(mailbox, stored, Shape(exchange.version.schema))
    return {
        "item": item,
        "item_key": mailbox.change_key(stored),
        "conversation": view.get("item:ConversationId") or "",
        "draft": draft,
        "key": attached.attributes(".//t:AttachmentId", "RootItemChangeKey")[0],
        "attachment": attached.attributes(".//t:AttachmentId", "Id")[0],
        "own": ask(NEW_FOLDER.replace("{name}", f"Own {item[-20:]}")).attributes(".//t:FolderId", "Id")[0],
        "folder": found.attributes(".//t:FolderId", "Id")[0],
        "subscription": pulled.texts(".//m:SubscriptionId")[0],
        "watermark": pulled.texts(".//m:Watermark")[0],
    }


def element_name(operation: str) -> str:
    return next((name for name, meant in ELEMENTS.items() if meant == operation), operation)


@pytest.mark.parametrize("product", SERVER_VERSIONS)
def test_every_operation_answers_on_every_version(product: str, serve: Serve) -> None:
    exchange = make_exchange(product)
    grace = exchange.add_mailbox(GRACE, display_name="Grace Hopper")
    exchange.add_room_list("rooms@example.org", "Rooms", [grace])
    with serve(exchange) as simulator:
        client = Client(simulator)
        for operation, request in PLAIN.items():
            sent = request
            for name, value in prepare(exchange, client).items():
                sent = sent.replace(f"{{{name}}}", value)
            reply = client.call(sent, version=spoken(exchange))
            if SINCE.get(operation, Schema.EXCHANGE2007) > exchange.version.schema:
                assert (reply.status, reply.codes) == (500, ["ErrorInvalidRequest"]), operation
            else:
                assert set(reply.codes) == CODES.get(operation, {"NoError"}), (operation, reply.body)
                assert (
                    reply.xml.find(".//{*}Body")[0]
                    .tag.removesuffix("Message")
                    .endswith(f"{operation}Response")
                )
        client.close()
    assert {*PLAIN, *EVERY, "GetStreamingEvents"} == set(OPERATIONS)


@pytest.mark.parametrize("product", SERVER_VERSIONS)
def test_a_request_in_an_older_version_knows_only_the_operations_of_that(product: str, serve: Serve) -> None:
    exchange = make_exchange(product)
    with serve(exchange) as simulator:
        client = Client(simulator)
        known = {name: step for name, step in REQUEST_VERSIONS.items() if step <= exchange.version.schema}
        for version in ("Exchange2007", "Exchange2010_SP1", "Exchange2013"):
            for operation, since in SINCE.items():
                if version not in known or since <= known[version]:
                    continue
                reply = client.call(f"<m:{element_name(operation)}/>", version=version)
                assert (reply.status, reply.codes) == (500, ["ErrorInvalidRequest"]), operation
        client.close()


@pytest.mark.parametrize("product", ["Exchange2010_SP3", "Exchange2013_SP1", "ExchangeSE"])
def test_an_operation_that_is_not_carried_out_says_so_and_one_of_nobody_is_not_known(
    product: str, serve: Serve
) -> None:
    exchange = make_exchange(product)
    with serve(exchange) as simulator:
        client = Client(simulator)
        for operation, missing in MISSING.items():
            reply = client.call(f"<m:{operation}/>", version=spoken(exchange))
            wanted = missing.code if missing.since <= exchange.version.schema else "ErrorInvalidRequest"
            assert (reply.status, reply.codes) == (500, [wanted]), operation
        for body in ("<m:MakeCoffee/>", "<t:GetItem/>", '<GetItem xmlns="urn:x"/>', ""):
            assert client.call(body).status == 500
        client.close()
    assert not set(MISSING) & set(OPERATIONS)


@needs_schemas
@pytest.mark.parametrize(
    ("folder", "step"),
    [
        ("exchange2007_sp1", Schema.EXCHANGE2007_SP1),
        ("exchange2010_sp1", Schema.EXCHANGE2010_SP1),
        ("exchange2010_sp2", Schema.EXCHANGE2010_SP2),
        ("exchange_se_15.2.2562.17", Schema.EXCHANGE2016),
    ],
)
def test_every_operation_that_a_product_describes_is_known_since_then(folder: str, step: Schema) -> None:
    described = set(
        re.findall(r'<wsdl:operation name="(\w+)"', (SCHEMAS / folder / "services.wsdl").read_text())
    )
    renamed = {f"{name}MeetingInstance": f"{name}MeetingInstanceRequest" for name in VERBS}
    known = {name for name in OPERATIONS if SINCE.get(name, step) <= step}
    known |= {name for name, missing in MISSING.items() if missing.since <= step}
    assert {renamed.get(name, name) for name in described} <= known


@needs_schemas
def test_with_schemas_an_unknown_element_or_attribute_is_a_violation(serve: Serve) -> None:
    with serve(make_exchange(), schema_dir=SCHEMAS) as simulator:
        client = Client(simulator)
        for operation in OPERATIONS:
            element = element_name(operation)
            reply = client.call(f"<m:{element}><m:Nonsense/></m:{element}>")
            assert (reply.status, reply.codes) == (500, ["ErrorSchemaValidation"]), operation
            assert reply.texts(".//t:LineNumber"), operation
        client.close()


@needs_schemas
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_the_schemas_know_an_operation_from_its_first_version_on(operation: str) -> None:
    folders = {
        Schema.EXCHANGE2007_SP1: "exchange2007_sp1",
        Schema.EXCHANGE2010_SP1: "exchange2010_sp1",
        Schema.EXCHANGE2010_SP2: "exchange2010_sp2",
        Schema.EXCHANGE2013_SP1: "exchange2013_sp1",
    }
    since = SINCE.get(operation, Schema.EXCHANGE2007)
    for step, folder in folders.items():
        element = etree.Element(
            f"{{http://schemas.microsoft.com/exchange/services/2006/messages}}{element_name(operation)}"
        )
        is_unknown = any(
            "No matching global declaration" in one for one in COLLECTION.violations(folder, element)
        )
        assert is_unknown == (step < since), (operation, folder)


@needs_schemas
@pytest.mark.parametrize("product", SERVER_VERSIONS)
def test_every_condition_is_valid_alone_and_inside_others_on_every_version(
    product: str, serve: Serve
) -> None:
    path, constant = '<t:FieldURI FieldURI="item:Subject"/>', '<t:Constant Value="x"/>'
    contains = f'<t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">{path}{constant}</t:Contains>'
    single = [
        contains,
        f"<t:Exists>{path}</t:Exists>",
        '<t:Excludes><t:FieldURI FieldURI="item:Size"/><t:Bitmask Value="1"/></t:Excludes>',
        *(
            f"<t:{name}>{path}<t:FieldURIOrConstant>{constant}</t:FieldURIOrConstant></t:{name}>"
            for name in (
                "IsEqualTo",
                "IsNotEqualTo",
                "IsGreaterThan",
                "IsGreaterThanOrEqualTo",
                "IsLessThan",
                "IsLessThanOrEqualTo",
            )
        ),
    ]
    conditions = [*single, *(f"<t:Not>{one}</t:Not>" for one in single)]
    conditions += [f"<t:{name}>{contains}{one}</t:{name}>" for name in ("And", "Or") for one in single]
    exchange = make_exchange(product)
    with serve(exchange, schema_dir=SCHEMAS) as simulator:
        client = Client(simulator)
        for condition in conditions:
            reply = client.call(
                '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>'
                f"<m:Restriction>{condition}</m:Restriction><m:ParentFolderIds>{INBOX}</m:ParentFolderIds></m:FindItem>",
                version=spoken(exchange),
            )
            assert reply.codes == ["NoError"], (condition, reply.body)
        client.close()
