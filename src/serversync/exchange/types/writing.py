"""Writing items: which properties of an item can be set, and their elements in the order of the schema.

Exchange validates every request, so the elements of a new item must stand in the order of the XSD whatever
the order in which a caller names them; undocumented as it is, this order is the same in all versions.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from operator import itemgetter
from typing import Any

from msgspec import Struct

from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI, FieldURI, IndexedFieldURI
from serversync.exchange.types.item import Body, InternetMessageHeader
from serversync.exchange.types.layout import Layout, layout_of, mark
from serversync.exchange.types.message import Mailbox
from serversync.exchange.types.recurrence import recurrence_xml
from serversync.exchange.types.shapes import BodyType
from serversync.exchange.types.time_zone import TimeZoneDefinition, time_zone_xml
from serversync.exchange.xml_text import attribute, boolean, escape

Values = Mapping[AnyFieldURI, Any]
"""What an item shall have: property -> value, of the type that reading gives."""

_OFFSET_LENGTH = len("+00:00")

Writer = Callable[[Any], str]
"""Returns the content of the element for a value."""


class Settable(Struct, frozen=True, gc=False):
    """A property that a client may set.

    Attributes:
        field_uri: Its path; empty for the place where extended properties stand.
        element: The element's name.
        write: Returns the element for a value; where the property holds entries, for a mapping of keys to values.
        entries: The path of one entry, for a property that holds several; empty otherwise.
    """

    field_uri: str
    element: str
    write: Writer
    entries: str = ""


class _Text(Struct, frozen=True, gc=False):
    """The writer of an element that holds a text."""

    name: str

    def __call__(self, value: Any) -> str:
        return f"<t:{self.name}>{escape(str(value))}</t:{self.name}>"


def text_element(name: str) -> Writer:
    """Return the writer of an element that holds a text, a number or an option."""
    return _Text(name)


def boolean_element(name: str) -> Writer:
    """Return the writer of an element that holds a yes or no."""
    return lambda value: f"<t:{name}>{boolean(value)}</t:{name}>"


def moment_element(name: str) -> Writer:
    """Return the writer of an element that holds an aware time; it is written in UTC."""
    return lambda value: f"<t:{name}>{moment(value)}</t:{name}>"


def strings_element(name: str) -> Writer:
    """Return the writer of an ``ArrayOfStrings``."""

    def write(values: Sequence[str]) -> str:
        return f"<t:{name}>{''.join([f'<t:String>{escape(each)}</t:String>' for each in values])}</t:{name}>"

    return write


def moment(value: datetime) -> str:
    """Return an ``xs:dateTime`` in UTC.

    Raises:
        ValueError: the time has no zone, so that nobody knows when it is.
    """
    if value.tzinfo is None:
        raise ValueError("a time without a zone cannot be written")
    in_utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return f"{in_utc.isoformat()[:-_OFFSET_LENGTH]}Z"


def mailbox_xml(mailbox: Mailbox) -> str:
    """Return the ``t:Mailbox`` of a recipient."""
    name = f"<t:Name>{escape(mailbox.name)}</t:Name>" if mailbox.name else ""
    address = f"<t:EmailAddress>{escape(mailbox.email_address or '')}</t:EmailAddress>"
    routing = f"<t:RoutingType>{escape(mailbox.routing_type)}</t:RoutingType>" if mailbox.routing_type else ""
    return f"<t:Mailbox>{name}{address}{routing}</t:Mailbox>"


def recipients_element(name: str) -> Writer:
    """Return the writer of an array of recipients."""

    def write(recipients: Sequence[Mailbox]) -> str:
        return f"<t:{name}>{''.join([mailbox_xml(each) for each in recipients])}</t:{name}>"

    return write


def recipient_element(name: str) -> Writer:
    """Return the writer of an element that holds one recipient."""
    return lambda recipient: f"<t:{name}>{mailbox_xml(recipient)}</t:{name}>"


def attendees_element(name: str) -> Writer:
    """Return the writer of an array of attendees, each given as its mailbox; what they answered cannot be set."""

    def write(attendees: Sequence[Mailbox]) -> str:
        return f"<t:{name}>{''.join([f'<t:Attendee>{mailbox_xml(each)}</t:Attendee>' for each in attendees])}</t:{name}>"

    return write


def time_zone_element(name: str) -> Writer:
    """Return the writer of an element that holds a zone: its Windows id, or a definition."""
    return lambda zone: _zone_by_id(name, zone) if isinstance(zone, str) else time_zone_xml(name, zone)


@lru_cache(maxsize=256)
def _zone_by_id(name: str, zone: str) -> str:
    return time_zone_xml(name, TimeZoneDefinition(id=zone))


def entries_element(name: str) -> Writer:
    """Return the writer of a dictionary of texts, such as phone numbers."""

    def write(entries: Mapping[str, str]) -> str:
        rows = [f'<t:Entry Key="{_key(key)}">{escape(value)}</t:Entry>' for key, value in entries.items()]
        return f"<t:{name}>{''.join(rows)}</t:{name}>"

    return write


_key = lru_cache(maxsize=256)(attribute)
"""Keys are a few names of the schema."""
_ADDRESS_PARTS = ("Street", "City", "State", "CountryOrRegion", "PostalCode")


def addresses_element(name: str) -> Writer:
    """Return the writer of a dictionary of postal addresses, each a mapping of its parts."""

    def write(entries: Mapping[str, Mapping[str, str]]) -> str:
        rows = []
        for key, parts in entries.items():
            inner = [
                f"<t:{part}>{escape(parts[part])}</t:{part}>" for part in _ADDRESS_PARTS if part in parts
            ]
            rows.append(f'<t:Entry Key="{_key(key)}">{"".join(inner)}</t:Entry>')
        return f"<t:{name}>{''.join(rows)}</t:{name}>"

    return write


def _body(body: Body) -> str:
    kind = body.body_type or BodyType.HTML
    return f'<t:Body BodyType="{kind.value}">{escape(body.text)}</t:Body>'


def _mime_content(content: bytes) -> str:
    return f'<t:MimeContent CharacterSet="UTF-8">{base64.b64encode(content).decode()}</t:MimeContent>'


def _headers(headers: Sequence[InternetMessageHeader]) -> str:
    rows = [
        f'<t:InternetMessageHeader HeaderName="{attribute(each.header_name)}">{escape(each.value)}'
        "</t:InternetMessageHeader>"
        for each in headers
    ]
    return f"<t:InternetMessageHeaders>{''.join(rows)}</t:InternetMessageHeaders>"


def extended_property_xml(uri: ExtendedFieldURI, value: Any) -> str:
    """Return the ``t:ExtendedProperty`` for a value of the property's type; a sequence for an array."""
    if uri.property_type.endswith("Array"):
        values = "".join([f"<t:Value>{_plain(each)}</t:Value>" for each in value])
        return f"<t:ExtendedProperty>{_name(uri)}<t:Values>{values}</t:Values></t:ExtendedProperty>"
    return f"<t:ExtendedProperty>{_name(uri)}<t:Value>{_plain(value)}</t:Value></t:ExtendedProperty>"


