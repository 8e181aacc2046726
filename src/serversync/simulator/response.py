"""The errors an Exchange answers with, and the frame of every answer.

``EwsError`` concerns one item or folder and becomes one response message; ``SoapFault`` concerns the whole
request and becomes HTTP 500 with a SOAP fault.
"""

from collections.abc import Iterable, Mapping

from serversync.simulator.xmltext import attribute, text

SOAP_NS = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES_NS = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES_NS = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS_NS = "http://schemas.microsoft.com/exchange/services/2006/errors"

MESSAGE_TEXTS: Mapping[str, str] = {
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "ErrorExceededConnectionCount": "You have exceeded the available concurrent connections for your account.  Try again once your other requests have completed.",
    "ErrorExceededSubscriptionCount": "You have exceeded the available subscriptions for your account.  Remove unnecessary subscriptions and try your request again.",
    "ErrorExpiredSubscription": "The subscription has expired.",
    "ErrorFolderNotFound": "The specified folder could not be found in the store.",
    "ErrorImpersonateUserDenied": "The account does not have permission to impersonate the requested user.",
    "ErrorInvalidAttachmentId": "The attachment Id is invalid.",
    "ErrorInvalidExchangeImpersonationHeaderData": "ExchangeImpersonation SOAP header must be present for this type of OAuth token.",
    "ErrorInvalidIdMalformed": "Id is malformed.",
    "ErrorInvalidPropertyForOperation": "The property is not valid for this operation.",
    "ErrorInvalidRequest": "The request is invalid.",
    "ErrorInvalidSchemaVersionForMailboxVersion": "The requested schema version is not supported by the mailbox's server.",
    "ErrorInvalidServerVersion": "The specified server version is invalid.",
    "ErrorInvalidSyncStateData": "Synchronization state data is corrupt or otherwise invalid.",
    "ErrorInvalidWatermark": "The watermark used for creating this subscription was not found.",
    "ErrorItemCorrupt": "The item is corrupt and cannot be read.",
    "ErrorItemNotFound": "The specified object was not found in the store., The process failed to get the correct properties.",
    "ErrorMissedNotificationEvents": "One or more of the notification events were missed.",
    "ErrorNewEventStreamConnectionOpened": "This connection was closed because a new one was opened for the same subscription.",
    "ErrorNonExistentMailbox": "The SMTP address has no mailbox associated with it.",
    "ErrorNonPrimarySmtpAddress": "The primary SMTP address must be specified when referencing a mailbox.",
    "ErrorServerBusy": "The server cannot service this request right now. Try again later.",
    "ErrorSubscriptionAccessDenied": "The subscription belongs to another account.",
    "ErrorSubscriptionDelegateAccessNotSupported": "Subscriptions are not supported for delegate user access.",
    "ErrorSubscriptionNotFound": "The specified subscription was not found.",
    "ErrorSyncFolderNotFound": "The folder to be synchronized could not be found.",
}
"""What a real server writes beside a response code, as far as it is known."""


def message_for(response_code: str) -> str:
    """Return the text that goes with a response code."""
    return MESSAGE_TEXTS.get(response_code, f"The operation failed: {response_code}.")


class EwsError(Exception):
    """One item, folder or mailbox of a request cannot be served; the others can.

    Args:
        response_code: A value of the schema's ``ResponseCodeType``, for example ``ErrorItemNotFound``.
        message: ``MessageText``; the usual text where none is given.
    """

    def __init__(self, response_code: str, message: str | None = None) -> None:
        super().__init__(response_code)
        self.response_code = response_code
        self.message = message or message_for(response_code)


