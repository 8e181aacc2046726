"""A certificate authority of the simulator's own, and server certificates, good and bad on purpose."""

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CertificateOptions:
    """What the server's certificate is like.

    Attributes:
        names: DNS names and IP addresses it is for; others make a wrong host name.
        is_expired: Whether its time is over.
        is_trusted: ``False`` lets an authority issue it that is not in the CA file.
        is_self_signed: Whether it is its own issuer.
        days_left: When it ends.
        starts_in_days: When it begins; above 0 it is not valid yet.
        intermediate: Whether an authority between the one to trust and the server issued it, and whether the server
            sends that one's certificate too, as it has to.
        rsa_bits: An RSA key of this size instead of an elliptic curve.
        is_old_tls: Whether the server speaks TLS 1.1 at most.
    """

    names: tuple[str, ...] = ("localhost", "127.0.0.1")
    is_expired: bool = False
    is_trusted: bool = True
    is_self_signed: bool = False
    days_left: int = 90
    starts_in_days: int = -2
    intermediate: Literal["none", "sent", "missing"] = "none"
    rsa_bits: int | None = None
    is_old_tls: bool = False


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """A server certificate in use.

    Attributes:
        ca_file: PEM file with the authority that clients are to trust.
        certificate: The server's certificate, DER.
        context: For the listening side.
        authority: Who issued it, for further certificates.
    """

    ca_file: Path
    certificate: bytes
    context: ssl.SSLContext
    authority: "_Authority"

    @property
    def channel_binding(self) -> bytes:
        """``tls-server-end-point`` of this certificate (RFC 5929; it is signed with SHA-256)."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.certificate)
        return b"tls-server-end-point:" + digest.finalize()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


_Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _authority(common_name: str, now: datetime, above: _Authority | None = None) -> _Authority:
    """Make an authority: a root, or one below another."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, signing_key = (above[0].subject, above[1]) if above else (_name(common_name), key)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * _DAY)
        .not_valid_after(now + 365 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0 if above else 1), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
        )
        .sign(signing_key, hashes.SHA256())
    )
    return certificate, key


def _alternative_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def reissue(identity: ServerIdentity, options: CertificateOptions) -> ServerIdentity:
    """Let a listener that runs show another certificate of the same authority from now on."""
    return issue(identity.ca_file.parent, options, before=identity)


def issue(
    folder: Path,
    options: CertificateOptions,
    now: datetime | None = None,
    *,
    before: ServerIdentity | None = None,
) -> ServerIdentity:
    """Make a server certificate and write it as PEM into ``folder``, with the authority to trust.

    Args:
        folder: Where to.
        options: What the certificate is like.
        now: The time.
        before: The one in use, whose authority and listening side are kept; otherwise both are made.
    """
    when = now or datetime.now(UTC)
    trusted, trusted_key = before.authority if before else _authority("serversync simulator CA", when)
    root = (trusted, trusted_key) if options.is_trusted else _authority("Some other CA", when)
    between = _authority("serversync simulator issuing CA", when, root)
    issuer, issuer_key = root if options.intermediate == "none" else between
    key = (
        rsa.generate_private_key(public_exponent=65537, key_size=options.rsa_bits)
        if options.rsa_bits
        else ec.generate_private_key(ec.SECP256R1())
    )
    ends = when - _DAY if options.is_expired else when + options.days_left * _DAY
    begins = when + options.starts_in_days * _DAY
    subject = _name(options.names[0])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if options.is_self_signed else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(
            x509.SubjectAlternativeName([_alternative_name(name) for name in options.names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                key.public_key() if options.is_self_signed else issuer_key.public_key()
            ),
            critical=False,
        )
        .sign(key if options.is_self_signed else issuer_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ca_file, chain_file = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(trusted.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain_file.touch(mode=0o600)
    sent = [certificate, issuer] if options.intermediate == "sent" else [certificate]
    chain_file.write_bytes(private + b"".join(one.public_bytes(pem) for one in sent))
    context = (
        before.context
        if before
        else _context(is_old=options.is_old_tls, is_weak=options.rsa_bits is not None)
    )
    context.load_cert_chain(chain_file)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return ServerIdentity(ca_file, der, context, (trusted, trusted_key))


def _context(*, is_old: bool, is_weak: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if is_old or is_weak:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if is_old:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it is old, that is the point
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context