@lru_cache(maxsize=256)
def _name(uri: AnyFieldURI) -> str:
    return uri.to_xml()


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, bool):
        return boolean(value)
    if isinstance(value, datetime):
        return moment(value)
    return escape(str(value))


_EXTENDED = Settable("", "ExtendedProperty", str)

ITEM_PROPERTIES: tuple[Settable, ...] = (
    Settable("item:MimeContent", "MimeContent", _mime_content),
    Settable("item:ItemClass", "ItemClass", text_element("ItemClass")),
    Settable("item:Subject", "Subject", text_element("Subject")),
    Settable("item:Sensitivity", "Sensitivity", text_element("Sensitivity")),
    Settable("item:Body", "Body", _body),
    Settable("item:Categories", "Categories", strings_element("Categories")),
    Settable("item:Importance", "Importance", text_element("Importance")),
    Settable("item:InReplyTo", "InReplyTo", text_element("InReplyTo")),
    Settable("item:InternetMessageHeaders", "InternetMessageHeaders", _headers),
    Settable("item:ReminderDueBy", "ReminderDueBy", moment_element("ReminderDueBy")),
    Settable("item:ReminderIsSet", "ReminderIsSet", boolean_element("ReminderIsSet")),
    Settable(
        "item:ReminderMinutesBeforeStart",
        "ReminderMinutesBeforeStart",
        text_element("ReminderMinutesBeforeStart"),
    ),
    _EXTENDED,
    Settable("item:Culture", "Culture", text_element("Culture")),
)
"""What every kind of item has, in the order of ``ItemType``."""

