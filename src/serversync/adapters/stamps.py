"""The mark that this program leaves on items of Exchange, so that they are known again."""

from typing import Final

from serversync.exchange.types.fields import ExtendedFieldURI

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
