"""ConvertId: the same id in another format; clients use it to see whether and which Exchange answers."""

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.identifiers import decode
from serversync.simulator.response import MESSAGES_NS, EwsError, failure, response, success
from serversync.simulator.xmltext import attribute

M = f"{{{MESSAGES_NS}}}"
_SAME_FORM = frozenset({"EwsId", "EwsLegacyId", "OwaId"})


def answer(call: Call) -> str:
    """Return one response message for each id; only forms that this server writes alike are converted."""
    wanted = call.request.get("DestinationFormat", "")
    messages = []
    for element in call.request.iterfind(f"{M}SourceIds/*"):
        try:
            call.check()
            messages.append(success("ConvertId", _convert(call, element, wanted)))
        except EwsError as error:
            messages.append(failure("ConvertId", error))
    return response("ConvertId", messages)


def _convert(call: Call, element: etree._Element, wanted: str) -> str:
    found = decode(element.get("Id", ""))
    if element.get("Format") not in _SAME_FORM or wanted not in _SAME_FORM:
        raise EwsError("ErrorUnsupportedTypeForConversion")
    mailbox = call.exchange.mailbox_by_guid(found.mailbox)
    return (
        '<m:AlternateId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:AlternateIdType" '
        f"Format={attribute(wanted)} Id={attribute(element.get('Id', ''))} "
        f"Mailbox={attribute(mailbox.primary_smtp_address)}/>"
    )
