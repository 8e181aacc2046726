"""Which properties an answer should carry; every one more costs the server a look into its store."""

from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from serversync.exchange.types.fields import AnyFieldURI
from serversync.exchange.xml_text import boolean


class BaseShape(StrEnum):
    """The set of properties to start from."""

    ID_ONLY = "IdOnly"
    DEFAULT = "Default"
    ALL_PROPERTIES = "AllProperties"


class BodyType(StrEnum):
    """The form of a body; ``BEST`` (as it is stored) only in requests."""

    BEST = "Best"
    HTML = "HTML"
    TEXT = "Text"


def _additional(properties: tuple[AnyFieldURI, ...]) -> str:
    if not properties:
        return ""
    return (
        f"<t:AdditionalProperties>{''.join([each.to_xml() for each in properties])}</t:AdditionalProperties>"
    )


class ItemShape(Struct, frozen=True, gc=False, kw_only=True):
    """What ``GetItem`` and ``SyncFolderItems`` return of each item; ``None`` leaves the choice to the server."""

    base_shape: BaseShape = BaseShape.ID_ONLY
    include_mime_content: bool | None = None
    body_type: BodyType | None = None
    filter_html_content: bool | None = None
    additional_properties: tuple[AnyFieldURI, ...] = ()

    @lru_cache(maxsize=256)  # noqa: B019 - shapes are values, and few
    def to_xml(self) -> str:
        """Return the ``m:ItemShape`` element."""
        parts = [f"<m:ItemShape><t:BaseShape>{self.base_shape.value}</t:BaseShape>"]
        if self.include_mime_content is not None:
            parts.append(f"<t:IncludeMimeContent>{boolean(self.include_mime_content)}</t:IncludeMimeContent>")
        if self.body_type is not None:
            parts.append(f"<t:BodyType>{self.body_type.value}</t:BodyType>")
        if self.filter_html_content is not None:
            parts.append(f"<t:FilterHtmlContent>{boolean(self.filter_html_content)}</t:FilterHtmlContent>")
        parts.append(_additional(self.additional_properties))
        parts.append("</m:ItemShape>")
        return "".join(parts)


class FolderShape(Struct, frozen=True, gc=False, kw_only=True):
    """What ``GetFolder`` returns of each folder."""

    base_shape: BaseShape = BaseShape.DEFAULT
    additional_properties: tuple[AnyFieldURI, ...] = ()

    @lru_cache(maxsize=256)  # noqa: B019 - shapes are values, and few
    def to_xml(self) -> str:
        """Return the ``m:FolderShape`` element."""
        return (
            f"<m:FolderShape><t:BaseShape>{self.base_shape.value}</t:BaseShape>"
            f"{_additional(self.additional_properties)}</m:FolderShape>"
        )


class AttachmentShape(Struct, frozen=True, gc=False, kw_only=True):
    """What ``GetAttachment`` returns of attached items; file attachments always carry their content."""

    include_mime_content: bool | None = None
    body_type: BodyType | None = None

    def to_xml(self) -> str:
        """Return the ``m:AttachmentShape`` element."""
        parts = ["<m:AttachmentShape>"]
        if self.include_mime_content is not None:
            parts.append(f"<t:IncludeMimeContent>{boolean(self.include_mime_content)}</t:IncludeMimeContent>")
        if self.body_type is not None:
            parts.append(f"<t:BodyType>{self.body_type.value}</t:BodyType>")
        parts.append("</m:AttachmentShape>")
        return "".join(parts)
