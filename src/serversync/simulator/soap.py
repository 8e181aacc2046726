"""From the bytes of a request to the bytes of its answer: envelope, headers, rights, dispatch.

The parser takes no document types, entities or network, so that hostile XML costs no more than its size.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from lxml import etree

from serversync.simulator.accounts import Account
from serversync.simulator.calendar.timezones import zone_of_fragment
from serversync.simulator.call import Call
from serversync.simulator.exchange import Exchange
from serversync.simulator.faults import Fault
from serversync.simulator.kinds.forms import fragment
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.operations import ELEMENTS, MISSING, OPERATIONS, SINCE
from serversync.simulator.requestwords import check_words, newer_property
from serversync.simulator.response import (
    MESSAGES_NS,
    SOAP_NS,
    TYPES_NS,
    EwsError,
    SoapFault,
    envelope,
    streamed_envelope,
)
from serversync.simulator.schema import SchemaCollection
from serversync.simulator.subscriptions import OpenStream
from serversync.simulator.versions import REQUEST_VERSIONS, Schema, ServerVersion, request_schema_folder

logger = logging.getLogger(__name__)
S = f"{{{SOAP_NS}}}"
T = f"{{{TYPES_NS}}}"


@dataclass(slots=True)
class Request:
    """A request whose envelope could be read.

    Attributes:
        operation: Element name of the operation.
        element: The operation's element.
        header: ``s:Header``, if there is one.
    """

    operation: str
    element: etree._Element
    header: etree._Element | None


_LONGEST_TEXT = 10_000_000
"""Text of an element that libxml2 takes without being told that it may be long; a file of 25 MB is longer."""


def parse(body: bytes) -> Request:
    """Read an envelope.

    Raises:
        SoapFault: it is no SOAP envelope with one operation.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=len(body) > _LONGEST_TEXT,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise _unreadable(str(problem)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _unreadable("For security reasons DTD is prohibited in this XML document.")
    content = root.find(f"{S}Body")
    if root.tag != f"{S}Envelope" or content is None or len(content) != 1:
        raise _unreadable("The request is not a SOAP envelope with one operation.")
    element = content[0]
    name = etree.QName(element)
    if name.namespace != MESSAGES_NS:
        raise SoapFault("ErrorInvalidRequest", f"The operation {name.localname} is not known.")
    operation = ELEMENTS.get(name.localname, name.localname)
    if operation in ELEMENTS.values() and operation == name.localname:
        raise SoapFault("ErrorInvalidRequest", f"The operation {name.localname} is not known.")
    return Request(operation, element, root.find(f"{S}Header"))


def _unreadable(reason: str) -> SoapFault:
    return SoapFault(
        "ErrorSchemaValidation",
        "The request failed schema validation.",
        faultstring=f"The request failed schema validation: {reason}",
    )


_ONCE = (
    "RequestServerVersion",
    "ExchangeImpersonation",
    "TimeZoneContext",
    "MailboxCulture",
    "DateTimePrecision",
)


def check_header(request: Request) -> None:
    """Refuse a header that says the same thing twice.

    Raises:
        SoapFault: ``ErrorDuplicateSOAPHeader``.
    """
    if request.header is None:
        return
    names = [child.tag for child in request.header]
    if any(names.count(f"{T}{name}") > 1 for name in _ONCE):
        raise SoapFault("ErrorDuplicateSOAPHeader")


def request_schema(request: Request, exchange: Exchange) -> Schema:
    """Return the schema step that a request speaks; without a header the server's own.

    Raises:
        SoapFault: ``ErrorInvalidServerVersion``: unknown, or newer than this server.
    """
    own = exchange.version.schema
    element = None if request.header is None else request.header.find(f"{T}RequestServerVersion")
    if element is None:
        return own
    asked = REQUEST_VERSIONS.get(element.get("Version", ""))
    if asked is None or asked > own:
        raise SoapFault("ErrorInvalidServerVersion")
    return asked


def time_zone_context(request: Request) -> tzinfo | None:
    """Return the zone of ``TimeZoneContext``; ``None`` without one.

    Raises:
        SoapFault: ``ErrorTimeZone``: it names no zone.
    """
    path = f"{T}TimeZoneContext/{T}TimeZoneDefinition"
    element = None if request.header is None else request.header.find(path)
    if element is None:
        return None
    try:
        return zone_of_fragment(fragment(element))
    except EwsError:
        raise SoapFault("ErrorTimeZone", "The time zone of the request is not known.") from None


def acting_mailbox(request: Request, exchange: Exchange, account: Account) -> Mailbox | None:
    """Return the mailbox that a request acts on.

    Raises:
        SoapFault: the impersonation header names nobody, somebody unknown, or somebody out of the account's scope.
    """
    element = None if request.header is None else request.header.find(f"{T}ExchangeImpersonation")
    if element is None:
        return exchange.find_mailbox(account.address)
    sid = element.find(f"{T}ConnectingSID")
    identity = sid[0] if sid is not None and len(sid) == 1 else None
    value = (identity.text or "").strip() if identity is not None else ""
    if identity is None or not value:
        raise SoapFault(
            "ErrorInvalidExchangeImpersonationHeaderData", "The impersonation header names nobody."
        )
    kind = etree.QName(identity).localname
    if kind == "PrincipalName" and "@" not in value:
        raise SoapFault("ErrorInvalidUserPrincipalName")
    mailbox = exchange.find_mailbox_by_sid(value) if kind == "SID" else exchange.find_mailbox(value)
    if mailbox is None:
        raise SoapFault("ErrorInvalidUserSid" if kind == "SID" else "ErrorNonExistentMailbox")
    primary = mailbox.primary_smtp_address
    if kind == "PrimarySmtpAddress" and value.lower() != primary.lower():
        raise SoapFault("ErrorNonPrimarySmtpAddress", message_xml={"PrimarySmtpAddress": primary})
    if not account.may_impersonate(primary):
        raise SoapFault("ErrorImpersonateUserDenied")
    return mailbox


def _check_version(asked: Schema, held_by: ServerVersion) -> None:
    """Refuse a schema that the server of the mailbox does not know.

    Raises:
        SoapFault: ``ErrorInvalidSchemaVersionForMailboxVersion``.
    """
    if asked > held_by.schema:
        raise SoapFault("ErrorInvalidSchemaVersionForMailboxVersion")


@dataclass(slots=True)
class Answer:
    """What goes back over HTTP.

    Attributes:
        status: 200, or 500 for a SOAP fault; an operation may say something else.
        body: The envelope.
        operation: Element name of the operation; ``None`` where it could not be read.
        schema: The schema step of the request.
        fault: What was planned to go wrong with this request, for the server to carry out.
        cookies: What is set for later requests.
        stream: The stream that this is the beginning of, if it is one.
        headers: Further HTTP headers.
    """

    status: int
    body: bytes
    operation: str | None
    schema: Schema
    fault: Fault | None
    cookies: Mapping[str, str] = field(default_factory=dict)
    stream: OpenStream | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class SoapEndpoint:
    """Answers requests against the state of an Exchange.

    Args:
        exchange: The state.
        schemas: With them each request is validated as a real server does; ``None`` for not.
    """

    def __init__(self, exchange: Exchange, schemas: SchemaCollection | None) -> None:
        self._exchange = exchange
        self._schemas = schemas

    def prepare(
        self, body: bytes, account: Account, headers: Mapping[str, str] | None = None
    ) -> "PreparedRequest":
        """Read a request and find out what is planned to go wrong with it, without any effect yet."""
        exchange = self._exchange
        prepared = PreparedRequest(account, None, None, exchange.version.schema, None, None, headers or {})
        try:
            prepared.request = parse(body)
            check_header(prepared.request)
            prepared.schema = request_schema(prepared.request, exchange)
            self._check(prepared.request, prepared.schema)
            prepared.mailbox = acting_mailbox(prepared.request, exchange, account)
            _check_version(prepared.schema, exchange.version_of(prepared.mailbox))
        except SoapFault as fault:
            prepared.refusal = fault
        prepared.fault = exchange.faults.for_request(prepared.operation, prepared.address)
        return prepared

    def _check(self, request: Request, schema: Schema) -> None:
        missing = MISSING.get(request.operation)
        if missing is not None and missing.since <= schema:
            raise SoapFault(missing.code, missing.reason)
        if request.operation not in OPERATIONS or SINCE.get(request.operation, schema) > schema:
            raise SoapFault("ErrorInvalidRequest", f"The operation {request.operation} is not known.")
        if self._schemas is not None:
            self._schemas.check(request_schema_folder(schema), request.element)
        check_words(request.element, self._exchange.version.schema)

    def answer(self, prepared: "PreparedRequest") -> Answer:
        """Carry out a request and return its answer."""
        held_by = self._exchange.version if prepared.refusal else self._exchange.version_of(prepared.mailbox)
        header = held_by.server_version_info
        call, status = None, 500
        if prepared.refusal is not None or prepared.request is None:
            body = (prepared.refusal or SoapFault("ErrorInvalidRequest")).to_xml()
        else:
            call = self._call(prepared, prepared.request)
            status, body = self._carry_out(call, prepared)
        wrap = streamed_envelope if call is not None and call.stream is not None else envelope
        answer = Answer(
            status, wrap(body, header=header), prepared.operation, prepared.schema, prepared.fault
        )
        if call is not None:
            answer.cookies, answer.stream = call.cookies, call.stream
            answer.headers = call.reply_headers
        return answer

    def _call(self, prepared: "PreparedRequest", request: Request) -> Call:
        return Call(
            self._exchange,
            request.operation,
            request.element,
            prepared.account,
            prepared.mailbox,
            prepared.schema,
            headers=prepared.headers,
        )

    def _carry_out(self, call: Call, prepared: "PreparedRequest") -> tuple[int, str]:
        """Return status and body of an answer; a mistake of ours is answered as one of the server's own."""
        try:
            if prepared.request is not None:
                call.zone = time_zone_context(prepared.request)
            call.error = newer_property(call.request, call.schema)
            if prepared.fault is not None:
                _plan(call, prepared.fault)
            with self._exchange.lock:
                body = OPERATIONS[call.operation](call)
                return call.status, body
        except EwsError as error:
            return 500, SoapFault(error.response_code, error.message).to_xml()
        except SoapFault as fault:
            return 500, fault.to_xml()
        except Exception:
            logger.exception("%s could not be carried out", call.operation)
            return 500, SoapFault("ErrorInternalServerError").to_xml()


def _plan(call: Call, fault: Fault) -> None:
    try:
        fault.raise_error()
    except EwsError as error:
        call.error = error


@dataclass(slots=True)
class PreparedRequest:
    """A request that was read but not carried out.

    Attributes:
        account: Who logged in.
        request: The envelope's content; ``None`` where it could not be read.
        mailbox: The mailbox acted on.
        schema: The schema step of the request.
        refusal: Why it will be refused as a whole.
        fault: What is planned to go wrong.
        headers: The HTTP headers.
    """

    account: Account
    request: Request | None
    mailbox: Mailbox | None
    schema: Schema
    refusal: SoapFault | None
    fault: Fault | None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def operation(self) -> str | None:
        """Element name of the operation."""
        return self.request.operation if self.request else None

    @property
    def address(self) -> str | None:
        """Address of the mailbox acted on."""
        return self.mailbox.primary_smtp_address if self.mailbox else None

    @property
    def results_asked_for(self) -> int:
        """How many results a find may bring, by its page; 1000 where it asks for no page."""
        element = self.request.element if self.request else None
        if element is None or self.operation not in ("FindItem", "FindFolder"):
            return 0
        pages = [
            view.get("MaxEntriesReturned") or "" for view in element if "MaxEntriesReturned" in view.attrib
        ]
        return int(pages[0]) if pages and pages[0].isdecimal() else 1000
