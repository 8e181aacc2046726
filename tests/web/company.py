"""A small company with mail: Dora administrates, Ada and Ben each have a mailbox with mail of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.test import Client

from serversync.crm.models import (
    ActivityMimeAttachment,
    ActivityParty,
    Attachment,
    Email,
    EmailServerProfile,
    Mailbox,
    MessageTrace,
    SystemUser,
    TraceLog,
)

FIRST_RECEIVED = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def mailbox_of(user: SystemUser) -> Mailbox:
    return Mailbox.objects.get(regardingobjectid=user.systemuserid)


def logged_in(user: SystemUser) -> Client:
    client = Client()
    client.force_login(user)
    return client


def track(box: Mailbox, subject: str, *, number: int = 0, html: str = "<p>Hello</p>") -> Email:
    """Put an e-mail into the CRM as a pass over the mailbox does."""
    received = FIRST_RECEIVED + timedelta(minutes=number)
    email = Email.objects.create(
        subject=subject,
        description=html,
        directioncode=False,
        statecode=1,
        statuscode=4,
        sender="grete@harbour-coffee.example",
        torecipients=box.emailaddress,
        receivedon=received,
        senton=received,
        receivingmailboxid=box,
        ownerid=box.ownerid,
    )
    MessageTrace.objects.create(
        mailboxid=box, itemkey=uuid4(), subject=subject, receivedon=received, outcome=1, activityid=email
    )
    ActivityParty.objects.create(
        activityid=email, participationtypemask=1, addressused=email.sender, unresolvedpartyname="Grete"
    )
    return email


def attach(
    email: Email, content: bytes, name: str, *, mimetype: str = "text/plain", content_id: str | None = None
) -> ActivityMimeAttachment:
    blob = Attachment.objects.create(body=content, filesize=len(content), mimetype=mimetype)
    return ActivityMimeAttachment.objects.create(
        activityid=email,
        attachmentid=blob,
        filename=name,
        mimetype=mimetype,
        filesize=len(content),
        attachmentcontentid=content_id,
        isinline=content_id is not None,
    )


@dataclass
class Company:
    dora: SystemUser
    ada: SystemUser
    ben: SystemUser
    of_ada: Email
    of_ben: Email
    alert_of_ada: TraceLog
    alert_of_ben: TraceLog


def found() -> Company:
    """Put the company into the database."""
    profile = EmailServerProfile.objects.create(name="Main Exchange", useautodiscover=True)
    dora = SystemUser.objects.create_superuser("dora", fullname="Dora")
    people = [
        SystemUser.objects.create_user(
            name, "a long password", fullname=name.title(), internalemailaddress=f"{name}@example.org"
        )
        for name in ("ada", "ben")
    ]
    Mailbox.objects.update(emailserverprofile=profile)
    ada, ben = people
    alerts = [
        TraceLog.objects.create(
            level=3,
            text=f"Trouble of {user.fullname}",
            errordetails="Unlock the account.",
            code="exchange.unreachable",
            regardingobjectid=mailbox_of(user).pk,
            regardingobjecttypecode="mailbox",
            regardingobjectownerid=user,
        )
        for user in people
    ]
    return Company(
        dora,
        ada,
        ben,
        track(mailbox_of(ada), "Offer for Ada"),
        track(mailbox_of(ben), "Secret of Ben", number=1),
        *alerts,
    )
