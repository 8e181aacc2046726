"""exchangelib makes, renames, moves, empties and deletes folders as on a real server."""

import exchangelib
import pytest
from exchangelib import ExtendedProperty, Message
from exchangelib.errors import (
    ErrorCannotDeleteObject,
    ErrorDeleteDistinguishedFolder,
    ErrorFolderExists,
    ErrorMoveCopyFailed,
    ErrorNoPublicFolderReplicaAvailable,
    ErrorObjectTypeChanged,
)
from exchangelib.folders import (
    Calendar,
    CommonViews,
    Contacts,
    DistinguishedFolderId,
    Folder,
    FolderCollection,
    Messages,
    Tasks,
)
from exchangelib.services import DeleteFolder, MoveFolder

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, plain


def test_folders_are_made_found_renamed_and_deleted(ada: exchangelib.Account) -> None:
    made = Folder(parent=ada.inbox, name="Projects").save()
    assert (ada.inbox / "Projects").id == made.id
    made.name = "Plans"
    made.save()
    ada.root.clear_cache()
    assert [folder.name for folder in ada.inbox.children] == ["Plans"]
    made.delete()
    ada.root.clear_cache()
    assert list(ada.inbox.children) == []


def test_a_folder_of_each_class_is_what_it_says(ada: exchangelib.Account) -> None:
    for kind, folder_class in ((Calendar, "IPF.Appointment"), (Contacts, "IPF.Contact"), (Tasks, "IPF.Task")):
        made = kind(parent=ada.msg_folder_root, name=f"Other {kind.__name__}").save()
        made.refresh()
        assert made.folder_class == folder_class
        assert type(ada.msg_folder_root / made.name) is kind


def test_a_taken_name_and_a_distinguished_folder_are_refused(ada: exchangelib.Account) -> None:
    with pytest.raises(ErrorFolderExists):
        Folder(parent=ada.msg_folder_root, name="INBOX").save()
    with pytest.raises(ErrorDeleteDistinguishedFolder):
        ada.inbox.delete()


def test_a_moved_folder_keeps_its_id_and_its_items(exchange: Exchange, ada: exchangelib.Account) -> None:
    made = Folder(parent=ada.inbox, name="Projects").save()
    exchangelib.Message(account=ada, folder=made, subject="Plan").save()
    before = made.id
    made.move(ada.drafts)
    ada.root.clear_cache()
    moved = ada.drafts / "Projects"
    assert moved.id == before
    assert [item.subject for item in moved.all()] == ["Plan"]


def test_folders_are_walked_and_globbed(ada: exchangelib.Account) -> None:
    outer = Folder(parent=ada.inbox, name="Outer").save()
    Folder(parent=outer, name="Inner").save()
    ada.root.clear_cache()
    assert [folder.name for folder in ada.inbox.walk()] == ["Outer", "Inner"]
    assert [folder.name for folder in ada.inbox.glob("*/Inner")] == ["Inner"]
    assert [folder.name for folder in ada.root.glob("**/Inner")] == ["Inner"]
    assert "Inner" in ada.root.tree()