MESSAGE_PROPERTIES: tuple[Settable, ...] = (
    *ITEM_PROPERTIES,
    Settable("message:Sender", "Sender", recipient_element("Sender")),
    Settable("message:ToRecipients", "ToRecipients", recipients_element("ToRecipients")),
    Settable("message:CcRecipients", "CcRecipients", recipients_element("CcRecipients")),
    Settable("message:BccRecipients", "BccRecipients", recipients_element("BccRecipients")),
    Settable(
        "message:IsReadReceiptRequested", "IsReadReceiptRequested", boolean_element("IsReadReceiptRequested")
    ),
    Settable(
        "message:IsDeliveryReceiptRequested",
        "IsDeliveryReceiptRequested",
        boolean_element("IsDeliveryReceiptRequested"),
    ),
    Settable("message:From", "From", recipient_element("From")),
    Settable("message:IsRead", "IsRead", boolean_element("IsRead")),
    Settable("message:References", "References", text_element("References")),
    Settable("message:ReplyTo", "ReplyTo", recipients_element("ReplyTo")),
)
"""What a message has, in the order of ``MessageType``."""

CONTACT_PROPERTIES: tuple[Settable, ...] = (
    *ITEM_PROPERTIES,
    Settable("contacts:FileAs", "FileAs", text_element("FileAs")),
    Settable("contacts:FileAsMapping", "FileAsMapping", text_element("FileAsMapping")),
    Settable("contacts:DisplayName", "DisplayName", text_element("DisplayName")),
    Settable("contacts:GivenName", "GivenName", text_element("GivenName")),
    Settable("contacts:Initials", "Initials", text_element("Initials")),
    Settable("contacts:MiddleName", "MiddleName", text_element("MiddleName")),
    Settable("contacts:Nickname", "Nickname", text_element("Nickname")),
    Settable("contacts:CompanyName", "CompanyName", text_element("CompanyName")),
    Settable(
        "contacts:EmailAddresses",
        "EmailAddresses",
        entries_element("EmailAddresses"),
        "contacts:EmailAddress",
    ),
    Settable(
        "contacts:PhysicalAddresses",
        "PhysicalAddresses",
        addresses_element("PhysicalAddresses"),
        "contacts:PhysicalAddress",
    ),
    Settable(
        "contacts:PhoneNumbers", "PhoneNumbers", entries_element("PhoneNumbers"), "contacts:PhoneNumber"
    ),
    Settable("contacts:AssistantName", "AssistantName", text_element("AssistantName")),
    Settable("contacts:Birthday", "Birthday", moment_element("Birthday")),
    Settable("contacts:BusinessHomePage", "BusinessHomePage", text_element("BusinessHomePage")),
    Settable("contacts:Children", "Children", strings_element("Children")),
    Settable("contacts:Department", "Department", text_element("Department")),
    Settable("contacts:Generation", "Generation", text_element("Generation")),
    Settable("contacts:JobTitle", "JobTitle", text_element("JobTitle")),
    Settable("contacts:Manager", "Manager", text_element("Manager")),
    Settable("contacts:OfficeLocation", "OfficeLocation", text_element("OfficeLocation")),
    Settable("contacts:PostalAddressIndex", "PostalAddressIndex", text_element("PostalAddressIndex")),
    Settable("contacts:Profession", "Profession", text_element("Profession")),
    Settable("contacts:SpouseName", "SpouseName", text_element("SpouseName")),
    Settable("contacts:Surname", "Surname", text_element("Surname")),
    Settable("contacts:WeddingAnniversary", "WeddingAnniversary", moment_element("WeddingAnniversary")),
)
"""What a contact has, in the order of ``ContactItemType``."""

TASK_PROPERTIES: tuple[Settable, ...] = (
    *ITEM_PROPERTIES,
    Settable("task:CompleteDate", "CompleteDate", moment_element("CompleteDate")),
    Settable("task:DueDate", "DueDate", moment_element("DueDate")),
    Settable("task:PercentComplete", "PercentComplete", text_element("PercentComplete")),
    Settable("task:StartDate", "StartDate", moment_element("StartDate")),
    Settable("task:Status", "Status", text_element("Status")),
)
"""What a task has, in the order of ``TaskType``."""

CALENDAR_ITEM_PROPERTIES: tuple[Settable, ...] = (
    *ITEM_PROPERTIES,
    Settable("calendar:UID", "UID", text_element("UID")),
    Settable("calendar:Start", "Start", moment_element("Start")),
    Settable("calendar:End", "End", moment_element("End")),
    Settable("calendar:IsAllDayEvent", "IsAllDayEvent", boolean_element("IsAllDayEvent")),
    Settable("calendar:LegacyFreeBusyStatus", "LegacyFreeBusyStatus", text_element("LegacyFreeBusyStatus")),
    Settable("calendar:Location", "Location", text_element("Location")),
    Settable("calendar:IsResponseRequested", "IsResponseRequested", boolean_element("IsResponseRequested")),
    Settable("calendar:RequiredAttendees", "RequiredAttendees", attendees_element("RequiredAttendees")),
    Settable("calendar:OptionalAttendees", "OptionalAttendees", attendees_element("OptionalAttendees")),
    Settable("calendar:Resources", "Resources", attendees_element("Resources")),
    Settable("calendar:Recurrence", "Recurrence", recurrence_xml),
    Settable("calendar:StartTimeZone", "StartTimeZone", time_zone_element("StartTimeZone")),
    Settable("calendar:EndTimeZone", "EndTimeZone", time_zone_element("EndTimeZone")),
)
"""What an appointment has, in the order of ``CalendarItemType``."""

