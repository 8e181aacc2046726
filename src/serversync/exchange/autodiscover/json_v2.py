"""Autodiscover as JSON (since Exchange 2016 CU3): one address, asked without credentials."""

from urllib.parse import quote

import msgspec

from serversync.exchange.autodiscover.documents import LARGEST, Unreadable
from serversync.exchange.autodiscover.result import Answer, ErrorAnswer, Settings


class _Document(msgspec.Struct, frozen=True):
    protocol: str = msgspec.field(default="", name="Protocol")
    url: str = msgspec.field(default="", name="Url")
    error_code: str = msgspec.field(default="", name="ErrorCode")
    error_message: str = msgspec.field(default="", name="ErrorMessage")


def url(authority: str, address: str) -> str:
    """Return what to ask of a host (with its port if it has one) for an address."""
    return (
        f"https://{authority}/autodiscover/autodiscover.json?Email={quote(address, safe='@')}&Protocol=Ews"
        "&RedirectCount=1"
    )


def read(body: bytes) -> Answer:
    """Return what an answer says.

    Raises:
        Unreadable: it is no answer of JSON Autodiscover.
    """
    if len(body) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST} bytes")
    try:
        document = msgspec.json.decode(body, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"it is not the JSON of Autodiscover ({str(error)[:100]})") from error
    if document.error_code:
        return ErrorAnswer(document.error_code, document.error_message)
    if document.protocol.lower() != "ews" or not document.url:
        raise Unreadable("it names no address of Exchange Web Services")
    return Settings(values={"ExternalEwsUrl": document.url})
