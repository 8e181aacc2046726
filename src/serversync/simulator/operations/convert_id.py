"""ConvertId: identifiers in another form; some clients ask for it first of all, to learn version and mailbox."""

import base64
import binascii
from collections.abc import Callable

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.identifiers import Identifier, decode, encode, entry_id, from_entry_id
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, success
from serversync.simulator.xmltext import attribute

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_STORE_HEAD, _LEGACY_HEAD = b"\x01S", b"\x00L"


def _bytes(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise EwsError("ErrorInvalidIdMalformed") from None


def _after(head: bytes, value: bytes) -> bytes:
    if not value.startswith(head):
        raise EwsError("ErrorInvalidIdMalformed")
    return value[len(head) :]


def _hex(value: str) -> Identifier:
    try:
        return from_entry_id(bytes.fromhex(value))
    except ValueError:
        raise EwsError("ErrorInvalidIdMalformed") from None


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


_READ: dict[str, Callable[[str], Identifier]] = {
    "EwsId": decode,
    "EwsLegacyId": lambda value: from_entry_id(_after(_LEGACY_HEAD, _bytes(value))),
    "EntryId": lambda value: from_entry_id(_bytes(value)),
    "HexEntryId": _hex,
    "StoreId": lambda value: from_entry_id(_after(_STORE_HEAD, _bytes(value))),
    "OwaId": lambda value: decode(value.replace("-", "/").replace("_", "+")),
}
_WRITE: dict[str, Callable[[Identifier], str]] = {
    "EwsId": encode,
    "EwsLegacyId": lambda found: _text(_LEGACY_HEAD + entry_id(found)),
    "EntryId": lambda found: _text(entry_id(found)),
    "HexEntryId": lambda found: entry_id(found).hex().upper(),
    "StoreId": lambda found: _text(_STORE_HEAD + entry_id(found)),
    "OwaId": lambda found: encode(found).replace("/", "-").replace("+", "_"),
}


def answer(call: Call) -> str:
    """Return the ids in the form asked for, each with the primary address of its mailbox."""
    destination = call.request.get("DestinationFormat", "")
    messages = []
    for source in call.request.iterfind(f"{M}SourceIds/*"):
        try:
            call.check()
            messages.append(success("ConvertId", _convert(call, source, destination)))
        except EwsError as error:
            messages.append(failure("ConvertId", error))
    return response("ConvertId", messages)


def _convert(call: Call, source: etree._Element, destination: str) -> str:
    if source.tag != f"{T}AlternateId":
        raise EwsError("ErrorUnsupportedTypeForConversion")
    read, write = _READ.get(source.get("Format", "")), _WRITE.get(destination)
    if read is None or write is None:
        raise EwsError("ErrorUnsupportedTypeForConversion")
    found = read(source.get("Id", ""))
    if found.attachment and destination != "EwsId":
        raise EwsError("ErrorUnsupportedTypeForConversion")
    mailbox = call.exchange.mailbox_by_guid(found.mailbox)
    primary = attribute(mailbox.primary_smtp_address)
    return (
        f'<m:AlternateId xsi:type="t:AlternateIdType" xmlns:xsi="{XSI}" '
        f'Format="{destination}" Id={attribute(write(found))} Mailbox={primary}/>'
    )
