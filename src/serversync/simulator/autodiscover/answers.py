"""What is found out about an address: where its mailbox is, or why not; the same for all three forms."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from serversync.simulator.exchange import Exchange
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.versions import REQUEST_VERSIONS, Schema

_SCHEMA_NAMES = tuple(
    name for name in REQUEST_VERSIONS if name.startswith("Exchange") and name != "Exchange2015"
)


@dataclass(frozen=True, slots=True)
class Located:
    """Where a mailbox is."""

    mailbox: Mailbox
    internal_url: str
    external_url: str
    partner_url: str
    grouping_information: str
    legacy_dn: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Ask for another address, or at another URL."""

    address: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody has that address, or an error was ordered for it."""

    code: str | None = None


def locate(exchange: Exchange, address: str, *, own_url: str, host: str) -> Located | Elsewhere | Unknown:
    """Return what the service knows of an address.

    Args:
        exchange: The state.
        address: The address that was asked for.
        own_url: The EWS address of the server that answers.
        host: The host that was asked.
    """
    configuration = exchange.autodiscover
    wanted = address.strip().lower()
    if (code := configuration.errors.get(wanted)) is not None:
        return Unknown(code)
    if (other := configuration.redirect_addresses.get(wanted)) is not None:
        return Elsewhere(address=other)
    url = configuration.redirect_urls.get(wanted)
    if url is not None and (configuration.redirects_in_circles or urlsplit(url).hostname != host):
        return Elsewhere(url=url)
    mailbox = exchange.find_mailbox(wanted)
    if mailbox is None:
        return Unknown()
    primary = mailbox.primary_smtp_address
    internal = configuration.ews_urls.get(primary.lower()) or configuration.ews_url or own_url
    external = configuration.external_ews_url
    return Located(
        mailbox,
        internal,
        internal if external is None else external,
        configuration.ews_partner_url or internal,
        configuration.grouping_information,
        mailbox.legacy_dn,
    )


def supported_schemas(schema: Schema) -> str:
    """Return ``EwsSupportedSchemas`` of a product."""
    return ", ".join(name for name in _SCHEMA_NAMES if REQUEST_VERSIONS[name] <= schema)
