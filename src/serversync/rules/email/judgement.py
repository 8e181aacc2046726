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

from serversync.rules.email import content, filtering, internal, ownership
from serversync.rules.email.acceptance import Decision, Outcome
from serversync.rules.email.correlation import Book, Correlation, Keys, Regarding, correlate
from serversync.rules.email.filtering import Acceptance, NewSender, Principal
from serversync.rules.email.internal import Opposite
from serversync.rules.email.kinds import NOBODY_NEW, PROTECTED_ATTACHMENT, Kind, kind_of
from serversync.rules.email.message import Address, Attachment, ReceivedMessage
from serversync.rules.email.ownership import Ownership
from serversync.rules.email.parties import MATCH_LIMIT, Record, resolve_recipient, resolve_sender
from serversync.rules.email.settings import EmailSettings


class FolderKind(Enum):
    """What a folder that is read is to its mailbox."""

    INBOX = "inbox"
    SENT = "sentitems"
    TRACKED = "tracked"


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
        return "outgoing" if self.kind is FolderKind.SENT else "incoming"


@dataclass(frozen=True, slots=True)
class People:
    """Who the addresses of a page are: records by address (lower case), users and queues by their id."""

    records: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    principals: Mapping[UUID, Principal] = field(default_factory=dict)

    def of(self, address: str) -> Sequence[Record]:
        """Return the records that carry an address."""
        return self.records.get(address.lower(), ()) if self.records else ()


_NOTHING: dict[str, Sequence[Record]] = {}