PROPERTIES: dict[str, tuple[Settable, ...]] = {
    "CalendarItem": CALENDAR_ITEM_PROPERTIES,
    "Message": MESSAGE_PROPERTIES,
    "Contact": CONTACT_PROPERTIES,
    "Task": TASK_PROPERTIES,
}
"""Element name of a kind of item -> what can be set of it."""


class NewItem(Struct, frozen=True, gc=False):
    """An item to be made: its kind, an element name such as ``Message``, and what it shall have."""

    element: str
    values: Values

    def to_xml(self) -> str:
        """Return the element.

        Raises:
            ValueError: a property cannot be set of this kind of item.
        """
        return _layout(self.element, tuple(self.values)).fill(self.values.values())


@lru_cache(maxsize=1024)
def _layout(element: str, uris: tuple[AnyFieldURI, ...]) -> Layout:
    """Return the element of an item with these properties, in the order of the schema.

    Raises:
        ValueError: a property cannot be set of this kind of item.
    """
    plain, keyed = _places(element)
    writers: list[Writer | None] = [None] * len(uris)
    parts: list[tuple[int, str]] = []
    entries: dict[int, dict[str, Any]] = {}
    unknown: list[AnyFieldURI] = []
    for number, uri in enumerate(uris):
        value = mark(number)
        if isinstance(uri, FieldURI) and (place := plain.get(uri.field_uri)) is not None:
            index, write = place
            if isinstance(write, _Text):
                value = write(value)
            else:
                writers[number] = write
            parts.append((index, value))
        elif isinstance(uri, ExtendedFieldURI):
            if uri.property_type == "String":
                value = extended_property_xml(uri, value)
            else:
                writers[number] = partial(extended_property_xml, uri)
            parts.append((plain[""][0], value))
        elif isinstance(uri, IndexedFieldURI) and (entry := keyed.get(uri.field_uri)) is not None:
            found = entries.setdefault(entry[0], {})
            if entry[1]:  # parts of an address come together under its key
                found.setdefault(uri.field_index, {})[entry[1]] = value
            else:
                found[uri.field_index] = value
        else:
            unknown.append(uri)
    if unknown:
        raise ValueError(f"{', '.join(str(each) for each in unknown)} cannot be set of a {element}")
    settable = PROPERTIES[element]
    parts += [(index, settable[index].write(values)) for index, values in entries.items()]
    parts.sort(key=_PLACE)
    return layout_of(f"<t:{element}>{''.join([xml for _, xml in parts])}</t:{element}>", writers)


_PLACE = itemgetter(0)


@cache
def _places(element: str) -> tuple[dict[str, tuple[int, Writer]], dict[str, tuple[int, str]]]:
    """Return where each property of a kind of item stands, and its writer, by its path; extended ones under the empty one.

    Apart from these the places of properties that hold entries, by the path of one entry, or of a part of it, with the
    name of that part.
    """
    plain = {each.field_uri: (index, each.write) for index, each in enumerate(PROPERTIES[element])}
    keyed: dict[str, tuple[int, str]] = {}
    for index, settable in enumerate(PROPERTIES[element]):
        if settable.entries:
            keyed[settable.entries] = index, ""
            keyed |= {f"{settable.entries}:{part}": (index, part) for part in _ADDRESS_PARTS}
    return plain, keyed


def set_field_xml(element: str, uri: AnyFieldURI, value: Any) -> str:
    """Return the ``t:SetItemField`` that gives one property of an item of this kind a value.

    Raises:
        ValueError: the property cannot be set of this kind of item.
    """
    if isinstance(uri, ExtendedFieldURI):  # as all kinds of items have them
        return f"<t:SetItemField>{_name(uri)}<t:{element}>{extended_property_xml(uri, value)}</t:{element}></t:SetItemField>"
    return f"<t:SetItemField>{_name(uri)}{NewItem(element, {uri: value}).to_xml()}</t:SetItemField>"
