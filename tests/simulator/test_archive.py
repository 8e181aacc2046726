"""A mailbox with an archive and one without, as exchangelib and bare requests see them."""

from pathlib import Path

import exchangelib
import pytest
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorFolderNotFound,
    TransportError,
)

from serversync.simulator import Exchange
from serversync.simulator.snapshot import load, save
from tests.simulator.conftest import MAILBOX, PASSWORD, Client, Serve, account, make_exchange, plain

IDS = (
    "archiveroot",
    "archivemsgfolderroot",
    "archivedeleteditems",
    "archiveinbox",
    "archiverecoverableitemsroot",
    "archiverecoverableitemsdeletions",
    "archiverecoverableitemsversions",
    "archiverecoverableitemspurges",
)


def ask_folders(client: Client, *ids: str, version: str = "Exchange2013_SP1") -> list[str]:
    listed = "".join(f'<t:DistinguishedFolderId Id="{one}"/>' for one in ids)
    return client.call(
        "<m:GetFolder><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>"
        f"<m:FolderIds>{listed}</m:FolderIds></m:GetFolder>",
        version=version,
    ).codes


def test_a_mailbox_without_an_archive_has_none_of_its_folders(
    exchange: Exchange, client: Client, ada: exchangelib.Account
) -> None:
    assert ask_folders(client, *IDS) == ["ErrorFolderNotFound"] * len(IDS)
    exchange.deliver(plain(1), [MAILBOX])
    with pytest.raises(ErrorFolderNotFound):
        ada.archive_root  # noqa: B018 - asking is the test
    with pytest.raises(TransportError, match="ErrorArchiveMailboxNotEnabled"):
        ada.bulk_archive(ada.inbox.all(), to_folder=ada.inbox)
    assert ada.inbox.all().count() == 1


def test_an_archive_has_its_folders_and_no_inbox_of_its_own_before_2013_sp1(serve: Serve) -> None:
    for product, version, missing in (
        ("Exchange2010_SP3", "Exchange2010_SP2", {"archiveinbox"}),
        ("ExchangeSE", "Exchange2013_SP1", set()),
    ):
        exchange = make_exchange(product)
        exchange.enable_archive(MAILBOX)
        with serve(exchange) as simulator:
            client = Client(simulator)
            wanted = [one for one in IDS if one not in missing]
            assert ask_folders(client, *wanted, version=version) == ["NoError"] * len(wanted)
            client.close()


def test_products_without_archives_give_nobody_one() -> None:
    with pytest.raises(ValueError, match="cannot get an archive"):
        make_exchange("Exchange2007_SP1").enable_archive(MAILBOX)
    exchange = make_exchange()
    exchange.enable_archive(MAILBOX)
    with pytest.raises(ValueError, match="cannot get an archive"):
        exchange.enable_archive(MAILBOX)