@dataclass(slots=True)
class Judgement:
    """What was decided about a message, and why."""

    decision: Decision
    acceptance: Acceptance | None = None
    correlation: Correlation | None = None
    sender: Record | None = None
    sender_is_ambiguous: bool = False
    recipients: Mapping[str, Sequence[Record]] = field(default_factory=lambda: _NOTHING)
    ownership: Ownership | None = None
    queues: tuple[UUID, ...] = ()
    regarding: Regarding | None = None
    new_sender: NewSender = NewSender.NOTHING
    kept: Sequence[Attachment] = ()
    left_out: list[content.LeftOut] = field(default_factory=list)
    internal: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the message becomes an activity, or is a copy of one."""
        return self.decision.outcome is Outcome.TRACKED

    def detail(self) -> dict[str, object]:
        """Return the reasons as the trace keeps them."""
        told: dict[str, object] = {}
        acceptance = self.acceptance
        if acceptance is not None:
            if acceptance.acceptor is not None:
                told["acceptor"] = acceptance.acceptor.name
            told["asked"] = [[a.principal.name, int(a.filter), a.reason] for a in acceptance.answers]
        if self.correlation is not None:
            told["tried"] = [
                [int(t.method), t.wanted[:200], t.result] for t in self.correlation.tried if t.wanted
            ]
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
    senders = people.of(message.sender.address if message.sender else "")
    if len(senders) > 1 and settings.overridev5senderconflictresolution:
        return _refused("several-senders")
    correlation = correlate(message, keys, book, settings)
    found = _recipients(message, people, settings)
    named = _principals(message, people)
    told = _internal(place, senders, found, message, opposites, settings)
    acceptance, decision = _accept(message, place, senders, found, named, correlation, settings)
    judgement = Judgement(decision, acceptance, correlation, internal=told.reason)
    if told.ignored and decision.reason not in ("tracked-folder", "category"):
        judgement.decision = Decision(Outcome.NOT_ACCEPTED, "internal")
    if not judgement.is_accepted:
        if not is_valid_sender(message.sender):
            judgement.decision = Decision(Outcome.NOT_ACCEPTED, "invalid-sender")
        return judgement
    acceptor = acceptance.acceptor or place.reader
    mine = acceptor.ownerid if acceptor else None
    judgement.sender = resolve_sender(
        senders, owner=mine, unresolve_multiple=settings.unresolvesenderincaseofmultiplematch
    )
    judgement.sender_is_ambiguous = judgement.sender is None and len(senders) > 1
    judgement.recipients = found
    judgement.queues = tuple(
        [p.recordid for p in named if p.table == "queue" and p.enabled and _is_approved(p, settings)]
    )
    judgement.ownership = _owner(message, place, people, judgement, mine)
    judgement.regarding = place.regarding or (correlation.earlier.regarding if correlation.earlier else None)
    judgement.new_sender = _new_sender(message, place, senders, acceptor, settings)
    judgement.kept, judgement.left_out = content.judge_attachments(message.attachments, settings)
    return judgement


def _refused(reason: str) -> Judgement:
    return Judgement(Decision(Outcome.NOT_ACCEPTED, reason))


def _recipients(
    message: ReceivedMessage, people: People, settings: EmailSettings
) -> Mapping[str, Sequence[Record]]:
    if not people.records:
        return _NOTHING
    found: dict[str, Sequence[Record]] = {}
    for party in (*message.to, *message.cc, *message.bcc):
        address = party.address.lower()
        if address in people.records and address not in found:
            found[address] = resolve_recipient(
                people.records[address], unresolve_multiple=settings.unresolveemailaddressifmultiplematch
            )
    return found


def _principals(message: ReceivedMessage, people: People) -> list[Principal]:
    """Return the users and queues among the recipients, in the order To, Cc, Bcc."""
    if not people.principals:
        return []
    found: dict[UUID, Principal] = {}
    for party in (*message.to, *message.cc, *message.bcc):
        for record in people.of(party.address):
            principal = people.principals.get(record.recordid)
            if principal is not None:
                found.setdefault(principal.recordid, principal)
    return list(found.values())


def _internal(
    place: Place,
    senders: Sequence[Record],
    found: Mapping[str, Sequence[Record]],
    message: ReceivedMessage,
    opposites: Sequence[Opposite],
    settings: EmailSettings,
) -> internal.Internal:
    if not settings.ignoreinternalemail:
        return internal.Internal(ignored=False, reason="")
    tables = [record.table for records in found.values() for record in records]
    if place.reader is not None and place.kind is not FolderKind.SENT:
        tables.append(place.reader.table)
    sender = message.sender.address if message.sender else ""
    return internal.judge_internal([one.table for one in senders], tables, sender, opposites, settings)


def _accept(
    message: ReceivedMessage,
    place: Place,
    senders: Sequence[Record],
    found: Mapping[str, Sequence[Record]],
    named: Sequence[Principal],
    correlation: Correlation,
    settings: EmailSettings,
) -> tuple[Acceptance, Decision]:
    """Say who takes the message; what somebody marked by hand needs nobody."""
    by_hand = ""
    if place.kind is FolderKind.TRACKED:
        by_hand = "tracked-folder"
    elif place.category and place.category in message.categories:
        by_hand = "category"
    if by_hand:
        return Acceptance(None, by_hand, ()), Decision(Outcome.TRACKED, by_hand)
    correlated = correlation.earlier is not None
    if place.kind is FolderKind.SENT and place.reader is not None:
        everybody = [record for records in found.values() for record in records]
        acceptance = filtering.ask_sender(place.reader, everybody, correlated=correlated, settings=settings)
    else:
        acceptance = filtering.ask(named, place.reader, senders, correlated=correlated, settings=settings)
    outcome = Outcome.TRACKED if acceptance.acceptor else Outcome.NOT_ACCEPTED
    return acceptance, Decision(outcome, acceptance.reason)


def _is_approved(principal: Principal, settings: EmailSettings) -> bool:
    return principal.approved or not settings.requireapprovalforqueueemail


def _owner(
    message: ReceivedMessage, place: Place, people: People, judgement: Judgement, mine: UUID | None
) -> Ownership:
    if place.kind is FolderKind.SENT:
        return Ownership(mine, "it lies in the owner's Sent Items")
    lists: list[list[UUID]] = []
    for parties in (message.to, message.cc, message.bcc):
        owners: list[UUID] = []
        for party in parties:
            for record in judgement.recipients.get(party.address.lower(), ()):
                principal = people.principals.get(record.recordid)
                if principal is not None and principal.enabled and principal.ownerid is not None:
                    owners.append(principal.ownerid)
        lists.append(owners)
    sender = judgement.sender
    earlier = judgement.correlation.earlier if judgement.correlation else None
    return ownership.owner_of(
        lists,
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
        or place.kind is FolderKind.SENT
        or not settings.autocreatecontactonpromote
        or kind_of(message.item_class) in NOBODY_NEW
        or len(senders) > MATCH_LIMIT
        or message.sender is None
        or message.sender.routing != "SMTP"
        or "@" not in message.sender.address
    ):
        return NewSender.NOTHING
    return acceptor.new_sender
