"""The certificates in a CA file."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from serversync.core.errors import InputInvalid
from serversync.exchange.inspection.certificates import Certificate, read

_LARGEST = 1 << 20


def read_file(path: Path) -> list[Certificate]:
    """Return the certificates of a PEM file, in its order.

    Raises:
        InputInvalid: it cannot be read, or it holds no certificate in PEM form.
    """
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise InputInvalid(field="CA file", reason=f"{path} cannot be read ({error.strerror})") from error
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise InputInvalid(
            field="CA file", reason=f"{path} holds no certificate in PEM form (BEGIN CERTIFICATE)"
        ) from error
    if not found:
        raise InputInvalid(field="CA file", reason=f"{path} holds no certificate")
    return [read(one.public_bytes(Encoding.DER)) for one in found]
