"""The tracking category in the list of categories of one mailbox, over Exchange Web Services."""

from typing import Final
from uuid import uuid4

from serversync.core.errors import ItemUnreadable
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.user_configuration_xml import (
    CreateUserConfigurationXml,
    GetUserConfigurationXml,
    UpdateUserConfigurationXml,
)
from serversync.exchange.outcome import Failure
from serversync.exchange.types.category_list import Category, CategoryList, CategoryListUnreadable
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.exchange.types.user_configuration import UserConfigurationName
from serversync.rules.email.category import InMailbox, Step, TrackingCategory, after, next_move

CATEGORY_LIST: Final = UserConfigurationName("CategoryList", DistinguishedFolderId("calendar"))
"""Where Outlook keeps the list, and under which name."""
_NONE_YET: Final = "ErrorItemNotFound"
_TAKEN: Final = "ErrorItemSave"
_ATTEMPTS: Final = 3


async def keep(
    client: EwsClient, mailbox: str | None, known: TrackingCategory
) -> tuple[TrackingCategory, bool]:
    """Put the list right; return the category as it is then, and whether it was added.

    Raises:
        ServiceError: the list cannot be read or written.
    """
    for _ in range(_ATTEMPTS):
        document = await _read(client, mailbox)
        try:
            categories = CategoryList(document)
        except CategoryListUnreadable as error:
            raise ItemUnreadable(response_code=f"CategoryList: {error}") from error
        found = [InMailbox(one.guid, one.name, one.color) for one in categories.categories]
        step, ours = next_move(known, found)
        if step is Step.ADD:
            ours = ours._replace(categoryid=ours.categoryid or str(uuid4()))
            categories.add(Category(ours.name, ours.color, ours.categoryid))
        elif step is Step.RENAME:
            categories.rename(ours.categoryid, ours.name)
        elif step is Step.REMOVE:
            categories.remove(ours.categoryid)
        if step is Step.NOTHING or await _write(client, mailbox, categories, is_new=document is None):
            return after(known, ours, found), step is Step.ADD
    raise ItemUnreadable(response_code="CategoryList: somebody else keeps making it")


async def _read(client: EwsClient, mailbox: str | None) -> bytes | None:
    (outcome,) = await client.call(GetUserConfigurationXml(CATEGORY_LIST), mailbox=mailbox)
    if isinstance(outcome, Failure) and outcome.code == _NONE_YET:
        return None
    return outcome.unwrap()


async def _write(client: EwsClient, mailbox: str | None, categories: CategoryList, *, is_new: bool) -> bool:
    """Write the list; ``False`` where somebody has made one in the meantime."""
    kind = CreateUserConfigurationXml if is_new else UpdateUserConfigurationXml
    (outcome,) = await client.call(kind(CATEGORY_LIST, categories.to_xml()), mailbox=mailbox)
    if isinstance(outcome, Failure) and is_new and outcome.code == _TAKEN:
        return False
    return outcome.unwrap()
