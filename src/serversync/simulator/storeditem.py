"""An item as the store holds it: MIME, or properties, or MIME with properties that were set afterwards."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

ExtendedKey = tuple[str, str]
"""``("tag", "300b")`` for a property tag; property set (guid, lower case) and name or id for a named property."""

SEARCH_KEY: ExtendedKey = ("tag", "300b")
"""PidTagSearchKey; kept as a property only by what came from another mailbox."""


@dataclass(frozen=True, slots=True)
class ExtendedValue:
    """The value of an extended property.

    Attributes:
        kind: A value of ``MapiPropertyTypeType``, for example ``String`` or ``IntegerArray``.
        value: Its text, or the texts of an array, in the canonical form of the type.
        name: The name of a named property, as it was written first.
    """

    kind: str
    value: str | tuple[str, ...]
    name: str = ""


@dataclass(slots=True)
class StoredAttachment:
    """Something attached to an item.

    Attributes:
        number: Number in the item; never given out again.
        name: File name or subject.
        content_type: MIME type, empty for none.
        content_id: Without angle brackets; ``None`` where there is none.
        content_location: Or ``None``.
        is_inline: Whether the body shows it.
        data: The bytes of a file; empty for an item.
        modified: When it was made.
        item: The attached item; ``None`` for a file.
        is_contact_photo: Whether it is a contact's picture.
    """

    number: int
    name: str
    content_type: str
    content_id: str | None
    content_location: str | None
    is_inline: bool
    data: bytes
    modified: datetime
    item: "StoredItem | None" = None
    is_contact_photo: bool = False

    @property
    def size(self) -> int:
        """Its size in bytes, about."""
        return len(self.data) if self.item is None else self.item.weight


@dataclass(slots=True)
class StoredItem:
    """An item in a folder, or one that is attached to another.

    Attributes:
        number: Item number, ascending with the time of entry; 0 for an attached one.
        folder: Number of the folder.
        mime: The item as it came; ``None`` where a seed generates it or it was made of properties.
        received: Time of delivery or creation (aware).
        created_change: Change number of its entry into the folder.
        content_change: Change number of the last edit.
        read_change: Change number of the last change of the read flag.
        is_read: Whether somebody has read it.
        is_draft: Whether it was made here and not sent.
        is_associated: Whether it is hidden (folder associated information).
        item_class: Its class, where the MIME does not say it.
        properties: Values that were set, by field URI; ``None`` for no value where the MIME has one.
        extended: Extended properties that were set.
        attachments: Its attachments, where they are not those of the MIME.
        next_attachment: Number of the next attachment.
        origin: Item number at delivery, kept across moves and copies; 0 where it is ``number`` itself.
        created: When it was made, where that is not ``received``.
        modified: When it was changed last, where that is not ``received``.
        modifier: Display name of who changed it last; empty for the owner.
        creator: Address of who made it in somebody else's mailbox, lower case; empty for the owner.
        deleted_from: Number of the folder it was soft-deleted from; 0 for none.
        exceptions: Of a series, what differs in single occurrences, by the ordinal of the day on which each would
            have been; ``None`` for a deleted one.
        occurrence: That ordinal, for an occurrence that was taken out of its series; 0 for any other item.
    """

    number: int
    folder: int
    mime: bytes | None
    received: datetime
    created_change: int = 0
    content_change: int = 0
    read_change: int = 0
    is_read: bool = False
    is_draft: bool = False
    is_associated: bool = False
    item_class: str | None = None
    properties: dict[str, Any] | None = None
    extended: dict[ExtendedKey, ExtendedValue] | None = None
    attachments: list[StoredAttachment] | None = None
    next_attachment: int = 0
    origin: int = 0
    created: datetime | None = None
    modified: datetime | None = None
    modifier: str = ""
    creator: str = ""
    deleted_from: int = 0
    exceptions: "dict[int, StoredItem | None] | None" = None
    occurrence: int = 0

    @property
    def change(self) -> int:
        """The number of its newest change."""
        return max(self.content_change, self.read_change)

    @property
    def is_own_mime(self) -> bool:
        """Whether its MIME says everything about its content."""
        return self.properties is None and self.attachments is None

    @property
    def weight(self) -> int:
        """Its size in bytes, about: MIME, texts and attachments."""
        total = len(self.mime or b"")
        for value in (self.properties or {}).values():
            total += (
                len(getattr(value, "content", "") or (value if isinstance(value, str | bytes) else "")) + 16
            )
        return total + sum(one.size for one in self.attachments or ())

    def copy(self) -> "StoredItem":
        """Return a copy that can be changed without changing this one."""
        attachments = self.attachments
        return replace(
            self,
            properties=None if self.properties is None else dict(self.properties),
            extended=None if self.extended is None else dict(self.extended),
            attachments=None if attachments is None else [replace(one) for one in attachments],
            exceptions=None if self.exceptions is None else dict(self.exceptions),
        )