def test_a_folder_is_emptied_with_what_is_below_it(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    Folder(parent=ada.inbox, name="Outer").save()
    ada.inbox.empty(delete_type="MoveToDeletedItems", delete_sub_folders=True)
    ada.root.clear_cache()
    ada.inbox.refresh()
    assert (ada.inbox.total_count, list(ada.inbox.children)) == (0, [])
    ada.trash.refresh()
    assert ada.trash.total_count == 1


def test_a_folder_is_wiped(exchange: Exchange, ada: exchangelib.Account) -> None:
    for number in range(3):
        exchange.deliver(plain(number), [MAILBOX])
    ada.inbox.wipe()
    ada.inbox.refresh()
    assert (ada.inbox.total_count, ada.inbox.unread_count) == (0, 0)


class Colour(ExtendedProperty):
    property_set_id = "5f3f8d0e-3d3a-4a52-9f43-0d9cf2c2f3a1"
    property_name = "Colour"
    property_type = "String"


class ChildCount(ExtendedProperty):
    property_tag = 0x3602
    property_type = "Integer"


def test_folders_carry_extended_properties(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    Folder.register("colour", Colour)
    Folder.register("content_count", ChildCount)
    try:
        made = Messages(parent=ada.inbox, name="Projects", colour="blue").save()
        made.refresh()
        assert (made.colour, made.content_count) == ("blue", 0)
        made.colour = "green"
        made.save(update_fields=["colour"])
        made.refresh()
        assert made.colour == "green"
    finally:
        Folder.deregister("colour")
        Folder.deregister("content_count")


def test_the_hierarchy_feed_tells_what_was_made_changed_and_deleted(ada: exchangelib.Account) -> None:
    first, second = (Folder(parent=ada.inbox, name=name).save() for name in ("First", "Second"))
    list(ada.inbox.sync_hierarchy())
    first.name = "Renamed"
    first.save()
    second_id = second.id
    second.delete()
    Folder(parent=ada.inbox, name="Third").save()
    changes = list(ada.inbox.sync_hierarchy())
    assert [kind for kind, _ in changes] == ["update", "create", "delete"]
    assert [folder.name for _, folder in changes[:2]] == ["Renamed", "Third"]
    assert changes[2][1].id == second_id
    assert list(ada.inbox.sync_hierarchy()) == []


def test_an_id_is_converted_to_every_form_and_back(ada: exchangelib.Account) -> None:
    from exchangelib.properties import AlternateId

    def convert(found: AlternateId, form: str) -> AlternateId:
        return next(iter(ada.protocol.convert_ids([found], destination_format=form)))

    start = AlternateId(id=ada.inbox.id, format="EwsId", mailbox="blah@blah.com")
    for form in ("EwsLegacyId", "EntryId", "HexEntryId", "StoreId", "OwaId"):
        other = convert(start, form)
        assert (other.format, other.mailbox) == (form, MAILBOX)
        assert convert(other, "EwsId").id == ada.inbox.id


def test_a_plain_folder_has_no_class_and_one_that_has_a_class_keeps_it(ada: exchangelib.Account) -> None:
    plain = Folder(parent=ada.inbox, name="Plain").save()
    plain.refresh()
    assert plain.folder_class is None
    plain.name = "Renamed"
    plain.save(update_fields=["name"])
    mail = Messages(parent=ada.inbox, name="Mail").save()
    mail.folder_class = "IPF.Something"
    with pytest.raises(ErrorObjectTypeChanged):
        mail.save(update_fields=["folder_class"])
    plain.folder_class = "IPF.Note"
    plain.save(update_fields=["folder_class"])
    ada.root.clear_cache()
    assert [one.folder_class for one in ada.inbox.children] == ["IPF.Note", "IPF.Note"]


def test_a_name_that_is_taken_is_told_in_any_case(ada: exchangelib.Account) -> None:
    Messages(parent=ada.inbox, name="UPPER").save()
    with pytest.raises(ErrorFolderExists, match="Could not create folder 'upper'"):
        Messages(parent=ada.inbox, name="upper").save()


def test_what_the_store_needs_is_there_and_stays(ada: exchangelib.Account) -> None:
    views = ada.root / "Common Views"
    assert type(views) is CommonViews
    (contacts,) = ada.contacts.glob("gal*")
    assert contacts.folder_class == "IPF.Contact.GalContacts"
    for one in (views, contacts):
        with pytest.raises(ErrorCannotDeleteObject):
            DeleteFolder(account=ada).get(folders=[one], delete_type="HardDelete")
    with pytest.raises(ErrorMoveCopyFailed):
        MoveFolder(account=ada).get(folders=[views], to_folder=ada.inbox)


def test_a_folder_tells_its_size(ada: exchangelib.Account) -> None:
    class Size(ExtendedProperty):
        property_tag = 0x0E08
        property_type = "Long"

    Folder.register("size", Size)
    try:
        ada.inbox.refresh()
        empty = ada.inbox.size
        Message(folder=ada.inbox, subject="Hello", body="x" * 5000).save()
        ada.inbox.refresh()
        assert empty > 0
        assert 5000 < ada.inbox.size - empty < 8000
    finally:
        Folder.deregister("size")


def test_no_public_folders_are_told_as_such(ada: exchangelib.Account) -> None:
    public = Folder(root=ada.root, _distinguished_id=DistinguishedFolderId(id="publicfoldersroot"))
    (found,) = FolderCollection(account=ada, folders=[public]).resolve()
    assert type(found) is ErrorNoPublicFolderReplicaAvailable
