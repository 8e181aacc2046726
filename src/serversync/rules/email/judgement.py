"""Everything that is decided about one message once it was read, with every reason, for the trace.

``judge_message`` joins the single rules in their order: is there a sender, is it ours, is it protected, to what does it
belong, who takes it, is it internal, who are its people, whose is it, what of its content is left out. It has no
memory and asks nobody: the same message, people and settings always give the same judgement, so that a decision can
be repeated and explained. What follows in turn depends only on that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from serversync.rules.email import content, filtering, internal
from serversync.rules.email.acceptance import Decision, Outcome
from serversync.rules.email.bounces import is_mail_server
from serversync.rules.email.circle import Circle, People, Taken
from serversync.rules.email.correlation import Book, Correlation, Keys, Regarding, correlate
from serversync.rules.email.filtering import Acceptance, NewSender, Principal
from serversync.rules.email.internal import Opposite
from serversync.rules.email.kinds import NOBODY_NEW, PROTECTED_ATTACHMENT, Kind, kind_of
from serversync.rules.email.message import Address, Attachment, ReceivedMessage
from serversync.rules.email.ownership import Ownership
from serversync.rules.email.parties import MATCH_LIMIT, Record, resolve_sender
from serversync.rules.email.settings import EmailSettings

LONGEST_ADDRESS = 100
"""Longer addresses do not fit into a contact or lead; cut, they would be somebody else's."""


class FolderKind(Enum):
    """What a folder that is read is to its mailbox."""

    INBOX = "inbox"
    SENT = "sentitems"
    TRACKED = "tracked"


# Looking a member up in its class costs more than the comparison that follows; these are asked for every message.
_SENT, _TRACKED_FOLDER = FolderKind.SENT, FolderKind.TRACKED
_TRACKED = Outcome.TRACKED
_NOTHING = NewSender.NOTHING


class Place(NamedTuple):
    """Where a message was found."""

    kind: FolderKind = FolderKind.INBOX
    reader: Principal | None = None
    folder_name: str = "Inbox"
    regarding: Regarding | None = None
    category: str = ""
    """The category that marks messages; empty where categories do not count."""

    @property
    def direction(self) -> str:
        """``outgoing`` in Sent Items, ``incoming`` everywhere else."""
        return "outgoing" if self.kind is _SENT else "incoming"


