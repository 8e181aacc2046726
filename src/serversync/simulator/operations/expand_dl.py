"""ExpandDL: the members of a list of the directory, or of a distribution list in a mailbox."""

from collections.abc import Iterator

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.operations.resolve_names import person
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.shape import Shape

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"


def answer(call: Call) -> str:
    """Return the members; ``ErrorNameResolutionNoResults`` where there is no such list."""
    try:
        call.check()
        members = list(_members(call))
        count = f'TotalItemsInView="{len(members)}" IncludesLastItemInRange="true"'
        found = success("ExpandDL", f"<m:DLExpansion {count}>{''.join(members)}</m:DLExpansion>")
    except EwsError as error:
        found = failure("ExpandDL", error)
    return response("ExpandDL", [found])


def _members(call: Call) -> Iterator[str]:
    wanted = call.request.find(f"{M}Mailbox")
    item_id = None if wanted is None else wanted.find(f"{T}ItemId")
    if item_id is not None:
        yield from _private(call, item_id)
        return
    address = "" if wanted is None else (wanted.findtext(f"{T}EmailAddress") or "").strip().lower()
    found = call.exchange.room_lists.get(address)
    if found is None:
        raise EwsError("ErrorNameResolutionNoResults", "No results were found.")
    for room in found.rooms:
        yield person(call.schema, room.display_name, room.primary_smtp_address, "Mailbox")


def _private(call: Call, element: etree._Element) -> Iterator[str]:
    mailbox, item = call.item_of(element)
    view = call.exchange.view(mailbox, item, Shape(call.schema))
    if view.kind.element != "DistributionList":
        raise EwsError("ErrorInvalidItemForOperationExpandDL")
    listed = view.get("distributionlist:Members") or ""
    for one in etree.fromstring(f'<x xmlns:t="{TYPES_NS}">{listed}</x>').iterfind(f".//{T}Mailbox"):
        address, name = one.findtext(f"{T}EmailAddress") or "", one.findtext(f"{T}Name")
        yield person(call.schema, name or address, address, one.findtext(f"{T}MailboxType") or "OneOff")
