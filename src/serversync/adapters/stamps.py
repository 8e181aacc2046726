"""The marks that this program leaves on items of Exchange, so that they are known again."""

from typing import Final

from serversync.exchange.types.fields import ExtendedFieldURI
from serversync.mapping.fields import PROPERTY_SET

STAMP: Final = ExtendedFieldURI(
    property_type="String",
    distinguished_property_set_id="PublicStrings",
    property_name="serversync-activityid",
)
"""On every message that this program sends: the e-mail activity it is."""

RECORD_STAMP: Final = ExtendedFieldURI(
    property_type="String",
    distinguished_property_set_id="PublicStrings",
    property_name="serversync-recordid",
)
"""On every appointment, contact and task that is kept in step: the record it is."""

REGARDING_URI: Final = ExtendedFieldURI(
    property_type="String", property_set_id=PROPERTY_SET, property_name="Regarding"
)
"""On an item whose record is about another one: which one that is; people choose it there, too."""
