"""The properties that every item has, whatever its kind."""

import base64

from serversync.simulator import identifiers
from serversync.simulator.addresses import Address
from serversync.simulator.bodytext import preview
from serversync.simulator.extended import extended_value
from serversync.simulator.externalimages import blocks_images, has_blocked_images, without_external_images
from serversync.simulator.identifiers import Identifier
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.flag import FLAG
from serversync.simulator.kinds.forms import (
    BASE64,
    BODY,
    BOOLEAN,
    INTEGER,
    STRINGS,
    TIME,
    BodyText,
    choice,
)
from serversync.simulator.kinds.property import ALWAYS, ASKED, DEFAULT, Access, Property, Row
from serversync.simulator.response import EwsError
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape
from serversync.simulator.storeditem import StoredAttachment
from serversync.simulator.versions import Schema
from serversync.simulator.webclient import edit_form, read_form
from serversync.simulator.xmltext import attribute, boolean, timestamp

_S10, _S10_2, _S13, _S16 = (
    Schema.EXCHANGE2010_SP1,
    Schema.EXCHANGE2010_SP2,
    Schema.EXCHANGE2013,
    Schema.EXCHANGE2016,
)
_PUBLIC_STRINGS = "00020329-0000-0000-c000-000000000046"
_COMMON = "00062008-0000-0000-c000-000000000046"

IMPORTANCE = choice("Low", "Normal", "High")
SENSITIVITY = choice("Normal", "Personal", "Private", "Confidential")


def _item_id(view: ItemView) -> str:
    if view.path:
        return ""
    return (
        f'<t:ItemId Id="{view.mailbox.item_id(view.item)}" ChangeKey="{view.mailbox.change_key(view.item)}"/>'
    )


def _parent_folder_id(view: ItemView) -> str:
    if view.path:
        return ""
    guid, number = view.mailbox.guid, view.item.folder
    change_key = identifiers.folder_change_key(guid, view.mailbox.folders[number].change)
    return f'<t:ParentFolderId Id="{identifiers.encode(Identifier(guid, number))}" ChangeKey="{change_key}"/>'


def _mime_content(view: ItemView) -> str:
    mime = view.mime
    if mime is None:
        if view.shape.include_mime_content:
            raise EwsError("ErrorUnsupportedMimeConversion")
        return ""
    return f'<t:MimeContent CharacterSet="UTF-8">{base64.b64encode(mime).decode()}</t:MimeContent>'


def _body(name: str) -> Row:
    def render(view: ItemView) -> str:
        kind, body = view.body(view.shape.body_type)
        if view.shape.block_external_images and blocks_images(view) and kind == "HTML":
            body = without_external_images(body)
        return f'<t:{name} BodyType="{kind}">{view.text(body)}</t:{name}>'

    return render


def _text_body(view: ItemView) -> str:
    return f'<t:TextBody BodyType="Text">{view.text(view.body("Text")[1])}</t:TextBody>'


def _body_value(view: ItemView) -> BodyText | None:
    html, plain = view.bodies
    if html is not None:
        return BodyText("HTML", html)
    return None if plain is None else BodyText("Text", plain)


def attachment_id(view: ItemView, attachment: StoredAttachment) -> str:
    """Return the id of an attachment of an item, however deep that is inside another one."""
    folder, number, occurrence = view.root
    path = (*view.path, attachment.number)
    return identifiers.encode(Identifier(view.mailbox.guid, folder, number, path, occurrence))


def attachment_ids(view: ItemView, attachment: StoredAttachment) -> str:
    """Return an attachment's element with nothing but its id."""
    name = "FileAttachment" if attachment.item is None else "ItemAttachment"
    return f'<t:{name}><t:AttachmentId Id="{attachment_id(view, attachment)}"/></t:{name}>'


