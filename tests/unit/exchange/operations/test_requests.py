"""Every request is what Microsoft's own schemas accept, in all versions that we speak."""

from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from serversync.exchange.namespaces import MESSAGES, TYPES, soap
from serversync.exchange.operations.get_attachment import GetAttachment
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.operation import Operation
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.soap import envelope
from serversync.exchange.types.fields import ExtendedFieldURI, FieldURI
from serversync.exchange.types.ids import AttachmentId, DistinguishedFolderId, FolderId, ItemId
from serversync.exchange.types.shapes import AttachmentShape, BaseShape, BodyType, FolderShape, ItemShape
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
OPERATIONS = {
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
