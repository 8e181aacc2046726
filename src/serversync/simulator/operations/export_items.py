"""ExportItems and UploadItems: whole items as opaque streams, out of one mailbox and into another (2010 SP1 and later).

A stream is the simulator's own: it brings everything of an item, and only a simulator can read it.
"""

import base64
import binascii
import json
import zlib

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.codec import UnreadableError, decode, encode
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import is_true
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.xmltext import attribute

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"
_MARK = b"\x01EXPORT1"
_LARGEST = 256 * 1024 * 1024


def export(call: Call) -> str:
    """Return one response message with a stream for each item."""
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/{T}ItemId"):
        try:
            mailbox, item = call.item_of(element)
            stream = base64.b64encode(_pack(mailbox, item)).decode()
            messages.append(success("ExportItems", f"{_item_id(mailbox, item)}<m:Data>{stream}</m:Data>"))
        except EwsError as error:
            messages.append(failure("ExportItems", error))
    return response("ExportItems", messages)


def upload(call: Call) -> str:
    """Return one response message with the id for each stream that was stored."""
    messages = []
    for element in call.request.iterfind(f"{M}Items/{T}Item"):
        try:
            call.check()
            mailbox, item = _store(call, element)
            messages.append(success("UploadItems", _item_id(mailbox, item)))
        except EwsError as error:
            messages.append(failure("UploadItems", error))
    return response("UploadItems", messages)


def _item_id(mailbox: Mailbox, item: StoredItem) -> str:
    return (
        f"<m:ItemId Id={attribute(mailbox.item_id(item))} ChangeKey={attribute(mailbox.change_key(item))}/>"
    )


def _pack(mailbox: Mailbox, item: StoredItem) -> bytes:
    whole = item.copy()
    whole.mime = mailbox.mime(item)
    whole.extended = mailbox.with_search_key(item)
    whole.number = whole.folder = whole.origin = 0
    return _MARK + zlib.compress(json.dumps(encode(whole)).encode(), 1)


def _unpack(value: str) -> StoredItem:
    """Read a stream.

    Raises:
        EwsError: ``ErrorCorruptData``: it is none.
    """
    try:
        raw = base64.b64decode("".join(value.split()), validate=True)
        if not raw.startswith(_MARK):
            raise EwsError("ErrorCorruptData")
        expander = zlib.decompressobj()
        text = expander.decompress(raw[len(_MARK) :], _LARGEST)
        found = decode(json.loads(text))
    except (binascii.Error, zlib.error, UnreadableError, ValueError, RecursionError):
        raise EwsError("ErrorCorruptData") from None
    if not isinstance(found, StoredItem):
        raise EwsError("ErrorCorruptData")
    return found


def _store(call: Call, element: etree._Element) -> tuple[Mailbox, StoredItem]:
    parent = element.find(f"{T}ParentFolderId")
    if parent is None:
        raise EwsError("ErrorParentFolderNotFound")
    mailbox, folder = call.folder(_as_folder_id(parent), Right.CREATE)
    item = _unpack(element.findtext(f"{T}Data") or "")
    item.is_associated = is_true(element.get("IsAssociated", "false")) or item.is_associated
    given, action = element.find(f"{T}ItemId"), element.get("CreateAction")
    if action == "CreateNew":
        if given is not None:
            raise EwsError("ErrorInvalidIdMalformed")
        mailbox.check_room(item.weight)
        return mailbox, mailbox.add(item, folder)
    if given is None:
        raise EwsError("ErrorInvalidIdMalformed")
    try:
        _, before = call.item(given.get("Id", ""), Right.EDIT)
    except EwsError as error:
        if action != "UpdateOrCreate" or error.response_code != "ErrorItemNotFound":
            raise
        mailbox.check_room(item.weight)
        return mailbox, mailbox.add(item, folder)
    if before.folder != folder.number:
        raise EwsError("ErrorItemNotFound")
    mailbox.check_room(item.weight - mailbox.weight_of(before))
    item.number, item.folder, item.origin = before.number, before.folder, before.origin
    item.created_change, item.read_change = before.created_change, before.read_change
    return mailbox, mailbox.store(item, modifier=call.modifier)


def _as_folder_id(parent: etree._Element) -> etree._Element:
    """Return the parent as the ``FolderId`` that it stands for."""
    element = etree.Element(f"{T}FolderId")
    element.set("Id", parent.get("Id", ""))
    return element
