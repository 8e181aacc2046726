"""Pages of FindItem and FindFolder: indexed from either end, or by a fraction of the whole."""

from dataclasses import dataclass

from lxml import etree

from serversync.simulator.response import MESSAGES_NS, EwsError
from serversync.simulator.shape import whole_number
from serversync.simulator.xmltext import boolean

M = f"{{{MESSAGES_NS}}}"
MAX_PAGE = 1000
MAX_FOUND = 250
"""How many items a search gives at a time since 2013 (Microsoft, "EWS throttling in Exchange")."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which of the rows are answered.

    Attributes:
        first: Index of the first row.
        last: Index after the last row.
        attributes: What ``RootFolder`` says of it.
    """

    first: int
    last: int
    attributes: str


def page_of(request: etree._Element, total: int, kind: str, most: int = MAX_PAGE) -> Page:
    """Return the page that a request asks for.

    Args:
        request: The operation's element.
        total: How many rows there are.
        kind: ``Item`` or ``Folder``, as in the names of the view elements.
        most: How many rows a page has at most.

    Raises:
        EwsError: ``ErrorInvalidPagingMaxRows``, ``ErrorInvalidIndexedPagingParameters`` or
            ``ErrorInvalidFractionalPagingParameters``.
        SoapFault: a number is none.
    """
    view = request.find(f"{M}IndexedPage{kind}View")
    fraction = request.find(f"{M}FractionalPage{kind}View")
    size = min(whole_number(view if view is not None else fraction, "MaxEntriesReturned", most), most)
    if size == 0:
        raise EwsError("ErrorInvalidPagingMaxRows")
    if fraction is not None:
        return _fractional(fraction, total, size)
    if view is not None and view.get("Offset", "").startswith("-"):
        raise EwsError("ErrorInvalidIndexedPagingParameters")
    offset = whole_number(view, "Offset", 0)
    if view is not None and view.get("BasePoint") == "End":
        first, last = max(total - offset - size, 0), max(total - offset, 0)
        return _page(first, last, total, offset + last - first, is_last=first == 0)
    first, last = min(offset, total), min(offset + size, total)
    return _page(first, last, total, last, is_last=last >= total)


def _page(first: int, last: int, total: int, next_offset: int, *, is_last: bool) -> Page:
    attributes = (
        f'IndexedPagingOffset="{next_offset}" TotalItemsInView="{total}" '
        f'IncludesLastItemInRange="{boolean(is_last)}"'
    )
    return Page(first, last, attributes)


def _fractional(view: etree._Element, total: int, size: int) -> Page:
    numerator, denominator = whole_number(view, "Numerator", 0), whole_number(view, "Denominator", 1)
    if denominator == 0 or numerator > denominator:
        raise EwsError("ErrorInvalidFractionalPagingParameters")
    first = total * numerator // denominator
    last = min(first + size, total)
    attributes = (
        f'NumeratorOffset="{last}" AbsoluteDenominator="{total}" TotalItemsInView="{total}" '
        f'IncludesLastItemInRange="{boolean(last >= total)}"'
    )
    return Page(first, last, attributes)
