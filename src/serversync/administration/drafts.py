"""Changing an e-mail that was written and not sent yet."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db import transaction

from serversync.administration import actor as actors
from serversync.administration import addresses, audit, composing, plain_text, privileges, senders
from serversync.administration.composing import MessageEntries
from serversync.core.errors import InputInvalid
from serversync.crm.models import ActivityMimeAttachment, ActivityParty, Email, EmailDelivery
from serversync.crm.models.activityparty import ParticipationTypeMask
from serversync.crm.models.email import EmailStatus
from serversync.crm.models.emaildelivery import DeliveryStage
from serversync.crm.privileges import Privilege

_QUOTED: Final = "<hr><p>From: "
"""How the earlier message begins that an answer has below its text."""
_PARTS: Final = {
    "to": ParticipationTypeMask.TO_RECIPIENT,
    "cc": ParticipationTypeMask.CC_RECIPIENT,
    "bcc": ParticipationTypeMask.BCC_RECIPIENT,
}


def may_be_edited(email: Email) -> bool:
    """Tell whether an e-mail is a draft of which nothing is in Exchange yet."""
    if not email.directioncode or email.statuscode != EmailStatus.DRAFT:
        return False
    return not EmailDelivery.objects.filter(pk=email.pk, stage__gt=DeliveryStage.WAITING).exists()


def begin(email: Email) -> MessageEntries:
    """Return what a draft has, for a form; ``body`` is plain text, and missing where it was not written as such."""
    words = {int(number): word for word, number in composing.IMPORTANCE.items()}
    found = MessageEntries(
        sender=email.sender or "",
        subject=email.subject or "",
        importance=words.get(email.prioritycode, "normal"),
        send_later=email.delayedemailsendtime,
    )
    parties = list(ActivityParty.objects.filter(activityid=email))
    for name, part in _PARTS.items():
        found[name] = [  # type: ignore[literal-required]  # the three names of recipients
            addresses.written(one.unresolvedpartyname or "", one.addressused or "")
            for one in parties
            if one.participationtypemask == part
        ]
    text = plain_text.from_html(_own(email))
    if text is not None:
        found["body"] = text
    return found


def edit(email: Email, values: MessageEntries, *, without: Collection[UUID] = ()) -> Email:
    """Change a draft; files are added to those that it has.

    Args:
        email: The draft.
        values: Everything that is entered; without ``body`` the body stays. An earlier message below it stays always.
        without: Files that shall not go along any more.

    Raises:
        InputInvalid: it is no draft, it is half in Exchange already, or a value cannot be used.
        RecordNotFound: nobody has the sender's address.
        PrivilegeMissing: who acts may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [email])
    with transaction.atomic():
        row = Email.objects.select_for_update().get(pk=email.pk)
        if not may_be_edited(row):
            raise InputInvalid(
                field="E-mail", reason="it is no draft any more, or sending has begun once: write a new one"
            )
        with audit.changes("email.edit", [row]):
            sender = senders.find(values.get("sender", ""), actors.current())
            body = values["body"] + _earlier(row) if "body" in values else row.description or ""
            composing.fill(row, {**values, "body": body}, sender)
            composing.replace_parties(row, values, sender)
            row.save()
            ActivityMimeAttachment.objects.filter(activityid=row, pk__in=list(without)).delete()
            composing.attach(row, values.get("files", ()))
    return row


def _own(email: Email) -> str:
    """Return the part of a body that was written for this e-mail."""
    return (email.description or "").partition(_QUOTED)[0]


def _earlier(email: Email) -> str:
    """Return the earlier message below it, as it stands."""
    _, mark, rest = (email.description or "").partition(_QUOTED)
    return mark + rest
