"""The EWS operations, one module each.

``OPERATIONS`` is the dispatch table: the element name of a request leads to the function that answers it.
"""

from collections.abc import Callable

from serversync.simulator.call import Call
from serversync.simulator.operations import (
    archive_item,
    convert_id,
    create_attachment,
    create_folder,
    create_item,
    delete_folder,
    delete_item,
    find_folder,
    find_item,
    get_attachment,
    get_events,
    get_folder,
    get_item,
    get_password_expiration_date,
    get_server_time_zones,
    get_streaming_events,
    mark_all_items_as_read,
    move_folder,
    move_item,
    send_item,
    subscribe,
    sync_folder_hierarchy,
    sync_folder_items,
    unsubscribe,
    update_folder,
    update_item,
)
from serversync.simulator.versions import Schema

OPERATIONS: dict[str, Callable[[Call], str]] = {
    "ArchiveItem": archive_item.answer,
    "ConvertId": convert_id.answer,
    "CopyFolder": move_folder.answer,
    "CopyItem": move_item.answer,
    "CreateAttachment": create_attachment.create,
    "CreateFolder": create_folder.answer,
    "CreateItem": create_item.answer,
    "DeleteAttachment": create_attachment.delete,
    "DeleteFolder": delete_folder.delete,
    "DeleteItem": delete_item.answer,
    "EmptyFolder": delete_folder.empty,
    "FindFolder": find_folder.answer,
    "FindItem": find_item.answer,
    "GetAttachment": get_attachment.answer,
    "GetEvents": get_events.answer,
    "GetFolder": get_folder.answer,
    "GetItem": get_item.answer,
    "GetPasswordExpirationDate": get_password_expiration_date.answer,
    "GetServerTimeZones": get_server_time_zones.answer,
    "GetStreamingEvents": get_streaming_events.answer,
    "MarkAllItemsAsRead": mark_all_items_as_read.answer,
    "MoveFolder": move_folder.answer,
    "MoveItem": move_item.answer,
    "SendItem": send_item.answer,
    "Subscribe": subscribe.answer,
    "SyncFolderHierarchy": sync_folder_hierarchy.answer,
    "SyncFolderItems": sync_folder_items.answer,
    "Unsubscribe": unsubscribe.answer,
    "UpdateFolder": update_folder.answer,
    "UpdateItem": update_item.answer,
}
"""Element name of the request to the function that returns the XML inside ``s:Body``."""

SINCE: dict[str, Schema] = {
    "ArchiveItem": Schema.EXCHANGE2013,
    "EmptyFolder": Schema.EXCHANGE2010_SP1,
    "GetPasswordExpirationDate": Schema.EXCHANGE2010_SP2,
    "GetServerTimeZones": Schema.EXCHANGE2010,
    "MarkAllItemsAsRead": Schema.EXCHANGE2013,
}
"""The schema step that brought an operation, where that is not the first one."""
