"""Messages as EWS shows them: one row for each element, in the order of the schema.

The rows are walked for every message, so the result is kept by message, state and shape: a mailbox that is
read again costs next to nothing.
"""

import base64
from collections.abc import Callable
from functools import lru_cache

from serversync.simulator import identifiers
from serversync.simulator.addresses import Address
from serversync.simulator.bodytext import html_to_text, preview, text_to_html
from serversync.simulator.extended import extended_value
from serversync.simulator.identifiers import Identifier
from serversync.simulator.itemview import ItemView
from serversync.simulator.mime import Attachment, MessageContent
from serversync.simulator.shape import Shape
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import attribute, boolean, timestamp

Row = Callable[[ItemView], str]


def _item_id(view: ItemView) -> str:
    if view.path:
        return ""
    return f'<t:ItemId Id="{view.mailbox.item_id(view.message)}" ChangeKey="{view.mailbox.change_key(view.message)}"/>'


def _parent_folder_id(view: ItemView) -> str:
    if view.path:
        return ""
    guid, number = view.mailbox.guid, view.message.folder
    change_key = identifiers.folder_change_key(guid, view.mailbox.folders[number].change)
    return f'<t:ParentFolderId Id="{identifiers.encode(Identifier(guid, number))}" ChangeKey="{change_key}"/>'


def _mime_content(view: ItemView) -> str:
    return f'<t:MimeContent CharacterSet="UTF-8">{base64.b64encode(view.mime).decode()}</t:MimeContent>'


def _body_of(content: MessageContent, wanted: str) -> tuple[str, str]:
    """Return BodyType and body; Best gives what there is, HTML first."""
    html, plain = content.body_html, content.body_text
    if wanted == "Text" or (wanted == "Best" and html is None):
        return "Text", plain if plain is not None else html_to_text(html) if html is not None else ""
    return "HTML", html if html is not None else text_to_html(plain or "")


def _body(name: str) -> Row:
    def render(view: ItemView) -> str:
        kind, body = _body_of(view.content, view.shape.body_type)
        return f'<t:{name} BodyType="{kind}">{view.text(body)}</t:{name}>'

    return render


def _text_body(view: ItemView) -> str:
    return f'<t:TextBody BodyType="Text">{view.text(_body_of(view.content, "Text")[1])}</t:TextBody>'


def attachment_frame(view: ItemView, attachment: Attachment, path: tuple[int, ...]) -> str:
    """Return what every answer says of an attachment: id, name, type, size, but not its content."""
    newer = view.shape.schema >= Schema.EXCHANGE2010
    found = Identifier(view.mailbox.guid, view.message.folder, view.message.item, path)
    parts = [
        f'<t:AttachmentId Id="{identifiers.encode(found)}"/>',
        view.element("Name", attachment.name),
        view.element("ContentType", attachment.content_type),
        view.element("ContentId", attachment.content_id or ""),
        view.element("ContentLocation", attachment.content_location or ""),
    ]
    if newer:
        parts.append(f"<t:Size>{len(attachment.data)}</t:Size>")
        parts.append(f"<t:LastModifiedTime>{timestamp(view.message.received)}</t:LastModifiedTime>")
        parts.append(f"<t:IsInline>{boolean(attachment.is_inline)}</t:IsInline>")
        if not attachment.is_message:
            parts.append("<t:IsContactPhoto>false</t:IsContactPhoto>")
    return "".join(parts)


def _attachments(view: ItemView) -> str:
    if not view.content.attachments:
        return ""
    frames = []
    for position, attachment in enumerate(view.content.attachments):
        name = "ItemAttachment" if attachment.is_message else "FileAttachment"
        frames.append(f"<t:{name}>{attachment_frame(view, attachment, (*view.path, position))}</t:{name}>")
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


def _mailbox_element(view: ItemView, address: Address) -> str:
    kind = ""
    if view.shape.schema >= Schema.EXCHANGE2010:
        is_internal = view.is_internal(address.address)
        kind = f"<t:MailboxType>{'Mailbox' if is_internal else 'OneOff'}</t:MailboxType>"
    email = view.text(address.address)
    routing = f"<t:EmailAddress>{email}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType>" if email else ""
    name = view.text(address.name or address.address)
    return f"<t:Mailbox><t:Name>{name}</t:Name>{routing}{kind}</t:Mailbox>"


