"""Public folders: where there are none, and what everybody may do in those there are, tried by exchangelib."""

from pathlib import Path

import exchangelib
import pytest
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorCannotEmptyFolder,
    ErrorFolderNotFound,
    ErrorInvalidFolderTypeForOperation,
    ErrorInvalidOperation,
    ErrorOperationNotAllowedWithPublicFolderRoot,
)
from exchangelib.folders import Folder, SingleFolderQuerySet

from serversync.simulator import Exchange
from serversync.simulator.identifiers import Identifier, encode
from serversync.simulator.snapshot import load, save
from tests.simulator.conftest import MAILBOX, Client, Serve, account, make_exchange, plain

BEN = "ben@example.org"


def test_an_organization_without_public_folders_says_so(ada: exchangelib.Account) -> None:
    with pytest.raises(ErrorFolderNotFound, match="ErrorNoPublicFolderReplicaAvailable"):
        ada.public_folders_root  # noqa: B018 - asking is the test


def test_public_folders_are_walked_level_by_level(exchange: Exchange, ada: exchangelib.Account) -> None:
    public = exchange.add_public_folders()
    sales = public.create_folder("Sales", parent="publicfoldersroot")
    public.create_folder("Europe", parent=sales)
    public.create_folder("Board", parent="publicfoldersroot", folder_class="IPF.Appointment")
    root = ada.public_folders_root
    assert root.name == "IPM_SUBTREE"
    assert {one.name: type(one).__name__ for one in root.children} == {
        "Sales": "Messages",
        "Board": "Calendar",
    }
    assert [one.name for one in (root / "Sales").children] == ["Europe"]
    with pytest.raises(ErrorInvalidOperation):
        list(SingleFolderQuerySet(account=ada, folder=root).depth("Deep").all())


def test_everybody_posts_and_changes_what_is_his_own(
    exchange: Exchange, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add_mailbox(BEN)
    public = exchange.add_public_folders()
    public.create_folder("Ideas", parent="publicfoldersroot")
    with serve(exchange) as simulator:
        with account(simulator, monkeypatch) as ada:
            ideas = ada.public_folders_root / "Ideas"
            post = exchangelib.PostItem(account=ada, folder=ideas, subject="A bridge", body="x").save()
            post.subject = "A tunnel"
            post.save()
        with account(simulator, monkeypatch, address=BEN) as ben:
            ideas = ben.public_folders_root / "Ideas"
            (found,) = ideas.all()
            assert found.subject == "A tunnel"
            found.subject = "No tunnel"
            with pytest.raises(ErrorAccessDenied):
                found.save(update_fields=["subject"])
            with pytest.raises(ErrorAccessDenied):
                Folder(parent=ideas, name="Mine").save()
        with account(simulator, monkeypatch) as ada:
            (ada.public_folders_root / "Ideas").get().move_to_trash()
            assert (ada.public_folders_root / "Ideas").all().count() == 0
            assert ada.trash.all().count() == 0


def test_who_may_make_a_folder_owns_it(
    exchange: Exchange, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = exchange.add_public_folders()
    teams = public.create_folder("Teams", parent="publicfoldersroot")
    teams.owner = MAILBOX
    with serve(exchange) as simulator, account(simulator, monkeypatch) as ada:
        root = ada.public_folders_root / "Teams"
        made = Folder(parent=root, name="Ours", folder_class="IPF.Note").save()
        made.name = "All of us"
        made.save(update_fields=["name"])
        exchangelib.Message(account=ada, folder=made, subject="S", body="x").save()
        with pytest.raises(ErrorCannotEmptyFolder):
            made.empty()
        made.delete()
        assert public.children(teams) == []


@pytest.mark.parametrize(
    ("product", "copied", "emptied"),
    [
        ("Exchange2010_SP3", "NoError", "NoError"),
        ("Exchange2013_SP1", "ErrorMoveCopyFailed", "ErrorCannotEmptyFolder"),
    ],
)
def test_public_folders_are_copied_and_emptied_until_2010(
    product: str, copied: str, emptied: str, serve: Serve
) -> None:
    exchange = make_exchange(product)
    public = exchange.add_public_folders()
    folders = [public.create_folder(name, parent="publicfoldersroot") for name in ("Ideas", "Old")]
    for one in folders:
        one.owner = MAILBOX
    ideas, old = (encode(Identifier(public.guid, one.number)) for one in folders)
    with serve(exchange) as simulator:
        client = Client(simulator)
        copy = (
            f'<m:CopyFolder><m:ToFolderId><t:FolderId Id="{old}"/></m:ToFolderId>'
            f'<m:FolderIds><t:FolderId Id="{ideas}"/></m:FolderIds></m:CopyFolder>'
        )
        empty = (
            '<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="true">'
            f'<m:FolderIds><t:FolderId Id="{old}"/></m:FolderIds></m:EmptyFolder>'
        )
        assert client.call(copy, version="Exchange2010_SP2").codes == [copied]
        assert client.call(empty, version="Exchange2010_SP2").codes == [emptied]
        client.close()
    assert public.children(folders[1]) == []


def test_items_cross_between_mailbox_and_public_folders(exchange: Exchange, ada: exchangelib.Account) -> None:
    public = exchange.add_public_folders()
    public.create_folder("Ideas", parent="publicfoldersroot")
    exchange.deliver(plain(1), [MAILBOX])
    (item,) = ada.inbox.all()
    with pytest.raises(ErrorOperationNotAllowedWithPublicFolderRoot):
        item.copy(to_folder=ada.public_folders_root)
    item.copy(to_folder=ada.public_folders_root / "Ideas")
    item.move(to_folder=ada.public_folders_root / "Ideas")
    assert ada.inbox.all().count() == 0
    assert [one.mime_content for one in (ada.public_folders_root / "Ideas").all()] == [plain(1)] * 2


def test_public_folders_are_not_followed(exchange: Exchange, ada: exchangelib.Account) -> None:
    public = exchange.add_public_folders()
    public.create_folder("Ideas", parent="publicfoldersroot")
    with pytest.raises(ErrorInvalidFolderTypeForOperation):
        list((ada.public_folders_root / "Ideas").sync_items())
    with pytest.raises(ErrorInvalidFolderTypeForOperation):
        list(ada.public_folders_root.sync_hierarchy())


def test_public_folders_survive_in_a_snapshot(tmp_path: Path) -> None:
    exchange = make_exchange()
    public = exchange.add_public_folders()
    ideas = public.create_folder("Ideas", parent="publicfoldersroot")
    ideas.owner = MAILBOX
    item = public.put(plain(1), exchange.now(), folder=ideas)
    save(exchange, tmp_path / "state")
    again = load(tmp_path / "state")
    assert again.public_folders is not None
    assert again.find_item(public.item_id(item))[0] is again.public_folders
    assert [one.owner for one in again.public_folders.folders.values()] == ["", MAILBOX]
    with pytest.raises(ValueError, match="already"):
        again.add_public_folders()
