"""Unsubscribe: end a subscription."""

from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success

M = f"{{{MESSAGES_NS}}}"


def answer(call: Call) -> str:
    """Return success, or that there is no such subscription."""
    try:
        _unsubscribe(call)
    except EwsError as error:
        return response("Unsubscribe", [failure("Unsubscribe", error)])
    return response("Unsubscribe", [success("Unsubscribe", "")])


def _unsubscribe(call: Call) -> None:
    call.check()
    wanted = (call.request.findtext(f"{M}SubscriptionId") or "").strip()
    table = call.exchange.subscriptions
    found = table.find(wanted, call.account.address, call.backend())
    if found.mode == "push":
        raise EwsError("ErrorInvalidSubscription")
    table.remove(found)