def attachment_frame(view: ItemView, attachment: StoredAttachment) -> str:
    """Return what every answer says of an attachment: id, name, type, size, but not its content."""
    parts = [
        f'<t:AttachmentId Id="{attachment_id(view, attachment)}"/>',
        view.element("Name", attachment.name),
        view.element("ContentType", attachment.content_type),
        view.element("ContentId", attachment.content_id or ""),
        view.element("ContentLocation", attachment.content_location or ""),
    ]
    if view.shape.schema >= Schema.EXCHANGE2010:
        parts.append(f"<t:Size>{attachment.size}</t:Size>")
        parts.append(f"<t:LastModifiedTime>{timestamp(attachment.modified)}</t:LastModifiedTime>")
        parts.append(f"<t:IsInline>{boolean(attachment.is_inline)}</t:IsInline>")
        if attachment.item is None:
            parts.append(f"<t:IsContactPhoto>{boolean(attachment.is_contact_photo)}</t:IsContactPhoto>")
    return "".join(parts)


def _attachments(view: ItemView) -> str:
    if not view.attachments:
        return ""
    frames = []
    for one in view.attachments:
        name = "FileAttachment" if one.item is None else "ItemAttachment"
        frames.append(f"<t:{name}>{attachment_frame(view, one)}</t:{name}>")
    return f"<t:Attachments>{''.join(frames)}</t:Attachments>"


def _headers(view: ItemView) -> str:
    wanted = {name.lower() for name in view.shape.headers}
    is_all = "item:InternetMessageHeaders" in view.shape.fields or view.shape.base == "AllProperties"
    found = "".join(
        f"<t:InternetMessageHeader HeaderName={attribute(name)}>{view.text(value)}</t:InternetMessageHeader>"
        for name, value in view.content.internet_message_headers
        if is_all or name.lower() in wanted
    )
    return f"<t:InternetMessageHeaders>{found}</t:InternetMessageHeaders>" if found else ""


def _names(view: ItemView, uri: str) -> str:
    people: tuple[Address, ...] = view.get(uri) or ()
    return "; ".join(address.name or address.address for address in people)


def effective_rights(shape: Shape, *, is_folder: bool) -> str:
    """Return the ``EffectiveRights`` of the caller in a folder, or for an item of it."""
    rights = Right(shape.rights)
    can_create = is_folder and Right.CREATE in rights
    rows = (
        ("CreateAssociated", can_create),
        ("CreateContents", can_create),
        ("CreateHierarchy", is_folder and Right.CREATE_FOLDER in rights),
        ("Delete", (Right.OWN if is_folder else Right.DELETE) in rights),
        ("Modify", (Right.OWN if is_folder else Right.EDIT) in rights),
        ("Read", Right.READ in rights),
    )
    found = "".join(f"<t:{name}>{boolean(value)}</t:{name}>" for name, value in rows)
    if shape.schema >= Schema.EXCHANGE2010:
        found += f"<t:ViewPrivateItems>{boolean(Right.PRIVATE in rights)}</t:ViewPrivateItems>"
    return f"<t:EffectiveRights>{found}</t:EffectiveRights>"


def _conversation(view: ItemView) -> str:
    key = view.mailbox.guid.bytes + view.conversation_index[6:22]
    return base64.b64encode(b"AAQkAD" + key).decode()


def _conversation_id(view: ItemView) -> str:
    return f'<t:ConversationId Id="{_conversation(view)}"/>'


def _extended(view: ItemView) -> str:
    found = ((wanted, extended_value(view, wanted)) for wanted in view.shape.extended)
    return "".join(wanted.to_xml(value, view.text) for wanted, value in found if value is not None)


def _response_objects(view: ItemView) -> str:
    name = view.kind.element
    if name == "CalendarItem":
        found = _meeting_responses(view)
        return f"<t:ResponseObjects>{found}</t:ResponseObjects>" if found else ""
    if not view.kind.is_message or view.item.is_draft:
        return ""
    if name == "MeetingCancellation":
        return "<t:ResponseObjects><t:RemoveItem/><t:ForwardItem/></t:ResponseObjects>"
    found = "<t:ReplyToItem/><t:ReplyAllToItem/><t:ForwardItem/>"
    if view.get("message:IsReadReceiptRequested") and not view.item.is_read:
        found += "<t:SuppressReadReceipt/>"
    if name == "MeetingRequest" and not view.get("meeting:IsOutOfDate"):
        found = _ANSWERS + found + _new_time(view)
    return f"<t:ResponseObjects>{found}</t:ResponseObjects>"


