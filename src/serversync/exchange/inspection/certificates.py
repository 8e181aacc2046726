"""What a certificate says of itself, and what is wrong or soon will be."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from msgspec import Struct

SOON = timedelta(days=30)
"""A certificate that ends within this time is warned about."""
_SHORTEST_RSA = 2048
_SHORTEST_CURVE = 224
_WEAK_HASHES = frozenset({"md5", "sha1"})


class Certificate(Struct, frozen=True, gc=False, kw_only=True):
    """One certificate in words."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str
    signature: str
    fingerprint: str
    is_self_signed: bool
    is_weak: bool

    def days_left(self, now: datetime) -> int:
        """Return the whole days until it ends; negative after."""
        return (self.not_after - now).days

    def ends_soon(self, now: datetime) -> bool:
        """Tell whether it ends within ``SOON``."""
        return self.not_after - now < SOON


def read(der: bytes) -> Certificate:
    """Return a certificate in words.

    Raises:
        ValueError: it is none.
    """
    certificate = x509.load_der_x509_certificate(der)
    key, weak_key = _key(certificate)
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    hashed = algorithm.name if algorithm is not None else "its own"
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    self_signed = certificate.subject == certificate.issuer
    return Certificate(
        subject=subject or "-",
        issuer=issuer or "-",
        names=_names(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key=key,
        signature=hashed,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        is_self_signed=self_signed,
        is_weak=weak_key or (hashed in _WEAK_HASHES and not self_signed),
    )


class Distrust(Enum):
    """Why a chain of certificates ends nowhere."""

    SELF_SIGNED = "self-signed"
    INCOMPLETE = "incomplete"
    """The server sent its own certificate alone: that of an intermediate authority is missing, or its authority
    is a private one."""
    UNKNOWN_AUTHORITY = "unknown authority"


def why_untrusted(chain: Sequence[Certificate]) -> Distrust:
    """Return why the chain that a server sent was not trusted."""
    if chain and chain[0].is_self_signed:
        return Distrust.SELF_SIGNED
    return Distrust.INCOMPLETE if len(chain) == 1 else Distrust.UNKNOWN_AUTHORITY


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    dns = names.get_values_for_type(x509.DNSName)
    return (*dns, *(str(ip) for ip in names.get_values_for_type(x509.IPAddress)))


def _key(certificate: x509.Certificate) -> tuple[str, bool]:
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return "an unknown key", False
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}", key.key_size < _SHORTEST_RSA
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"{key.curve.name}", key.key_size < _SHORTEST_CURVE
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}", True
    return type(key).__name__.lstrip("_").removesuffix("PublicKey"), False