class SoapFault(Exception):
    """The request as a whole is refused with HTTP 500.

    Args:
        response_code: What goes into ``detail/e:ResponseCode``.
        message: ``e:Message``; the usual text where none is given.
        faultstring: A longer text, where a real server gives one; otherwise the message.
        message_xml: Name and value of ``MessageXml/t:Value``, for example ``BackOffMilliseconds``.
        details: Further elements inside ``MessageXml``, as schema validation gives them.
    """

    def __init__(
        self,
        response_code: str,
        message: str | None = None,
        *,
        faultstring: str | None = None,
        message_xml: Mapping[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(response_code)
        self.response_code = response_code
        self.message = message or message_for(response_code)
        self.faultstring = faultstring or self.message
        self.message_xml = dict(message_xml or {})
        self.details = dict(details or {})

    def to_xml(self) -> str:
        """Return the ``s:Fault`` element in the form of recorded traffic."""
        inner = "".join(
            f"<t:Value Name={attribute(name)}>{text(value)}</t:Value>"
            for name, value in self.message_xml.items()
        ) + "".join(f"<t:{name}>{text(value)}</t:{name}>" for name, value in self.details.items())
        message_xml = f'<t:MessageXml xmlns:t="{TYPES_NS}">{inner}</t:MessageXml>' if inner else ""
        return (
            f'<s:Fault><faultcode xmlns:a="{TYPES_NS}">a:{self.response_code}</faultcode>'
            f'<faultstring xml:lang="en-US">{text(self.faultstring)}</faultstring><detail>'
            f'<e:ResponseCode xmlns:e="{ERRORS_NS}">{self.response_code}</e:ResponseCode>'
            f'<e:Message xmlns:e="{ERRORS_NS}">{text(self.message)}</e:Message>{message_xml}</detail></s:Fault>'
        )


def envelope(body: str, *, header: str) -> bytes:
    """Return a whole SOAP envelope in UTF-8.

    Args:
        body: The XML inside ``s:Body``.
        header: The XML inside ``s:Header``; no header element where it is empty.
    """
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP_NS}">{head}<s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def streamed_envelope(body: str, *, header: str) -> bytes:
    """Return an envelope of a stream; Exchange writes these without a prefix, and clients cut the stream by that."""
    soap = f'xmlns:soap11="{SOAP_NS}"'
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Envelope xmlns="{SOAP_NS}"><soap11:Header {soap}>{header}</soap11:Header>'
        f"<soap11:Body {soap}>{body}</soap11:Body></Envelope>"
    ).encode()


def response(operation: str, messages: Iterable[str]) -> str:
    """Return ``<m:…Response>`` around its response messages.

    Raises:
        SoapFault: ``ErrorSchemaValidation``: there are none, as nothing was asked for.
    """
    inner = "".join(messages)
    if not inner:
        raise SoapFault(
            "ErrorSchemaValidation",
            "The request failed schema validation.",
            faultstring="The request failed schema validation: The element has incomplete content.",
        )
    return (
        f'<m:{operation}Response xmlns:m="{MESSAGES_NS}" xmlns:t="{TYPES_NS}"><m:ResponseMessages>'
        f"{inner}</m:ResponseMessages></m:{operation}Response>"
    )


def single(element: str, payload: str = "", error: EwsError | None = None) -> str:
    """Return the answer of an operation that has no list of response messages.

    Args:
        element: Name of the element.
        payload: What the element holds behind the response code.
        error: What went wrong; ``None`` where nothing did.
    """
    kind, told = "Success", "<m:ResponseCode>NoError</m:ResponseCode>"
    if error is not None:
        kind = "Error"
        told = (
            f"<m:MessageText>{text(error.message)}</m:MessageText><m:ResponseCode>{error.response_code}</m:ResponseCode>"
            "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
        )
    return (
        f'<m:{element} ResponseClass="{kind}" xmlns:m="{MESSAGES_NS}" xmlns:t="{TYPES_NS}">'
        f"{told}{payload}</m:{element}>"
    )


def success(operation: str, payload: str) -> str:
    """Return one response message that carries ``payload``."""
    return (
        f'<m:{operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"{payload}</m:{operation}ResponseMessage>"
    )


def failure(operation: str, error: EwsError, payload: str = "") -> str:
    """Return one response message that says what went wrong with one part of the request, or that it was left out."""
    kind = "Warning" if error.response_code == "ErrorBatchProcessingStopped" else "Error"
    return (
        f'<m:{operation}ResponseMessage ResponseClass="{kind}"><m:MessageText>{text(error.message)}</m:MessageText>'
        f"<m:ResponseCode>{error.response_code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>"
        f"{payload}</m:{operation}ResponseMessage>"
    )
