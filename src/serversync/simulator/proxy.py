"""A reverse proxy between client and server, as far as a log-on feels it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReverseProxy:
    """What the proxy does.

    Attributes:
        name: Its ``Server`` header, which hides that of IIS.
        has_own_certificate: It ends TLS with another certificate than that of Exchange, which breaks
            Extended Protection.
        closes_after_refusal: It ends the connection (``Connection: close``) after a Windows log-on that failed;
            exchangelib takes this for a server that sheds load.
        shares_connections: Each request goes over another connection to the server, which breaks NTLM.
    """

    name: str = "nginx"
    has_own_certificate: bool = True
    shares_connections: bool = False
    closes_after_refusal: bool = False
