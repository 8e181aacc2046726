"""Binds a log-on to the TLS connection that carries it, as Extended Protection demands.

The binding is the hash of the server's certificate (``tls-server-end-point``, RFC 5929): of the algorithm
that signed the certificate, but SHA-256 where that is MD5 or SHA-1.
"""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings


def channel_binding(certificate: bytes | None) -> GssChannelBindings | None:
    """Return the binding to the connection with that certificate.

    Args:
        certificate: The server's certificate, DER; ``None`` without TLS.

    Returns:
        ``None`` where the standard defines none (a signature without a hash, as Ed25519 has).
    """
    if certificate is None:
        return None
    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None
    if algorithm is None:
        return None
    if algorithm.name in ("md5", "sha1"):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())
