"""What the answers to changes say."""

from serversync.core.errors import RequestRefused
from serversync.exchange.operations.create_attachment import CreateAttachment, NewFile
from serversync.exchange.operations.create_item import CreateItem, MessageDisposition
from serversync.exchange.operations.delete_attachment import DeleteAttachment
from serversync.exchange.operations.find_item import FindItem
from serversync.exchange.operations.send_item import SendItem
from serversync.exchange.outcome import Failure
from serversync.exchange.types.ids import AttachmentId, DistinguishedFolderId, ItemId
from serversync.exchange.types.writing import NewItem
from tests.unit.exchange.answers import answer, failure, read, success

DRAFT = NewItem("Message", {})


def create(count: int) -> CreateItem:
    return CreateItem(items=(DRAFT,) * count, message_disposition=MessageDisposition.SAVE_ONLY)


def test_a_saved_item_has_its_id_and_a_sent_one_none() -> None:
    saved, sent, failed = read(
        create(3),
        answer(
            "CreateItem",
            success(
                "CreateItem", '<m:Items><t:Message><t:ItemId Id="a" ChangeKey="k"/></t:Message></m:Items>'
            ),
            success("CreateItem", "<m:Items/>"),
            failure("CreateItem", "ErrorInvalidRecipients"),
        ),
    )
    assert saved.unwrap().item_id == ItemId("a", "k")
    assert sent.unwrap().item_id is None
    assert isinstance(failed, Failure)


def test_a_sent_draft_is_one_outcome_each() -> None:
    sent, stale = read(
        SendItem(item_ids=(ItemId("a", "k"), ItemId("b", "k"))),
        answer("SendItem", success("SendItem", ""), failure("SendItem", "ErrorSomethingNew")),
    )
    assert sent.unwrap() is True
    assert isinstance(stale.error, RequestRefused)


def test_an_attached_file_tells_the_new_change_key_of_its_item() -> None:
    (attached,) = read(
        CreateAttachment(ItemId("a", "k"), (NewFile(name="x"),)),
        answer(
            "CreateAttachment",
            success(
                "CreateAttachment",
                "<m:Attachments><t:FileAttachment>"
                '<t:AttachmentId Id="f" RootItemId="a" RootItemChangeKey="k2"/>'
                "</t:FileAttachment></m:Attachments>",
            ),
        ),
    )
    assert (attached.unwrap().root_item_id, attached.unwrap().root_item_change_key) == ("a", "k2")


def test_a_page_that_is_not_the_last_says_where_the_next_one_starts() -> None:
    folders = (DistinguishedFolderId("drafts"), DistinguishedFolderId("outbox"))
    more, last = read(
        FindItem(folders=folders),
        answer(
            "FindItem",
            success(
                "FindItem",
                '<m:RootFolder TotalItemsInView="9" IndexedPagingOffset="1" IncludesLastItemInRange="false">'
                '<t:Items><t:Message><t:ItemId Id="a" ChangeKey="k"/></t:Message></t:Items></m:RootFolder>',
            ),
            success(
                "FindItem",
                '<m:RootFolder TotalItemsInView="0" IndexedPagingOffset="0" IncludesLastItemInRange="true">'
                "<t:Items/></m:RootFolder>",
            ),
        ),
    )
    assert [item.item_id for item in more.unwrap().items] == [ItemId("a", "k")]
    assert (more.unwrap().total, more.unwrap().next_offset) == (9, 1)
    assert (last.unwrap().items, last.unwrap().next_offset) == ((), None)


def test_a_file_that_was_taken_away_tells_the_new_change_key_of_its_item() -> None:
    removed, unknown = read(
        DeleteAttachment((AttachmentId("f"), AttachmentId("g"))),
        answer(
            "DeleteAttachment",
            success("DeleteAttachment", '<m:RootItemId RootItemId="a" RootItemChangeKey="k2"/>'),
            failure("DeleteAttachment", "ErrorInvalidAttachmentId"),
        ),
    )
    assert removed.unwrap() == ItemId("a", "k2")
    assert isinstance(unknown, Failure)
