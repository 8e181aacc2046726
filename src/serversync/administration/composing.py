"""Writing e-mails: new ones, answers, and forwards of others. They are drafts until they are sent.

An answer is tied to what it answers by In-Reply-To and conversation index, and keeps what it is about (regarding).
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from secrets import randbits
from typing import Final, TypedDict

from django.db import transaction
from django.db.models import Max

from serversync.administration import addresses, audit, emails, entries, privileges, senders
from serversync.core import clock
from serversync.core.errors import InputInvalid
from serversync.crm.models import ActivityMimeAttachment, ActivityParty, Attachment, Email, Mailbox
from serversync.crm.models.activityparty import ParticipationTypeMask
from serversync.crm.models.email import EmailState, EmailStatus
from serversync.crm.models.options import Priority
from serversync.crm.privileges import Privilege
from serversync.rules.email.correlation import conversation_base_hash
from serversync.rules.email.threading import new_index, ties_to

IMPORTANCE: Final = {"low": Priority.LOW, "normal": Priority.NORMAL, "high": Priority.HIGH}
"""What can be chosen, by the word for it."""
_REPLY, _FORWARD = "Re: ", "Fw: "
_LONGEST_SUBJECT: Final = 800


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to go along; with ``content_id`` the body shows it (``cid:...``)."""

    name: str
    content: bytes
    content_type: str = "application/octet-stream"
    content_id: str = ""


class MessageEntries(TypedDict, total=False):
    """What a person enters; ``sender`` is the address of a user or queue, ``body`` is HTML.

    Recipients are addresses, with or without a name (``Ada <ada@example.org>``); ``importance`` is a word of
    ``IMPORTANCE``; ``send_later`` is when it shall leave at the earliest.
    """

    sender: str
    to: Sequence[str]
    cc: Sequence[str]
    bcc: Sequence[str]
    subject: str
    body: str
    files: Sequence[NewFile]
    importance: str
    read_receipt: bool
    delivery_receipt: bool
    send_later: datetime | None


def compose(values: MessageEntries) -> Email:
    """Write a draft.

    Raises:
        InputInvalid: a value cannot be used.
        RecordNotFound: nobody has the sender's address.
        PrivilegeMissing: who acts may not write e-mails.
    """
    return _draft(values, parent=None)


def reply(reference: str, values: MessageEntries, *, to_all: bool = False) -> Email:
    """Write a draft that answers an e-mail; recipients, subject and quoted body come from it unless they are given.

    Raises:
        InputInvalid: a value cannot be used.
        RecordNotFound: there is no such e-mail.
        PrivilegeMissing: who acts may not write e-mails, or not read this one.
    """
    parent = emails.show(reference)
    filled = _answering(parent, values.get("sender") or _addressee(parent), to_all=to_all)
    filled["body"] = _quoted(values.get("body", ""), parent.email)
    given: MessageEntries = {**values}
    given.pop("body", None)
    return _draft({**filled, **given, "sender": filled["sender"]}, parent=parent.email, is_reply=True)


def begin_reply(reference: str, *, to_all: bool = False) -> MessageEntries:
    """Return what an answer begins with, for a form: sender, recipients and subject.

    Raises:
        RecordNotFound: there is no such e-mail.
    """
    parent = emails.show(reference)
    return _answering(parent, _addressee(parent), to_all=to_all)


def begin_forward(reference: str) -> MessageEntries:
    """Return what a forward begins with, for a form: sender and subject.

    Raises:
        RecordNotFound: there is no such e-mail.
    """
    parent = emails.show(reference)
    return {"sender": _addressee(parent), "subject": _prefixed(_FORWARD, parent.email.subject)}


def _answering(parent: emails.EmailDetails, sender: str, *, to_all: bool) -> MessageEntries:
    own = {sender.lower()} if sender else set()
    first = ParticipationTypeMask.TO_RECIPIENT if parent.email.directioncode else ParticipationTypeMask.SENDER
    to = [p for p in parent.parties if p.participationtypemask == first]
    cc: list[ActivityParty] = []
    if to_all:
        to += [p for p in parent.parties if p.participationtypemask == ParticipationTypeMask.TO_RECIPIENT]
        cc = [p for p in parent.parties if p.participationtypemask == ParticipationTypeMask.CC_RECIPIENT]
    return {
        "sender": sender,
        "to": _written(to, but=own),
        "cc": _written(cc, but=own),
        "subject": _prefixed(_REPLY, parent.email.subject),
    }


