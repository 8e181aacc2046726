"""What a server tells of itself in its NTLM challenge, before any password is sent (MS-NLMP 2.2.1.2).

The names of its domain and of itself, and its clock: for a diagnosis, never for a decision about whom to trust.
"""

import binascii
import struct
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

_START = b"NTLMSSP\x00\x02\x00\x00\x00"
_NAMES = {1: "computer", 2: "netbios_domain", 3: "dns_computer", 4: "dns_domain", 5: "dns_forest"}
_TIMESTAMP = 7
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class TargetInfo(Struct, frozen=True, gc=False, kw_only=True):
    """Names and clock of the server that made a challenge; ``""`` and ``None`` where it did not say."""

    computer: str = ""
    netbios_domain: str = ""
    dns_computer: str = ""
    dns_domain: str = ""
    dns_forest: str = ""
    server_time: datetime | None = None


def read_target_info(token: bytes) -> TargetInfo | None:
    """Return what a challenge says, bare or wrapped in SPNEGO; ``None`` where there is none, or it is malformed."""
    start = token.find(_START)
    if start < 0:
        return None
    message = token[start:]
    found: dict[str, str] = {}
    server_time: datetime | None = None
    try:
        length, _, position = struct.unpack_from("<HHI", message, 40)
        info = message[position : position + length]
        position = 0
        while position + 4 <= len(info):
            kind, size = struct.unpack_from("<HH", info, position)
            value = info[position + 4 : position + 4 + size]
            if kind in _NAMES:
                found[_NAMES[kind]] = value.decode("utf-16-le", "replace")[:256]
            elif kind == _TIMESTAMP and size == 8:
                server_time = _EPOCH + timedelta(microseconds=int.from_bytes(value, "little") // 10)
            elif kind == 0:
                break
            position += 4 + size
    except (struct.error, OverflowError):
        return None
    return TargetInfo(**found, server_time=server_time)


def target_info_of(challenges: Sequence[str]) -> TargetInfo | None:
    """Return what the first NTLM or Negotiate challenge among ``WWW-Authenticate`` values says."""
    for value in challenges:
        scheme, _, token = value.strip().partition(" ")
        if scheme.lower() not in ("ntlm", "negotiate") or not token:
            continue
        try:
            info = read_target_info(b64decode(token.strip(), validate=True))
        except binascii.Error:
            continue
        if info is not None:
            return info
    return None
