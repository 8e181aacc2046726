"""The SOAP envelope around requests and answers.

Answers are parsed strictly: no document type, no entities, no network. Only where that fails they are
repaired (see ``repair``) and parsed strictly again, so that one illegal character in one message never
damages its neighbours.

Impersonation names the mailbox by ``SmtpAddress``, not ``PrimarySmtpAddress``: the CRM may know a person by
any of the mailbox's addresses, and the primary one alone would be refused with ErrorNonPrimarySmtpAddress.
Before Exchange 2010 there was only ``PrimarySmtpAddress``.
"""

import codecs
from collections.abc import Sequence
from typing import Any

from lxml import etree
from lxml.etree import _Element
from msgspec import Struct

from serversync.core.errors import AnswerUnreadable, ServiceError
from serversync.exchange.codes.soap_faults import code_behind
from serversync.exchange.namespaces import MESSAGES, SOAP, SOAP_12, TYPES, local_name, t
from serversync.exchange.operations.operation import Operation, inner_code
from serversync.exchange.repair import repair, to_utf8
from serversync.exchange.response_codes import AnswerContext, error_for
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo, read_server_version
from serversync.exchange.xml_text import escape

_VERSION = t("ServerVersionInfo")
_ENVELOPES = {f"{{{one}}}Envelope": (f"{{{one}}}Header", f"{{{one}}}Body") for one in (SOAP, SOAP_12)}
_FAULTS = frozenset({f"{{{one}}}Fault" for one in (SOAP, SOAP_12)})
_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>'
    f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"><soap:Header>'
)
_UTC = '<t:TimeZoneContext><t:TimeZoneDefinition Id="UTC"/></t:TimeZoneContext>'
_MARKS = codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE


def _new_parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
    )


_PARSER = _new_parser()


def envelope(operation: Operation[Any], version: RequestServerVersion, mailbox: str | None = None) -> bytes:
    """Return the request as it goes to the server, in UTF-8.

    Args:
        operation: What to ask.
        version: The schema that the request speaks.
        mailbox: The address of the mailbox to act as; ``None`` acts as the account itself.
    """
    impersonation = ""
    if mailbox is not None:
        kind = "PrimarySmtpAddress" if version is RequestServerVersion.EXCHANGE2007_SP1 else "SmtpAddress"
        impersonation = (
            f"<t:ExchangeImpersonation><t:ConnectingSID><t:{kind}>{escape(mailbox)}</t:{kind}>"
            "</t:ConnectingSID></t:ExchangeImpersonation>"
        )
    zone = (
        _UTC if operation.time_zone_context and version is not RequestServerVersion.EXCHANGE2007_SP1 else ""
    )
    return (
        f'{_OPEN}<t:RequestServerVersion Version="{version.value}"/>{impersonation}{zone}'
        f"</soap:Header><soap:Body>{operation.to_xml(version)}</soap:Body></soap:Envelope>"
    ).encode()


class Envelope(Struct, frozen=True, gc=False):
    """A parsed answer: the element inside the body, and the server's version where it told it."""

    content: _Element | None
    server_version: ServerVersionInfo | None

    @property
    def is_fault(self) -> bool:
        """Whether it says that the request as a whole failed."""
        return self.content is not None and self.content.tag in _FAULTS


class NotAnEnvelope(Exception):
    """The document is no SOAP envelope; the text says why. Never leaves this package."""


def parse(document: bytes) -> _Element:
    """Return the root of an XML document, repaired if it has to be.

    Raises:
        NotAnEnvelope: the document is not well-formed even after repair, or declares a document type.
    """
    document = to_utf8(document)
    try:
        return _strict(document)
    except etree.XMLSyntaxError:
        try:
            return _strict(repair(document))
        except etree.XMLSyntaxError as error:
            raise NotAnEnvelope(error.msg or "it is not XML") from error


def parse_pieces(pieces: Sequence[bytes]) -> _Element:
    """Return the root of an XML document that came in pieces, as ``parse`` does of one that is whole.

    Piece by piece costs a sixth less than putting the document together and parsing that.

    Raises:
        NotAnEnvelope: see ``parse``.
    """
    if len(pieces) > 1 and not pieces[0].startswith(_MARKS) and _root_position(pieces[0]) >= 0:
        parser = _new_parser()
        try:
            for piece in pieces:
                parser.feed(piece)
            return parser.close()
        except etree.XMLSyntaxError:
            pass  # told, or repaired, with the whole at hand
    return parse(b"".join(pieces))


def _strict(document: bytes) -> _Element:
    _root_position(document)
    return etree.fromstring(document, _PARSER)


def _root_position(document: bytes) -> int:
    """Return where the root element begins, -1 where it does not or not in this part of the document.

    Raises:
        NotAnEnvelope: a document type stands before it. It must not even be parsed: libxml2 expands entities in
            attribute values whatever the parser is told.
    """
    position = document.find(b"<")
    while position >= 0:
        if document.startswith(b"<!DOCTYPE", position):
            raise NotAnEnvelope("it declares a document type")
        if document.startswith(b"<!--", position):
            closer = b"-->"
        elif document.startswith(b"<?", position):
            closer = b"?>"
        else:
            return -1 if document[position + 1 : position + 2] in (b"", b"!") else position
        end = document.find(closer, position + 2)
        position = document.find(b"<", end + len(closer)) if end >= 0 else -1
    return -1


def open_envelope(root: _Element) -> Envelope:
    """Return what the envelope holds.

    Raises:
        NotAnEnvelope: the document is another one.
    """
    if root.tag not in _ENVELOPES:
        raise NotAnEnvelope(f"it is a document of another kind ({local_name(root.tag)[:60]})")
    header, body = _ENVELOPES[root.tag]
    content: _Element | None = None
    version: ServerVersionInfo | None = None
    for part in root:
        if part.tag == header:
            element = part.find(_VERSION)
            version = None if element is None else read_server_version(element)
        elif part.tag == body and len(part):
            content = part[0]
    return Envelope(content, version)


def fault_error(fault: _Element, context: AnswerContext) -> ServiceError:
    """Return the error that a SOAP fault stands for.

    Exchange puts the code into ``detail/ResponseCode``; faults that WCF or a proxy made carry it only as
    ``faultcode``, with a prefix, and those of SOAP 1.2 as ``Code/Value`` (see ``codes.soap_faults``).
    """
    code = faultcode = text = ""
    message_xml: _Element | None = None
    for element in fault.iter():
        name = local_name(element.tag)
        if name == "ResponseCode":
            code = (element.text or "").strip()
        elif name == "Message" and element.text:
            text = element.text
        elif name == "MessageXml":
            message_xml = element
        elif name == "faultcode" or (name == "Value" and element.tag != t("Value")):
            faultcode = (element.text or "").rpartition(":")[2].strip() or faultcode
        elif name in ("faultstring", "Text") and not text:
            text = element.text or ""
    code, back_off = inner_code(code_behind(code or faultcode, text), message_xml)
    return error_for(code or "SOAP fault", text.strip()[:500], context, back_off=back_off)


def content_of(opened: Envelope, context: AnswerContext) -> _Element:
    """Return the response element of an envelope.

    Raises:
        ServiceError: the envelope holds a fault; the class says which.
        AnswerUnreadable: the envelope is empty.
    """
    if opened.content is None:
        raise AnswerUnreadable(**context.details(), reason="its SOAP body is empty")
    if opened.is_fault:
        raise fault_error(opened.content, context)
    return opened.content