def _meeting_responses(view: ItemView) -> str:
    """Return what can be done to a meeting: its organizer cancels, others answer."""
    if not view.get("calendar:IsMeeting") or view.get("calendar:IsCancelled"):
        return "<t:ForwardItem/>"
    is_own = view.get("calendar:MyResponseType") in {"Organizer", "Unknown"}
    first = "<t:CancelCalendarItem/>" if is_own else _ANSWERS
    last = "" if is_own else _new_time(view)
    return f"{first}<t:ReplyToItem/><t:ReplyAllToItem/><t:ForwardItem/>{last}"


def _new_time(view: ItemView) -> str:
    """Return what says that another time may be proposed, where the organizer takes proposals (2013 SP1 and later)."""
    is_known = view.shape.schema >= Schema.EXCHANGE2013_SP1
    may = (view.item.properties or {}).get("calendar:AllowNewTimeProposal", True)
    return "<t:ProposeNewTime/>" if is_known and may and not view.get("calendar:Recurrence") else ""


_ANSWERS = "<t:AcceptItem/><t:TentativelyAcceptItem/><t:DeclineItem/>"

ITEM_PROPERTIES: tuple[Property, ...] = (
    Property(
        "item:MimeContent", BASE64, level=ASKED, is_listed=False, access=Access.DRAFT, render=_mime_content
    ),
    Property("item:ItemId", level=ALWAYS, render=_item_id),
    Property("item:ParentFolderId", render=_parent_folder_id),
    Property("item:ItemClass", default=lambda view: view.item_class, access=Access.WRITE, tag=0x001A),
    Property(
        "item:Subject",
        default=lambda view: view.content.subject or None,
        level=DEFAULT,
        access=Access.WRITE,
        tag=0x0037,
    ),
    Property(
        "item:Sensitivity",
        SENSITIVITY,
        lambda view: view.content.sensitivity,
        DEFAULT,
        access=Access.WRITE,
        tag=0x0036,
    ),
    Property(
        "item:Body",
        BODY,
        _body_value,
        DEFAULT,
        is_listed=False,
        access=Access.WRITE,
        tag=0x1000,
        render=_body("Body"),
    ),
    Property("item:Attachments", level=DEFAULT, is_listed=False, access=Access.CREATE, render=_attachments),
    Property("item:DateTimeReceived", TIME, lambda view: view.item.received, tag=0x0E06),
    Property("item:Size", INTEGER, lambda view: view.size, DEFAULT),
    Property(
        "item:Categories",
        STRINGS,
        lambda view: view.content.categories or None,
        access=Access.WRITE,
        named=(_PUBLIC_STRINGS, "keywords"),
    ),
    Property(
        "item:Importance", IMPORTANCE, lambda view: view.content.importance, access=Access.WRITE, tag=0x0017
    ),
    Property(
        "item:InReplyTo",
        default=lambda view: view.content.in_reply_to or None,
        access=Access.WRITE,
        tag=0x1042,
    ),
    Property("item:IsSubmitted", BOOLEAN, lambda _view: False),
    Property("item:IsDraft", BOOLEAN, lambda view: view.item.is_draft),
    Property("item:IsFromMe", BOOLEAN, lambda _view: False),
    Property("item:IsResend", BOOLEAN, lambda _view: False),
    Property("item:IsUnmodified", BOOLEAN, lambda view: view.item.content_change == view.item.created_change),
    Property("item:InternetMessageHeaders", is_listed=False, render=_headers),
    Property(
        "item:DateTimeSent",
        TIME,
        lambda view: view.content.date_time_sent or (None if view.item.is_draft else view.item.received),
        DEFAULT,
        tag=0x0039,
    ),
    Property("item:DateTimeCreated", TIME, lambda view: view.item.created or view.item.received, DEFAULT),
    Property("item:ResponseObjects", level=DEFAULT, is_listed=False, render=_response_objects),
    Property("item:ReminderDueBy", TIME, access=Access.WRITE, named=(_COMMON, "34050")),
    Property(
        "item:ReminderIsSet", BOOLEAN, lambda _view: False, access=Access.WRITE, named=(_COMMON, "34051")
    ),
    Property("item:ReminderNextTime", TIME, since=_S13, access=Access.WRITE, named=(_COMMON, "34144")),
    Property(
        "item:ReminderMinutesBeforeStart",
        INTEGER,
        lambda _view: 0,
        access=Access.WRITE,
        named=(_COMMON, "34049"),
    ),
    Property("item:DisplayCc", default=lambda view: _names(view, "message:CcRecipients"), tag=0x0E03),
    Property("item:DisplayTo", default=lambda view: _names(view, "message:ToRecipients"), tag=0x0E04),
    Property(
        "item:DisplayBcc",
        default=lambda view: _names(view, "message:BccRecipients"),
        since=_S16,
        tag=0x0E02,
    ),
    Property("item:HasAttachments", BOOLEAN, lambda view: bool(view.attachments), DEFAULT),
    Property("ExtendedProperty", level=ASKED, access=Access.WRITE, render=_extended),
    Property("item:Culture", default=lambda _view: "en-US", access=Access.WRITE),
    Property("item:EffectiveRights", render=lambda view: effective_rights(view.shape, is_folder=False)),
    Property("item:LastModifiedName", default=lambda view: view.item.modifier or view.mailbox.display_name),
    Property("item:LastModifiedTime", TIME, lambda view: view.item.modified or view.item.received),
    Property("item:IsAssociated", BOOLEAN, lambda view: view.item.is_associated, since=_S10),
    Property("item:WebClientReadFormQueryString", default=read_form, level=ASKED, since=_S10),
    Property("item:WebClientEditFormQueryString", default=edit_form, level=ASKED, since=_S10),
    Property("item:ConversationId", default=_conversation, since=_S10, render=_conversation_id),
    Property("item:UniqueBody", level=ASKED, since=_S10, is_listed=False, render=_body("UniqueBody")),
    Property(
        "item:Flag",
        FLAG,
        lambda _view: {"FlagStatus": "NotFlagged"},
        since=_S13,
        access=Access.WRITE,
        tag=0x1090,
    ),
    Property("item:StoreEntryId", BASE64, lambda view: view.entry_id, ASKED, _S10_2),
    Property("item:InstanceKey", BASE64, lambda view: view.search_key[:8], since=_S13),
    Property("item:NormalizedBody", level=ASKED, since=_S13, is_listed=False, render=_body("NormalizedBody")),
    Property("item:EntityExtractionResult", level=ASKED, since=_S13),
    Property("item:PolicyTag", level=ASKED, since=_S13),
    Property("item:ArchiveTag", level=ASKED, since=_S13),
    Property("item:RetentionDate", TIME, level=ASKED, since=_S13),
    Property("item:Preview", default=lambda view: preview(view.body("Text")[1]), level=ASKED, since=_S13),
    Property("item:RightsManagementLicenseData", level=ASKED, since=_S13),
    Property("item:PredictedActionReasons", level=ASKED, since=_S13),
    Property("item:IsClutter", BOOLEAN, lambda _view: False, ASKED, _S13),
    Property("item:BlockStatus", BOOLEAN, lambda _view: False, ASKED, _S13),
    Property("item:HasBlockedImages", BOOLEAN, has_blocked_images, since=_S13),
    Property("item:TextBody", level=ASKED, since=_S13, is_listed=False, render=_text_body),
    Property("item:IconIndex", default=lambda _view: "Default", since=_S13),
    Property("item:SearchKey", BASE64, lambda view: view.search_key, ASKED, _S16),
)
"""What Item itself has, in the order of the schema."""


def adapt(properties: tuple[Property, ...], *changed: Property) -> tuple[Property, ...]:
    """Return a table in which some properties are replaced by others with the same field URI."""
    by_uri = {one.uri: one for one in changed}
    return tuple(by_uri.get(one.uri, one) for one in properties)
