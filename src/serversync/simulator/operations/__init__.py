"""The EWS operations, one module each.

``OPERATIONS`` is the dispatch table: the element name of a request leads to the function that answers it.
"""

from collections.abc import Callable

from serversync.simulator.call import Call
from serversync.simulator.operations import (
    convert_id,
    find_folder,
    find_item,
    get_attachment,
    get_folder,
    get_item,
    sync_folder_hierarchy,
    sync_folder_items,
)

OPERATIONS: dict[str, Callable[[Call], str]] = {
    "ConvertId": convert_id.answer,
    "FindFolder": find_folder.answer,
    "FindItem": find_item.answer,
    "GetAttachment": get_attachment.answer,
    "GetFolder": get_folder.answer,
    "GetItem": get_item.answer,
    "SyncFolderHierarchy": sync_folder_hierarchy.answer,
    "SyncFolderItems": sync_folder_items.answer,
}
"""Element name of the request to the function that returns the XML inside ``s:Body``."""