def forward(reference: str, values: MessageEntries) -> Email:
    """Write a draft that passes an e-mail on, with its files.

    Raises:
        InputInvalid: a value cannot be used.
        RecordNotFound: there is no such e-mail.
        PrivilegeMissing: who acts may not write e-mails, or not read this one.
    """
    parent = emails.show(reference)
    filled: MessageEntries = {
        "subject": _prefixed(_FORWARD, parent.email.subject),
        "body": _quoted(values.get("body", ""), parent.email),
    }
    given: MessageEntries = {**values}
    given.pop("body", None)
    if not given.get("sender") and (sender := _addressee(parent)):
        given["sender"] = sender
    email = _draft({**filled, **given}, parent=parent.email, is_reply=False)
    for file in parent.attachments:
        file.pk = None
        file._state.adding = True  # noqa: SLF001 - Django's documented way to copy a row
        file.activityid = email
        file.save()
    Email.objects.filter(pk=email.pk).update(
        attachmentcount=ActivityMimeAttachment.objects.filter(activityid=email).count()
    )
    email.refresh_from_db()
    return email


def _draft(values: MessageEntries, *, parent: Email | None, is_reply: bool = False) -> Email:
    acting = privileges.require(Privilege.CREATE_ACTIVITY)
    sender = senders.find(values.get("sender", ""), acting)
    now = clock.now()
    email = Email(
        directioncode=True, statecode=EmailState.OPEN, statuscode=EmailStatus.DRAFT, mimetype="text/html"
    )
    email.ownerid = acting.user or senders.person_behind(sender)
    fill(email, values, sender)
    _tie(email, parent, is_reply=is_reply, now=now)
    parties = _parties(email, values, sender)
    with transaction.atomic():
        email.save()
        ActivityParty.objects.bulk_create(parties)
        attach(email, values.get("files", ()))
        audit.created("email.compose", email)
    return email


def fill(email: Email, values: MessageEntries, sender: Mailbox) -> None:
    """Put what was entered into the columns of a draft.

    Raises:
        InputInvalid: a value cannot be used.
    """
    email.subject = (
        entries.text(values["subject"], "Subject", longest=_LONGEST_SUBJECT) if values.get("subject") else ""
    )
    email.description = values.get("body", "")
    email.sender = sender.emailaddress
    email.sendermailboxid = sender
    email.prioritycode = _importance(values.get("importance", "normal"))
    email.readreceiptrequested = values.get("read_receipt", False)
    email.deliveryreceiptrequested = values.get("delivery_receipt", False)
    email.delayedemailsendtime = values.get("send_later")


def replace_parties(email: Email, values: MessageEntries, sender: Mailbox) -> None:
    """Write who takes part in a draft anew.

    Raises:
        InputInvalid: a recipient is no address.
    """
    parties = _parties(email, values, sender)
    ActivityParty.objects.filter(activityid=email).delete()
    ActivityParty.objects.bulk_create(parties)


def _parties(email: Email, values: MessageEntries, sender: Mailbox) -> list[ActivityParty]:
    """Return who takes part, and put the first recipients into the draft's column for lists."""
    parts = (
        (ParticipationTypeMask.TO_RECIPIENT, values.get("to", ())),
        (ParticipationTypeMask.CC_RECIPIENT, values.get("cc", ())),
        (ParticipationTypeMask.BCC_RECIPIENT, values.get("bcc", ())),
    )
    parties = [(part, *addresses.parse(one)) for part, given in parts for one in given]
    known = addresses.resolve([address for _, _, address in parties])
    email.torecipients = ";".join(
        address for part, _, address in parties if part == ParticipationTypeMask.TO_RECIPIENT
    )[:500]
    first = _party(
        email,
        ParticipationTypeMask.SENDER,
        sender.name,
        sender.emailaddress or "",
        senders.record_of(sender),
    )
    return [
        first,
        *(_party(email, part, name, address, known.get(address.lower())) for part, name, address in parties),
    ]


