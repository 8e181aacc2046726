"""SyncFolderItems: what changed in a folder since the last call; the only change feed without gaps."""

from serversync.simulator.call import Call
from serversync.simulator.foldertree import Folder
from serversync.simulator.identifiers import Identifier, encode, item_change_key
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, EwsError, SoapFault, failure, response, success
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, parse_shape
from serversync.simulator.syncstate import Change, Scope, SyncChange, changes_since, seal, unseal
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import boolean

M = f"{{{MESSAGES_NS}}}"
_NO_STATE = "<m:SyncState/><m:IncludesLastItemInRange>true</m:IncludesLastItemInRange>"
_MAX_CHANGES = 512


def answer(call: Call) -> str:
    """Return up to ``MaxChangesReturned`` changes and the state after them."""
    try:
        return response("SyncFolderItems", [_sync(call)])
    except EwsError as error:
        return response("SyncFolderItems", [failure("SyncFolderItems", error, _NO_STATE)])


def _limit(call: Call) -> int:
    value = (call.request.findtext(f"{M}MaxChangesReturned") or "").strip()
    if not value.isdigit() or not 1 <= int(value) <= _MAX_CHANGES:
        raise SoapFault(
            "ErrorSchemaValidation",
            "The request failed schema validation.",
            faultstring=f"The request failed schema validation: The 'MaxChangesReturned' element is invalid - The value '{value}' is invalid.",
        )
    return int(value)


def _sync(call: Call) -> str:
    limit = _limit(call)
    call.check()
    shape = parse_shape(call.request.find(f"{M}ItemShape"), call.schema, is_listing=True, zone=call.zone)
    wanted = call.request.find(f"{M}SyncFolderId/*")
    if wanted is None:
        raise EwsError("ErrorSyncFolderNotFound")
    try:
        mailbox, folder = call.folder(wanted, Right.READ)
    except EwsError as error:
        if error.response_code in {"ErrorItemNotFound", "ErrorFolderNotFound"}:
            raise EwsError("ErrorSyncFolderNotFound") from error
        raise
    if folder.search is not None or mailbox.is_public:
        raise EwsError("ErrorInvalidFolderTypeForOperation")
    ignored = {element.get("Id", "") for element in call.request.iterfind(f"{M}Ignore/*")}
    given = (call.request.findtext(f"{M}SyncState") or "").strip()
    state = unseal(given, mailbox, folder, call.exchange.secret) if given else None
    scope = (call.request.findtext(f"{M}SyncScope") or "").strip()
    wanted_items = Scope(
        with_associated=scope == "NormalAndAssociatedItems",
        is_newest_first=call.exchange.version.schema >= Schema.EXCHANGE2010_SP2,
    )
    changes, after, is_last = changes_since(state, mailbox, folder, limit, wanted_items)
    rendered = "".join(_render(call, mailbox, folder, change, shape, ignored) for change in changes)
    return success(
        "SyncFolderItems",
        f"<m:SyncState>{seal(after, mailbox, folder, call.exchange.secret)}</m:SyncState>"
        f"<m:IncludesLastItemInRange>{boolean(is_last)}</m:IncludesLastItemInRange><m:Changes>{rendered}</m:Changes>",
    )


def _render(
    call: Call, mailbox: Mailbox, folder: Folder, change: Change, shape: Shape, ignored: set[str]
) -> str:
    item_id = encode(Identifier(mailbox.guid, folder.number, change.item))
    if item_id in ignored or (change.stored is not None and not call.may_see(mailbox, change.stored)):
        return ""
    name = change.kind.value
    if change.stored is None:
        change_key = item_change_key(mailbox.guid, mailbox.last_change)
        return f'<t:{name}><t:ItemId Id="{item_id}" ChangeKey="{change_key}"/></t:{name}>'
    if change.kind is SyncChange.READ_FLAG_CHANGE:
        return (
            f'<t:{name}><t:ItemId Id="{item_id}" ChangeKey="{mailbox.change_key(change.stored)}"/>'
            f"<t:IsRead>{boolean(change.stored.is_read)}</t:IsRead></t:{name}>"
        )
    return f"<t:{name}>{call.exchange.render(mailbox, change.stored, shape)}</t:{name}>"
