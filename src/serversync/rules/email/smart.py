"""Smart matching: an answer without any header or token is found by the words of its subject and its people.

The hash of a word or an address is the first eight bytes of its BLAKE2b, big-endian, signed, after case was
folded. What is stored for a message is one hash over the sorted hashes of its subject's words (a *subject key*);
where the organization lets subjects differ by some words, also those of the subject without up to so many words.
Two messages that may match share such a key, which is one look-up by index; whether they do match is then decided
here, word by word and address by address. See ``docs/adr/0016-smart-matching-by-subject-keys.md``.

Source of the rule: Microsoft, "Email message filtering and correlation". The hash is our own: Microsoft has not published its one.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations

WINDOW = timedelta(days=90)
"""Messages older than this before the one that is examined are not searched."""
MOST_KEYS = 250
"""Of one message; where leaving out words would make more, fewer words are left out."""


@lru_cache(maxsize=16_384)
def hash_of(text: str) -> int:
    """Return the hash of a word or an address.

    >>> hash_of("Offer") == hash_of("OFFER")
    True
    """
    digest = blake2b(text.casefold().encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@lru_cache(maxsize=16)
def _noise(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=4_096)
def word_hashes(subject: str, noise: str, most: int) -> frozenset[int]:
    r"""Return the hashes of the subject's words, at most so many, in their order in the subject.

    >>> word_hashes("RE: FW: Offer 7", r"^[\s]*([\w]+\s?:[\s]*)+", 20) == word_hashes("offer 7", "", 20)
    True
    """
    cut = _noise(noise).sub("", subject) if noise else subject
    return frozenset([hash_of(word) for word in list(dict.fromkeys(cut.casefold().split()))[:most]])


@lru_cache(maxsize=4_096)
def address_hashes(addresses: frozenset[str], most: int) -> frozenset[int]:
    """Return the hashes of different addresses, at most so many, in alphabetical order."""
    unique = sorted({address.casefold() for address in addresses if address})
    return frozenset([hash_of(address) for address in unique[:most]])


def _key(hashes: Iterable[int]) -> int:
    content = b"".join([value.to_bytes(8, "big", signed=True) for value in hashes])
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=4_096)
def keys_of_subject(subject: str, noise: str, most: int, delta: int) -> tuple[int, ...]:
    """Return the keys of a subject by the hashes of its words; see ``word_hashes`` and ``subject_keys``."""
    return subject_keys(word_hashes(subject, noise, most), delta=delta)


def subject_keys(words: frozenset[int], *, delta: int) -> tuple[int, ...]:
    """Return the keys of a subject: of all its words, then without one word, without two, up to ``delta``.

    Nothing is left of a subject without words, and such a subject matches nothing.
    """
    if not words:
        return ()
    ordered = sorted(words)
    if not delta:
        return (_key(ordered),)
    keys: list[int] = []
    for left_out in range(min(delta, len(ordered) - 1) + 1):
        level = [_key(some) for some in combinations(ordered, len(ordered) - left_out)]
        if len(keys) + len(level) > MOST_KEYS:
            break
        keys.extend(level)
    return tuple(keys)


def are_alike(words: frozenset[int], earlier: frozenset[int], *, delta: int) -> bool:
    """Tell whether two subjects have the same words, but for at most ``delta`` that only one of them has."""
    if not words or not earlier or abs(len(words) - len(earlier)) > delta:
        return False
    return words <= earlier or earlier <= words