def _one(name: str, pick: Callable[[MessageContent], Address | None]) -> Row:
    def render(view: ItemView) -> str:
        address = pick(view.content)
        return f"<t:{name}>{_mailbox_element(view, address)}</t:{name}>" if address else ""

    return render


def _several(name: str, pick: Callable[[MessageContent], tuple[Address, ...]]) -> Row:
    def render(view: ItemView) -> str:
        found = pick(view.content)
        return (
            f"<t:{name}>{''.join(_mailbox_element(view, one) for one in found)}</t:{name}>" if found else ""
        )

    return render


def _owner(name: str) -> Row:
    def render(view: ItemView) -> str:
        owner = Address(view.mailbox.display_name, view.mailbox.primary_smtp_address)
        return f"<t:{name}>{_mailbox_element(view, owner)}</t:{name}>"

    return render


def _names(addresses: tuple[Address, ...]) -> str:
    return "; ".join(address.name or address.address for address in addresses)


def _plain(name: str, pick: Callable[[ItemView], str]) -> Row:
    return lambda view: view.element(name, pick(view))


def _flag(name: str, pick: Callable[[ItemView], object]) -> Row:
    return lambda view: f"<t:{name}>{boolean(pick(view))}</t:{name}>"


def _fixed(xml: str) -> Row:
    return lambda _view: xml


def _received(name: str) -> Row:
    return lambda view: f"<t:{name}>{timestamp(view.message.received)}</t:{name}>"


def _effective_rights(view: ItemView) -> str:
    newer = (
        "<t:ViewPrivateItems>true</t:ViewPrivateItems>" if view.shape.schema >= Schema.EXCHANGE2010 else ""
    )
    return (
        "<t:EffectiveRights><t:CreateAssociated>false</t:CreateAssociated><t:CreateContents>false</t:CreateContents>"
        "<t:CreateHierarchy>false</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify>"
        f"<t:Read>true</t:Read>{newer}</t:EffectiveRights>"
    )


def _conversation_id(view: ItemView) -> str:
    key = view.mailbox.guid.bytes + view.conversation_index[6:22]
    return f'<t:ConversationId Id="{base64.b64encode(b"AAQkAD" + key).decode()}"/>'


def _categories(view: ItemView) -> str:
    found = "".join(view.element("String", word) for word in view.content.categories)
    return f"<t:Categories>{found}</t:Categories>" if found else ""


def _extended(view: ItemView) -> str:
    found = ((wanted, extended_value(view, wanted)) for wanted in view.shape.extended)
    return "".join(wanted.to_xml(view.text(value)) for wanted, value in found if value is not None)


def _response_objects(_view: ItemView) -> str:
    return "<t:ResponseObjects><t:ReplyToItem/><t:ReplyAllToItem/><t:ForwardItem/></t:ResponseObjects>"


def _binary(name: str, pick: Callable[[ItemView], bytes]) -> Row:
    return lambda view: f"<t:{name}>{base64.b64encode(pick(view)).decode()}</t:{name}>"


ALWAYS, DEFAULT, ALL, ASKED = range(4)
"""From which base shape on a row is written: always, Default, AllProperties, or only when asked for."""

_S7, _S10, _S13, _S16 = (
    Schema.EXCHANGE2007,
    Schema.EXCHANGE2010_SP1,
    Schema.EXCHANGE2013,
    Schema.EXCHANGE2016,
)

