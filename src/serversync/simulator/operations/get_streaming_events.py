"""GetStreamingEvents: opens a stream; the first envelope is made here, the rest by ``streams``."""

from datetime import timedelta

from serversync.simulator.call import Call
from serversync.simulator.response import (
    MESSAGES_NS,
    TYPES_NS,
    EwsError,
    SoapFault,
    failure,
    response,
    success,
)
from serversync.simulator.subscriptions import MOST_IDS, OpenStream, Subscription
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import text

M, T = f"{{{MESSAGES_NS}}}", f"{{{TYPES_NS}}}"
NAME = "GetStreamingEvents"


def answer(call: Call) -> str:
    """Return the sign that the stream is open, which then goes on, or why it is not."""
    if call.schema < Schema.EXCHANGE2010_SP1:
        raise SoapFault("ErrorInvalidRequest", "The operation GetStreamingEvents is not known.")
    wanted = [
        (each.text or "").strip() for each in call.request.iterfind(f"{M}SubscriptionIds/{T}SubscriptionId")
    ]
    found: list[Subscription] = []
    problems: dict[str, EwsError] = {}
    try:
        duration, backend = _look(call, wanted), call.backend()
    except EwsError as error:
        return refusal(error, wanted)
    for each in wanted:
        try:
            found.append(_find(call, each, backend))
        except EwsError as error:
            problems[each] = error
    if problems:
        return refusal(next(iter(problems.values())), list(problems))
    budget = call.mailbox.primary_smtp_address if call.mailbox else call.account.address
    stream = OpenStream(found, budget, duration)
    call.exchange.subscriptions.open(stream)
    call.stream = stream
    return status("OK")


def _look(call: Call, wanted: list[str]) -> timedelta:
    """Return how long the stream may last; raises what is wrong with the request as a whole."""
    call.check()
    if len(wanted) > MOST_IDS:
        raise EwsError("ErrorInvalidRequest", f"More than {MOST_IDS} subscriptions in one request.")
    return timedelta(minutes=_minutes(call))


def _find(call: Call, subscription_id: str, backend: str) -> Subscription:
    found = call.exchange.subscriptions.find(subscription_id, call.account.address, backend)
    if found.mode != "streaming":
        raise EwsError("ErrorInvalidSubscription")
    return found


def _minutes(call: Call) -> int:
    value = (call.request.findtext(f"{M}ConnectionTimeout") or "").strip()
    if not value.isdigit() or not 1 <= int(value) <= 30:
        raise SoapFault(
            "ErrorSchemaValidation",
            "The request failed schema validation.",
            faultstring=f"The request failed schema validation: The 'ConnectionTimeout' element is invalid - The value '{value}' is invalid.",
        )
    return int(value)


def status(word: str) -> str:
    """Return an answer that only tells the state of the connection, ``OK`` or ``Closed``."""
    return response(NAME, [success(NAME, f"<m:ConnectionStatus>{word}</m:ConnectionStatus>")])


def told(notifications: list[str]) -> str:
    """Return an answer with notifications."""
    inner = "".join(f"<t:Notification>{one}</t:Notification>" for one in notifications)
    return response(NAME, [success(NAME, f"<m:Notifications>{inner}</m:Notifications>")])


def refusal(error: EwsError, subscription_ids: list[str]) -> str:
    """Return an answer that ends the stream, with the subscriptions that it is about."""
    ids = "".join(f"<t:SubscriptionId>{text(each)}</t:SubscriptionId>" for each in subscription_ids)
    named = f"<m:ErrorSubscriptionIds>{ids}</m:ErrorSubscriptionIds>" if ids else ""
    return response(NAME, [failure(NAME, error, named)])
