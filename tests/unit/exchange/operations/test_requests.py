"""Every request is what Microsoft's own schemas accept, in all versions that we speak."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from serversync.exchange.namespaces import MESSAGES, TYPES, soap
from serversync.exchange.operations.create_attachment import CreateAttachment, NewFile
from serversync.exchange.operations.create_folder import CreateFolder
from serversync.exchange.operations.create_item import CreateItem, MessageDisposition, SendMeetingInvitations
from serversync.exchange.operations.create_user_configuration import CreateUserConfiguration
from serversync.exchange.operations.delete_attachment import DeleteAttachment
from serversync.exchange.operations.delete_item import DeleteItem, DeleteType, SendMeetingCancellations
from serversync.exchange.operations.find_folder import FindFolder, FolderTraversal
from serversync.exchange.operations.find_item import FindItem, SortOrder
from serversync.exchange.operations.get_attachment import GetAttachment
from serversync.exchange.operations.get_events import GetEvents
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.get_password_expiration_date import GetPasswordExpirationDate
from serversync.exchange.operations.get_streaming_events import GetStreamingEvents
from serversync.exchange.operations.get_user_configuration import GetUserConfiguration
from serversync.exchange.operations.move_item import MoveItem
from serversync.exchange.operations.operation import Operation
from serversync.exchange.operations.resolve_names import ResolveNames
from serversync.exchange.operations.send_item import SendItem
from serversync.exchange.operations.subscribe import (
    PullSubscriptionRequest,
    PushSubscriptionRequest,
    StreamingSubscriptionRequest,
    Subscribe,
)
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.operations.unsubscribe import Unsubscribe
from serversync.exchange.operations.update_item import (
    ConflictResolution,
    ItemChange,
    SendMeetingInvitationsOrCancellations,
    UpdateItem,
)
from serversync.exchange.operations.update_user_configuration import UpdateUserConfiguration
from serversync.exchange.soap import envelope
from serversync.exchange.types.calendar_item import (
    CALENDAR_ITEM_FIELDS,
    CLEAN_GLOBAL_OBJECT_ID,
    SERIES_FIELDS,
    LegacyFreeBusyStatus,
)
from serversync.exchange.types.fields import ExtendedFieldURI, FieldURI
from serversync.exchange.types.ids import (
    AttachmentId,
    DistinguishedFolderId,
    FolderId,
    ItemId,
    OccurrenceItemId,
    RecurringMasterItemId,
)
from serversync.exchange.types.item import Body, Importance, InternetMessageHeader, Sensitivity
from serversync.exchange.types.message import Mailbox
from serversync.exchange.types.recurrence import Recurrence
from serversync.exchange.types.restriction import AllOf, Compare, Exists, any_equal_to, is_equal_to
from serversync.exchange.types.shapes import AttachmentShape, BaseShape, BodyType, FolderShape, ItemShape
from serversync.exchange.types.user_configuration import UserConfigurationName
from serversync.exchange.types.writing import NewItem
from serversync.exchange.version import RequestServerVersion

SCHEMAS = Path(__file__).parents[4].joinpath("..", "shared", "ews-schema").resolve()
pytestmark = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the schemas are not beside the project")

PROPERTIES = (
    FieldURI("item:Subject"),
    ExtendedFieldURI(property_type="Binary", property_tag=0x0FFF),
    ExtendedFieldURI(
        property_type="String", distinguished_property_set_id="PublicStrings", property_name='a"<&'
    ),
    ExtendedFieldURI(
        property_type="Integer", property_set_id="00062008-0000-0000-c000-000000000046", property_id=34070
    ),
)
STAMP = ExtendedFieldURI(
    property_type="String", distinguished_property_set_id="PublicStrings", property_name="stamp"
)
ADA, BEN = Mailbox("Ada", "ada@example.org", "SMTP"), Mailbox(None, "ben@example.org")
EVERYTHING = NewItem(
    "Message",
    {
        FieldURI("message:ReplyTo"): (BEN,),
        FieldURI("message:References"): "<1@example.org> <2@example.org>",
        FieldURI("message:IsRead"): True,
        FieldURI("message:From"): ADA,
        FieldURI("message:IsDeliveryReceiptRequested"): False,
        FieldURI("message:IsReadReceiptRequested"): True,
        FieldURI("message:BccRecipients"): (BEN,),
        FieldURI("message:CcRecipients"): (BEN, ADA),
        FieldURI("message:ToRecipients"): (ADA, BEN),
        FieldURI("message:Sender"): ADA,
        FieldURI("item:Culture"): "en-US",
        STAMP: "a<b&c",
        ExtendedFieldURI(property_type="Binary", property_tag=0x0071): b"\x01\x02",
        ExtendedFieldURI(property_type="Boolean", property_tag=0x0E01): True,
        ExtendedFieldURI(property_type="SystemTime", property_tag=0x3008): datetime(2026, 5, 4, tzinfo=UTC),
        ExtendedFieldURI(
            property_type="StringArray", distinguished_property_set_id="PublicStrings", property_name="k"
        ): ("a", "b"),
        FieldURI("item:ReminderMinutesBeforeStart"): 15,
        FieldURI("item:ReminderIsSet"): False,
        FieldURI("item:ReminderDueBy"): datetime(2026, 5, 4, tzinfo=UTC),
        FieldURI("item:InternetMessageHeaders"): (InternetMessageHeader("X-A", "b"),),
        FieldURI("item:InReplyTo"): "<1@example.org>",
        FieldURI("item:Importance"): Importance.HIGH,
        FieldURI("item:Categories"): ("Red", "Blue & green"),
        FieldURI("item:Body"): Body("<p>Hello</p>\x0b", BodyType.HTML),
        FieldURI("item:Sensitivity"): Sensitivity.PRIVATE,
        FieldURI("item:Subject"): "A\x1fsubject",
        FieldURI("item:ItemClass"): "IPM.Note",
        FieldURI("item:MimeContent"): b"From: a\r\n\r\nb",
    },
)
MEETING = {
    FieldURI("calendar:EndTimeZone"): "W. Europe Standard Time",
    FieldURI("calendar:StartTimeZone"): 'A "zone" & more',
    FieldURI("calendar:Resources"): (BEN,),
    FieldURI("calendar:OptionalAttendees"): (BEN,),
    FieldURI("calendar:RequiredAttendees"): (ADA, BEN),
    FieldURI("calendar:IsResponseRequested"): True,
    FieldURI("calendar:Location"): "Room <1>",
    FieldURI("calendar:LegacyFreeBusyStatus"): LegacyFreeBusyStatus.OOF,
    FieldURI("calendar:IsAllDayEvent"): False,
    FieldURI("calendar:End"): datetime(2026, 5, 4, 10, tzinfo=UTC),
    FieldURI("calendar:Start"): datetime(2026, 5, 4, 9, tzinfo=UTC),
    FieldURI("calendar:UID"): "a&b",
    STAMP: "1",
    FieldURI("item:ReminderMinutesBeforeStart"): 15,
    FieldURI("item:ReminderIsSet"): True,
    FieldURI("item:Sensitivity"): Sensitivity.PRIVATE,
    FieldURI("item:Subject"): "Meeting",
}
MONDAYS = Recurrence(
    pattern="WeeklyRecurrence", interval=2, days_of_week=("Monday",), start_date=date(2026, 5, 4)
)
SETTINGS = UserConfigurationName("Our.Settings", DistinguishedFolderId("root"))
SINCE = Compare("IsGreaterThanOrEqualTo", FieldURI("item:DateTimeReceived"), datetime(2026, 5, 4, tzinfo=UTC))
OPERATIONS = {
    "new message": CreateItem(
        items=(EVERYTHING, NewItem("Message", {})),
        message_disposition=MessageDisposition.SAVE_ONLY,
        saved_item_folder=DistinguishedFolderId("drafts"),
    ),
    "new message with an appointment's switch": CreateItem(
        items=(NewItem("Message", {FieldURI("item:Subject"): "x"}),),
        message_disposition=MessageDisposition.SEND_AND_SAVE_COPY,
        send_meeting_invitations=SendMeetingInvitations.SEND_TO_NONE,
    ),
    "change": UpdateItem(
        item_changes=(
            ItemChange(ItemId("a", "k"), "Message", {FieldURI("item:Categories"): ("Red", "a<b")}),
            ItemChange(ItemId("b", "k"), "Message", {}, (FieldURI("item:Categories"), STAMP)),
        ),
        conflict_resolution=ConflictResolution.NEVER_OVERWRITE,
    ),
    "new meeting": CreateItem(
        items=(NewItem("CalendarItem", MEETING),),
        send_meeting_invitations=SendMeetingInvitations.SEND_TO_ALL_AND_SAVE_COPY,
        saved_item_folder=DistinguishedFolderId("calendar"),
    ),
    "change of a meeting": UpdateItem(
        item_changes=(
            ItemChange(ItemId("a", "k"), "CalendarItem", MEETING, (FieldURI("calendar:Location"),)),
        ),
        conflict_resolution=ConflictResolution.NEVER_OVERWRITE,
        message_disposition=None,
        send_meeting_invitations_or_cancellations=(
            SendMeetingInvitationsOrCancellations.SEND_TO_CHANGED_AND_SAVE_COPY
        ),
    ),
    "new series": CreateItem(
        items=(NewItem("CalendarItem", MEETING | {FieldURI("calendar:Recurrence"): MONDAYS}),),
        send_meeting_invitations=SendMeetingInvitations.SEND_TO_NONE,
    ),
    "another pattern": UpdateItem(
        item_changes=(
            ItemChange(ItemId("a", "k"), "CalendarItem", {FieldURI("calendar:Recurrence"): MONDAYS}),
        ),
        message_disposition=None,
        send_meeting_invitations_or_cancellations=SendMeetingInvitationsOrCancellations.SEND_TO_NONE,
    ),
    "change of an occurrence": UpdateItem(
        item_changes=(ItemChange(OccurrenceItemId("a", 3, "k"), "CalendarItem", MEETING),),
        message_disposition=None,
        send_meeting_invitations_or_cancellations=SendMeetingInvitationsOrCancellations.SEND_TO_NONE,
    ),
    "delete an occurrence": DeleteItem(
        (OccurrenceItemId("a", 3),), send_meeting_cancellations=SendMeetingCancellations.SEND_TO_NONE
    ),
    "read a series": GetItem(
        (ItemId("a"), OccurrenceItemId("a", 3), RecurringMasterItemId("o")),
        ItemShape(additional_properties=SERIES_FIELDS),
    ),
    "cancel a meeting": DeleteItem(
        (ItemId("a"),), send_meeting_cancellations=SendMeetingCancellations.SEND_TO_ALL_AND_SAVE_COPY
    ),
    "read a meeting": GetItem(
        (ItemId("a"),), ItemShape(body_type=BodyType.TEXT, additional_properties=CALENDAR_ITEM_FIELDS)
    ),
    "search a meeting": FindItem(
        folders=(DistinguishedFolderId("calendar"),),
        restriction=is_equal_to(CLEAN_GLOBAL_OBJECT_ID, "BAAAAA=="),
    ),
    "move": MoveItem(FolderId("f"), (ItemId("a"), ItemId("b"))),
    "move to a folder that all have": MoveItem(DistinguishedFolderId("deleteditems"), (ItemId("a"),)),
    "delete": DeleteItem((ItemId("a"), ItemId("b"))),
    "delete for good": DeleteItem((ItemId("a"),), DeleteType.HARD_DELETE),
    "make a folder": CreateFolder(DistinguishedFolderId("msgfolderroot"), ("Undeliverable", "a & b")),
    "search folders": FindFolder(
        parent_folder=DistinguishedFolderId("inbox"),
        traversal=FolderTraversal.DEEP,
        restriction=is_equal_to(FieldURI("folder:DisplayName"), "Undeliverable"),
    ),
    "who is meant": ResolveNames(unresolved_entry="/o=Example/cn=Recipients/cn=Hal & <co>"),
    "send": SendItem(item_ids=(ItemId("a", "k"), ItemId("b", "l"))),
    "send without a copy": SendItem(item_ids=(ItemId("a", "k"),), save_item_to_folder=False),
    "send into a folder": SendItem(item_ids=(ItemId("a", "k"),), saved_item_folder=FolderId("f")),
    "no attachments any more": DeleteAttachment((AttachmentId("f & g"), AttachmentId("h"))),
    "new attachments": CreateAttachment(
        ItemId("a", "k"),
        (
            NewFile(name="a & b.txt", content=b"text", content_type="text/plain"),
            NewFile(name="c.png", content=b"x", content_type="image/png", content_id="c@1", is_inline=True),
            NewFile(name="ContactPicture.jpg", content=b"x", is_contact_photo=True),
        ),
    ),
    "search by mark": FindItem(
        folders=(DistinguishedFolderId("drafts"), DistinguishedFolderId("sentitems")),
        restriction=any_equal_to(STAMP, ("1", "2")),
    ),
    "search by everything": FindItem(
        folders=(FolderId("x"),),
        item_shape=ItemShape(additional_properties=PROPERTIES),
        restriction=AllOf((SINCE, Exists(STAMP), is_equal_to(FieldURI("message:IsRead"), constant=True))),
        sort_order=SortOrder(FieldURI("item:DateTimeReceived"), is_descending=True),
        offset=3,
        max_entries=7,
    ),
    "search hidden items": FindItem(folders=(DistinguishedFolderId("root"),), is_associated=True),
    "full message": GetItem((ItemId("a+/=", "k"), ItemId("b"))),
    "mime": GetItem(
        (ItemId("a"),),
        ItemShape(
            base_shape=BaseShape.ALL_PROPERTIES,
            include_mime_content=True,
            body_type=BodyType.BEST,
            filter_html_content=False,
            additional_properties=PROPERTIES,
        ),
    ),
    "first page": SyncFolderItems(DistinguishedFolderId("inbox")),
    "next page": SyncFolderItems(FolderId("f", "k"), "state", 1, PROPERTIES),
    "delegate folder": GetFolder((DistinguishedFolderId("inbox", "ben@example.org"), FolderId("x"))),
    "folder properties": GetFolder(
        (FolderId("x"),), FolderShape(base_shape=BaseShape.ID_ONLY, additional_properties=PROPERTIES)
    ),
    "attachments": GetAttachment((AttachmentId("a"), AttachmentId("b"))),
    "attachment shape": GetAttachment((AttachmentId("a"),), AttachmentShape(body_type=BodyType.TEXT)),
    "subscribe to pull": Subscribe(PullSubscriptionRequest(timeout=timedelta(days=9), watermark="a<b")),
    "subscribe to push": Subscribe(
        PushSubscriptionRequest(url="http://localhost/?a&b", folder_ids=(DistinguishedFolderId("inbox"),))
    ),
    "subscribe to stream": Subscribe(
        StreamingSubscriptionRequest(folder_ids=(DistinguishedFolderId("inbox"), FolderId("f")))
    ),
    "subscribe to everything": Subscribe(StreamingSubscriptionRequest()),
    "unsubscribe": Unsubscribe("a<b"),
    "events": GetEvents("a<b", "c"),
    "password": GetPasswordExpirationDate("ada&ben@example.org"),
    "own password": GetPasswordExpirationDate(),
    "read settings": GetUserConfiguration(SETTINGS),
    "keep settings": CreateUserConfiguration(SETTINGS, {"a": "b<c>&", "d": ""}),
    "keep settings in a folder": CreateUserConfiguration(UserConfigurationName("A", FolderId("f")), {}),
    "replace settings": UpdateUserConfiguration(SETTINGS, {"a": "b"}),
    "stream": GetStreamingEvents(("a<b", "c"), timedelta(hours=2)),
}


@cache
def schema(folder: str) -> etree.XMLSchema:
    """The schemas do not say where the name space of xml:lang is, so a wrapper does."""
    imports = [
        ("http://www.w3.org/XML/1998/namespace", SCHEMAS / "xml.xsd"),
        (TYPES, SCHEMAS / folder / "types.xsd"),
        (MESSAGES, SCHEMAS / folder / "messages.xsd"),
    ]
    lines = [f'<xs:import namespace="{name}" schemaLocation="{path.as_uri()}"/>' for name, path in imports]
    return etree.XMLSchema(
        etree.fromstring(
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{"".join(lines)}</xs:schema>'
        )
    )


@pytest.mark.parametrize(
    ("folder", "version"),
    [
        ("exchange2010_sp2", RequestServerVersion.EXCHANGE2010_SP2),
        ("exchange2013_sp1", RequestServerVersion.EXCHANGE2013_SP1),
        ("exchange_se_15.2.2562.17", RequestServerVersion.EXCHANGE2013_SP1),
    ],
)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_is_valid(name: str, folder: str, version: RequestServerVersion) -> None:
    operation: Operation[object] = OPERATIONS[name]
    document = etree.fromstring(envelope(operation, version, "ada@example.org"))
    schema(folder).assertValid(document.find(soap("Body"))[0])
    for header in document.find(soap("Header")):
        schema(folder).assertValid(header)
