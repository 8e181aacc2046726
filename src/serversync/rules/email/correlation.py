"""To which earlier e-mail a message belongs.

The methods are tried in the order In-Reply-To and References, tracking token, conversation index, smart matching;
the first that finds something wins, and every one that was tried says what it looked for and found, for the trace.
Source: Microsoft, "Email message filtering and correlation".
"""

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

from serversync.rules.email import smart
from serversync.rules.email.message import ReceivedMessage
from serversync.rules.email.settings import EmailSettings
from serversync.rules.email.token import tokens_in, without_tokens

CONVERSATION_BASE_BYTES = 22
LONGEST_ID = 319
"""Characters of a message id without its brackets that are kept: the column takes 320 with the first one."""
MOST_REFERENCES = 20
"""Of a long References header, the nearest ones."""


class Method(IntEnum):
    """How an earlier e-mail was found; the values are those of ``correlationmethod``."""

    NONE = 0
    IN_REPLY_TO = 3
    TRACKING_TOKEN = 4
    CONVERSATION_INDEX = 5
    SMART_MATCHING = 6


class Regarding(NamedTuple):
    """The record that an e-mail is about."""

    recordid: UUID
    table: str


class Earlier(NamedTuple):
    """An e-mail that is there already, and to which a message may belong."""

    activityid: UUID
    messageid: str | None
    subject: str
    sent_on: datetime | None
    ownerid: UUID | None = None
    regarding: Regarding | None = None
    trackingtoken: str | None = None
    conversationindex: bytes = b""
    addresses: frozenset[str] = frozenset()
    is_outgoing: bool = False


class Keys(NamedTuple):
    """Under what a message's earlier e-mail would be found, each an index look-up.

    ``people`` are the addresses of the message where there are subject keys, which count only together with them.
    """

    message_ids: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    conversation: int | None = None
    subject_keys: tuple[int, ...] = ()
    people: frozenset[str] = frozenset()


class Tried(NamedTuple):
    """One method that was tried: what it looked for, and why it won or lost."""

    method: Method
    wanted: str
    result: str


class Correlation(NamedTuple):
    """What a message belongs to, if anything.

    ``parent`` is the e-mail it directly answers; only headers and conversation index know that.
    """

    method: Method
    earlier: Earlier | None
    parent: UUID | None
    subject_changed: bool
    tried: tuple[Tried, ...]


UNRELATED = Correlation(Method.NONE, None, None, subject_changed=False, tried=())


@lru_cache(maxsize=16_384)
def normalized_id(message_id: str) -> str:
    """Return an Internet message id as it is compared: in angle brackets, without white space around it.

    Of a longer one than the column holds, its beginning.
    """
    return f"<{message_id.strip().strip('<>').strip()[:LONGEST_ID]}>"


def conversation_base_hash(index: bytes) -> int | None:
    """Return the hash under which mails of one conversation are found, from the first 22 bytes of its index."""
    if len(index) < CONVERSATION_BASE_BYTES:
        return None
    return crc32(index[:CONVERSATION_BASE_BYTES]) - 2**31


_ID = re.compile(r"<[^<>\s]+>")
_FORWARDED = re.compile(r"\s*(?:fw|fwd|wg|tr|rv|enc|vs|vb|doorst|i)\s?:", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:\s*\w{1,10}(?:\[\d+\])?\s?:)+\s*")


def is_forward(subject: str) -> bool:
    """Tell by its subject whether a message was forwarded (FW, WG, TR and their like)."""
    return _FORWARDED.match(subject) is not None


def bare_subject(subject: str, prefixes: Sequence[str]) -> str:
    """Return the subject without tokens and without RE, FW and their like, case folded.

    >>> bare_subject("RE: Fwd: Offer CRM:0001001", ["CRM:"])
    'offer'
    """
    return " ".join(_PREFIX.sub("", without_tokens(subject, prefixes)).split()).casefold()


def ancestors(message: ReceivedMessage) -> tuple[str, ...]:
    """Return the message ids that a message answers: In-Reply-To first, then References, the nearest first."""
    if not message.in_reply_to and not message.references:
        return ()
    named = _ID.findall(message.in_reply_to or "")
    if not named and message.in_reply_to and "@" in message.in_reply_to:
        named = [normalized_id(message.in_reply_to)]
    if message.references:
        named += _ID.findall(message.references)[: -MOST_REFERENCES - 1 : -1]
    own = normalized_id(message.message_id) if message.message_id else ""
    cut = [one if len(one) <= LONGEST_ID + 1 else normalized_id(one) for one in named]
    return tuple([one for one in dict.fromkeys(cut) if one != own])


