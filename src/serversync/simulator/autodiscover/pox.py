"""Autodiscover as plain old XML: requests in, responses out."""

from datetime import UTC, datetime

from lxml import etree

from serversync.simulator.autodiscover.answers import Elsewhere, Located, Unknown
from serversync.simulator.versions import ServerVersion
from serversync.simulator.xmltext import text

_OUTER = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_MESSAGES = {
    "500": "The email address can't be found.",
    "501": "The email address is invalid.",
    "600": "Invalid Request",
    "601": "Provider is not available",
    "603": "The Active Directory service returned an error.",
}
_MOST_BYTES = 1 << 20


class Invalid(Exception):
    """The request is none; ``code`` is what it is answered with."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse(body: bytes) -> etree._Element:
    """Return the root of a document without document type or entities.

    Raises:
        Invalid: it is none.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = (
            etree.fromstring(body, parser) if len(body) <= _MOST_BYTES and b"<!DOCTYPE" not in body else None
        )
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise Invalid("600")
    return root


def wanted_address(body: bytes) -> str:
    """Return the address that a request asks for.

    Raises:
        Invalid: 600 for what is no request, 601 for another kind of answer than Outlook's.
    """
    root = parse(body)
    request = next((one for one in root if etree.QName(one).localname == "Request"), None)
    values = (
        {} if request is None else {etree.QName(one).localname: (one.text or "").strip() for one in request}
    )
    if etree.QName(root).localname != "Autodiscover" or not values.get("EMailAddress"):
        raise Invalid("600")
    if values.get("AcceptableResponseSchema") != _OUTLOOK:
        raise Invalid("601")
    return values["EMailAddress"]


def error(code: str) -> str:
    """Return an error answer."""
    when = datetime.now(UTC).strftime("%H:%M:%S.%f")
    message = _MESSAGES.get(code, "The Autodiscover service failed.")
    return _document(
        f'<Response><Error Time="{when}" Id="2477272013"><ErrorCode>{text(code)}</ErrorCode>'
        f"<Message>{text(message)}</Message><DebugData /></Error></Response>"
    )


def answer(found: Located | Elsewhere | Unknown, version: ServerVersion) -> str:
    """Return the answer for an address."""
    if isinstance(found, Unknown):
        return error(found.code or "500")
    if isinstance(found, Elsewhere):
        action, element, target = (
            ("redirectAddr", "RedirectAddr", found.address)
            if found.address
            else ("redirectUrl", "RedirectUrl", found.url)
        )
        return _outlook(
            f"<Account><Action>{action}</Action><{element}>{text(target or '')}</{element}></Account>"
        )
    mailbox = found.mailbox
    user = (
        f"<User><DisplayName>{text(mailbox.display_name)}</DisplayName><LegacyDN>{text(found.legacy_dn)}</LegacyDN>"
        f"<AutoDiscoverSMTPAddress>{text(mailbox.primary_smtp_address)}</AutoDiscoverSMTPAddress>"
        "<DeploymentId>644560b8-a1ce-429c-8ace-23395843f701</DeploymentId></User>"
    )
    return _outlook(
        f"{user}<Account><AccountType>email</AccountType><Action>settings</Action>"
        f"<MicrosoftOnline>False</MicrosoftOnline>{_protocols(found, version)}</Account>"
    )


def _protocols(found: Located, version: ServerVersion) -> str:
    modern = version.build >= (14, 0, 0, 0)
    parts = [_exchange("EXCH", found.internal_url, found, version)]
    if found.external_url:
        parts.append(_exchange("EXPR", found.external_url, found, version))
    inner = "".join(
        f"<{place}><OWAUrl AuthenticationMethod={method!r}>{text(_sibling(url, 'owa/'))}</OWAUrl>"
        f"<Protocol><Type>{kind}</Type><ASUrl>{text(url)}</ASUrl></Protocol></{place}>".replace("'", '"')
        for place, kind, url, method in (
            ("Internal", "EXCH", found.internal_url, "Basic, Fba"),
            ("External", "EXPR", found.external_url, "Fba"),
        )
        if url
    )
    parts.append(f"<Protocol><Type>WEB</Type>{inner}</Protocol>")
    return "".join(parts) if modern else parts[0]


def _exchange(kind: str, url: str, found: Located, version: ServerVersion) -> str:
    server = (
        f"<Server>{found.mailbox.guid}@{found.mailbox.primary_smtp_address.partition('@')[2]}</Server>"
        f"<ServerVersion>{server_version(version.build)}</ServerVersion>"
        if kind == "EXCH"
        else f"<Server>{text(_host(url))}</Server><SSL>On</SSL><AuthPackage>Ntlm</AuthPackage>"
    )
    newer = ""
    if version.build >= (14, 1, 0, 0):
        newer = f"<EwsUrl>{text(url)}</EwsUrl><EmwsUrl>{text(url)}</EmwsUrl>"
    if version.build >= (15, 0, 0, 0):
        newer += (
            f"<EwsPartnerUrl>{text(found.partner_url)}</EwsPartnerUrl>"
            f"<GroupingInformation>{text(found.grouping_information)}</GroupingInformation>"
        )
    return (
        f"<Protocol><Type>{kind}</Type>{server}<ASUrl>{text(url)}</ASUrl>{newer}"
        f"<OOFUrl>{text(url)}</OOFUrl><OABUrl>{text(_sibling(url, 'OAB/'))}</OABUrl></Protocol>"
    )


def server_version(build: tuple[int, int, int, int]) -> str:
    """Return ``ServerVersion``: 0111, six bits major, six bits minor, a flag, fifteen bits build, in hexadecimal."""
    major, minor, number, _ = build
    return f"{0x7 << 28 | major << 22 | minor << 16 | 0x8000 | number:08X}"


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _sibling(url: str, path: str) -> str:
    return f"https://{_host(url)}/{path}"


def _outlook(content: str) -> str:
    return _document(f'<Response xmlns="{_OUTLOOK}">{content}</Response>')


def _document(response: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{_OUTER}">{response}</Autodiscover>'
