"""GetEvents: what happened since a watermark, for a pull subscription."""

from serversync.simulator.call import Call
from serversync.simulator.notification import render_notification
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return the next events, or a StatusEvent where nothing happened."""
    try:
        return response("GetEvents", [_events(call)])
    except EwsError as error:
        return response("GetEvents", [failure("GetEvents", error)])


def _events(call: Call) -> str:
    call.check()
    table = call.exchange.subscriptions
    wanted = (call.request.findtext(f"{M}SubscriptionId") or "").strip()
    found = table.find(wanted, call.account.address, call.backend())
    if found.mode != "pull":
        raise EwsError("ErrorInvalidPullSubscriptionId")
    previous = table.position(found.mailbox, (call.request.findtext(f"{M}Watermark") or "").strip())
    found.position = previous
    events, more = table.untold(found)
    rendered = render_notification(table, found, events, previous=previous, more=more)
    return success("GetEvents", f"<m:Notification>{rendered}</m:Notification>")
