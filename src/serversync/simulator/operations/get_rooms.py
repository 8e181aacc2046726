"""GetRoomLists and GetRooms: meeting rooms and the lists they are on (2010 and later)."""

from serversync.simulator.call import Call
from serversync.simulator.operations.resolve_names import person
from serversync.simulator.organization import RoomList
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, single

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"


def lists(call: Call) -> str:
    """Return all lists of rooms."""
    try:
        call.check()
    except EwsError as error:
        return single("GetRoomListsResponse", error=error)
    found = "".join(
        person(call.schema, one.name, one.address, "PublicDL", element="t:Address")
        for one in call.exchange.room_lists.values()
    )
    return single("GetRoomListsResponse", f"<m:RoomLists>{found}</m:RoomLists>")


def rooms(call: Call) -> str:
    """Return the rooms on a list; ``ErrorNameResolutionNoResults`` where there is no such list."""
    try:
        call.check()
        found = _list(call)
    except EwsError as error:
        return single("GetRoomsResponse", error=error)
    rows = "".join(
        f"<t:Room>{person(call.schema, room.display_name, room.primary_smtp_address, 'Mailbox', element='t:Id')}</t:Room>"
        for room in found.rooms
    )
    return single("GetRoomsResponse", f"<m:Rooms>{rows}</m:Rooms>")


def _list(call: Call) -> RoomList:
    wanted = (call.request.findtext(f"{M}RoomList/{T}EmailAddress") or "").strip().lower()
    found = call.exchange.room_lists.get(wanted)
    if found is None:
        raise EwsError("ErrorNameResolutionNoResults", "No results were found.")
    return found
