"""What the answers to changing, moving and deleting say."""

import pytest

from serversync.core.errors import ItemGone
from serversync.exchange.operations.create_folder import CreateFolder
from serversync.exchange.operations.delete_item import DeleteItem
from serversync.exchange.operations.find_folder import FindFolder
from serversync.exchange.operations.move_item import MoveItem
from serversync.exchange.operations.update_item import ItemChange, UpdateItem
from serversync.exchange.outcome import Failure
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.ids import DistinguishedFolderId, FolderId, ItemId
from tests.unit.exchange.answers import answer, failure, read, success

ROOT = DistinguishedFolderId("msgfolderroot")
ITEMS = '<m:Items><t:Message><t:ItemId Id="{0}" ChangeKey="k2"/></t:Message></m:Items>'
FOLDERS = '<m:Folders><t:Folder><t:FolderId Id="f"/></t:Folder></m:Folders>'


def test_a_changed_item_has_its_new_change_key() -> None:
    change = ItemChange(ItemId("a", "k"), "Message", {FieldURI("item:Categories"): ("Red",)})
    changed, gone = read(
        UpdateItem(item_changes=(change, change)),
        answer(
            "UpdateItem", success("UpdateItem", ITEMS.format("a")), failure("UpdateItem", "ErrorItemNotFound")
        ),
    )
    assert changed.unwrap().item_id == ItemId("a", "k2")
    assert isinstance(gone, Failure)
    assert isinstance(gone.error, ItemGone)


def test_a_property_that_cannot_be_set_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="item:Size"):
        ItemChange(ItemId("a", "k"), "Message", {FieldURI("item:Size"): 7}).to_xml()


def test_a_moved_item_has_its_new_id_where_the_server_tells() -> None:
    told, silent = read(
        MoveItem(FolderId("f"), (ItemId("a"), ItemId("b"))),
        answer("MoveItem", success("MoveItem", ITEMS.format("new")), success("MoveItem", "<m:Items/>")),
    )
    assert told.unwrap().item_id == ItemId("new", "k2")
    assert silent.unwrap().item_id is None


def test_each_deleted_item_is_one_outcome() -> None:
    done, gone = read(
        DeleteItem((ItemId("a"), ItemId("b"))),
        answer("DeleteItem", success("DeleteItem", ""), failure("DeleteItem", "ErrorItemNotFound")),
    )
    assert done.unwrap() is True
    assert isinstance(gone.error, ItemGone)


def test_a_new_folder_has_its_id_and_one_that_exists_is_a_failure() -> None:
    made, there = read(
        CreateFolder(ROOT, ("A", "B")),
        answer(
            "CreateFolder", success("CreateFolder", FOLDERS), failure("CreateFolder", "ErrorFolderExists")
        ),
    )
    assert made.unwrap().folder_id == FolderId("f")
    assert there.code == "ErrorFolderExists"


def test_found_folders_are_one_outcome() -> None:
    found_xml = (
        '<m:RootFolder TotalItemsInView="1" IncludesLastItemInRange="true"><t:Folders><t:Folder>'
        '<t:FolderId Id="f"/><t:DisplayName>Undeliverable</t:DisplayName></t:Folder></t:Folders></m:RootFolder>'
    )
    (found,) = read(FindFolder(parent_folder=ROOT), answer("FindFolder", success("FindFolder", found_xml)))
    assert [folder.display_name for folder in found.unwrap()] == ["Undeliverable"]
