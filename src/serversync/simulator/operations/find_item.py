"""FindItem: list the items of a folder page by page, the newest first."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.shape import Shape, T, parse_shape, whole_number
from serversync.simulator.xmltext import boolean

M = f"{{{MESSAGES_NS}}}"
_MAX_PAGE = 1000
_BY_ARRIVAL = frozenset({"item:DateTimeReceived", "item:DateTimeCreated"})


def answer(call: Call) -> str:
    """Return one page for each folder asked for."""
    messages = []
    for element in call.request.iterfind(f"{M}ParentFolderIds/*"):
        try:
            call.check()
            shape = parse_shape(call.request.find(f"{M}ItemShape"), call.schema, is_listing=True)
            messages.append(success("FindItem", _page(call, element, shape)))
        except EwsError as error:
            messages.append(failure("FindItem", error))
    return response("FindItem", messages)


def _is_ascending(call: Call) -> bool:
    """Read SortOrder; arrival is the only order there is.

    Raises:
        EwsError: another order, a restriction or a query was asked for.
    """
    for unsupported in ("Restriction", "QueryString", "GroupBy", "DistinguishedGroupBy"):
        if call.request.find(f"{M}{unsupported}") is not None:
            raise EwsError(
                "ErrorUnsupportedQueryFilter", f"This server does not support {unsupported} in FindItem."
            )
    order = call.request.find(f"{M}SortOrder/{T}FieldOrder")
    if order is None:
        return False
    field = order.find(f"{T}FieldURI")
    if field is None or field.get("FieldURI") not in _BY_ARRIVAL:
        raise EwsError("ErrorUnsupportedPathForSortGroup", "This server sorts items by their arrival only.")
    return order.get("Order") == "Ascending"


def _page(call: Call, element: etree._Element, shape: Shape) -> str:
    is_ascending = _is_ascending(call)
    mailbox, folder = call.folder(element)
    total = len(folder.items) if call.request.get("Traversal") == "Shallow" else 0
    view = call.request.find(f"{M}IndexedPageItemView")
    offset = whole_number(view, "Offset", 0)
    size = min(whole_number(view, "MaxEntriesReturned", _MAX_PAGE), _MAX_PAGE)
    is_from_end = view is not None and view.get("BasePoint") == "End"
    first, last = min(offset, total), min(offset + size, total)
    if is_from_end:
        first, last = max(total - offset - size, 0), max(total - offset, 0)
    ordered = mailbox.items_by_arrival(folder)
    chosen = [ordered[position if is_ascending else total - 1 - position] for position in range(first, last)]
    items = "".join(call.exchange.render(mailbox, mailbox.message(item), shape) for item in chosen)
    next_offset = offset + len(chosen)
    is_last = first == 0 if is_from_end else last >= total
    return (
        f'<m:RootFolder IndexedPagingOffset="{next_offset}" TotalItemsInView="{total}" '
        f'IncludesLastItemInRange="{boolean(is_last)}"><t:Items>{items}</t:Items></m:RootFolder>'
    )
