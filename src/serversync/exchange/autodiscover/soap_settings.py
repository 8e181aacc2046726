"""Autodiscover over SOAP (``autodiscover.svc``, since Exchange 2010): settings by name.

Source: Microsoft, "GetUserSettings operation (SOAP)", "ErrorCode (SOAP)".
"""

from typing import Final

from lxml.etree import _Element

from serversync.exchange.autodiscover.documents import Unreadable, child, elements, parse_document, text
from serversync.exchange.autodiscover.result import (
    Answer,
    ErrorAnswer,
    RedirectAddress,
    RedirectUrl,
    Settings,
)
from serversync.exchange.namespaces import SOAP, local_name
from serversync.exchange.version import ServerVersionInfo
from serversync.exchange.xml_text import escape
from serversync.exchange.xml_values import integer

AUTODISCOVER: Final = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
WANTED: Final = (
    "AutoDiscoverSMTPAddress",
    "InternalEwsUrl",
    "ExternalEwsUrl",
    "EwsSupportedSchemas",
    "EwsPartnerUrl",
    "GroupingInformation",
    "MailboxVersion",
    "CasVersion",
    "ExternalEwsVersion",
    "UserMSOnline",
)
"""The settings that are asked for; a server leaves out those that it does not know."""


MOST_USERS: Final = 100
"""So many addresses may be asked for in one request."""


def request(url: str, *addresses: str) -> bytes:
    """Return the question for one or more addresses, to be sent to ``url``.

    It asks in the schema of Exchange 2010, which all that have this service know.
    """
    users = "".join(f"<a:User><a:Mailbox>{escape(one)}</a:Mailbox></a:User>" for one in addresses)
    wanted = "".join(f"<a:Setting>{name}</a:Setting>" for name in WANTED)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{SOAP}" xmlns:a="{AUTODISCOVER}"'
        f' xmlns:wsa="{ADDRESSING}"><soap:Header><a:RequestedServerVersion>Exchange2010</a:RequestedServerVersion>'
        f"<wsa:Action>{AUTODISCOVER}/Autodiscover/GetUserSettings</wsa:Action><wsa:To>{escape(url)}</wsa:To>"
        "</soap:Header><soap:Body><a:GetUserSettingsRequestMessage><a:Request>"
        f"<a:Users>{users}</a:Users>"
        f"<a:RequestedSettings>{wanted}</a:RequestedSettings>"
        "</a:Request></a:GetUserSettingsRequestMessage></soap:Body></soap:Envelope>"
    ).encode()


def read(body: bytes) -> Answer:
    """Return what an answer says of the first address.

    Raises:
        Unreadable: it is no answer of SOAP Autodiscover.
    """
    (answer, *_) = read_all(body)
    return answer


def read_all(body: bytes) -> list[Answer]:
    """Return what an answer says of each address, in order; one error for all where the request failed.

    Raises:
        Unreadable: it is no answer of SOAP Autodiscover.
    """
    root = parse_document(body)
    if local_name(root.tag) != "Envelope":
        raise Unreadable(f"it is a document of {local_name(root.tag)[:60]}")
    content = child(root, "Body")
    if (fault := child(content, "Fault")) is not None:
        code = text(fault, "detail", "ErrorCode") or text(fault, "faultcode").rpartition(":")[2]
        return [ErrorAnswer(code or "Fault", text(fault, "faultstring"))]
    response = child(content, "GetUserSettingsResponseMessage", "Response")
    if response is None:
        raise Unreadable("it is no answer to GetUserSettings")
    if (error := _error(response)) is not None:
        return [error]
    users = child(response, "UserResponses")
    version = _version(child(root, "Header"))
    answers = [] if users is None else [_of_user(user, version) for user in elements(users)]
    if not answers:
        raise Unreadable("it has no answer for the address")
    return answers


def _of_user(user: _Element, version: ServerVersionInfo | None) -> Answer:
    code, target = text(user, "ErrorCode"), text(user, "RedirectTarget")
    if code == "RedirectAddress":
        return RedirectAddress(target)
    if code == "RedirectUrl":
        return RedirectUrl(target)
    return _error(user) or Settings(values=_settings(user), server_version=version)


def _error(element: _Element) -> ErrorAnswer | None:
    code = text(element, "ErrorCode")
    return None if code in {"", "NoError"} else ErrorAnswer(code, text(element, "ErrorMessage"))


def _settings(user: _Element) -> dict[str, str]:
    found = child(user, "UserSettings")
    settings = [] if found is None else elements(found)
    return {name: value for one in settings if (name := text(one, "Name")) and (value := text(one, "Value"))}


def _version(header: _Element | None) -> ServerVersionInfo | None:
    """Return the version in the header, which here is made of elements, not attributes."""
    info = child(header, "ServerVersionInfo")
    numbers = [
        integer(text(info, name))
        for name in ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
    ]
    major, minor, build, revision = numbers
    if major is None:
        return None
    return ServerVersionInfo(major, minor or 0, build or 0, revision or 0, text(info, "Version"))
