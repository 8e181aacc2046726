"""GetFolder, from a whole answer."""

from serversync.core.errors import ItemGone
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.fields import ExtendedFieldURI
from serversync.exchange.types.folder import Folder
from serversync.exchange.types.ids import DistinguishedFolderId, FolderId
from tests.unit.exchange import answers


def test_each_folder_has_its_outcome() -> None:
    asked = GetFolder((DistinguishedFolderId("calendar"), FolderId("gone")))
    found, missing = answers.read(asked, answers.canned("get_folder/inbox_and_missing.xml"))
    assert found.value == Folder(
        element="CalendarFolder",
        folder_id=FolderId("folder", "AgAAAA=="),
        parent_folder_id=FolderId("root"),
        folder_class="IPF.Appointment",
        display_name="Kalender",
        total_count=42,
        child_folder_count=1,
        extended_properties={ExtendedFieldURI(property_type="Boolean", property_tag=0x10F4): False},
    )
    assert isinstance(missing.error, ItemGone)
