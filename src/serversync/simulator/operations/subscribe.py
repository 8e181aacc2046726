"""Subscribe: events of one mailbox from now on, to be fetched, streamed or pushed."""

import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import (
    MESSAGES_NS,
    TYPES_NS,
    EwsError,
    SoapFault,
    failure,
    response,
    success,
)
from serversync.simulator.rights import Right
from serversync.simulator.subscriptions import Subscription
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import text

M, T = f"{{{MESSAGES_NS}}}", f"{{{TYPES_NS}}}"
_MODES = {
    f"{M}PullSubscriptionRequest": "pull",
    f"{M}PushSubscriptionRequest": "push",
    f"{M}StreamingSubscriptionRequest": "streaming",
}


def answer(call: Call) -> str:
    """Return the id of the new subscription, and for a pull or push one its watermark."""
    try:
        return response("Subscribe", [_subscribe(call)])
    except EwsError as error:
        return response("Subscribe", [failure("Subscribe", error)])


def _subscribe(call: Call) -> str:
    call.check()
    request = call.request[0] if len(call.request) else None
    mode = "" if request is None else _MODES.get(str(request.tag), "")
    if request is None or not mode or (mode == "streaming" and call.schema < Schema.EXCHANGE2010_SP1):
        raise SoapFault("ErrorInvalidRequest")
    table = call.exchange.subscriptions
    mailbox, folders = _folders(call, request)
    journal = table.journal(mailbox)
    given = (request.findtext(f"{T}Watermark") or "").strip()
    position = table.position(mailbox, given) if given else journal.last
    subscription = Subscription(
        subscription_id=table.new_id(mailbox),
        owner=call.account.address.lower(),
        mailbox=mailbox,
        kinds=frozenset(each.text or "" for each in request.iterfind(f"{T}EventTypes/{T}EventType")),
        folders=folders,
        mode=mode,
        timeout=table.idle if mode == "streaming" else timedelta(minutes=_minutes(request, mode)),
        used=call.exchange.now(),
        position=position,
        backend=call.backend(),
        url=_loopback(request.findtext(f"{T}URL") or "") if mode == "push" else "",
    )
    table.add(subscription)
    mark = "" if mode == "streaming" else f"<m:Watermark>{table.watermark(mailbox, position)}</m:Watermark>"
    return success(
        "Subscribe", f"<m:SubscriptionId>{text(subscription.subscription_id)}</m:SubscriptionId>{mark}"
    )


def _folders(call: Call, request: etree._Element) -> tuple[Mailbox, frozenset[int] | None]:
    """Return the one mailbox and the folders that a request names; all of its own where it says so."""
    if request.get("SubscribeToAllFolders") in ("true", "1"):
        if request.find(f"{T}FolderIds") is not None:
            raise EwsError("ErrorInvalidSubscriptionRequest")
        return call.own_mailbox, None
    found = [call.folder(each, Right.READ) for each in request.iterfind(f"{T}FolderIds/*")]
    mailboxes = {mailbox.guid: mailbox for mailbox, _ in found}
    if len(mailboxes) != 1:
        raise EwsError("ErrorInvalidSubscriptionRequest")
    (mailbox,) = mailboxes.values()
    if not call.is_own(mailbox):
        raise EwsError("ErrorSubscriptionDelegateAccessNotSupported")
    return mailbox, frozenset(folder.number for _, folder in found)


def _minutes(request: etree._Element, mode: str) -> int:
    name = "Timeout" if mode == "pull" else "StatusFrequency"
    value = (request.findtext(f"{T}{name}") or "").strip()
    if not value.isdigit() or not 1 <= int(value) <= 1440:
        raise SoapFault(
            "ErrorSchemaValidation",
            "The request failed schema validation.",
            faultstring=f"The request failed schema validation: The '{name}' element is invalid - The value '{value}' is invalid.",
        )
    return int(value)


def _loopback(url: str) -> str:
    """Return the URL of a push; only to this machine, since a simulator calls nobody else."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here or parts.scheme not in ("http", "https"):
        raise EwsError("ErrorInvalidPushSubscriptionUrl")
    return url.strip()