ROWS: tuple[tuple[str, Row, int, Schema, bool], ...] = (
    ("item:MimeContent", _mime_content, ASKED, _S7, False),
    ("item:ItemId", _item_id, ALWAYS, _S7, True),
    ("item:ParentFolderId", _parent_folder_id, ALL, _S7, True),
    ("item:ItemClass", _plain("ItemClass", lambda view: view.content.item_class), ALL, _S7, True),
    ("item:Subject", _plain("Subject", lambda view: view.subject), DEFAULT, _S7, True),
    ("item:Sensitivity", _plain("Sensitivity", lambda view: view.content.sensitivity), DEFAULT, _S7, True),
    ("item:Body", _body("Body"), DEFAULT, _S7, False),
    ("item:Attachments", _attachments, DEFAULT, _S7, False),
    ("item:DateTimeReceived", _received("DateTimeReceived"), ALL, _S7, True),
    ("item:Size", lambda view: f"<t:Size>{len(view.mime)}</t:Size>", DEFAULT, _S7, True),
    ("item:Categories", _categories, ALL, _S7, True),
    ("item:Importance", _plain("Importance", lambda view: view.content.importance), ALL, _S7, True),
    ("item:InReplyTo", _plain("InReplyTo", lambda view: view.content.in_reply_to), ALL, _S7, True),
    ("item:IsSubmitted", _fixed("<t:IsSubmitted>false</t:IsSubmitted>"), ALL, _S7, True),
    ("item:IsDraft", _fixed("<t:IsDraft>false</t:IsDraft>"), ALL, _S7, True),
    ("item:IsFromMe", _fixed("<t:IsFromMe>false</t:IsFromMe>"), ALL, _S7, True),
    ("item:IsResend", _fixed("<t:IsResend>false</t:IsResend>"), ALL, _S7, True),
    ("item:IsUnmodified", _flag("IsUnmodified", lambda view: view.message.subject is None), ALL, _S7, True),
    ("item:InternetMessageHeaders", _headers, ALL, _S7, False),
    (
        "item:DateTimeSent",
        lambda view: (
            f"<t:DateTimeSent>{timestamp(view.content.date_time_sent or view.message.received)}</t:DateTimeSent>"
        ),
        DEFAULT,
        _S7,
        True,
    ),
    ("item:DateTimeCreated", _received("DateTimeCreated"), DEFAULT, _S7, True),
    ("item:ResponseObjects", _response_objects, DEFAULT, _S7, False),
    ("item:ReminderIsSet", _fixed("<t:ReminderIsSet>false</t:ReminderIsSet>"), ALL, _S7, True),
    (
        "item:ReminderMinutesBeforeStart",
        _fixed("<t:ReminderMinutesBeforeStart>0</t:ReminderMinutesBeforeStart>"),
        ALL,
        _S7,
        True,
    ),
    ("item:DisplayCc", _plain("DisplayCc", lambda view: _names(view.content.cc_recipients)), ALL, _S7, True),
    ("item:DisplayTo", _plain("DisplayTo", lambda view: _names(view.content.to_recipients)), ALL, _S7, True),
    (
        "item:HasAttachments",
        _flag("HasAttachments", lambda view: view.content.attachments),
        DEFAULT,
        _S7,
        True,
    ),
    ("ExtendedProperty", _extended, ASKED, _S7, True),
    ("item:Culture", _fixed("<t:Culture>en-US</t:Culture>"), ALL, _S7, True),
    ("item:EffectiveRights", _effective_rights, ALL, _S7, True),
    (
        "item:LastModifiedName",
        _plain("LastModifiedName", lambda view: view.mailbox.display_name),
        ALL,
        _S7,
        True,
    ),
    ("item:LastModifiedTime", _received("LastModifiedTime"), ALL, _S7, True),
    ("item:IsAssociated", _fixed("<t:IsAssociated>false</t:IsAssociated>"), ALL, _S10, True),
    ("item:ConversationId", _conversation_id, ALL, _S10, True),
    ("item:UniqueBody", _body("UniqueBody"), ASKED, _S10, False),
    ("item:Flag", _fixed("<t:Flag><t:FlagStatus>NotFlagged</t:FlagStatus></t:Flag>"), ALL, _S13, True),
    (
        "item:StoreEntryId",
        _binary("StoreEntryId", lambda view: view.entry_id),
        ASKED,
        Schema.EXCHANGE2010_SP2,
        True,
    ),
    ("item:InstanceKey", _binary("InstanceKey", lambda view: view.search_key[:8]), ALL, _S13, True),
    ("item:NormalizedBody", _body("NormalizedBody"), ASKED, _S13, False),
    (
        "item:Preview",
        _plain("Preview", lambda view: preview(_body_of(view.content, "Text")[1])),
        ASKED,
        _S13,
        True,
    ),
    ("item:HasBlockedImages", _fixed("<t:HasBlockedImages>false</t:HasBlockedImages>"), ALL, _S13, True),
    ("item:TextBody", _text_body, ASKED, _S13, False),
    ("item:IconIndex", _fixed("<t:IconIndex>Default</t:IconIndex>"), ALL, _S13, True),
    ("message:Sender", _one("Sender", lambda content: content.sender), ALL, _S7, True),
    (
        "message:ToRecipients",
        _several("ToRecipients", lambda content: content.to_recipients),
        DEFAULT,
        _S7,
        False,
    ),
    (
        "message:CcRecipients",
        _several("CcRecipients", lambda content: content.cc_recipients),
        DEFAULT,
        _S7,
        False,
    ),
    (
        "message:BccRecipients",
        _several("BccRecipients", lambda content: content.bcc_recipients),
        DEFAULT,
        _S7,
        False,
    ),
    (
        "message:IsReadReceiptRequested",
        _flag("IsReadReceiptRequested", lambda view: view.content.is_read_receipt_requested),
        DEFAULT,
        _S7,
        True,
    ),
    (
        "message:IsDeliveryReceiptRequested",
        _flag("IsDeliveryReceiptRequested", lambda view: view.content.is_delivery_receipt_requested),
        DEFAULT,
        _S7,
        True,
    ),
    (
        "message:ConversationIndex",
        _binary("ConversationIndex", lambda view: view.conversation_index),
        ALL,
        _S7,
        True,
    ),
    (
        "message:ConversationTopic",
        _plain("ConversationTopic", lambda view: view.content.conversation_topic),
        ALL,
        _S7,
        True,
    ),
    ("message:From", _one("From", lambda content: content.from_), DEFAULT, _S7, True),
    (
        "message:InternetMessageId",
        _plain("InternetMessageId", lambda view: view.content.internet_message_id),
        DEFAULT,
        _S7,
        True,
    ),
    ("message:IsRead", _flag("IsRead", lambda view: view.message.is_read), DEFAULT, _S7, True),
    (
        "message:IsResponseRequested",
        _fixed("<t:IsResponseRequested>false</t:IsResponseRequested>"),
        DEFAULT,
        _S7,
        True,
    ),
    ("message:References", _plain("References", lambda view: view.content.references), DEFAULT, _S7, True),
    ("message:ReplyTo", _several("ReplyTo", lambda content: content.reply_to), ALL, _S7, False),
    ("message:ReceivedBy", _owner("ReceivedBy"), ALL, _S7, True),
    ("message:ReceivedRepresenting", _owner("ReceivedRepresenting"), ALL, _S7, True),
)
"""Property, how it is written, from which base shape on, since which schema, and whether listings give it."""

_LEVELS = {"IdOnly": ALWAYS, "Default": DEFAULT, "AllProperties": ALL}


@lru_cache(maxsize=256)
def rows_of(shape: Shape) -> tuple[Row, ...]:
    """Return the rows that a shape asks for, in the order of the schema."""
    level = _LEVELS.get(shape.base, DEFAULT)
    wanted = set(shape.fields)
    if shape.include_mime_content:
        wanted.add("item:MimeContent")
    if shape.headers:
        wanted.add("item:InternetMessageHeaders")
    if shape.extended:
        wanted.add("ExtendedProperty")
    return tuple(
        row
        for name, row, from_level, since, is_listed in ROWS
        if (from_level <= level or name in wanted)
        and since <= shape.schema
        and (is_listed or not shape.is_listing)
    )


def render_message(view: ItemView) -> str:
    """Return the ``t:Message`` element of a message in the shape that was asked for."""
    return f"<t:Message>{''.join(row(view) for row in rows_of(view.shape))}</t:Message>"
