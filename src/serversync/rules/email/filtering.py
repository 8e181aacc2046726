"""Who accepts a message: the filtering methods of users and queues.

Every user and queue among the resolved recipients is asked, in the order To, Cc, Bcc; the first that takes the
message is its accepting entity. The owner of the mailbox that is read is asked last where the message does not name
it (blind copies, distribution lists), and then only *All email messages* takes it. So who accepts does not depend
on whose mailbox is read first. Source: Microsoft, "Email message filtering and correlation".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from serversync.rules.email.parties import Record, resolve_sender
from serversync.rules.email.settings import EmailSettings

_CUSTOMERS = frozenset({"lead", "contact", "account"})


class Filter(IntEnum):
    """Which messages a user or queue takes; the values are those of ``incomingemailfilteringmethod``."""

    ALL = 0
    RESPONSES = 1
    CUSTOMERS = 2
    RECORDS = 3
    NONE = 4


class NewSender(IntEnum):
    """What an unknown sender becomes, as each user chose; ``usersettings.autocreatecontactonpromote``."""

    NOTHING = -1
    CONTACT = 0
    LEAD = 1


class Principal(NamedTuple):
    """A user or queue that may take a message.

    Attributes:
        table: ``systemuser`` or ``queue``.
        recordid: Which.
        name: What it is called, for the trace.
        filter: What it chose to take.
        ownerid: The user himself, or who owns the queue.
        approved: Whether its address is approved.
        enabled: Whether it is active and its mail is synchronized.
        forwards: Whether its mail comes in through a forward mailbox.
        new_sender: What unknown senders become.
    """

    table: str
    recordid: UUID
    name: str
    filter: Filter
    ownerid: UUID | None
    approved: bool = True
    enabled: bool = True
    forwards: bool = False
    new_sender: NewSender = NewSender.NOTHING


class Answer(NamedTuple):
    """What one of those asked said, and why."""

    principal: Principal
    filter: Filter
    accepts: bool
    reason: str


@dataclass(slots=True)
class Acceptance:
    """Who takes the message (nobody: ``None``), the reason as a stable code, and what everybody said.

    ``asked`` is what everybody said as the trace keeps it: name, filter, reason.
    """

    acceptor: Principal | None
    reason: str
    answers: tuple[Answer, ...]
    asked: list[tuple[str, int, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out ``asked`` once for all messages to the same people."""
        self.asked = [(one.principal.name, int(one.filter), one.reason) for one in self.answers]


def filter_in_force(principal: Principal, settings: EmailSettings) -> Filter:
    """Return the filter that counts: the organization's for all users, or the principal's own.

    *No email messages* is only a choice where ``donotautotrackemail`` makes it one; otherwise it counts as
    *in response to Dynamics 365 email*.
    """
    forced = settings.sssforcefilteringmethodforusermailboxes
    if principal.table == "systemuser" and forced >= 0:
        return Filter(forced)
    if principal.filter is Filter.NONE and not settings.donotautotrackemail:
        return Filter.RESPONSES
    return principal.filter


def ask(
    recipients: Sequence[Principal],
    reader: Principal | None,
    senders: Sequence[Record],
    *,
    correlated: bool,
    settings: EmailSettings,
) -> Acceptance:
    """Ask who takes a message.

    Args:
        recipients: The users and queues among its resolved recipients, in the order of the message.
        reader: Whose mailbox is read; ``None`` for a forward mailbox.
        senders: The records that carry the sender's address.
        correlated: Whether it belongs to an earlier e-mail.
        settings: The organization's.
    """
    named = list({one.recordid: one for one in recipients}.values())
    if settings.usefilteringmethodofsyncingmailboxonlyforcorrelation and reader is not None:
        named = [reader]
    answers: list[Answer] = []
    for principal in named:
        answer = _ask(principal, senders, settings, correlated=correlated, is_named=True)
        answers.append(answer)
        if answer.accepts:
            return Acceptance(principal, answer.reason, tuple(answers))
    if reader is not None and all(reader.recordid != one.recordid for one in named):
        answer = _ask(reader, senders, settings, correlated=correlated, is_named=False)
        answers.append(answer)
        if answer.accepts:
            return Acceptance(reader, answer.reason, tuple(answers))
    return Acceptance(None, _refusal(answers, correlated=correlated), tuple(answers))


def _ask(
    principal: Principal,
    senders: Sequence[Record],
    settings: EmailSettings,
    *,
    correlated: bool,
    is_named: bool,
) -> Answer:
    method = filter_in_force(principal, settings)
    accepts, reason = False, ""
    needs_approval = (
        settings.requireapprovalforqueueemail
        if principal.table == "queue"
        else settings.requireapprovalforuseremail
    )
    if not principal.enabled:
        reason = "not-enabled"
    elif needs_approval and not principal.approved:
        reason = "not-approved"
    elif method is Filter.ALL:
        accepts, reason = True, "filter-all"
    elif method is Filter.NONE:
        reason = "takes-nothing"
    elif not is_named:
        reason = "not-named"
    elif method is Filter.RESPONSES:
        accepts, reason = correlated, "filter-response" if correlated else "no-correlation"
    else:
        sender = resolve_sender(
            senders,
            owner=principal.ownerid,
            unresolve_multiple=settings.unresolvesenderincaseofmultiplematch,
        )
        accepts = sender is not None and (method is Filter.RECORDS or sender.table in _CUSTOMERS)
        reason = "filter-sender" if accepts else "sender-unknown"
    return Answer(principal, method, accepts, reason)


def _refusal(answers: Sequence[Answer], *, correlated: bool) -> str:
    """Return why nobody took it: the reason that somebody could do the most about."""
    said = {answer.reason for answer in answers}
    for reason in ("sender-unknown", "no-correlation", "not-approved", "not-enabled", "takes-nothing"):
        if reason in said:
            return reason if reason != "no-correlation" or not correlated else "no-recipient"
    return "no-recipient"


def ask_sender(
    reader: Principal, recipients: Sequence[Record], *, correlated: bool, settings: EmailSettings
) -> Acceptance:
    """Ask the user in whose Sent Items a message lies; his filter then speaks of those he wrote to."""
    method = filter_in_force(reader, settings)
    tables = {one.table for one in recipients}
    accepts, reason = {
        Filter.ALL: (True, "filter-all"),
        Filter.RESPONSES: (correlated, "filter-response" if correlated else "no-correlation"),
        Filter.CUSTOMERS: (bool(tables & _CUSTOMERS), "filter-recipient"),
        Filter.RECORDS: (bool(tables), "filter-recipient"),
        Filter.NONE: (False, "takes-nothing"),
    }[method]
    if not accepts and reason == "filter-recipient":
        reason = "no-recipient"
    answer = Answer(reader, method, accepts, reason)
    return Acceptance(reader if accepts else None, reason, (answer,))
