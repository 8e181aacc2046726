"""What a host name resolves to, as the connections of this machine would see it."""

import asyncio
import ipaddress
import socket

from serversync.core.errors import HostUnknown, ServerUnreachable


async def resolve(host: str, port: int, *, seconds: float) -> list[str]:
    """Return the IP addresses of a host, in the order in which they would be tried.

    Raises:
        HostUnknown: no DNS server and no hosts file knows the name.
        ServerUnreachable: the DNS servers did not answer.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise ServerUnreachable(
            host=host, port=port, reason=f"the DNS servers did not answer within {seconds:g} s"
        ) from error
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise ServerUnreachable(host=host, port=port, reason="the DNS servers did not answer") from error
        raise HostUnknown(host=host, port=port) from error
    except UnicodeError as error:
        raise HostUnknown(host=host, port=port) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def kind(address: str) -> str:
    """Return what sort of address it is.

    >>> kind("10.1.2.3"), kind("127.0.0.1"), kind("8.8.8.8")
    ('private', 'this machine', 'public')
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.is_loopback:
        return "this machine"
    if ip.is_link_local:
        return "link-local"
    return "private" if ip.is_private else "public"


def is_address(host: str) -> bool:
    """Tell whether a host is given as an IP address instead of a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
