"""GetItem: read items in full."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from lxml import etree

from serversync.simulator.calendar.series import occurrences, series_of
from serversync.simulator.call import Call
from serversync.simulator.kinds.forms import read_time
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.shape import is_true, parse_shape
from serversync.simulator.storeditem import StoredItem

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"
_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MOST = 1000


def answer(call: Call) -> str:
    """Return one response message for each item asked for, in the same order."""
    shape = parse_shape(call.request.find(f"{M}ItemShape"), call.schema, zone=call.zone)
    messages = []
    for element in call.request.iterfind(f"{M}ItemIds/*"):
        try:
            mailbox, item = call.item_of(element)
            own = call.seen(shape, mailbox, mailbox.folders[item.folder])
            rendered = call.exchange.render(mailbox, item, own)
            if element.tag == f"{T}RecurringMasterItemIdRanges":
                found = _in_ranges(item, element)
                rendered += "".join(call.exchange.render(mailbox, one, own) for one in found)
            messages.append(success("GetItem", f"<m:Items>{rendered}</m:Items>"))
        except EwsError as error:
            messages.append(failure("GetItem", error, "<m:Items/>"))
    return response("GetItem", messages)


def _in_ranges(master: StoredItem, element: etree._Element) -> Iterator[StoredItem]:
    """Yield the occurrences in the ranges of a ``RecurringMasterItemIdRanges``, each once.

    Raises:
        EwsError: ``ErrorCalendarCannotUseIdForRecurringMasterId``: the item is no master.
    """
    if series_of(master) is None:
        raise EwsError("ErrorCalendarCannotUseIdForRecurringMasterId")
    seen: set[int] = set()
    for wanted in element.iterfind(f"{T}Ranges/{T}Range"):
        start, end = (
            read_time(wanted.get(name, "")) if wanted.get(name) else always
            for name, always in zip(("Start", "End"), _ALWAYS, strict=True)
        )
        is_original = is_true(wanted.get("CompareOriginalStartTime", "false"))
        uri = "calendar:OriginalStart" if is_original else "calendar:Start"
        count = wanted.get("Count", "")
        inside = (one for one in occurrences(master) if start <= (one.properties or {})[uri] < end)
        for one in islice(inside, min(int(count), _MOST) if count.isdigit() else _MOST):
            if one.occurrence not in seen:
                seen.add(one.occurrence)
                yield one
