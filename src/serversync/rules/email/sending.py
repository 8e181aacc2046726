"""How an e-mail is sent exactly once, whatever breaks in between: what to do next, from what can be seen.

Every draft that is made in Exchange carries the activity id of its e-mail, the *stamp*, and so does the copy in
Sent Items that it becomes. Before a draft is sent, the intention to send this very draft is written down. From then
on no other draft is ever made for the e-mail: Exchange sends one draft once, however often it is asked to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, IntEnum


class Stage(IntEnum):
    """How far the sending of an e-mail has come, as far as it was written down."""

    WAITING = 0
    """Nothing was made in Exchange."""
    PREPARING = 1
    """Drafts may have been made; none was sent."""
    SENDING = 2
    """One draft, which is known, may have been sent."""
    SENT = 3
    """It was sent; what Exchange made of it is still to be read."""


class Place(Enum):
    """Where an item with the stamp lies."""

    DRAFTS = "drafts"
    OUTBOX = "outbox"
    SENT_ITEMS = "sentitems"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Trail:
    """An item with the stamp of the e-mail.

    Attributes:
        place: Where it lies.
        item_id: Its id.
        change_key: Its version.
        is_draft: Whether it was never sent.
        message_id: Its Internet message id, where it has one.
    """

    place: Place
    item_id: str
    change_key: str | None
    is_draft: bool
    message_id: str | None = None


class Step(Enum):
    """What to do next."""

    PREPARE = "make a draft"
    SEND = "send the draft"
    WAIT = "wait"
    SEARCH = "search every folder"
    SENT = "note that it was sent"
    WITHDRAWN = "give up: a person has taken the draft away"


@dataclass(frozen=True, slots=True)
class Move:
    """The next step, the item that it is about, and the reason in words."""

    step: Step
    reason: str
    trail: Trail | None = None


def next_move(
    stage: Stage,
    trails: Sequence[Trail],
    *,
    since_asked: timedelta | None,
    in_flight: timedelta,
    searched_everywhere: bool,
) -> Move:
    """Return what to do about an e-mail whose sending was begun before.

    Args:
        stage: What was written down last.
        trails: Items with the stamp, in the folders that were searched.
        since_asked: How long ago Exchange was asked to send the draft; ``None`` if never.
        in_flight: For so long a request to send whose answer was lost may still be at work in the server.
        searched_everywhere: Whether all folders were searched, not only Drafts, Outbox and Sent Items.
    """
    if (evident := _evident(trails)) is not None:
        return evident
    if stage <= Stage.PREPARING:
        return Move(Step.PREPARE, "nothing was sent yet")
    if stage is Stage.SENT:
        return Move(Step.WAIT, "it was sent; its copy is not there yet")
    draft = next((one for one in trails if one.place is Place.DRAFTS), None)
    if since_asked is not None and since_asked < in_flight:
        return Move(Step.WAIT, "Exchange was asked to send it a moment ago and may still do it", draft)
    if draft is not None:
        return Move(Step.SEND, "the draft is still there, so it was not sent", draft)
    return _vanished(trails, searched_everywhere=searched_everywhere)


def _evident(trails: Sequence[Trail]) -> Move | None:
    """Return the move where an item shows that the e-mail was sent or is leaving, whatever was written down."""
    for one in trails:
        if not one.is_draft and one.place is not Place.OUTBOX:
            return Move(Step.SENT, "the copy of what was sent is there", one)
    for one in trails:
        if one.place is Place.OUTBOX:
            return Move(Step.WAIT, "Exchange has taken it over and is about to send it", one)
    return None


def _vanished(trails: Sequence[Trail], *, searched_everywhere: bool) -> Move:
    """Return the move for a draft that is not in Drafts any more, and was not seen to be sent."""
    if not searched_everywhere:
        return Move(Step.SEARCH, "it is neither in Drafts nor in Outbox nor in Sent Items")
    if trails:
        return Move(Step.WITHDRAWN, "the draft was moved out of Drafts by somebody", trails[0])
    return Move(Step.SENT, "the draft is gone and was not deleted, so it was sent; its copy was removed")


def subject_with_token(subject: str, token: str | None, *, longest: int) -> str:
    """Return the subject with the token at its end, cut so that both fit; a token that alone is too long is dropped.

    >>> subject_with_token("Offer", "CRM:0001001", longest=255)
    'Offer CRM:0001001'
    >>> subject_with_token("Offer", "CRM:0001001", longest=13)
    'O CRM:0001001'
    """
    if not token or len(token) > longest:
        return subject[:longest]
    if token in subject:
        return (
            subject[:longest]
            if len(subject) <= longest
            else _cut(subject.replace(token, " "), token, longest)
        )
    return _cut(subject, token, longest)


def _cut(subject: str, token: str, longest: int) -> str:
    kept = subject.rstrip()[: max(longest - len(token) - 1, 0)].rstrip()
    return f"{kept} {token}" if kept else token