def people_of(message: ReceivedMessage) -> list[str]:
    """Return every address of a message, the sender's first."""
    sender = [message.sender] if message.sender else []
    return [one.address for one in (*sender, *message.to, *message.cc, *message.bcc) if one.address]


NO_KEYS = Keys()


def keys_of(message: ReceivedMessage, settings: EmailSettings) -> Keys:
    """Return under what the message's earlier e-mail would be found; only by methods that are switched on."""
    headers = settings.correlates_by_headers and not (
        settings.donotcorrelateforwardedemailsasreplies and is_forward(message.subject)
    )
    subject_keys = hashes_to_store(message.subject, settings) if settings.smart_matching else ()
    return Keys(
        ancestors(message) if headers else (),
        tokens_in(message.subject, settings.prefixes) if settings.istrackingtokenenabled else (),
        conversation_base_hash(message.conversation_index) if headers else None,
        subject_keys,
        frozenset(people_of(message)) if subject_keys else frozenset(),
    )


def hashes_to_store(subject: str, settings: EmailSettings) -> tuple[int, ...]:
    """Return the subject keys under which a message is found by smart matching later."""
    return smart.keys_of_subject(
        subject, settings.hashfilterkeywords, settings.hashmaxcount, settings.hashdeltasubjectcount
    )


Rank = tuple[float, bool, int]
_rank_of_ranked = itemgetter(0)


@dataclass(slots=True)
class Book:
    """Earlier e-mails by everything they can be found under; those of the same page are added as they come.

    Under a subject key hundreds may stand, so these are kept in the order of their rank.
    """

    by_message_id: dict[str, list[Earlier]] = field(default_factory=dict)
    by_token: dict[str, list[Earlier]] = field(default_factory=dict)
    by_conversation: dict[int, list[Earlier]] = field(default_factory=dict)
    by_subject_key: dict[int, list[tuple[Rank, Earlier]]] = field(default_factory=dict)

    def add(self, earlier: Earlier, subject_keys: Iterable[int] = ()) -> None:
        """Make an e-mail known."""
        if earlier.messageid:
            self.by_message_id.setdefault(normalized_id(earlier.messageid), []).append(earlier)
        if earlier.trackingtoken:
            self.by_token.setdefault(earlier.trackingtoken, []).append(earlier)
        base = conversation_base_hash(earlier.conversationindex)
        if base is not None:
            self.by_conversation.setdefault(base, []).append(earlier)
        self.add_alike(earlier, subject_keys)

    def add_alike(self, earlier: Earlier, subject_keys: Iterable[int]) -> None:
        """Make an e-mail known under its subject alone."""
        ranked = _rank(earlier), earlier
        for key in subject_keys:
            insort(self.by_subject_key.setdefault(key, []), ranked, key=_rank_of_ranked)

    def alike(
        self, subject_keys: Sequence[int], before: datetime | None = None
    ) -> Iterator[tuple[Rank, Earlier]]:
        """Return what stands under any of the subject keys, the latest first; only what was sent before some time."""
        if len(subject_keys) == 1:
            found = self.by_subject_key.get(subject_keys[0], [])
        else:
            under = [ranked for key in subject_keys for ranked in self.by_subject_key.get(key, ())]
            each = {ranked[1].activityid: ranked for ranked in under}
            found = sorted(each.values(), key=_rank_of_ranked)
        if before is not None:
            found = found[: bisect_left(found, (before.timestamp(),), key=_rank_of_ranked)]
        return reversed(found)


class _Search(NamedTuple):
    message: ReceivedMessage
    keys: Keys
    book: Book
    own: str
    """The message's own id."""
    settings: EmailSettings


def correlate(message: ReceivedMessage, keys: Keys, book: Book, settings: EmailSettings) -> Correlation:
    """Find the e-mail that a message belongs to among those in the book."""
    if keys is NO_KEYS or not any(keys):
        return UNRELATED
    tried: list[Tried] = []
    own = normalized_id(message.message_id) if message.message_id else ""
    search = _Search(message, keys, book, own, settings)
    for way in _WAYS:
        wanted = way.wanted(search)
        if not wanted:
            tried.append(way.untried)
            continue
        found = way.find(search)
        if found is None:
            tried.append(Tried(way.method, wanted, "no such e-mail"))
            continue
        tried.append(Tried(way.method, wanted, f"found {found.activityid}"))
        return Correlation(
            way.method,
            found,
            found.activityid if way.knows_parent else None,
            subject_changed=_is_another_subject(message.subject, found.subject, settings),
            tried=tuple(tried),
        )
    return UNRELATED._replace(tried=tuple(tried))


