"""GetUserOofSettings and SetUserOofSettings: the automatic replies of a mailbox."""

from datetime import datetime, timedelta

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.kinds.forms import read_time
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.oof import OofSettings
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError
from serversync.simulator.xmltext import text, timestamp

T = f"{{{TYPES_NS}}}"


def get(call: Call) -> str:
    """Return the settings of a mailbox that the caller may open."""
    try:
        call.check()
        mailbox = _mailbox(call)
    except EwsError as error:
        return _response("GetUserOofSettingsResponse", error)
    return _response(
        "GetUserOofSettingsResponse",
        None,
        f"{_settings(mailbox.oof, call.exchange.now())}<m:AllowExternalOof>All</m:AllowExternalOof>",
    )


def put(call: Call) -> str:
    """Replace the settings; whoever got an answer before gets one again."""
    try:
        call.check()
        mailbox = _mailbox(call)
        mailbox.oof = _read(call.request.find(f"{T}UserOofSettings"))
    except EwsError as error:
        return _response("SetUserOofSettingsResponse", error)
    return _response("SetUserOofSettingsResponse", None)


def _mailbox(call: Call) -> Mailbox:
    address = (call.request.findtext(f"{T}Mailbox/{T}Address") or "").strip()
    mailbox = call.exchange.find_mailbox(address)
    if mailbox is None:
        raise EwsError("ErrorMailRecipientNotFound")
    if not call.owns(mailbox):
        raise EwsError("ErrorAccessDenied")
    return mailbox


def _read(element: etree._Element | None) -> OofSettings:
    if element is None:
        raise EwsError("ErrorInvalidRequest")
    duration = element.find(f"{T}Duration")
    start = end = None
    if duration is not None:
        start = read_time(duration.findtext(f"{T}StartTime") or "")
        end = read_time(duration.findtext(f"{T}EndTime") or "")
    state = (element.findtext(f"{T}OofState") or "").strip()
    if state == "Scheduled" and (start is None or end is None or end <= start):
        raise EwsError("ErrorInvalidScheduledOofDuration")

    def reply(name: str) -> str:
        return element.findtext(f"{T}{name}/{T}Message") or ""

    audience = (element.findtext(f"{T}ExternalAudience") or "").strip()
    return OofSettings(state, audience, start, end, reply("InternalReply"), reply("ExternalReply"))


def _settings(oof: OofSettings, now: datetime) -> str:
    """Return the settings; a mailbox without a schedule shows the next day, as a real server does."""
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    start, end = oof.start or tomorrow, oof.end or tomorrow + timedelta(days=1)
    replies = "".join(
        f"<t:{name}><t:Message>{text(reply)}</t:Message></t:{name}>" if reply else f"<t:{name}/>"
        for name, reply in (("InternalReply", oof.internal_reply), ("ExternalReply", oof.external_reply))
    )
    return (
        f"<t:OofSettings><t:OofState>{oof.state}</t:OofState>"
        f"<t:ExternalAudience>{oof.external_audience}</t:ExternalAudience>"
        f"<t:Duration><t:StartTime>{timestamp(start)}</t:StartTime><t:EndTime>{timestamp(end)}</t:EndTime></t:Duration>"
        f"{replies}</t:OofSettings>"
    )


def _response(name: str, error: EwsError | None, payload: str = "") -> str:
    if error is None:
        message = '<m:ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage>'
    else:
        message = (
            f'<m:ResponseMessage ResponseClass="Error"><m:MessageText>{text(error.message)}</m:MessageText>'
            f"<m:ResponseCode>{error.response_code}</m:ResponseCode>"
            "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></m:ResponseMessage>"
        )
    return f'<m:{name} xmlns:m="{MESSAGES_NS}" xmlns:t="{TYPES_NS}">{message}{payload}</m:{name}>'
