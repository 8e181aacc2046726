"""GetConversationItems (2013 and later): all messages of conversations, as the tree of who answered whom."""

from collections.abc import Iterator, Sequence

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.conversations import grouped, mail_folders
from serversync.simulator.identifiers import change_of, item_change_key
from serversync.simulator.itemview import ItemView
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import (
    MESSAGES_NS,
    TYPES_NS,
    EwsError,
    failure,
    response,
    success,
)
from serversync.simulator.shape import Shape, parse_shape
from serversync.simulator.xmltext import attribute, text

M, T = f"{{{MESSAGES_NS}}}", f"{{{TYPES_NS}}}"
_MOST = 100


def answer(call: Call) -> str:
    """Return one response message for each conversation, with its messages in the order asked for."""
    shape = parse_shape(call.request.find(f"{M}ItemShape"), call.schema, zone=call.zone)
    messages = []
    for element in call.request.iterfind(f"{M}Conversations/{T}Conversation"):
        try:
            call.check()
            messages.append(success("GetConversationItems", _conversation(call, element, shape)))
        except EwsError as error:
            messages.append(failure("GetConversationItems", error))
    return response("GetConversationItems", messages)


def _conversation(call: Call, element: etree._Element, shape: Shape) -> str:
    identity = element.find(f"{T}ConversationId")
    wanted = "" if identity is None else identity.get("Id", "")
    mailbox = call.own_mailbox
    ignored = {call.folder(one)[1].number for one in call.request.iterfind(f"{M}FoldersToIgnore/*")}
    folders = [one for one in mail_folders(mailbox) if one.number not in ignored]
    views = grouped(call.exchange, mailbox, folders, call.schema).get(wanted, [])
    known = _known(element.findtext(f"{T}SyncState"))
    limit = (call.request.findtext(f"{M}MaxItemsToReturn") or "").strip()
    nodes = [
        _node(call, mailbox, view, parent, shape)
        for view, parent in _ordered(
            views, (call.request.findtext(f"{M}SortOrder") or "TreeOrderAscending").strip()
        )
        if view.item.change > known
    ][: int(limit) if limit.isdigit() else _MOST]
    if not views and not known:
        raise EwsError("ErrorItemNotFound")
    state = item_change_key(mailbox.guid, mailbox.last_change)
    return (
        f"<m:Conversation><t:ConversationId Id={attribute(wanted)}/><t:SyncState>{state}</t:SyncState>"
        f"<t:ConversationNodes>{''.join(nodes)}</t:ConversationNodes></m:Conversation>"
    )


def _known(state: str | None) -> int:
    """Return up to which change of the mailbox a client knows a conversation."""
    if not state or not state.strip():
        return 0
    try:
        return change_of(state.strip())[1]
    except EwsError:
        raise EwsError("ErrorInvalidSyncStateData") from None


def _ordered(views: Sequence[ItemView], order: str) -> Iterator[tuple[ItemView, str]]:
    """Yield the messages with the Message-ID of the one that each answers, where that is in the conversation."""
    ascending = sorted(views, key=lambda view: view.item.received)
    ids = {view.get("message:InternetMessageId") or "": view for view in ascending}
    parents = {id(view): _parent(view, ids) for view in ascending}
    if order.startswith("DateOrder"):
        chosen = ascending if order == "DateOrderAscending" else ascending[::-1]
        yield from ((view, parents[id(view)]) for view in chosen)
        return
    children: dict[str, list[ItemView]] = {}
    for view in ascending:
        children.setdefault(parents[id(view)], []).append(view)
    found: list[ItemView] = []
    waiting = children.get("", [])[::-1]
    while waiting:
        view = waiting.pop()
        found.append(view)
        waiting += children.pop(view.get("message:InternetMessageId") or "-", [])[::-1]
    reached = {id(view) for view in found}
    found += [view for view in ascending if id(view) not in reached]
    for view in found if order == "TreeOrderAscending" else reversed(found):
        yield view, parents[id(view)]


def _parent(view: ItemView, ids: dict[str, ItemView]) -> str:
    answered = view.get("item:InReplyTo") or ""
    parent = ids.get(answered)
    return answered if parent is not None and parent is not view else ""


def _node(call: Call, mailbox: Mailbox, view: ItemView, parent: str, shape: Shape) -> str:
    own = view.get("message:InternetMessageId")
    inner = f"<t:InternetMessageId>{text(own)}</t:InternetMessageId>" if own else ""
    if parent:
        inner += f"<t:ParentInternetMessageId>{text(parent)}</t:ParentInternetMessageId>"
    item = call.exchange.render(mailbox, view.item, shape)
    return f"<t:ConversationNode>{inner}<t:Items>{item}</t:Items></t:ConversationNode>"
