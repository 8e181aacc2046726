"""Which messages are one and the same, so that an e-mail in three mailboxes is one activity.

The Internet message id alone does not do: some senders (scanners, old list servers) put the same id on
every message, and all but the first would be lost. So a message is recognised by its id together with
sender, time sent and subject; these are the same in every mailbox that received it, while bodies are not
(gateways rewrite links for each recipient).

Two messages of *one* mailbox that agree in all of these, but differ in content and are not the same item
of that mailbox moved or restored (the search key survives both), are different messages. See
``docs/adr/0003-one-activity-a-message.md``.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from hashlib import blake2b, sha256
from typing import NamedTuple
from uuid import UUID

from serversync.core.ids import uuid_of
from serversync.rules.email.message import Address, Attachment, Text

NO_SEARCH_KEYS: frozenset[str] = frozenset()


def _key(digest: bytes) -> UUID:
    return uuid_of(int.from_bytes(digest, "big"))


def item_key(item_id: str) -> UUID:
    """Return the key under which an item of a mailbox is remembered.

    Exchange ids differ in case only, run to hundreds of characters and are compared byte by byte.
    """
    return _key(blake2b(item_id.encode(), digest_size=16).digest())


def identity(
    message_id: str | None, sender: str | None, sent_on: datetime | None, subject: str, *, direction: str
) -> UUID:
    """Return the key that is equal for all copies of a message, whichever mailbox holds them.

    Args:
        message_id: Internet message id with or without angle brackets; case and outer blanks do not count.
        sender: Address of the sender.
        sent_on: When it says it was sent; seconds count, fractions do not (servers differ in them).
        subject: As it stands; white space at the ends does not count.
        direction: ``incoming`` or ``outgoing``; mail between two users is one activity of each.
    """
    parts = (
        direction,
        (message_id or "").strip().strip("<>").lower(),
        (sender or "").strip().lower(),
        str(int(sent_on.timestamp())) if sent_on else "",
        subject.strip(),
    )
    return _key(blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest())


def twin(key: UUID, content: UUID) -> UUID:
    """Return the key of a message that agrees with another in everything but its content."""
    return _key(blake2b(key.bytes + content.bytes, digest_size=16).digest())


def content_digest(body: Text, attachments: Sequence[Attachment], people: Iterable[Address] = ()) -> UUID:
    """Return a digest of body, attachments and people, as they stand."""
    parts: list[str] = []
    for one in people:
        parts += one[:2]  # name and address
    if isinstance(body, str):
        parts.append(body)
        digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
    else:
        digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
        for chunk in body.chunks():
            digest.update(chunk)
    for attachment in attachments:
        digest.update(f"\0{attachment.name}\0".encode("utf-8", "surrogatepass"))
        if isinstance(attachment.content, bytes):
            digest.update(attachment.content)
        elif attachment.content is not None:
            for chunk in attachment.content.chunks():
                digest.update(chunk)
    return _key(digest.digest()[:16])


class Known(NamedTuple):
    """An activity that exists already."""

    activityid: UUID
    contentdigest: UUID | None


class Verdict(NamedTuple):
    """What a message is: a copy of ``activityid``, or new under ``dupcheck``."""

    activityid: UUID | None
    dupcheck: UUID


def judge(
    key: UUID,
    content: UUID,
    search_key: str | None,
    *,
    known: Mapping[UUID, Known],
    held: Mapping[UUID, AbstractSet[str]],
) -> Verdict:
    """Say whether a message is a copy of an activity or a new one.

    Args:
        key: Its ``identity``.
        content: Its ``content_digest``.
        search_key: PidTagSearchKey of the item in this mailbox, ``None`` where the server gave none.
        known: Activities by their key; must cover ``key`` and ``twin(key, content)``.
        held: For an activity, the search keys of other items of *this* mailbox that are already linked to it.
    """
    first = known.get(key)
    if first is None:
        return Verdict(None, key)
    if first.contentdigest is None or first.contentdigest == content:
        return Verdict(first.activityid, key)
    other = twin(key, content)
    if (second := known.get(other)) is not None:
        return Verdict(second.activityid, other)
    here = held.get(first.activityid, NO_SEARCH_KEYS)
    if search_key is not None and here and search_key not in here:
        return Verdict(None, other)
    return Verdict(first.activityid, key)
