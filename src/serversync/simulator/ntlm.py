"""The server's side of NTLMv2, from the message bytes (MS-NLMP), with channel bindings checked strictly.

A library's acceptor lets an all-zero channel binding pass; Extended Protection has to tell *none*, *right* and
*wrong* apart, so the AUTHENTICATE message is verified here. NTLMv1 and anonymous log-ins are refused.
"""

import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from serversync.simulator.accounts import Account, Directory

SIGNATURE = b"NTLMSSP\x00"
_NEGOTIATE, _CHALLENGE, _AUTHENTICATE = 1, 2, 3
_FLAGS = 0xE2898235
_KEY_EXCHANGE = 0x40000000
_SIGN_OR_SEAL = 0x00000030
_UNICODE = 0x00000001
_AV_EOL, _AV_NB_COMPUTER, _AV_NB_DOMAIN, _AV_DNS_COMPUTER, _AV_DNS_DOMAIN, _AV_FLAGS, _AV_TIMESTAMP = (
    0,
    1,
    2,
    3,
    4,
    6,
    7,
)
_AV_CHANNEL_BINDINGS = 10
_MIC_PRESENT = 0x2
_MIC_SIZE = 16
_FIELDS = (12, 20, 28, 36, 44, 52)
_NO_BINDING = bytes(16)
_EPOCH = 116_444_736_000_000_000


class Binding(Enum):
    """What a client said of the TLS channel it speaks through."""

    NONE = "none"
    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a handshake.

    Attributes:
        account: Who it is; ``None`` where name or password are wrong.
        binding: Whether the channel binding was given and right.
    """

    account: Account | None
    binding: Binding


REFUSED = Verdict(None, Binding.NONE)


def message_type(token: bytes) -> int:
    """Return 1, 2 or 3, or 0 for what is no NTLM message."""
    if len(token) < 12 or not token.startswith(SIGNATURE):
        return 0
    return int(struct.unpack_from("<I", token, 8)[0])


def is_negotiate(token: bytes) -> bool:
    """Whether a token opens a handshake."""
    return message_type(token) == _NEGOTIATE


def channel_binding_hash(application_data: bytes) -> bytes:
    """Return the MD5 of the ``gss_channel_bindings_struct`` that NTLM carries."""
    packed = bytes(16) + struct.pack("<I", len(application_data)) + application_data
    return hashlib.md5(packed, usedforsecurity=False).digest()


def _av_pair(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", kind, len(value)) + value


class Handshake:
    """One handshake on one connection: a challenge goes out, the answer to it is verified once.

    Args:
        negotiate: The client's first message.
        domain: NetBIOS name of the domain.
        dns_domain: Its DNS name.
        host: NetBIOS name of the server.
        now: The time, for the challenge.
    """

    def __init__(self, negotiate: bytes, *, domain: str, dns_domain: str, host: str, now: datetime) -> None:
        self._negotiate = negotiate
        self._server_challenge = secrets.token_bytes(8)
        ticks = int(now.timestamp() * 10_000_000) + _EPOCH
        target = domain.encode("utf-16-le")
        info = b"".join(
            (
                _av_pair(_AV_NB_DOMAIN, target),
                _av_pair(_AV_NB_COMPUTER, host.encode("utf-16-le")),
                _av_pair(_AV_DNS_DOMAIN, dns_domain.encode("utf-16-le")),
                _av_pair(_AV_DNS_COMPUTER, f"{host.lower()}.{dns_domain}".encode("utf-16-le")),
                _av_pair(_AV_TIMESTAMP, struct.pack("<Q", ticks)),
                _av_pair(_AV_EOL, b""),
            )
        )
        offset = 56
        self.challenge = (
            SIGNATURE
            + struct.pack("<I", _CHALLENGE)
            + struct.pack("<HHI", len(target), len(target), offset)
            + struct.pack("<I", _FLAGS)
            + self._server_challenge
            + bytes(8)
            + struct.pack("<HHI", len(info), len(info), offset + len(target))
            + bytes((10, 0, 0x63, 0x45, 0, 0, 0, 15))
            + target
            + info
        )

    def verify(self, token: bytes, directory: Directory, expected_binding: bytes) -> Verdict:
        """Verify the client's last message.

        Args:
            token: The AUTHENTICATE message.
            directory: Who may log in.
            expected_binding: What the channel binding must be, see ``channel_binding_hash``.
        """
        try:
            return self._verify(token, directory, expected_binding)
        except (struct.error, UnicodeDecodeError, IndexError):
            return REFUSED

    def _verify(self, token: bytes, directory: Directory, expected_binding: bytes) -> Verdict:
        if message_type(token) != _AUTHENTICATE:
            return REFUSED
        response = _field(token, 20)
        flags = struct.unpack_from("<I", token, 60)[0]
        encoding = "utf-16-le" if flags & _UNICODE else "latin-1"
        domain, user = _field(token, 28).decode(encoding), _field(token, 36).decode(encoding)
        account = directory.find(user, domain)
        if account is None or len(response) < 44:
            return REFUSED
        key = hmac.digest(account.nt_hash, (user.upper() + domain).encode("utf-16-le"), "md5")
        proof, blob = response[:16], response[16:]
        expected = hmac.digest(key, self._server_challenge + blob, "md5")
        is_right = hmac.compare_digest(proof, expected)
        pairs = _av_pairs(blob[28:])
        av_flags = int.from_bytes(pairs.get(_AV_FLAGS, b""), "little")
        if is_right and av_flags & _MIC_PRESENT:
            is_right = self._is_mic_right(token, hmac.digest(key, proof, "md5"), flags)
        if not directory.record(account, is_right=is_right):
            return REFUSED
        return Verdict(account, _binding(pairs.get(_AV_CHANNEL_BINDINGS, _NO_BINDING), expected_binding))

    def _is_mic_right(self, token: bytes, session_key: bytes, flags: int) -> bool:
        exported = session_key
        if flags & _KEY_EXCHANGE and flags & _SIGN_OR_SEAL and (encrypted := _field(token, 52)):
            exported = _rc4(session_key, encrypted)
        start = _mic_offset(token)
        mic = token[start : start + _MIC_SIZE]
        without = token[:start] + bytes(_MIC_SIZE) + token[start + _MIC_SIZE :]
        expected = hmac.digest(exported, self._negotiate + self.challenge + without, "md5")
        return hmac.compare_digest(mic, expected)


def _binding(given: bytes, expected: bytes) -> Binding:
    if given == _NO_BINDING:
        return Binding.NONE
    return Binding.RIGHT if hmac.compare_digest(given, expected) else Binding.WRONG


def _mic_offset(token: bytes) -> int:
    """Return where the MIC is: behind the flags, and behind the version where there is room for one."""
    payload = min(struct.unpack_from("<HHI", token, position)[2] for position in _FIELDS)
    return 72 if payload >= 88 else 64


def _field(token: bytes, position: int) -> bytes:
    length, _, offset = struct.unpack_from("<HHI", token, position)
    return token[offset : offset + length]


def _av_pairs(data: bytes) -> dict[int, bytes]:
    pairs: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, position)
        if kind == _AV_EOL:
            break
        pairs[kind] = data[position + 4 : position + 4 + length]
        position += 4 + length
    return pairs


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 0xFF
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) & 0xFF
        j = (j + state[i]) & 0xFF
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 0xFF])
    return bytes(out)
