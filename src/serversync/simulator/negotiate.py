"""NTLM inside SPNEGO (RFC 4178), as the Negotiate scheme carries it.

Only what NTLM needs: the token is taken out of what the client wraps it in, and the challenge is wrapped as a
NegTokenResp that chooses NTLM. Kerberos is never chosen.
"""

from serversync.simulator.ntlm import SIGNATURE

_NTLM_OID = bytes.fromhex("060a2b06010401823702020a")


def unwrap(token: bytes) -> bytes:
    """Return the NTLM message inside a SPNEGO token, cut to its length; empty where there is none."""
    start = token.find(SIGNATURE)
    if start < 0:
        return b""
    length = _length_before(token, start)
    return token[start : start + length] if length else token[start:]


def _length_before(token: bytes, start: int) -> int:
    """Read the DER length of the OCTET STRING that begins at ``start``."""
    for size in range(3):
        header = token[start - 2 - size : start]
        if len(header) != 2 + size or header[0] != 0x04:
            continue
        if size == 0 and header[1] < 0x80:
            return header[1]
        if size and header[1] == 0x80 | size:
            return int.from_bytes(header[2:], "big")
    return 0


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def wrap_challenge(challenge: bytes) -> bytes:
    """Return a NegTokenResp: accept-incomplete, NTLM, with the challenge as its token."""
    state = _der(0xA0, _der(0x0A, b"\x01"))
    mechanism = _der(0xA1, _NTLM_OID)
    token = _der(0xA2, _der(0x04, challenge))
    return _der(0xA1, _der(0x30, state + mechanism + token))