def test_items_are_archived_at_the_same_path(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.enable_archive(MAILBOX)
    projects = exchangelib.folders.Messages(parent=ada.inbox, name="Projects").save()
    exchange.deliver(plain(1), [MAILBOX])
    (item,) = ada.inbox.all()
    item.move(to_folder=projects)
    ((new_id, _),) = ada.bulk_archive([item], to_folder=projects)
    assert new_id != item.id
    assert projects.all().count() == 0
    (archived,) = (ada.archive_inbox / "Projects").all()
    assert (archived.subject, archived.id) == ("Compiler 1", new_id)
    assert archived.mime_content == plain(1)
    assert {one.name for one in ada.archive_msg_folder_root.children} == {"Inbox", "Deleted Items"}
    assert "Projects" in ada.archive_root.tree()


def test_what_is_archived_keeps_its_search_key(exchange: Exchange, client: Client) -> None:
    exchange.enable_archive(MAILBOX)
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    shape = (
        "<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:ExtendedFieldURI PropertyTag="0x300B" PropertyType="Binary"/></t:AdditionalProperties>'
    )
    before = client.get_items(item, shape=shape).texts(".//t:Value")
    archived = client.call(
        '<m:ArchiveItem><m:ArchiveSourceFolderId><t:DistinguishedFolderId Id="inbox"/></m:ArchiveSourceFolderId>'
        f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:ArchiveItem>'
    )
    (again,) = archived.attributes(".//t:ItemId", "Id")
    assert client.get_items(again, shape=shape).texts(".//t:Value") == before != []
    assert client.get_items(item).codes == ["ErrorItemNotFound"]


def test_items_move_between_a_mailbox_and_its_archive(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.enable_archive(MAILBOX)
    exchange.deliver(plain(1), [MAILBOX])
    (item,) = ada.inbox.all()
    item.is_read = True
    item.save(update_fields=["is_read"])
    item.move(to_folder=ada.archive_inbox)
    assert ada.inbox.all().count() == 0
    (archived,) = ada.archive_inbox.all()
    assert (archived.subject, archived.is_read) == ("Compiler 1", True)
    archived.subject = "Kept"
    archived.save()
    archived.copy(to_folder=ada.inbox)
    assert [one.subject for one in ada.inbox.all()] == ["Kept"]
    archived.move_to_trash()
    assert ada.archive_deleted_items.all().count() == 1
    ada.archive_deleted_items.get().soft_delete()
    assert ada.archive_recoverable_items_deletions.all().count() == 1
    assert ada.trash.all().count() == 0


def test_an_archive_is_followed_and_searched_like_a_mailbox(
    exchange: Exchange, ada: exchangelib.Account
) -> None:
    exchange.enable_archive(MAILBOX)
    folder = ada.archive_inbox
    assert list(folder.sync_items()) == []
    subscription, watermark = folder.subscribe_to_pull()
    exchangelib.Message(folder=folder, subject="Old", body="x").save()
    ((kind, found),) = folder.sync_items()
    assert (kind, found.subject) == ("create", "Old")
    ((events,)) = [list(folder.get_events(subscription, watermark))]
    assert "CreatedEvent" in [type(event).__name__ for one in events for event in one.events]
    assert folder.filter(subject="Old").count() == 1
    names = [one.name for _, one in ada.archive_root.sync_hierarchy()]
    assert {"Inbox", "Deleted Items", "Recoverable Items"} <= set(names)


@pytest.mark.parametrize("name", ["calendar", "contacts", "tasks", "junkemail", "searchfolders"])
def test_what_is_no_mail_stays_out_of_the_archive(exchange: Exchange, client: Client, name: str) -> None:
    exchange.enable_archive(MAILBOX)
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    refused = client.call(
        f'<m:ArchiveItem><m:ArchiveSourceFolderId><t:DistinguishedFolderId Id="{name}"/></m:ArchiveSourceFolderId>'
        f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:ArchiveItem>'
    )
    assert refused.codes == ["ErrorCannotArchiveCalendarContactTaskFolderException"]
    assert client.get_items(item).codes == ["NoError"]


def test_what_is_in_the_archive_is_not_archived_again(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.enable_archive(MAILBOX)
    exchangelib.Message(folder=ada.archive_inbox, subject="Old", body="x").save()
    with pytest.raises(TransportError, match="ErrorCannotArchiveItemsInArchiveMailbox"):
        ada.bulk_archive(ada.archive_inbox.all(), to_folder=ada.archive_inbox)


def test_others_reach_an_archive_only_with_full_access(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = make_exchange()
    exchange.add_mailbox("ben@example.org", password=PASSWORD)
    exchange.enable_archive(MAILBOX)
    options = {"user": "ben@example.org", "access_type": exchangelib.DELEGATE}
    with serve(exchange) as simulator:
        with account(simulator, monkeypatch, **options) as ben, pytest.raises(ErrorAccessDenied):
            ben.archive_root  # noqa: B018 - asking is the test
        exchange.mailbox(MAILBOX).delegates.add("ben@example.org")
        with account(simulator, monkeypatch, **options) as ben:
            assert ben.archive_inbox.all().count() == 0


def test_an_archive_survives_in_a_snapshot(tmp_path: Path) -> None:
    exchange = make_exchange()
    archive = exchange.enable_archive(MAILBOX)
    item = archive.put(plain(1), exchange.now())
    save(exchange, tmp_path / "state")
    again = load(tmp_path / "state")
    kept = again.mailbox(MAILBOX).archive
    assert kept is not None
    assert kept.owner is again.mailbox(MAILBOX)
    assert again.find_item(archive.item_id(item))[0] is kept
    assert again.mailboxes == [again.mailbox(MAILBOX)]