def _tie(email: Email, parent: Email | None, *, is_reply: bool, now: datetime) -> None:
    """Tie the e-mail to the one that it answers, or let it begin a conversation."""
    index = new_index(now, email.activityid.bytes)
    if parent is not None:
        held = base64.b64decode(parent.conversationindex) if parent.conversationindex else b""
        ties = ties_to(
            parent.messageid, parent.inreplyto, held, is_reply=is_reply, now=now, noise=randbits(8)
        )
        email.parentactivityid = parent
        email.inreplyto = ties.in_reply_to[:320] if ties.in_reply_to else None
        email.regardingobjectid = parent.regardingobjectid
        email.regardingobjecttypecode = parent.regardingobjecttypecode
        index = ties.conversation_index or index
    email.conversationindex = base64.b64encode(index).decode()
    email.baseconversationindexhash = conversation_base_hash(index)


def _party(email: Email, part: int, name: str, address: str, record: addresses.Found | None) -> ActivityParty:
    return ActivityParty(
        activityid=email,
        participationtypemask=part,
        partyid=record.recordid if record else None,
        partyobjecttypecode=record.table if record else None,
        addressused=address[:320],
        unresolvedpartyname=name[:200] or None,
        donotemail=record.donotemail if record else False,
    )


def attach(email: Email, files: Sequence[NewFile]) -> None:
    """Put files behind those that a draft has.

    Raises:
        InputInvalid: the name of a file cannot be used.
    """
    there = ActivityMimeAttachment.objects.filter(activityid=email)
    last = there.aggregate(last=Max("attachmentnumber"))["last"] or 0
    for number, file in enumerate(files, start=last + 1):
        body = Attachment.objects.create(
            body=file.content, filesize=len(file.content), mimetype=file.content_type[:256]
        )
        ActivityMimeAttachment.objects.create(
            activityid=email,
            attachmentid=body,
            attachmentnumber=number,
            filename=entries.text(file.name, "Attachment", longest=255),
            mimetype=file.content_type[:256],
            attachmentcontentid=file.content_id[:250] or None,
            filesize=len(file.content),
            isinline=bool(file.content_id),
        )
    email.attachmentcount = there.count()
    Email.objects.filter(pk=email.pk).update(attachmentcount=email.attachmentcount)


def _importance(word: str) -> int:
    found = IMPORTANCE.get(word.strip().lower())
    if found is None:
        raise InputInvalid(field="Importance", reason=f"{word!r} is not one of {', '.join(IMPORTANCE)}")
    return int(found)


def _addressee(parent: emails.EmailDetails) -> str:
    """Return the address of ours to which an e-mail was sent, from which it is answered."""
    own = parent.email.receivingmailboxid
    if own is not None and own.emailaddress:
        return own.emailaddress
    return parent.email.sender or "" if parent.email.directioncode else ""


def _written(parties: Sequence[ActivityParty], *, but: set[str]) -> list[str]:
    found: dict[str, str] = {}
    for party in parties:
        address = party.addressused or ""
        if address and address.lower() not in but:
            found.setdefault(address.lower(), addresses.written(party.unresolvedpartyname or "", address))
    return list(found.values())


def _prefixed(prefix: str, subject: str | None) -> str:
    """Return the subject of an answer; what cannot be seen in a stranger's subject becomes a space."""
    plain = "".join([sign if sign.isprintable() else " " for sign in subject or ""]).strip()
    return (plain if plain.lower().startswith(prefix.strip().lower()) else f"{prefix}{plain}")[
        :_LONGEST_SUBJECT
    ]


def _quoted(body: str, parent: Email) -> str:
    """Return a body with the earlier message below it."""
    when = parent.senton or parent.receivedon or parent.createdon
    head = (
        f"<p>From: {escape(parent.sender or '')}<br>Sent: {when:%Y-%m-%d %H:%M} UTC<br>"
        f"To: {escape(parent.torecipients or '')}<br>Subject: {escape(parent.subject or '')}</p>"
    )
    return f"{body}<hr>{head}<blockquote>{parent.description or ''}</blockquote>"
