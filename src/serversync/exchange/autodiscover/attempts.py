"""One thing that a search may ask: where it stands in the order, how, and at which URL."""

from urllib.parse import urlsplit

from msgspec import Struct

from serversync.core.errors import AddressInvalid, InsecureAddress
from serversync.exchange.autodiscover.names import host_of
from serversync.exchange.autodiscover.steps import Place, Protocol, SrvRecord
from serversync.exchange.endpoint import Endpoint


class Attempt(Struct, frozen=True, kw_only=True):
    """One thing to be asked; ``depth`` counts the redirects that led to it."""

    place: Place
    protocol: Protocol
    url: str
    depth: int = 0

    @property
    def host(self) -> str:
        """The host, lower case; empty where the URL has none."""
        return host_of(self.url)

    @property
    def authority(self) -> str:
        """The host with its port, where the URL names one."""
        return urlsplit(self.url).netloc.lower()

    @property
    def problem(self) -> AddressInvalid | InsecureAddress | None:
        """Why nothing may be sent to the URL, or ``None``: it is not https, or no usable URL at all."""
        try:
            Endpoint(url=self.url)
        except (AddressInvalid, InsecureAddress) as error:
            return error
        return None


def protocol_of(url: str) -> Protocol:
    """Return how an Autodiscover URL is asked, by the end of its path."""
    path = url.partition("?")[0].lower()
    if path.endswith(".svc"):
        return Protocol.SOAP
    return Protocol.JSON if path.endswith(".json") else Protocol.POX


def services_of(place: Place, authority: str, *, depth: int = 0) -> list[Attempt]:
    """Return the two services of a host, SOAP before POX, since it alone tells the schemas of the mailbox."""
    base = f"https://{authority}/autodiscover/autodiscover"
    return [
        Attempt(place=place, protocol=Protocol.SOAP, url=f"{base}.svc", depth=depth),
        Attempt(place=place, protocol=Protocol.POX, url=f"{base}.xml", depth=depth),
    ]


def authority_of(record: SrvRecord) -> str:
    """Return the host and port that a record names."""
    target = record.target.rstrip(".").lower()
    return target if record.port == 443 else f"{target}:{record.port}"
