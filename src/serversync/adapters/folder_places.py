"""Where tracked folders lie: only below the Inbox do they count.

A folder that somebody deletes in Outlook is moved to Deleted Items and keeps its id, so that it can be read as before;
that it was deleted shows in where it lies.
"""

from collections.abc import Sequence
from typing import Final

from serversync.core.errors import Permanent
from serversync.engine.ports import MailFolder
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.folder import Folder
from serversync.exchange.types.ids import DistinguishedFolderId, FolderId
from serversync.exchange.types.shapes import BaseShape, FolderShape

_PARENT: Final = FolderShape(
    base_shape=BaseShape.ID_ONLY, additional_properties=(FieldURI("folder:ParentFolderId"),)
)
_DEEPEST: Final = 100


async def outside_inbox(
    client: EwsClient, mailbox: str | None, folders: Sequence[MailFolder]
) -> list[MailFolder]:
    """Return the folders that lie elsewhere than below the Inbox, at any depth.

    One that cannot be found is not among them: that shows when it is read.

    Raises:
        ServiceError: transient trouble, or anything that concerns more than one folder.
    """
    request = GetFolder((DistinguishedFolderId("inbox"),), _PARENT)
    (inbox,) = await client.call(request, mailbox=mailbox)
    home = _id_of(inbox.unwrap())
    parents: dict[str, str] = {}
    wanted = {folder.exchange_id for folder in folders if folder.exchange_id}
    for _ in range(_DEEPEST):
        if not wanted:
            break
        ids = sorted(wanted)
        request = GetFolder(tuple([FolderId(each) for each in ids]), _PARENT)
        for asked, outcome in zip(ids, await client.call(request, mailbox=mailbox), strict=True):
            parents[asked] = _parent(outcome)
        wanted = {each for each in parents.values() if each and each != home} - set(parents)
    return [one for one in folders if one.exchange_id and not _leads_to(home, one.exchange_id, parents)]


def _parent(outcome: ews.Outcome[Folder]) -> str:
    """Return the id of a folder's parent; empty where it cannot be had."""
    if isinstance(outcome, ews.Failure):
        if isinstance(outcome.error, Permanent):
            return ""
        raise outcome.error
    parent = outcome.value.parent_folder_id
    return parent.id if parent is not None else ""


def _leads_to(home: str, start: str, parents: dict[str, str]) -> bool:
    """Tell whether a folder lies below ``home``; also where it cannot be found at all."""
    if not parents.get(start):
        return True
    seen = set()
    here = start
    while here and here not in seen:
        if here == home:
            return True
        seen.add(here)
        here = parents.get(here, "")
    return False


def _id_of(folder: Folder) -> str:
    return folder.folder_id.id if folder.folder_id is not None else ""
