"""Asks DNS for SRV records."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.resolver
from dns.rdtypes.IN.SRV import SRV

from serversync.core.errors import ServerUnreachable
from serversync.exchange.autodiscover.steps import SrvRecord

SrvLookup = Callable[[str], Awaitable[tuple[SrvRecord, ...]]]
"""Returns the SRV records of a name, none where there are none."""

_TIMEOUT: Final = timedelta(seconds=8)


class DnsSrv:
    """Asks the name servers of this machine, or others.

    Args:
        nameservers: Addresses of name servers; those of the machine where there are none.
        port: Their port.
        timeout: The longest time for one question.
    """

    def __init__(
        self, nameservers: tuple[str, ...] = (), *, port: int = 53, timeout: timedelta = _TIMEOUT
    ) -> None:
        self._nameservers = nameservers
        self._port = port
        self._lifetime = timeout.total_seconds()

    async def __call__(self, name: str) -> tuple[SrvRecord, ...]:
        """Return the records.

        Raises:
            ServerUnreachable: no name server gave an answer.
        """
        try:
            answer = await self._resolver().resolve(
                f"{name}.", "SRV", lifetime=self._lifetime, raise_on_no_answer=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise ServerUnreachable(
                host=f"The DNS server for {name}", port=self._port, reason="it gave no answer"
            ) from error
        return tuple(
            [
                SrvRecord(one.priority, one.weight, one.port, one.target.to_text().rstrip("."))
                for one in answer
                if isinstance(one, SRV)
            ]
        )

    def _resolver(self) -> dns.asyncresolver.Resolver:
        if not self._nameservers:
            return dns.asyncresolver.get_default_resolver()
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = list(self._nameservers)
        resolver.port = self._port
        return resolver
