"""Says what went wrong below HTTP: DNS, TCP, TLS, time-outs, broken connections."""

import errno
import socket
import ssl
from urllib.parse import urlsplit

import aiohttp

from serversync.core.errors import (
    AnswerUnreadable,
    CertificateExpired,
    CertificateUntrusted,
    CertificateWrongHost,
    ConnectionLost,
    ConnectionRefused,
    HostUnknown,
    InsecureAddress,
    NotExchange,
    ServerUnreachable,
    ServiceError,
)
from serversync.exchange.endpoint import Endpoint

_EXPIRED = frozenset({9, 10, 11, 12})  # X509_V_ERR_CERT_NOT_YET_VALID ... CRL_HAS_EXPIRED of OpenSSL
_WRONG_HOST = frozenset({62, 63, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, EMAIL_, IP_ADDRESS_
_PLAIN_TEXT = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL"})


def network_error(error: Exception, endpoint: Endpoint) -> ServiceError:
    """Return our error for one of aiohttp's or the system's.

    Args:
        error: An ``aiohttp.ClientError``, ``OSError`` or ``TimeoutError``.
        endpoint: Where the request went.
    """
    details: dict[str, object] = {"host": endpoint.host, "port": endpoint.port, "address": endpoint.url}
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError | aiohttp.ClientSSLError):
        return _tls_error(error, details)
    if isinstance(error, TimeoutError):
        return ServerUnreachable(**details, reason=_time_out(error, endpoint))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ServerUnreachable(
            **_proxy(details, endpoint), reason=f"the proxy answered HTTP {error.status}"
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return _connect_error(error, _proxy(details, endpoint))
    if isinstance(error, aiohttp.ClientResponseError):
        return _no_http(error, details)
    reason = str(error) or "the other side closed it"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        reason = "the other side closed it before it answered"
    return ConnectionLost(**details, reason=reason[:200])


def _no_http(error: aiohttp.ClientResponseError, details: dict[str, object]) -> ServiceError:
    told = " ".join(error.message.split())[:100]
    if "content-encoding" in told.lower():
        reason = f"it is compressed as nobody asked for ({told.rpartition(':')[2].strip().partition('.')[0]})"
        return AnswerUnreadable(**details, operation="the request", reason=reason)
    return NotExchange(**details, reason=f"it does not speak HTTP ({told})")


def _proxy(details: dict[str, object], endpoint: Endpoint) -> dict[str, object]:
    """Name the proxy instead of the server, since that is who we connect to."""
    if endpoint.proxy is None:
        return details
    parts = urlsplit(endpoint.proxy)
    return details | {"host": f"the proxy {parts.hostname}", "port": parts.port or 80}


def _time_out(error: Exception, endpoint: Endpoint) -> str:
    seconds = f"{endpoint.timeout.total_seconds():g} s"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection within the time-out"
    return f"no answer within {seconds}"


def _connect_error(error: aiohttp.ClientConnectorError, details: dict[str, object]) -> ServiceError:
    cause = error.os_error
    if isinstance(cause, socket.gaierror):
        if cause.errno == socket.EAI_AGAIN:
            return ServerUnreachable(**details, reason="the DNS servers did not answer")
        return HostUnknown(**details)
    refused = f"Errno {errno.ECONNREFUSED}]"
    if cause.errno == errno.ECONNREFUSED or (cause.errno is None and refused in str(cause)):
        return ConnectionRefused(**details)
    return ServerUnreachable(**details, reason=cause.strerror or str(cause)[:200] or "no connection")


def _tls_error(error: Exception, details: dict[str, object]) -> ServiceError:
    cause: BaseException = error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
    elif isinstance(error, aiohttp.ClientSSLError):
        cause = error.os_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = (cause.verify_message or "it cannot be verified").rstrip(".")
        if cause.verify_code in _EXPIRED:
            return CertificateExpired(**details, reason=reason)
        if cause.verify_code in _WRONG_HOST:
            return CertificateWrongHost(**details, reason=reason)
        return CertificateUntrusted(**details, reason=reason)
    reason = getattr(cause, "reason", None) or str(cause)
    if reason in _PLAIN_TEXT:
        return InsecureAddress(**details)
    return ServerUnreachable(**details, reason=f"TLS could not be set up ({reason})")
