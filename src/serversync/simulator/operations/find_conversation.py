"""FindConversation (2010 SP1 and later): the conversations of a folder, page by page."""

from collections.abc import Callable
from typing import Any

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.conversations import Conversation, in_folder, render
from serversync.simulator.operations.paging import page_of
from serversync.simulator.querystring import compile_query
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, single
from serversync.simulator.rights import Right
from serversync.simulator.versions import Schema

M, T = f"{{{MESSAGES_NS}}}", f"{{{TYPES_NS}}}"
_RANKS = {"Low": 0, "Normal": 1, "High": 2}
_ORDERS: dict[str, Callable[[Conversation], Any]] = {
    "conversation:LastDeliveryTime": lambda one: one.delivered,
    "conversation:ConversationTopic": lambda one: one.here[0].conversation_topic.casefold(),
    "conversation:Size": lambda one: sum(view.size for view in one.here),
    "conversation:MessageCount": lambda one: len(one.here),
    "conversation:UnreadCount": lambda one: sum(not view.item.is_read for view in one.here),
    "conversation:HasAttachments": lambda one: any(view.attachments for view in one.here),
    "conversation:Importance": lambda one: max(
        _RANKS.get(view.get("item:Importance") or "Normal", 1) for view in one.here
    ),
}
_FILTERS: dict[str, Callable[[Conversation], bool]] = {
    "All": lambda _one: True,
    "Unread": lambda one: any(not view.item.is_read for view in one.here),
    "HasAttachment": lambda one: any(view.attachments for view in one.here),
}


def answer(call: Call) -> str:
    """Return one page of conversations, the one with the newest message first unless another order is asked for."""
    try:
        call.check()
        return single("FindConversationResponse", _find(call))
    except EwsError as error:
        payload = "<m:Conversations/>" if call.schema < Schema.EXCHANGE2013 else ""
        return single("FindConversationResponse", payload, error)


def _find(call: Call) -> str:
    if call.request.find(f"{M}SeekToConditionPageItemView") is not None:
        raise EwsError("ErrorInvalidOperation", "This server does not seek in FindConversation.")
    mailbox, folder = call.needed_target("ParentFolderId", Right.READ)
    found = in_folder(call.exchange, mailbox, folder, call.schema)
    view_filter = call.request.get("ViewFilter", "All")
    if view_filter not in _FILTERS:
        raise EwsError(
            "ErrorInvalidOperation", f"This server does not filter conversations by {view_filter}."
        )
    found = [one for one in found if _FILTERS[view_filter](one)]
    query = (call.request.findtext(f"{M}QueryString") or "").strip()
    if query:
        test = compile_query(query, call.exchange.now())
        found = [one for one in found if any(test(view) for view in one.here)]
    for order in reversed(call.request.findall(f"{M}SortOrder/{T}FieldOrder")):
        found.sort(key=_key(order), reverse=order.get("Order") == "Descending")
    page = page_of(call.request, len(found), "Item")
    wanted = _wanted(call.request.find(f"{M}ConversationShape"))
    rows = "".join(render(one, wanted, call.schema) for one in found[page.first : page.last])
    further = ""
    if call.schema >= Schema.EXCHANGE2013:
        further = (
            f"<m:TotalConversationsInView>{len(found)}</m:TotalConversationsInView>"
            f"<m:IndexedOffset>{page.last}</m:IndexedOffset>"
        )
    return f"<m:Conversations>{rows}</m:Conversations>{further}"


def _key(order: etree._Element) -> Callable[[Conversation], Any]:
    uri = order[0].get("FieldURI", "") if len(order) else ""
    if uri not in _ORDERS:
        raise EwsError("ErrorUnsupportedPathForSortGroup")
    return _ORDERS[uri]


def _wanted(shape: etree._Element | None) -> frozenset[str] | None:
    """Return the names of the elements that a shape asks for; ``None`` for all."""
    if shape is None or shape.findtext(f"{T}BaseShape") != "IdOnly":
        return None
    paths = shape.iterfind(f"{T}AdditionalProperties/*")
    return frozenset(path.get("FieldURI", "").partition(":")[2] for path in paths)
