"""What a search found out about a mailbox."""

from collections.abc import Mapping

from msgspec import Struct

from serversync.core.errors import AddressInvalid, InsecureAddress
from serversync.exchange.endpoint import Endpoint
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo

_NEWER_THAN_2010 = frozenset({"Exchange2013_SP1", "Exchange2015", "Exchange2016"})


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of an answer, by the names that SOAP has for them, and which server answered."""

    values: Mapping[str, str]
    server_version: ServerVersionInfo | None = None


class RedirectAddress(Struct, frozen=True):
    """The answer sends on to another mail address."""

    address: str


class RedirectUrl(Struct, frozen=True):
    """The answer sends on to another Autodiscover service."""

    url: str


class ErrorAnswer(Struct, frozen=True):
    """The answer is an error of Autodiscover's own."""

    code: str
    message: str


Answer = Settings | RedirectAddress | RedirectUrl | ErrorAnswer


class Discovery(Struct, frozen=True, kw_only=True):
    """Where a mailbox is.

    Attributes:
        address: The address that was asked for.
        primary_smtp_address: The mailbox's primary address, as the server told it.
        ews_url: Where Exchange Web Services answer: the internal URL if there is one.
        internal_ews_url: For clients inside the network.
        external_ews_url: For clients outside.
        ews_partner_url: For servers of other sites.
        server_version: The server that answered, or the mailbox's.
        supported_schemas: ``EwsSupportedSchemas``.
        request_server_version: The schema that requests to this mailbox are to speak; ``None`` where nothing was told.
        grouping_information: Mailboxes with the same value may share a streaming connection.
        source: The Autodiscover URL that answered.
    """

    address: str
    ews_url: str
    source: str
    primary_smtp_address: str | None = None
    internal_ews_url: str | None = None
    external_ews_url: str | None = None
    ews_partner_url: str | None = None
    server_version: ServerVersionInfo | None = None
    supported_schemas: tuple[str, ...] = ()
    request_server_version: RequestServerVersion | None = None
    grouping_information: str | None = None


def discovery_of(settings: Settings, address: str, source: str) -> Discovery | None:
    """Return what the settings say, or ``None`` where they name no usable EWS URL."""
    internal = _usable(settings.values.get("InternalEwsUrl"))
    external = _usable(settings.values.get("ExternalEwsUrl"))
    url = internal or external
    if url is None:
        return None
    schemas = tuple(
        [name.strip() for name in settings.values.get("EwsSupportedSchemas", "").split(",") if name.strip()]
    )
    version = _version_of(settings)
    return Discovery(
        address=address,
        ews_url=url,
        source=source,
        primary_smtp_address=settings.values.get("AutoDiscoverSMTPAddress") or None,
        internal_ews_url=internal,
        external_ews_url=external,
        ews_partner_url=_usable(settings.values.get("EwsPartnerUrl")),
        server_version=version,
        supported_schemas=schemas,
        request_server_version=request_version(schemas, version),
        grouping_information=settings.values.get("GroupingInformation") or None,
    )


def _usable(url: str | None) -> str | None:
    """Return an https URL in full, or ``None``; a server that names http gets no password there."""
    try:
        return Endpoint.parse(url).url if url else None
    except (AddressInvalid, InsecureAddress):
        return None


def _version_of(settings: Settings) -> ServerVersionInfo | None:
    """Return the version of the mailbox's server where it was told, else of the one that answered."""
    for name in ("MailboxVersion", "CasVersion", "ExternalEwsVersion"):
        if (version := parse_version(settings.values.get(name, ""))) is not None:
            return version
    return settings.server_version


def parse_version(text: str) -> ServerVersionInfo | None:
    """Return a dotted version such as ``15.01.2507.006``, or ``None``."""
    parts = text.strip().split(".")
    if len(parts) != 4 or not all(part.isdecimal() and part.isascii() and len(part) < 9 for part in parts):
        return None
    major, minor, build, revision = [int(part) for part in parts]
    return ServerVersionInfo(major, minor, build, revision)


def request_version(
    schemas: tuple[str, ...], version: ServerVersionInfo | None
) -> RequestServerVersion | None:
    """Return the smallest schema that has all this program needs and that the mailbox's server speaks.

    Source: Microsoft, "EWS schema versions in Exchange": use the earliest schema that has the feature.
    """
    if _NEWER_THAN_2010 & set(schemas):
        return RequestServerVersion.EXCHANGE2013_SP1
    known = [one for one in RequestServerVersion if one.value in schemas]
    if known:
        return known[-1]
    if version is None:
        return None
    if (version.major_version, version.minor_version, version.major_build_number) >= (15, 0, 847):
        return RequestServerVersion.EXCHANGE2013_SP1
    if version.major_version == 14 and version.minor_version >= 2:
        return RequestServerVersion.EXCHANGE2010_SP2
    return None
