"""GetMailTips: what is worth knowing about recipients before one writes to them (2010 and later)."""

from collections.abc import Callable

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.kinds.forms import refusal
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.operations.resolve_names import person
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, single
from serversync.simulator.xmltext import boolean, text, timestamp

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"
_MOST = 50


def answer(call: Call) -> str:
    """Return one response message for each recipient."""
    try:
        call.check()
        recipients = _recipients(call)
        wanted = set((call.request.findtext(f"{M}MailTipsRequested") or "").split())
        messages = "".join(_message(call, one, wanted) for one in recipients)
    except EwsError as error:
        return single("GetMailTipsResponse", error=error)
    return single("GetMailTipsResponse", f"<m:ResponseMessages>{messages}</m:ResponseMessages>")


def _recipients(call: Call) -> list[etree._Element]:
    found = call.request.findall(f"{M}Recipients/{T}Mailbox")
    if any(not (one.findtext(f"{T}EmailAddress") or "").strip() for one in found):
        raise refusal("")
    if len(found) > _MOST:
        raise EwsError("ErrorInvalidRequest", f"Mail tips are given for {_MOST} recipients at a time.")
    return found


def _message(call: Call, element: etree._Element, wanted: set[str]) -> str:
    address = (element.findtext(f"{T}EmailAddress") or "").strip()
    mailbox = call.exchange.find_mailbox(address)
    name = mailbox.display_name if mailbox else address
    kind = "Mailbox" if mailbox else "OneOff"
    chosen = "".join(
        write(call, mailbox, address)
        for tip, write in _TIPS
        if ("All" in wanted or tip in wanted) and (mailbox is not None or tip == "InvalidRecipient")
    )
    return (
        '<m:MailTipsResponseMessageType ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:MailTips>'
        f"{person(call.schema, name, address, kind, element='t:RecipientAddress')}<t:PendingMailTips/>{chosen}"
        "</m:MailTips></m:MailTipsResponseMessageType>"
    )


def _out_of_office(call: Call, mailbox: Mailbox | None, _address: str) -> str:
    oof = None if mailbox is None else mailbox.oof
    if oof is None or not oof.is_active(call.exchange.now()):
        return "<t:OutOfOffice><t:ReplyBody><t:Message/></t:ReplyBody></t:OutOfOffice>"
    duration = ""
    if oof.state == "Scheduled" and oof.start is not None and oof.end is not None:
        duration = (
            f"<t:Duration><t:StartTime>{timestamp(oof.start)}</t:StartTime>"
            f"<t:EndTime>{timestamp(oof.end)}</t:EndTime></t:Duration>"
        )
    reply = f"<t:ReplyBody><t:Message>{text(oof.internal_reply)}</t:Message></t:ReplyBody>"
    return f"<t:OutOfOffice>{reply}{duration}</t:OutOfOffice>"


def _full(_call: Call, mailbox: Mailbox | None, _address: str) -> str:
    is_full = mailbox is not None and not mailbox.has_room_for(1)
    return f"<t:MailboxFull>{boolean(is_full)}</t:MailboxFull>"


def _largest(call: Call, _mailbox: Mailbox | None, _address: str) -> str:
    return f"<t:MaxMessageSize>{call.exchange.largest_message}</t:MaxMessageSize>"


def _invalid(call: Call, mailbox: Mailbox | None, address: str) -> str:
    is_invalid = mailbox is None and call.exchange.is_own_domain(address)
    return f"<t:InvalidRecipient>{boolean(is_invalid)}</t:InvalidRecipient>"


_TIPS: tuple[tuple[str, Callable[[Call, Mailbox | None, str], str]], ...] = (
    ("OutOfOfficeMessage", _out_of_office),
    ("MailboxFullStatus", _full),
    ("TotalMemberCount", lambda _call, _mailbox, _address: "<t:TotalMemberCount>1</t:TotalMemberCount>"),
    (
        "ExternalMemberCount",
        lambda _call, _mailbox, _address: "<t:ExternalMemberCount>0</t:ExternalMemberCount>",
    ),
    ("MaxMessageSize", _largest),
    (
        "DeliveryRestriction",
        lambda _call, _mailbox, _address: "<t:DeliveryRestricted>false</t:DeliveryRestricted>",
    ),
    ("ModerationStatus", lambda _call, _mailbox, _address: "<t:IsModerated>false</t:IsModerated>"),
    ("InvalidRecipient", _invalid),
)
"""Names of the tips and what writes them, in the order of the schema."""
