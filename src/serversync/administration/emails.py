"""Tracked mail: listing and searching it, and one message with its people and files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from serversync.administration import privileges, searching
from serversync.core.errors import RecordNotFound
from serversync.crm.models import (
    ActivityMimeAttachment,
    ActivityParty,
    Email,
    EmailDeliveryReport,
    Mailbox,
    MessageTrace,
)
from serversync.crm.models.keys import AmongKeys

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
    parts = [part for part in privileges.emails_in_parts() if part is not None]
    if search and (by_id := privileges.emails().filter(messageid__in=message_ids(search))).exists():
        parts, search = [by_id], None
    found = [email for part in parts for email in _latest(part, search, mailbox)[:limit]]
    return sorted(found, key=lambda email: (moment_of(email), email.pk), reverse=True)[:limit]


def in_order(rows: QuerySet[Email]) -> QuerySet[Email]:
    """Return e-mails with ``newest``, by which lists of them are ordered along an index."""
    return rows.annotate(newest=Coalesce("receivedon", "senton", "createdon"))


def moment_of(email: Email) -> datetime:
    """Return when an e-mail came in, otherwise was sent, otherwise written: its place in lists."""
    return email.receivedon or email.senton or email.createdon


def _latest(rows: QuerySet[Email], search: str | None, mailbox: Mailbox | None) -> QuerySet[Email]:
    found: QuerySet[Email] = searching.narrow(in_order(rows).defer("description"), search)
    if mailbox is not None:
        traces = MessageTrace.objects.filter(mailboxid=mailbox, activityid__isnull=False)
        found = found.filter(AmongKeys(traces.values("activityid")))
    return found.order_by(F("newest").desc(), "-pk")


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
