"""What is wrong with the certificates of a server or soon will be, and what to do about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from serversync.core.errors import CertificateExpired, CertificateWrongHost, ServiceError
from serversync.engine.probe import Evidence
from serversync.exchange.inspection.certificates import Certificate, Distrust, why_untrusted

_RENEW: Final = (
    "Renew it before: afterwards nothing is synchronized. On the server: New-ExchangeCertificate -GenerateRequest, then "
    "Enable-ExchangeCertificate -Thumbprint THUMBPRINT -Services IIS."
)


def remedy(
    error: ServiceError, chain: Sequence[Certificate], *, host: str, profile: str, now: datetime
) -> str:
    """Return what to do about a chain that did not stand up to verification; empty where the error says enough."""
    if not chain:
        return ""
    edit = f"serversync profile edit '{profile}'"
    if isinstance(error, CertificateWrongHost):
        named = ", ".join(chain[0].names) or "no name at all"
        return (
            f"The certificate is for {named}. Give one of these names ({edit} --ews-url NAME), or issue a "
            f"certificate that includes {host} and enable it: Enable-ExchangeCertificate -Thumbprint THUMBPRINT "
            "-Services IIS."
        )
    if isinstance(error, CertificateExpired):
        return _dates(chain, now)
    if chain[0].is_weak and "weak" in str(error.details.get("reason")):
        return (
            f"The certificate is weak ({chain[0].key}, signed with {chain[0].signature}) and refused for that. Issue it "
            "anew with RSA 2048 or more (or an elliptic curve) and SHA-256."
        )
    return _trust(chain, edit)


def _trust(chain: Sequence[Certificate], edit: str) -> str:
    match why_untrusted(chain):
        case Distrust.SELF_SIGNED:
            return (
                "The server uses a self-signed certificate. Replace it with one of your authority "
                "(New-ExchangeCertificate -GenerateRequest, then Enable-ExchangeCertificate -Services IIS), or trust "
                f"exactly this one: save it as PEM and {edit} --ca FILE."
            )
        case Distrust.INCOMPLETE:
            return (
                f"The server sent its certificate alone. If {chain[0].issuer} is an intermediate authority, install its "
                "certificate on the server (certlm.msc, Intermediate Certification Authorities; Import-Certificate "
                "-CertStoreLocation Cert:\\LocalMachine\\CA), then iisreset. If it is your own root, give it to the "
                f"profile: {edit} --ca FILE."
            )
        case Distrust.UNKNOWN_AUTHORITY:
            return (
                f"The chain ends at {chain[-1].issuer}, which is not trusted here. Give the certificate of that "
                f"authority to the profile: {edit} --ca FILE."
            )


def _dates(chain: Sequence[Certificate], now: datetime) -> str:
    for one in chain:
        if one.not_before > now:
            return (
                f"The certificate of {one.subject} is valid from {one.not_before:%Y-%m-%d %H:%M} UTC on; check the "
                "clock of this machine (timedatectl), and that of the authority that issued it."
            )
        if one.not_after < now:
            return (
                f"The certificate of {one.subject} ended on {one.not_after:%Y-%m-%d}. Renew it, import it on the "
                "server and enable it: Enable-ExchangeCertificate -Thumbprint THUMBPRINT -Services IIS."
            )
    return "An authority in the CA file is outside of its dates: give its new certificate with --ca FILE."


def told(chain: Sequence[Certificate]) -> Evidence:
    """Return a chain as evidence."""
    lines: list[tuple[str, str]] = []
    for number, one in enumerate(chain):
        label = "Certificate" if number == 0 else f"Issuer {number}"
        lines.append((label, f"{one.subject}, issued by {one.issuer}"))
        if one.names:
            lines.append((f"{label} names", ", ".join(one.names)))
        lines.append(
            (
                f"{label} valid",
                f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}, {one.key}, {one.signature}",
            )
        )
    if chain:
        lines.append(("Fingerprint (SHA-256)", chain[0].fingerprint))
    return tuple(lines)


def concern(chain: Sequence[Certificate], now: datetime) -> tuple[str, str] | None:
    """Return what will go wrong with a chain that is still good, and what to do; ``None`` for nothing."""
    for one in chain:
        if one.ends_soon(now):
            return (
                f"The certificate of {one.subject} ends in {one.days_left(now)} days, on {one.not_after:%Y-%m-%d}.",
                _RENEW,
            )
    for one in chain:
        if one.is_weak:
            return (
                f"The certificate of {one.subject} is weak ({one.key}, signed with {one.signature}).",
                "Issue it anew with RSA 2048 or more (or an elliptic curve) and SHA-256.",
            )
    return None
