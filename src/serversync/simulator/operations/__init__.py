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
    get_events,
    get_folder,
    get_item,
    get_streaming_events,
    subscribe,
    sync_folder_hierarchy,
    sync_folder_items,
    unsubscribe,
)

OPERATIONS: dict[str, Callable[[Call], str]] = {
    "ConvertId": convert_id.answer,
    "FindFolder": find_folder.answer,
    "FindItem": find_item.answer,
    "GetAttachment": get_attachment.answer,
    "GetEvents": get_events.answer,
    "GetFolder": get_folder.answer,
    "GetItem": get_item.answer,
    "GetStreamingEvents": get_streaming_events.answer,
    "Subscribe": subscribe.answer,
    "SyncFolderHierarchy": sync_folder_hierarchy.answer,
    "SyncFolderItems": sync_folder_items.answer,
    "Unsubscribe": unsubscribe.answer,
}
"""Element name of the request to the function that returns the XML inside ``s:Body``."""
