"""Answers for servers of tests, and the canned ones of tests/data."""

from pathlib import Path

from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.soap import content_of, open_envelope, parse

DATA = Path(__file__).parents[2] / "data"
CONTEXT = AnswerContext(
    operation="GetItem", host="mail.example.org", account="svc", mailbox="ada@example.org"
)
HEADER = (
    '<soap:Header><t:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748"'
    ' MinorBuildNumber="10" Version="V2017_07_11"/></soap:Header>'
)
NAMESPACES = (
    'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
    ' xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors"'
)


def canned(name: str) -> bytes:
    """The file of tests/data with that name."""
    return (DATA / name).read_bytes()


def envelope(body: str) -> str:
    """A SOAP envelope around a body."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope {NAMESPACES}>{HEADER}'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    )


def answer(operation: str, *messages: str) -> str:
    """An answer with some response messages."""
    return envelope(
        f"<m:{operation}Response><m:ResponseMessages>{''.join(messages)}"
        f"</m:ResponseMessages></m:{operation}Response>"
    )


def success(operation: str, payload: str) -> str:
    """A response message that worked."""
    return (
        f'<m:{operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"{payload}</m:{operation}ResponseMessage>"
    )


def failure(operation: str, code: str, extra: str = "", response_class: str = "Error") -> str:
    """A response message that did not."""
    return (
        f'<m:{operation}ResponseMessage ResponseClass="{response_class}"><m:MessageText>No.</m:MessageText>'
        f"<m:ResponseCode>{code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{extra}"
        f"</m:{operation}ResponseMessage>"
    )


def fault(code: str, extra: str = "") -> str:
    """A SOAP fault as Exchange makes it."""
    return envelope(
        f'<soap:Fault><faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:{code}'
        f'</faultcode><faultstring xml:lang="en-US">Not now.</faultstring><detail><e:ResponseCode>{code}'
        f"</e:ResponseCode><e:Message>Not now.</e:Message>{extra}</detail></soap:Fault>"
    )


def message(number: int, subject: str = "Hello") -> str:
    """A response message with one small message."""
    return success(
        "GetItem",
        f'<m:Items><t:Message><t:ItemId Id="{number}" ChangeKey="k{number}"/>'
        f"<t:Subject>{subject}</t:Subject></t:Message></m:Items>",
    )


def inbox() -> str:
    """An answer to GetFolder."""
    return answer(
        "GetFolder",
        success(
            "GetFolder",
            '<m:Folders><t:Folder><t:FolderId Id="f" ChangeKey="k"/><t:DisplayName>Inbox</t:DisplayName>'
            "<t:TotalCount>3</t:TotalCount></t:Folder></m:Folders>",
        ),
    )


def read(operation, document: bytes | str):  # type: ignore[no-untyped-def]
    """Run an answer through the whole parser."""
    data = document.encode() if isinstance(document, str) else document
    return operation.from_xml(content_of(open_envelope(parse(data)), CONTEXT), CONTEXT)
