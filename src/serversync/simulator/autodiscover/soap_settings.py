"""Autodiscover over SOAP: GetUserSettings, for any number of users at once."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from serversync.simulator.autodiscover.answers import Elsewhere, Located, Unknown, supported_schemas
from serversync.simulator.autodiscover.pox import Invalid, parse
from serversync.simulator.response import SOAP_NS
from serversync.simulator.versions import ServerVersion
from serversync.simulator.xmltext import text

NS = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_WSA = "http://www.w3.org/2005/08/addressing"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_S = f"{{{SOAP_NS}}}"
_A = f"{{{NS}}}"
_MOST_USERS = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """The users and settings of a request."""

    users: tuple[str, ...]
    settings: tuple[str, ...]


def wanted(body: bytes) -> Wanted:
    """Return what a request asks for.

    Raises:
        Invalid: it is no GetUserSettings request.
    """
    root = parse(body)
    message = root.find(f"{_S}Body/{_A}GetUserSettingsRequestMessage/{_A}Request")
    if root.tag != f"{_S}Envelope" or message is None:
        raise Invalid("600")
    users = [_text(one) for one in message.findall(f"{_A}Users/{_A}User/{_A}Mailbox")]
    settings = [_text(one) for one in message.findall(f"{_A}RequestedSettings/{_A}Setting")]
    return Wanted(tuple(users), tuple(settings))


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def fault(reason: str) -> bytes:
    """Return the fault for what is no request."""
    return (
        f'<s:Envelope xmlns:s="{SOAP_NS}"><s:Body><s:Fault><faultcode xmlns:a="http://schemas.microsoft.com/net/2005/'
        'dispatcher">a:DeserializationFailed</faultcode>'
        f'<faultstring xml:lang="en-US">{text(reason)}</faultstring></s:Fault></s:Body></s:Envelope>'
    ).encode()


def answer(
    request: Wanted, version: ServerVersion, find: Callable[[str], Located | Elsewhere | Unknown]
) -> bytes:
    """Return the answer to a request.

    Args:
        request: What was asked.
        version: The product.
        find: Tells what is known of an address.
    """
    if not request.users or len(request.users) > _MOST_USERS or not request.settings:
        code, message, users = "InvalidRequest", "The request must name users and settings.", ""
    else:
        code, message = "NoError", ""
        users = "".join(_user(find(user), request.settings, version) for user in request.users)
    major, minor, build, revision = version.build
    info = "".join(
        f"<h:{name}>{value}</h:{name}>"
        for name, value in (
            ("MajorVersion", major),
            ("MinorVersion", minor),
            ("MajorBuildNumber", build),
            ("MinorBuildNumber", revision),
            ("Version", version.label),
        )
    )
    return (
        f'<s:Envelope xmlns:s="{SOAP_NS}" xmlns:a="{_WSA}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{NS}/Autodiscover/GetUserSettingsResponse</a:Action>'
        f'<h:ServerVersionInfo xmlns:h="{NS}" xmlns:i="{_XSI}">{info}</h:ServerVersionInfo></s:Header><s:Body>'
        f'<GetUserSettingsResponseMessage xmlns="{NS}"><Response xmlns:i="{_XSI}"><ErrorCode>{code}</ErrorCode>'
        f"<ErrorMessage>{text(message)}</ErrorMessage><UserResponses>{users}</UserResponses></Response>"
        "</GetUserSettingsResponseMessage></s:Body></s:Envelope>"
    ).encode()


def _user(found: Located | Elsewhere | Unknown, settings: tuple[str, ...], version: ServerVersion) -> str:
    if isinstance(found, Unknown):
        code = found.code or "InvalidUser"
        return _response(code, "Invalid user." if code == "InvalidUser" else "The request failed.")
    if isinstance(found, Elsewhere):
        if found.address:
            return _response("RedirectAddress", "Redirection address.", found.address)
        return _response("RedirectUrl", "Redirection URL.", found.url)
    values = _values(found, version)
    errors = "".join(_setting_error(name, version) for name in settings if name not in values)
    known = "".join(
        f'<UserSetting i:type="StringSetting"><Name>{text(name)}</Name><Value>{text(values[name])}</Value></UserSetting>'
        for name in settings
        if name in values
    )
    return _response("NoError", "No error.", None, errors, known)


def _response(
    code: str, message: str, target: str | None = None, errors: str = "", settings: str = ""
) -> str:
    redirect = (
        f"<RedirectTarget>{text(target)}</RedirectTarget>" if target else '<RedirectTarget i:nil="true"/>'
    )
    return (
        f"<UserResponse><ErrorCode>{text(code)}</ErrorCode><ErrorMessage>{text(message)}</ErrorMessage>{redirect}"
        f"<UserSettingErrors>{errors}</UserSettingErrors><UserSettings>{settings}</UserSettings></UserResponse>"
    )


def _setting_error(name: str, version: ServerVersion) -> str:
    code = "SettingIsNotAvailable" if version.build >= (14, 1, 0, 0) else "InvalidSetting"
    return (
        f"<UserSettingError><ErrorCode>{code}</ErrorCode><ErrorMessage>{code}</ErrorMessage>"
        f"<SettingName>{text(name)}</SettingName></UserSettingError>"
    )


def _values(found: Located, version: ServerVersion) -> dict[str, str]:
    major, minor, build, revision = version.build
    number = f"{major:02}.{minor:02}.{build:04}.{revision:03}"
    values = {
        "UserDisplayName": found.mailbox.display_name,
        "UserDN": found.legacy_dn,
        "UserDeploymentId": "644560b8-a1ce-429c-8ace-23395843f701",
        "AutoDiscoverSMTPAddress": found.mailbox.primary_smtp_address,
        "InternalEwsUrl": found.internal_url,
        "ExternalEwsUrl": found.external_url,
        "EwsSupportedSchemas": supported_schemas(version.schema),
        "CasVersion": number,
        "ExternalEwsVersion": number,
        "MailboxDN": "/o=Simulator/ou=Exchange Administrative Group/cn=Configuration/cn=Servers/cn=EXCH01",
        "ActiveDirectoryServer": "dc01",
        "UserMSOnline": "False",
    }
    if version.build >= (15, 0, 0, 0):
        values |= {
            "MailboxVersion": number,
            "EwsPartnerUrl": found.partner_url,
            "GroupingInformation": found.grouping_information,
        }
    return {name: value for name, value in values.items() if value}
