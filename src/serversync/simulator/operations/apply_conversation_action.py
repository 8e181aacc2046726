"""ApplyConversationAction (2010 SP1 and later): move, copy, delete or mark all messages of a conversation at once.

What shall always be done with a conversation, also with messages that are still to come, is refused.
"""

from collections.abc import Callable

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.conversations import grouped, mail_folders
from serversync.simulator.foldertree import Folder
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.flag import FLAG
from serversync.simulator.kinds.forms import read_time
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import is_true

M, T = f"{{{MESSAGES_NS}}}", f"{{{TYPES_NS}}}"


def answer(call: Call) -> str:
    """Return one response message for each action."""
    messages = []
    for element in call.request.iterfind(f"{M}ConversationActions/{T}ConversationAction"):
        try:
            call.check()
            _apply(call, element)
            messages.append(success("ApplyConversationAction", ""))
        except EwsError as error:
            messages.append(failure("ApplyConversationAction", error))
    return response("ApplyConversationAction", messages)


def _apply(call: Call, element: etree._Element) -> None:
    action = (element.findtext(f"{T}Action") or "").strip()
    if action not in _ACTIONS:
        raise EwsError("ErrorInvalidOperation", f"This server does not carry out {action} for conversations.")
    mailbox = call.own_mailbox
    context = _folder(call, element, "ContextFolderId", Right.READ)
    folders = mail_folders(mailbox) if context is None else [context]
    identity = element.find(f"{T}ConversationId")
    wanted = "" if identity is None else identity.get("Id", "")
    views = grouped(call.exchange, mailbox, folders, call.schema).get(wanted, [])
    until = (element.findtext(f"{T}ConversationLastSyncTime") or "").strip()
    if until:
        latest = read_time(until)
        views = [view for view in views if view.item.received <= latest]
    _ACTIONS[action](call, mailbox, element, views)


def _folder(call: Call, element: etree._Element, name: str, right: Right) -> Folder | None:
    """Return a folder of the mailbox acted on that an element names; ``None`` where it is absent.

    Raises:
        EwsError: there is no such folder there.
    """
    wanted = element.find(f"{T}{name}")
    if wanted is None or not len(wanted):
        return None
    mailbox, folder = call.folder(wanted[0], right)
    if mailbox is not call.own_mailbox or folder.search is not None:
        raise EwsError("ErrorApplyConversationActionFailed")
    return folder


def _destination(call: Call, element: etree._Element) -> Folder:
    found = _folder(call, element, "DestinationFolderId", Right.CREATE)
    if found is None:
        raise EwsError("ErrorApplyConversationActionFailed", "The action needs a folder to go to.")
    return found


def _move(call: Call, mailbox: Mailbox, element: etree._Element, views: list[ItemView]) -> None:
    into = _destination(call, element)
    for view in views:
        if view.item.folder != into.number:
            mailbox.move(view.item.number, into)


def _copy(call: Call, mailbox: Mailbox, element: etree._Element, views: list[ItemView]) -> None:
    into = _destination(call, element)
    mailbox.check_room(sum(mailbox.weight_of(view.item) for view in views))
    for view in views:
        mailbox.copy(view.item.number, into)


def _delete(_call: Call, mailbox: Mailbox, element: etree._Element, views: list[ItemView]) -> None:
    how = (element.findtext(f"{T}DeleteType") or "MoveToDeletedItems").strip()
    suppresses = _suppresses(element)
    for view in views:
        if suppresses:
            mailbox.suppress_receipt(view.item)
        if how == "HardDelete":
            mailbox.delete(view.item.number)
        elif how == "SoftDelete":
            mailbox.soft_delete(view.item.number)
        else:
            mailbox.throw_away(view.item.number)


def _set_read_state(_call: Call, mailbox: Mailbox, element: etree._Element, views: list[ItemView]) -> None:
    is_read = is_true((element.findtext(f"{T}IsRead") or "").strip())
    for view in views:
        if _suppresses(element):
            mailbox.suppress_receipt(view.item)
        mailbox.mark_read(view.item.number, is_read=is_read)


def _flag(_call: Call, mailbox: Mailbox, element: etree._Element, views: list[ItemView]) -> None:
    given = element.find(f"{T}Flag")
    if given is None:
        raise EwsError("ErrorApplyConversationActionFailed", "The action needs a flag.")
    for view in views:
        mailbox.edit(view.item.number, properties={"item:Flag": FLAG.read(given)})


def _suppresses(element: etree._Element) -> bool:
    return is_true((element.findtext(f"{T}SuppressReadReceipts") or "").strip())


_ACTIONS: dict[str, Callable[[Call, Mailbox, etree._Element, list[ItemView]], None]] = {
    "Move": _move,
    "Copy": _copy,
    "Delete": _delete,
    "SetReadState": _set_read_state,
    "Flag": _flag,
}
