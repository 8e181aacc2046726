"""SyncFolderItems, from a whole answer."""

import pytest

from serversync.core.errors import AnswerUnreadable, SyncStateInvalid
from serversync.exchange.operations.sync_folder_items import (
    Create,
    Delete,
    ReadFlagChange,
    SyncFolderItems,
    SyncPage,
    Update,
)
from serversync.exchange.types.calendar_item import CalendarItem
from serversync.exchange.types.ids import DistinguishedFolderId, ItemId
from serversync.exchange.types.message import Message
from tests.unit.exchange import answers

SYNC = SyncFolderItems(DistinguishedFolderId("inbox"))


def page(changes: str, state: str = "<m:SyncState>s</m:SyncState>", last: str = "true") -> str:
    payload = f"{state}<m:IncludesLastItemInRange>{last}</m:IncludesLastItemInRange>{changes}"
    return answers.answer("SyncFolderItems", answers.success("SyncFolderItems", payload))


def test_a_page_holds_all_kinds_of_changes_in_order() -> None:
    (outcome,) = answers.read(SYNC, answers.canned("sync_folder_items/mixed_page.xml"))
    create, update, delete, read_flag = outcome.value.changes
    assert isinstance(create, Create)
    assert isinstance(create.item, Message)
    assert (create.item_id, create.item.internet_message_id) == (ItemId("one", "k1"), "<one@example.org>")
    assert isinstance(update, Update)
    assert isinstance(update.item, CalendarItem)
    assert delete == Delete(ItemId("three", "k3"))
    assert read_flag == ReadFlagChange(ItemId("four", "k4"), is_read=True)
    assert (outcome.value.sync_state, outcome.value.includes_last) == ("H4sIAAA+/=", False)


@pytest.mark.parametrize("changes", ["<m:Changes/>", ""])
def test_a_page_without_changes_is_a_page(changes: str) -> None:
    (outcome,) = answers.read(SYNC, page(changes))
    assert outcome.value == SyncPage("s", includes_last=True, changes=())


@pytest.mark.parametrize("code", ["ErrorInvalidSyncStateData", "ErrorSyncFolderNotFound"])
def test_a_lost_position_is_told_with_its_folder(code: str) -> None:
    (outcome,) = answers.read(
        SYNC, answers.answer("SyncFolderItems", answers.failure("SyncFolderItems", code))
    )
    assert isinstance(outcome.error, SyncStateInvalid)
    assert "in inbox of ada@example.org" in str(outcome.error)


@pytest.mark.parametrize(
    "change",
    [
        "<t:Surprise><t:ItemId Id='1'/></t:Surprise>",
        "<t:Create/>",
        "<t:Create><t:Message/></t:Create>",
        "<t:Update><t:Message><t:ItemId/></t:Message></t:Update>",
        "<t:Delete/>",
        "<t:ReadFlagChange><t:ItemId Id='1'/></t:ReadFlagChange>",
    ],
)
def test_a_change_that_makes_no_sense_is_never_passed_over(change: str) -> None:
    with pytest.raises(AnswerUnreadable, match="without sense"):
        answers.read(SYNC, page(f"<m:Changes>{change}</m:Changes>"))


@pytest.mark.parametrize(
    ("state", "last"), [("", "true"), ("<m:SyncState/>", "true"), ("<m:SyncState>s</m:SyncState>", "")]
)
def test_a_page_without_its_position_is_not_accepted(state: str, last: str) -> None:
    with pytest.raises(AnswerUnreadable, match="no new position"):
        answers.read(SYNC, page("<m:Changes/>", state, last))