@dataclass(slots=True)
class Judgement:
    """What was decided about a message, and why."""

    decision: Decision
    acceptance: Acceptance | None = None
    correlation: Correlation | None = None
    sender: Record | None = None
    sender_is_ambiguous: bool = False
    recipients: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    ownership: Ownership | None = None
    queues: tuple[UUID, ...] = ()
    regarding: Regarding | None = None
    new_sender: NewSender = _NOTHING
    kept: Sequence[Attachment] = ()
    left_out: list[content.LeftOut] = field(default_factory=list)
    internal: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the message becomes an activity, or is a copy of one."""
        return self.decision.outcome is _TRACKED

    def detail(self) -> dict[str, object]:
        """Return the reasons as the trace keeps them."""
        told: dict[str, object] = {}
        acceptance = self.acceptance
        if acceptance is not None:
            if acceptance.acceptor is not None:
                told["acceptor"] = acceptance.acceptor.name
            told["asked"] = acceptance.asked
        if self.correlation is not None:
            tried = self.correlation.tried
            told["tried"] = (
                [[int(t.method), t.wanted[:200], t.result] for t in tried if t.wanted] if tried else []
            )
        if self.ownership is not None:
            told["owner"] = self.ownership.reason
        if self.left_out:
            told["leftout"] = [[one.name, one.size_bytes, one.reason] for one in self.left_out]
        if self.internal:
            told["internal"] = self.internal
        return told


def is_valid_sender(sender: Address | None) -> bool:
    """Tell whether a message names somebody who can have sent it."""
    return sender is not None and bool(sender.address.strip())


def is_protected(message: ReceivedMessage) -> bool:
    """Tell whether a message is rights-protected, by its class or by the attachment that holds its content."""
    return kind_of(message.item_class) is Kind.PROTECTED or any(
        one.name.lower() == PROTECTED_ATTACHMENT for one in message.attachments
    )


def judge_message(
    message: ReceivedMessage,
    place: Place,
    people: People,
    *,
    keys: Keys,
    book: Book,
    opposites: Sequence[Opposite],
    settings: EmailSettings,
) -> Judgement:
    """Decide about one message.

    Args:
        message: The message.
        place: Where it was found.
        people: Who its addresses are.
        keys: Under what its earlier e-mail would be found.
        book: Earlier e-mails.
        opposites: Activities of the other direction with the same message id.
        settings: The organization's.
    """
    if settings.restrictirmemailitems and is_protected(message):
        return _refused("protected")
    senders = people.of(message.sender.address) if message.sender else ()
    if len(senders) > 1 and settings.overridev5senderconflictresolution:
        return _refused("several-senders")
    correlation = correlate(message, keys, book, settings)
    circle = people.circle(message, settings)
    told = ""
    if settings.ignoreinternalemail:
        ignored, told = _internal(place, senders, circle, message, opposites, settings)
    else:
        ignored = False
    acceptance, decision = _accept(message, place, senders, circle, correlation, settings)
    if ignored and decision.reason not in ("tracked-folder", "category"):
        decision = Decision(Outcome.NOT_ACCEPTED, "internal")
    if decision.outcome is not _TRACKED:
        if not is_valid_sender(message.sender):
            decision = Decision(Outcome.NOT_ACCEPTED, "invalid-sender")
        return Judgement(decision, acceptance, correlation, internal=told)
    acceptor = acceptance.acceptor or place.reader
    mine = acceptor.ownerid if acceptor else None
    sender = resolve_sender(
        senders, owner=mine, unresolve_multiple=settings.unresolvesenderincaseofmultiplematch
    )
    kept, left_out = (
        content.judge_attachments(message.attachments, settings) if message.attachments else ([], [])
    )
    return Judgement(
        decision,
        acceptance,
        correlation,
        sender,
        sender is None and len(senders) > 1,
        circle.found,
        _ownership(place, circle, sender, correlation, mine),
        circle.queues,
        place.regarding or (correlation.earlier.regarding if correlation.earlier else None),
        _new_sender(message, place, senders, acceptor, settings),
        kept,
        left_out,
        told,
    )


def _refused(reason: str) -> Judgement:
    return Judgement(Decision(Outcome.NOT_ACCEPTED, reason))


def _internal(
    place: Place,
    senders: Sequence[Record],
    circle: Circle,
    message: ReceivedMessage,
    opposites: Sequence[Opposite],
    settings: EmailSettings,
) -> internal.Internal:
    tables = [record.table for records in circle.found.values() for record in records]
    if place.reader is not None and place.kind is not _SENT:
        tables.append(place.reader.table)
    sender = message.sender.address if message.sender else ""
    return internal.judge_internal([one.table for one in senders], tables, sender, opposites, settings)


def _accept(
    message: ReceivedMessage,
    place: Place,
    senders: Sequence[Record],
    circle: Circle,
    correlation: Correlation,
    settings: EmailSettings,
) -> tuple[Acceptance, Decision]:
    """Say who takes the message; what somebody marked by hand needs nobody."""
    by_hand = ""
    if place.kind is _TRACKED_FOLDER:
        by_hand = "tracked-folder"
    elif place.category and place.category in message.categories:
        by_hand = "category"
    if by_hand:
        return Acceptance(None, by_hand, ()), Decision(Outcome.TRACKED, by_hand)
    correlated = correlation.earlier is not None
    if place.kind is _SENT and place.reader is not None:
        everybody = [record for records in circle.found.values() for record in records]
        acceptance = filtering.ask_sender(place.reader, everybody, correlated=correlated, settings=settings)
        return acceptance, _decision(acceptance)
    taken = circle.taken.get(correlated) if not senders else None
    if taken is None or taken.reader is not place.reader:
        acceptance = filtering.ask(
            circle.named, place.reader, senders, correlated=correlated, settings=settings
        )
        taken = Taken(place.reader, acceptance, _decision(acceptance))
        if not senders:
            circle.taken[correlated] = taken
    return taken.acceptance, taken.decision


def _decision(acceptance: Acceptance) -> Decision:
    outcome = Outcome.TRACKED if acceptance.acceptor else Outcome.NOT_ACCEPTED
    return Decision(outcome, acceptance.reason)


def _ownership(
    place: Place, circle: Circle, sender: Record | None, correlation: Correlation, mine: UUID | None
) -> Ownership:
    if place.kind is _SENT:
        return Ownership(mine, "it lies in the owner's Sent Items")
    earlier = correlation.earlier
    return circle.ownership(
        correlated_owner=earlier.ownerid if earlier else None,
        sender_owner=sender.ownerid if sender and sender.table in ("contact", "account", "lead") else None,
        fallback=mine,
    )


def _new_sender(
    message: ReceivedMessage,
    place: Place,
    senders: Sequence[Record],
    acceptor: Principal | None,
    settings: EmailSettings,
) -> NewSender:
    """Say what an unknown sender becomes: only people, only in incoming mail, only as its taker chose."""
    if (
        senders
        or acceptor is None
        or place.kind is _SENT
        or not settings.autocreatecontactonpromote
        or kind_of(message.item_class) in NOBODY_NEW
        or len(senders) > MATCH_LIMIT
        or message.sender is None
        or message.sender.routing != "SMTP"
        or "@" not in message.sender.address
        or len(message.sender.address) > LONGEST_ADDRESS
        or is_mail_server(message.sender.address)
    ):
        return _NOTHING
    return acceptor.new_sender
