"""Why a message was tracked, or why not: the question that every administrator is asked."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from serversync.administration import mailboxes, privileges
from serversync.administration.emails import message_ids
from serversync.administration.records import iso
from serversync.core.errors import InputInvalid
from serversync.crm.models import (
    Email,
    Mailbox,
    MailboxFolder,
    MailboxTrackingFolder,
    MessageTrace,
    Organization,
)
from serversync.crm.models.mailboxtrackingfolder import FolderOnboardingStatus
from serversync.crm.models.messagetrace import SUBJECT_IN_INDEX, SUBJECT_TOO_LONG, TraceOutcome
from serversync.crm.privileges import Privilege
from serversync.rules.email.acceptance import REASONS
from serversync.rules.email.explaining import reasons

_LIMIT: Final = 20
_LATEST: Final = ("-receivedon", "-examinedon")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one message, in a sentence, and why; ``trace`` is missing where it was never seen."""

    sentence: str
    trace: MessageTrace | None = None
    reasons: tuple[str, ...] = ()


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
    rows = MessageTrace.objects.filter(mailboxid=mailbox).order_by(*_LATEST)
    if message_id:
        rows = rows.filter(messageid__in=message_ids(message_id))
    else:
        rows = rows.filter(pk__in=_with_subject(rows, subject or ""))
    shown = as_may_be_read(mailbox, rows[:_LIMIT])
    found = [Explanation(sentence(trace), trace, _reasons(trace)) for trace in shown]
    return found or [Explanation(_never_seen(mailbox, message_id))]


def _with_subject(rows: QuerySet[MessageTrace], part: str) -> list[UUID]:
    """Return the keys of those of the rows that have a part in their subject; at least the first of them are there.

    The subjects of a mailbox are read in an index: to fetch fifty thousand rows for them takes half a second.
    """
    fitting = rows.filter(subject__icontains=part).values_list("pk", flat=True)
    parts = (fitting.filter(where)[:_LIMIT] for where in (SUBJECT_IN_INDEX, SUBJECT_TOO_LONG))
    return [key for keys in parts for key in keys]


def as_may_be_read(mailbox: Mailbox, traces: Iterable[MessageTrace]) -> list[MessageTrace]:
    """Return traces of a mailbox, without subjects and senders where its mail may not be read."""
    rows = list(traces)
    if not privileges.reads_content(mailbox):
        for row in rows:
            row.subject = row.senderaddress = privileges.HIDDEN
    return rows


def sentence(trace: MessageTrace) -> str:
    """Return what became of an examined message, and the reason, in words."""
    reason = REASONS.get(trace.reasoncode or "", f"The reason is {trace.reasoncode or 'not recorded'}.")
    details = defaultdict(lambda: "unknown", trace.detail if isinstance(trace.detail, dict) else {})
    outcome = str(trace.get_outcome_display())
    return f"{outcome}. {reason.format_map(details)}"


def _reasons(trace: MessageTrace) -> tuple[str, ...]:
    """Return every reason that is still kept, in words."""
    told = list(reasons(trace.detail)) if isinstance(trace.detail, dict) else []
    if trace.nextattempton is not None:
        told.append(f"It was tried {trace.attempts} times and is tried again at {iso(trace.nextattempton)}.")
    elif trace.attempts > 1:
        told.append(f"It was tried {trace.attempts} times and is given up.")
    return tuple(told)


def _watched(mailbox: Mailbox) -> str:
    """Return the names of the folders that are read."""
    settings = Organization.objects.current()
    names = ["Inbox"]
    is_users = mailbox.regardingobjecttypecode == "systemuser"
    if is_users and settings.autotracksentfolderitems:
        names.append("Sent Items")
    if is_users and settings.isfolderbasedtrackingenabled:
        tracked = MailboxTrackingFolder.objects.filter(mailboxid=mailbox).exclude(
            folderonboardingstatus=FolderOnboardingStatus.MISSING
        )
        names.extend(one.exchangefoldername or "a tracked folder" for one in tracked.order_by("createdon"))
    return ", ".join(names)


def _too_old(mailbox: Mailbox) -> str:
    """Tell how many messages were left out unread because they were older than *Process Email From*."""
    old = MessageTrace.objects.filter(mailboxid=mailbox, outcome=TraceOutcome.BEFORE_START)
    count = old.count()
    if not count:
        return ""
    latest = old.order_by("-receivedon").values_list("receivedon", flat=True).first()
    until = f", the latest at {iso(latest)}" if latest else ""
    return (
        f"{count} messages were older than 'Process Email From' and not read{until}; "
        "it may be one of them: then add the category in Outlook."
    )


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
            f"Only these folders are read: {_watched(mailbox)}. {state.sentence}"
        )
    if too_old := _too_old(mailbox):
        parts.append(too_old)
    return " ".join(parts)
