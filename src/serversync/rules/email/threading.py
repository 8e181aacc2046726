"""What ties an answer to the message that it answers, so that every mail program shows one conversation.

Sources: RFC 5322, section 3.6.4 (In-Reply-To, References); MS-OXOMSG, section 2.2.1.3 (PidTagConversationIndex).
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_HEADER_BYTES: Final = 22
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_LONGEST_REFERENCES: Final = 4000
_LONGEST_INDEX: Final = _HEADER_BYTES + 5 * 200


class Ties(NamedTuple):
    """The headers and the property that an answer carries."""

    in_reply_to: str | None = None
    references: str | None = None
    conversation_index: bytes | None = None


def ties_to(
    message_id: str | None,
    references: str | None,
    conversation_index: bytes,
    *,
    is_reply: bool,
    now: datetime,
    noise: int,
) -> Ties:
    """Return the ties of an answer or a forward.

    Args:
        message_id: Internet message id of the message that is answered.
        references: Its own References, oldest first.
        conversation_index: Its conversation index, empty where it has none.
        is_reply: Whether it is answered; a forward belongs to the conversation, but answers nothing.
        now: When the answer is written.
        noise: A random number of eight bits, which tells two answers of one moment apart.
    """
    index = child_index(conversation_index, now, noise) if len(conversation_index) >= _HEADER_BYTES else None
    if not message_id:
        return Ties(conversation_index=index)
    own = bracketed(message_id)
    chain = [one for one in (references or "").split() if one != own]
    while chain and sum(map(len, chain)) + len(chain) + len(own) > _LONGEST_REFERENCES:
        del chain[1 if len(chain) > 1 else 0]  # the first one names the conversation and is kept longest
    return Ties(own if is_reply else None, " ".join([*chain, own]), index)


def bracketed(message_id: str) -> str:
    """Return a message id in angle brackets.

    >>> bracketed("1@example.org")
    '<1@example.org>'
    """
    return f"<{message_id.strip().strip('<>')}>"


def child_index(parent: bytes, now: datetime, noise: int) -> bytes:
    """Return the conversation index of a message below another one: five bytes more.

    The five bytes hold the time since the header's, coarse where it is long, and some noise.

    >>> len(child_index(bytes(22), datetime(2026, 1, 1, tzinfo=UTC), 7))
    27
    """
    if len(parent) >= _LONGEST_INDEX:
        return parent
    since = max((now - _header_time(parent)) // timedelta(microseconds=1) * 10, 0)
    coarse = since >= 1 << 49
    value = (since >> (23 if coarse else 18)) & 0x7FFFFFFF
    return parent + ((int(coarse) << 31) | value).to_bytes(4, "big") + bytes([noise & 0xFF])


def _header_time(index: bytes) -> datetime:
    """Return the time in the header: the upper six bytes of a FILETIME, the first of which always reads 1."""
    ticks = int.from_bytes(index[0:6], "big") << 16
    try:
        return _EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return _EPOCH


def new_index(now: datetime, key: bytes) -> bytes:
    """Return the conversation index of a message that begins a conversation: the time, and 16 bytes of its own.

    >>> len(new_index(datetime(2026, 1, 1, tzinfo=UTC), bytes(16)))
    22
    """
    ticks = (now - _EPOCH) // timedelta(microseconds=1) * 10
    return (ticks >> 16).to_bytes(6, "big") + key[:16]
