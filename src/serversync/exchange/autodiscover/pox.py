"""Autodiscover as plain old XML (``autodiscover.xml``): the oldest form, and the one every server has.

Source: Microsoft's POX reference ("Autodiscover (POX)", "Type (POX)", "Action (POX)", "ServerVersion (POX)").
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
from serversync.exchange.namespaces import local_name
from serversync.exchange.version import ServerVersionInfo
from serversync.exchange.xml_text import escape

REQUEST: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
RESPONSE: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_INTERNAL: Final = ("EXCH",)
_EXTERNAL: Final = ("EXPR", "EXHTTP")


def request(address: str) -> bytes:
    """Return the question for an address."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{REQUEST}"><Request>'
        f"<EMailAddress>{escape(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{RESPONSE}</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()


def read(body: bytes) -> Answer:
    """Return what an answer says.

    Raises:
        Unreadable: it is no answer of POX Autodiscover.
    """
    root = parse_document(body)
    if local_name(root.tag) != "Autodiscover":
        raise Unreadable(f"it is a document of {local_name(root.tag)[:60]}")
    response = child(root, "Response")
    for place in (response, child(response, "Account")):
        if (error := child(place, "Error")) is not None:
            return ErrorAnswer(text(error, "ErrorCode"), text(error, "Message"))
    account = child(response, "Account")
    if account is None:
        raise Unreadable("it has no account")
    action = text(account, "Action")
    if action.lower() == "redirectaddr":
        return RedirectAddress(text(account, "RedirectAddr"))
    if action.lower() == "redirecturl":
        return RedirectUrl(text(account, "RedirectUrl"))
    if action.lower() != "settings":
        raise Unreadable(f"its action is {action[:60] or 'empty'}")
    return _settings(child(response, "User"), account)


def _settings(user: _Element | None, account: _Element) -> Settings:
    values = {"AutoDiscoverSMTPAddress": text(user, "AutoDiscoverSMTPAddress")}
    version: ServerVersionInfo | None = None
    for protocol in [one for one in elements(account) if local_name(one.tag) == "Protocol"]:
        kind = text(protocol, "Type").upper()
        if kind not in _INTERNAL + _EXTERNAL:
            continue
        name = "InternalEwsUrl" if kind in _INTERNAL else "ExternalEwsUrl"
        values.setdefault(name, text(protocol, "EwsUrl") or text(protocol, "ASUrl"))
        for setting in ("EwsPartnerUrl", "GroupingInformation"):
            if found := text(protocol, setting):
                values.setdefault(setting, found)
        version = version or decode_server_version(text(protocol, "ServerVersion"))
    return Settings(values={name: value for name, value in values.items() if value}, server_version=version)


def decode_server_version(text_value: str) -> ServerVersionInfo | None:
    """Return the version in a hexadecimal ``ServerVersion``; ``738180DA`` is 14.1 build 218.

    Of its 32 bits the first four say how it is built, six are the major version, six the minor one, one is a flag,
    fifteen are the build. Source: Microsoft, "ServerVersion (POX)".
    """
    try:
        number = int(text_value, 16) if len(text_value) == 8 else -1
    except ValueError:
        return None
    if number < 0:
        return None
    return ServerVersionInfo(number >> 22 & 0x3F, number >> 16 & 0x3F, number & 0x7FFF, 0)
