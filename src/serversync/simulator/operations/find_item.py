"""FindItem: list the items of a folder, with conditions and in any order, page by page."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from lxml import etree

from serversync.simulator.calendar.series import occurrences_between
from serversync.simulator.call import Call
from serversync.simulator.foldertree import Folder
from serversync.simulator.itemreader import ItemReader
from serversync.simulator.itemview import ItemView
from serversync.simulator.kinds.forms import read_time
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.operations.paging import MAX_FOUND, MAX_PAGE, page_of
from serversync.simulator.querystring import compile_query
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.restriction import Operand, compile_restriction, sort_by
from serversync.simulator.rights import Right
from serversync.simulator.shape import Shape, parse_shape, whole_number
from serversync.simulator.storeditem import StoredItem
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import boolean

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"
_BY_ARRIVAL = frozenset({"item:DateTimeReceived", "item:DateTimeCreated"})
_TWO_YEARS = 732
_ENDLESS = 10**6
_READER = ItemReader()


def answer(call: Call) -> str:
    """Return one page for each folder asked for."""
    messages = []
    for element in call.request.iterfind(f"{M}ParentFolderIds/*"):
        try:
            call.check()
            shape = parse_shape(
                call.request.find(f"{M}ItemShape"), call.schema, is_listing=True, zone=call.zone
            )
            messages.append(success("FindItem", _find(call, element, shape)))
        except EwsError as error:
            messages.append(failure("FindItem", error))
    return response("FindItem", messages)


def _find(call: Call, element: etree._Element, shape: Shape) -> str:
    for name, code in (
        ("GroupBy", "ErrorUnsupportedPathForSortGroup"),
        ("DistinguishedGroupBy", "ErrorUnsupportedPathForSortGroup"),
        ("SeekToConditionPageItemView", "ErrorInvalidOperation"),
    ):
        if call.request.find(f"{M}{name}") is not None:
            raise EwsError(code, f"This server does not support {name} in FindItem.")
    mailbox, folder = call.folder(element, Right.READ)
    shape = call.seen(shape, mailbox, folder)
    view = call.request.find(f"{M}CalendarView")
    if view is not None:
        return _calendar_view(call, mailbox, folder, view, shape)
    numbers = _chosen(call, mailbox, folder)
    page = page_of(call.request, len(numbers), "Item", _most(call))
    return _rows(call, mailbox, numbers[page.first : page.last], page.attributes, shape)


def _most(call: Call) -> int:
    """Return how many items a page has: fewer where they are searched, since 2013."""
    is_search = any(call.request.find(f"{M}{name}") is not None for name in ("Restriction", "QueryString"))
    return MAX_FOUND if is_search and call.exchange.version.schema >= Schema.EXCHANGE2013 else MAX_PAGE


def _rows(call: Call, mailbox: Mailbox, numbers: Sequence[int], attributes: str, shape: Shape) -> str:
    items = "".join(call.exchange.render(mailbox, mailbox.item(number), shape) for number in numbers)
    return f"<m:RootFolder {attributes}><t:Items>{items}</t:Items></m:RootFolder>"


def _views(call: Call, mailbox: Mailbox, numbers: Sequence[int]) -> Iterator[ItemView]:
    shape = Shape(call.schema)
    return (call.exchange.view(mailbox, mailbox.item(number), shape) for number in numbers)


def _candidates(call: Call, mailbox: Mailbox, folder: Folder) -> Sequence[int]:
    """Return the items that a traversal reaches, the oldest delivery first."""
    traversal = call.request.get("Traversal", "Shallow")
    if traversal == "Associated":
        return folder.associated
    if traversal == "SoftDeleted":
        if not mailbox.has_folder("recoverableitemsdeletions"):
            return ()
        recoverable = mailbox.distinguished_folder("recoverableitemsdeletions").items
        return [number for number in recoverable if mailbox.item(number).deleted_from == folder.number]
    if folder.search is not None:
        return _searched(call, mailbox, folder.search)
    return mailbox.items_by_arrival(folder)


def _searched(call: Call, mailbox: Mailbox, search: str) -> list[int]:
    """Return what a search folder finds."""
    parameters = etree.fromstring(f'<x xmlns:t="{TYPES_NS}">{search}</x>')[0]
    test = compile_restriction(parameters.find(f"{T}Restriction"), _READER)
    found: set[int] = set()
    for base in parameters.iterfind(f"{T}BaseFolderIds/*"):
        owner, folder = call.folder(base, Right.READ)
        if owner is not mailbox or folder.search is not None:
            raise EwsError("ErrorInvalidOperation")
        is_deep = parameters.get("Traversal") == "Deep"
        for one in (folder, *(mailbox.below(folder) if is_deep else ())):
            views = _views(call, mailbox, one.items)
            found.update(view.item.number for view in views if test is None or test(view))
    return sorted(found, key=lambda number: mailbox.item(number).received)


def _chosen(call: Call, mailbox: Mailbox, folder: Folder) -> Sequence[int]:
    """Return the items that fulfil the conditions, in the order asked for; by default the newest first."""
    numbers = _candidates(call, mailbox, folder)
    if not call.owns(mailbox):
        numbers = [number for number in numbers if call.may_see(mailbox, mailbox.item(number))]
    tests = [
        test
        for test in (
            compile_restriction(call.request.find(f"{M}Restriction"), _READER),
            _names_between(call.request.find(f"{M}ContactsView")),
            _query(call),
        )
        if test is not None
    ]
    orders = list(_orders(call.request))
    if not tests and all(isinstance(order, bool) for order in orders):
        return numbers if orders and orders[0] else numbers[::-1]
    views = [view for view in _views(call, mailbox, numbers) if all(test(view) for test in tests)]
    if not orders:
        return [view.item.number for view in reversed(views)]
    wanted = [(_ARRIVAL, order) if isinstance(order, bool) else order for order in orders]
    return [view.item.number for view in sort_by(views, wanted)]


def _query(call: Call) -> Callable[[ItemView], bool] | None:
    """Return the test of ``QueryString``; ``None`` without one."""
    text = (call.request.findtext(f"{M}QueryString") or "").strip()
    return compile_query(text, call.exchange.now()) if text else None


_ARRIVAL: Operand[ItemView] = Operand(lambda view: view.item.received, read_time)


def _orders(request: etree._Element) -> Iterator[bool | tuple[Operand[ItemView], bool]]:
    """Yield the fields of the sort order with whether they ascend; arrival stands as a truth value alone."""
    for order in request.iterfind(f"{M}SortOrder/{T}FieldOrder"):
        ascends = order.get("Order") == "Ascending"
        if not len(order):
            raise EwsError("ErrorUnsupportedPathForSortGroup")
        path = order[0]
        if path.get("FieldURI") in _BY_ARRIVAL:
            yield ascends
            continue
        try:
            yield _READER.operand(path), ascends
        except EwsError:
            raise EwsError("ErrorUnsupportedPathForSortGroup") from None


def _names_between(view: etree._Element | None) -> Callable[[ItemView], bool] | None:
    """Return the test of a ``ContactsView``: display names from one name to another."""
    if view is None:
        return None
    low, high = view.get("InitialName", "").casefold(), view.get("FinalName", "").casefold()

    def test(item: ItemView) -> bool:
        name = (item.get("contacts:DisplayName") or "").casefold()
        return name >= low and (not high or name <= high or name.startswith(high))

    return test


def _calendar_view(call: Call, mailbox: Mailbox, folder: Folder, view: etree._Element, shape: Shape) -> str:
    """Return the single items and the occurrences that touch a span of time, in the order of their start."""
    if folder.folder_class != "IPF.Appointment":
        raise EwsError("ErrorCalendarFolderIsInvalidForCalendarView")
    if call.request.find(f"{M}Restriction") is not None or call.request.find(f"{M}SortOrder") is not None:
        raise EwsError("ErrorUnsupportedQueryFilter")
    start, end = read_time(view.get("StartDate", "")), read_time(view.get("EndDate", ""))
    if end < start:
        raise EwsError("ErrorCalendarEndDateIsEarlierThanStartDate")
    if (end - start).days > _TWO_YEARS:
        raise EwsError("ErrorCalendarViewRangeTooBig")
    limit = whole_number(view, "MaxEntriesReturned", _ENDLESS)
    if limit == 0:
        raise EwsError("ErrorInvalidPagingMaxRows")
    found = [
        ((item.properties or {})["calendar:Start"], item.number, item.occurrence, item)
        for number in folder.items
        for item in _between(mailbox.item(number), start, end)
        if call.may_see(mailbox, item)
    ]
    chosen = [item for *_, item in sorted(found, key=lambda row: row[:3])]
    attributes = (
        f'TotalItemsInView="{len(chosen[:limit])}" IncludesLastItemInRange="{boolean(len(chosen) <= limit)}"'
    )
    items = "".join(call.exchange.render(mailbox, item, shape) for item in chosen[:limit])
    return f"<m:RootFolder {attributes}><t:Items>{items}</t:Items></m:RootFolder>"


def _between(item: StoredItem, start: datetime, end: datetime) -> Iterator[StoredItem]:
    """Yield what an item has in a span of time: itself, or its occurrences."""
    given = item.properties or {}
    begins, ends = given.get("calendar:Start"), given.get("calendar:End")
    if given.get("calendar:Recurrence"):
        yield from occurrences_between(item, start, end)
    elif begins is not None and ends is not None and begins < end and (ends > start or begins == start):
        yield item
