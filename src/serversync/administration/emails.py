"""Tracked mail: listing and searching it, and one message with its people and files."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from serversync.administration import privileges, searching
from serversync.core.errors import RecordNotFound
from serversync.crm.models import ActivityMimeAttachment, ActivityParty, Email, EmailDeliveryReport, Mailbox

LIMIT: Final = 50
"""How many are listed unless somebody asks for another number."""


@dataclass(frozen=True, slots=True)
class EmailDetails:
    """An e-mail with its parties in the order of their parts, its attachments in order, and what reports say of it."""

    email: Email
    parties: list[ActivityParty]
    attachments: list[ActivityMimeAttachment]
    reports: list[EmailDeliveryReport]


def find_all(*, search: str | None = None, mailbox: Mailbox | None = None, limit: int = LIMIT) -> list[Email]:
    """Return tracked mail, latest first, without the bodies.

    Args:
        search: Only mail with this message id, or words that begin so in subject, sender and recipients.
        mailbox: Only mail that this mailbox received, be it as the second or third one.
        limit: At most so many.
    """
    rows: QuerySet[Email] = privileges.emails().defer("description").order_by("-receivedon", "-createdon")
    if search:
        by_id = rows.filter(messageid__in=message_ids(search))
        rows = by_id if by_id.exists() else searching.narrow(rows, search)
    if mailbox is not None:
        rows = rows.filter(messagetraces__mailboxid=mailbox).distinct()
    return list(rows[:limit])


def show(reference: str) -> EmailDetails:
    """Return one e-mail by its activity id or message id.

    Raises:
        RecordNotFound: nothing tracked has it.
    """
    wanted = reference.strip()
    email = _by_id(wanted) or privileges.emails().filter(messageid__in=message_ids(wanted)).first()
    if email is None:
        raise RecordNotFound(kind="email", name=wanted)
    return EmailDetails(
        email,
        list(email.activityparties.order_by("participationtypemask", "addressused")),
        list(email.activitymimeattachments.order_by("attachmentnumber")),
        reports_on(email),
    )


def reports_on(email: Email) -> list[EmailDeliveryReport]:
    """Return what reports say of the recipients of an e-mail."""
    return list(EmailDeliveryReport.objects.filter(activityid=email).order_by("address"))


def message_ids(text: str) -> list[str]:
    """Return the forms in which a message id may be stored: as given, and in angle brackets.

    >>> message_ids("1@example.org")
    ['1@example.org', '<1@example.org>']
    """
    given = text.strip()
    return [given, f"<{given.strip('<>')}>"]


def _by_id(text: str) -> Email | None:
    try:
        key = UUID(text)
    except ValueError:
        return None
    return privileges.emails().filter(pk=key).first()
