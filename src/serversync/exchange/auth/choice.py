"""Chooses how to log on; never Basic unless the administrator said so."""

from serversync.exchange.auth.basic import BasicAuthentication
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.auth.flow import Authentication
from serversync.exchange.auth.ntlm import NEGOTIATE, NTLM, WindowsAuthentication


def authentication(credentials: Credentials, host: str) -> Authentication:
    """Return the scheme that the credentials ask for."""
    match credentials.scheme:
        case Scheme.BASIC:
            return BasicAuthentication(credentials, host)
        case Scheme.NTLM:
            return WindowsAuthentication(credentials, host, (NTLM,))
        case Scheme.NEGOTIATE:
            return WindowsAuthentication(credentials, host, (NEGOTIATE,))
        case Scheme.KERBEROS:
            from serversync.exchange.auth.kerberos import KerberosAuthentication

            return KerberosAuthentication(credentials, host)
        case Scheme.AUTO:
            return WindowsAuthentication(credentials, host)
