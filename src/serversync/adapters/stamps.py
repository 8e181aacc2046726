"""The marks that this program leaves on items of Exchange, so that they are known again, and its own set."""

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

PROPERTY_SET: Final = "4b7c2f0e-6d1a-4c35-9b8e-57d0a1e3c6f2"
"""The property set in which items say more of their records."""