def _is_another_subject(one: str, other: str, settings: EmailSettings) -> bool:
    if one == other:
        return False
    return bare_subject(one, settings.prefixes) != bare_subject(other, settings.prefixes)


def _others(candidates: Iterable[Earlier], own: str) -> list[Earlier]:
    """Leave out the message itself, which may be there already from another mailbox."""
    return [one for one in candidates if not own or not one.messageid or normalized_id(one.messageid) != own]


def _rank(one: Earlier) -> Rank:
    """Order by time; what we sent counts as later than what we received, so that nothing ever depends on chance."""
    return one.sent_on.timestamp() if one.sent_on else 0.0, one.is_outgoing, one.activityid.int


def _newest(candidates: Sequence[Earlier]) -> Earlier | None:
    return max(candidates, key=_rank, default=None)


def _by_headers(search: _Search) -> Earlier | None:
    for message_id in search.keys.message_ids:
        if found := _newest(_others(search.book.by_message_id.get(message_id, ()), search.own)):
            return found
    return None


def _by_token(search: _Search) -> Earlier | None:
    for token in search.keys.tokens:
        if found := _newest(_others(search.book.by_token.get(token, ()), search.own)):
            return found
    return None


def _by_conversation(search: _Search) -> Earlier | None:
    """Return the nearest ancestor; where none is one, the latest of the conversation before this message."""
    conversation = search.keys.conversation
    if conversation is None or conversation not in search.book.by_conversation:
        return None
    index = search.message.conversation_index
    base = index[:CONVERSATION_BASE_BYTES]
    same = [
        one
        for one in _others(search.book.by_conversation[conversation], search.own)
        if one.conversationindex[:CONVERSATION_BASE_BYTES] == base
    ]
    above = [
        one
        for one in same
        if len(one.conversationindex) < len(index) and index.startswith(one.conversationindex)
    ]
    if above:
        nearest = max(len(one.conversationindex) for one in above)
        return _newest([one for one in above if len(one.conversationindex) == nearest])
    sent = search.message.sent_on
    return _newest([one for one in same if not sent or not one.sent_on or one.sent_on < sent])


def _by_smart_matching(search: _Search) -> Earlier | None:
    """Return the latest e-mail before the message, but not too long before, with the same words and people."""
    message, settings = search.message, search.settings
    if search.book.by_subject_key.keys().isdisjoint(search.keys.subject_keys):
        return None
    noise, most, fewest = settings.hashfilterkeywords, settings.hashmaxcount, settings.hashminaddresscount
    sent = message.sent_on
    since = sent - smart.WINDOW if sent else None
    words = smart.word_hashes(message.subject, noise, most)
    people = smart.address_hashes(search.keys.people, most)
    for _, one in search.book.alike(search.keys.subject_keys, sent):
        if (
            len(people & smart.address_hashes(one.addresses, most)) >= fewest
            and (not since or not one.sent_on or since <= one.sent_on)
            and smart.are_alike(
                words, smart.word_hashes(one.subject, noise, most), delta=settings.hashdeltasubjectcount
            )
            and _others((one,), search.own)
        ):
            return one
    return None


def _base_text(search: _Search) -> str:
    if search.keys.conversation is None:
        return ""
    return search.message.conversation_index[:CONVERSATION_BASE_BYTES].hex()


class _Way(NamedTuple):
    """One method: what it looks for as the trace tells it (empty: nothing), and how it finds it."""

    method: Method
    wanted: Callable[[_Search], str]
    find: Callable[[_Search], Earlier | None]
    knows_parent: bool
    untried: Tried


def _way(
    method: Method,
    wanted: Callable[[_Search], str],
    find: Callable[[_Search], Earlier | None],
    *,
    knows_parent: bool,
) -> _Way:
    untried = Tried(method, "", "nothing to look for, or switched off")
    return _Way(method, wanted, find, knows_parent, untried)


_WAYS = (
    _way(Method.IN_REPLY_TO, lambda s: " ".join(s.keys.message_ids[:3]), _by_headers, knows_parent=True),
    _way(Method.TRACKING_TOKEN, lambda s: " ".join(s.keys.tokens), _by_token, knows_parent=False),
    _way(Method.CONVERSATION_INDEX, _base_text, _by_conversation, knows_parent=True),
    _way(
        Method.SMART_MATCHING,
        lambda s: "subject and people" if s.keys.subject_keys else "",
        _by_smart_matching,
        knows_parent=False,
    ),
)
