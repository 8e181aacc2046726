"""Remembers what short answers meant, so that one that comes again byte for byte is not read again.

A mailbox in which nothing happens answers the same to the same question, poll after poll, and parsing that costs
more than all the rest of a poll beside the request itself. What is kept is the digest of question and answer and
what was made of them, in bounded memory; an answer that differs in one byte is read like any other.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from serversync.exchange.version import ServerVersionInfo


class KnownAnswer(NamedTuple):
    """What was made of an answer, and the build of the server that gave it."""

    meaning: str
    build: ServerVersionInfo


class KnownAnswers:
    """Answers of one client.

    Args:
        most: So many are remembered; the oldest is forgotten first, and read again when it comes again.
    """

    def __init__(self, *, most: int = 20_000) -> None:
        self._known: dict[bytes, KnownAnswer] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._known)

    @staticmethod
    def key(question: bytes, answer: Iterable[bytes]) -> bytes:
        """Return what stands for an answer, which came in these pieces, to a question."""
        digest = blake2b(question, digest_size=16)
        for piece in answer:
            digest.update(piece)
        return digest.digest()

    def get(self, key: bytes) -> KnownAnswer | None:
        """Return what was made of an answer; ``None`` for one that has not been read."""
        return self._known.get(key)

    def keep(self, key: bytes, answer: KnownAnswer) -> None:
        """Remember what was made of an answer."""
        self._known[key] = answer
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
