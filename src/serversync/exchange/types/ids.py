"""How EWS names items, folders and attachments.

Ids are opaque, case-sensitive and differ in every mailbox; an item's id changes when it is moved.
"""

import re
from collections.abc import Sequence

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.xml_text import attribute, escape


class ItemId(Struct, frozen=True, gc=False):
    """One item; ``change_key`` changes with every write to it and is optional when reading."""

    id: str
    change_key: str | None = None

    def to_xml(self) -> str:
        """Return the element that names the item in a request that reads it."""
        return f'<t:ItemId Id="{attribute(self.id)}"/>'

    def to_xml_for_change(self, name: str = "t:ItemId") -> str:
        """Return the element that names the item, and the version of it that is meant, in a request that changes it."""
        change_key = f' ChangeKey="{attribute(self.change_key)}"' if self.change_key is not None else ""
        return f'<{name} Id="{attribute(self.id)}"{change_key}/>'


class OccurrenceItemId(Struct, frozen=True, gc=False):
    """One occurrence of a series, by its master and its index; the index starts at 1 and counts deleted ones."""

    recurring_master_id: str
    instance_index: int
    change_key: str | None = None

    def to_xml(self) -> str:
        """Return the element that names the occurrence in a request that reads or deletes it."""
        return (
            f'<t:OccurrenceItemId RecurringMasterId="{attribute(self.recurring_master_id)}"'
            f' InstanceIndex="{self.instance_index}"/>'
        )

    def to_xml_for_change(self) -> str:
        """Return the element that names the occurrence, and the version that is meant, in a request that changes it."""
        key = f' ChangeKey="{attribute(self.change_key)}"' if self.change_key is not None else ""
        return (
            f'<t:OccurrenceItemId RecurringMasterId="{attribute(self.recurring_master_id)}"{key}'
            f' InstanceIndex="{self.instance_index}"/>'
        )


class RecurringMasterItemId(Struct, frozen=True, gc=False):
    """The master of a series, by one of its occurrences."""

    occurrence_id: str

    def to_xml(self) -> str:
        """Return the element that names the master in a request that reads it."""
        return f'<t:RecurringMasterItemId OccurrenceId="{attribute(self.occurrence_id)}"/>'


AnyItemId = ItemId | OccurrenceItemId | RecurringMasterItemId

_PLAIN = re.compile("[A-Za-z0-9+/=]*")


def item_ids_xml(item_ids: Sequence[AnyItemId]) -> str:
    """Return the elements that name many items; ids that are plain base64, as Exchange's are, need no escaping."""
    plain = [each.id for each in item_ids if type(each) is ItemId]
    if plain and len(plain) == len(item_ids) and _PLAIN.fullmatch("".join(plain)):
        between = '"/><t:ItemId Id="'
        return f'<t:ItemId Id="{between.join(plain)}"/>'
    return "".join([each.to_xml() for each in item_ids])


class FolderId(Struct, frozen=True, gc=False):
    """One folder by its id."""

    id: str
    change_key: str | None = None

    def to_xml(self) -> str:
        """Return the element that names the folder in a request."""
        return f'<t:FolderId Id="{attribute(self.id)}"/>'

    def __str__(self) -> str:
        return "the folder"


class DistinguishedFolderId(Struct, frozen=True, gc=False):
    """A folder that every mailbox has, for example ``inbox``.

    ``mailbox`` is only for delegate access; under impersonation the folder is the mailbox's own without it.
    """

    id: str
    mailbox: str | None = None

    def to_xml(self) -> str:
        """Return the element that names the folder in a request."""
        name = attribute(self.id)
        if self.mailbox is None:
            return f'<t:DistinguishedFolderId Id="{name}"/>'
        address = f"<t:Mailbox><t:EmailAddress>{escape(self.mailbox)}</t:EmailAddress></t:Mailbox>"
        return f'<t:DistinguishedFolderId Id="{name}">{address}</t:DistinguishedFolderId>'

    def __str__(self) -> str:
        return self.id


class AttachmentId(Struct, frozen=True, gc=False):
    """One attachment; the root item is the message that carries it."""

    id: str
    root_item_id: str | None = None
    root_item_change_key: str | None = None

    def to_xml(self) -> str:
        """Return the element that names the attachment in a request."""
        return f'<t:AttachmentId Id="{attribute(self.id)}"/>'


AnyFolderId = FolderId | DistinguishedFolderId


def read_item_id(element: _Element) -> ItemId | None:
    """Return the id that a ``t:ItemId`` or ``t:ConversationId`` holds, or ``None`` where it is empty."""
    identifier = element.get("Id")
    return ItemId(identifier, element.get("ChangeKey")) if identifier else None


def read_folder_id(element: _Element) -> FolderId | None:
    """Return the id that a ``t:FolderId`` or ``t:ParentFolderId`` holds, or ``None`` where it is empty."""
    identifier = element.get("Id")
    return FolderId(identifier, element.get("ChangeKey")) if identifier else None


def read_attachment_id(element: _Element) -> AttachmentId | None:
    """Return the id that a ``t:AttachmentId`` holds, or ``None`` where it is empty."""
    identifier = element.get("Id")
    if not identifier:
        return None
    return AttachmentId(identifier, element.get("RootItemId"), element.get("RootItemChangeKey"))
