"""SyncFolderHierarchy: which folders were added, changed or went away since the last call."""

import base64
import binascii
import hashlib
import hmac
import struct

from serversync.simulator.call import Call
from serversync.simulator.folders import render_folder
from serversync.simulator.foldertree import Folder
from serversync.simulator.identifiers import Identifier, encode, folder_change_key
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, parse_shape

M = f"{{{MESSAGES_NS}}}"
_LAYOUT = struct.Struct(">4s16sIIQ")
_MAGIC = b"SFH\x01"
_SEAL_SIZE = 16
_NO_STATE = "<m:SyncState/><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange>"


def answer(call: Call) -> str:
    """Return what is new to the client of the folders below the root asked for."""
    try:
        return response("SyncFolderHierarchy", [_sync(call)])
    except EwsError as error:
        return response("SyncFolderHierarchy", [failure("SyncFolderHierarchy", error, _NO_STATE)])


def _sync(call: Call) -> str:
    call.check()
    shape = parse_shape(call.request.find(f"{M}FolderShape"), call.schema)
    wanted = call.request.find(f"{M}SyncFolderId")
    if wanted is None:
        mailbox = call.own_mailbox
        root = mailbox.distinguished_folder("root")
    else:
        mailbox, root = call.folder(wanted[0])
        if mailbox.is_public:
            raise EwsError("ErrorInvalidFolderTypeForOperation")
    given = (call.request.findtext(f"{M}SyncState") or "").strip()
    known = _unseal(given, mailbox, root, call.exchange.secret) if given else 0
    below = mailbox.below(root)
    if not call.owns(mailbox):
        below = [one for one in below if Right.SEE in call.rights(mailbox, one)]
    changes = [_announce(mailbox, folder, shape, known) for folder in below if folder.change > known]
    if known:
        here = {folder.number for folder in below}
        gone = (one for one in mailbox.gone if one.change > known and root.number in one.ancestors)
        changes += [
            _farewell(mailbox, one) for one in dict.fromkeys(one.folder for one in gone) if one not in here
        ]
    return success(
        "SyncFolderHierarchy",
        f"<m:SyncState>{_seal(mailbox, root, call.exchange.secret)}</m:SyncState>"
        f"<m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>{''.join(changes)}</m:Changes>",
    )


def _announce(mailbox: Mailbox, folder: Folder, shape: Shape, known: int) -> str:
    name = "Create" if folder.created_change > known else "Update"
    return f"<t:{name}>{render_folder(mailbox, folder, shape)}</t:{name}>"


def _farewell(mailbox: Mailbox, number: int) -> str:
    change_key = folder_change_key(mailbox.guid, mailbox.last_change)
    return f'<t:Delete><t:FolderId Id="{encode(Identifier(mailbox.guid, number))}" ChangeKey="{change_key}"/></t:Delete>'


def _seal(mailbox: Mailbox, root: Folder, secret: bytes) -> str:
    body = _LAYOUT.pack(_MAGIC, mailbox.guid.bytes, mailbox.generation, root.number, mailbox.last_change)
    return base64.b64encode(body + hmac.digest(secret, body, hashlib.sha256)[:_SEAL_SIZE]).decode()


def _unseal(value: str, mailbox: Mailbox, root: Folder, secret: bytes) -> int:
    invalid = EwsError("ErrorInvalidSyncStateData")
    try:
        raw = base64.b64decode(value, validate=True)
        body, signature = raw[:-_SEAL_SIZE], raw[-_SEAL_SIZE:]
        if not hmac.compare_digest(signature, hmac.digest(secret, body, hashlib.sha256)[:_SEAL_SIZE]):
            raise invalid
        magic, guid, generation, number, known = _LAYOUT.unpack(body)
    except (binascii.Error, struct.error, ValueError) as problem:
        raise invalid from problem
    if (magic, guid, generation, number) != (_MAGIC, mailbox.guid.bytes, mailbox.generation, root.number):
        raise invalid
    return int(known)
