"""Why a message was tracked, or why not: the question that every administrator is asked."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from serversync.administration import mailboxes, privileges
from serversync.administration.emails import message_ids
from serversync.administration.records import iso
from serversync.core.errors import InputInvalid
from serversync.crm.models import Email, Mailbox, MailboxFolder, MessageTrace
from serversync.crm.privileges import Privilege
from serversync.rules.email.acceptance import REASONS

_LIMIT: Final = 20


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one message, in a sentence; ``trace`` is missing where it was never seen."""

    sentence: str
    trace: MessageTrace | None = None


def why(mailbox: Mailbox, *, message_id: str | None = None, subject: str | None = None) -> list[Explanation]:
    """Explain what became of a message in a mailbox.

    Args:
        mailbox: The mailbox that should have it.
        message_id: Its Internet message id, with or without angle brackets.
        subject: Or a part of its subject.

    Returns:
        One explanation for each message that fits, latest first, at most 20; where none was ever seen, one that
        tells from the state of the mailbox why.

    Raises:
        InputInvalid: neither or both were given.
        PrivilegeMissing: the actor may not read the mailbox.
    """
    if bool(message_id) == bool(subject):
        raise InputInvalid(field="Message", reason="give its message id or a part of its subject")
    privileges.require_for(Privilege.READ_MAILBOX, [mailbox])
    rows = MessageTrace.objects.filter(mailboxid=mailbox).order_by("-receivedon", "-examinedon")
    if message_id:
        rows = rows.filter(messageid__in=message_ids(message_id))
    else:
        rows = rows.filter(subject__icontains=subject or "")
    found = [Explanation(sentence(trace), trace) for trace in rows[:_LIMIT]]
    return found or [Explanation(_never_seen(mailbox, message_id))]


def sentence(trace: MessageTrace) -> str:
    """Return what became of an examined message, and the reason, in words."""
    reason = REASONS.get(trace.reasoncode or "", f"The reason is {trace.reasoncode or 'not recorded'}.")
    details = defaultdict(lambda: "unknown", trace.detail if isinstance(trace.detail, dict) else {})
    outcome = str(trace.get_outcome_display())
    return f"{outcome}. {reason.format_map(details)}"


def _never_seen(mailbox: Mailbox, message_id: str | None) -> str:
    """Tell from the state of the mailbox why nothing is known of a message."""
    parts = []
    elsewhere = Email.objects.filter(messageid__in=message_ids(message_id)).first() if message_id else None
    if elsewhere is not None:
        source = elsewhere.receivingmailboxid
        seen = source is not None and privileges.mailboxes().filter(pk=source.pk).exists()
        where = source.emailaddress if source and seen else "another mailbox"
        parts.append(f"It is tracked from {where}, but was not seen in {mailbox.emailaddress}.")
    else:
        parts.append(f"No such message was seen in {mailbox.emailaddress}.")
    inbox = MailboxFolder.objects.filter(mailboxid=mailbox, distinguishedfolderid="inbox").first()
    state = mailboxes.state_of(mailbox).readiness
    if not state.may_run:
        parts.append(f"{state.sentence.rstrip('.')}. {state.remedy}")
    elif inbox is None or inbox.positionedon is None:
        parts.append(f"Its Inbox has not been read to the end yet. {state.sentence}")
    else:
        last = mailbox.lastsuccessfulsynccompletedon
        parts.append(
            f"Its Inbox was read to the end{f' at {iso(last)}' if last else ''}: the message has not arrived there "
            "since, was moved or deleted before it was seen, or lies in another folder (look at rules and Junk Email). "
            f"{state.sentence}"
        )
    return " ".join(parts)
