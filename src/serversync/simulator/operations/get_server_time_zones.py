"""GetServerTimeZones: the zones that the server knows, by Windows id."""

from serversync.simulator.calendar.timezones import all_ids, definition, display_name, zone_of_id
from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.shape import is_true

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"


def answer(call: Call) -> str:
    """Return all zones, or those that were asked for, with or without their rules; unknown ids are left out."""
    operation = "GetServerTimeZones"
    try:
        call.check()
    except EwsError as error:
        return response(operation, [failure(operation, error, "<m:TimeZoneDefinitions/>")])
    asked = [(one.text or "").strip() for one in call.request.iterfind(f"{M}Ids/{T}Id")]
    is_full = is_true(call.request.get("ReturnFullTimeZoneData", "true"))
    year = call.exchange.now().year
    found = []
    for zone_id in asked or all_ids():
        zone = zone_of_id(zone_id)
        if zone is None:
            continue
        if is_full:
            found.append(definition("TimeZoneDefinition", zone, year, zone_id))
        else:
            found.append(f'<t:TimeZoneDefinition Id="{zone_id}" Name="{display_name(zone, year)}"/>')
    listed = "".join(found)
    return response(
        operation, [success(operation, f"<m:TimeZoneDefinitions>{listed}</m:TimeZoneDefinitions>")]
    )
