"""Notices when more than half of a profile's mailboxes failed within an hour, and when that is over.

It is said once, as an error alert and an e-mail to the profile's owner, and once more when it is over, as information.
Profiles whose ``sendemailalert`` is set are watched. The e-mail leaves through the owner's own mailbox if that works, otherwise
through any that does, of this or another profile; where none works it waits like every e-mail, and the alert is there.
"""

from datetime import timedelta
from html import escape
from typing import Final

from django.db import transaction
from django.db.models import Count, Q

from serversync.administration import actor as actors
from serversync.administration import composing, senders, sending
from serversync.core import clock
from serversync.crm.models import EmailServerProfile, Mailbox, SystemUser, TraceLog
from serversync.crm.models.options import OutgoingEmailDeliveryMethod, StateCode, TestResult
from serversync.crm.models.tracelog import TraceLevel

WITHIN: Final = timedelta(hours=1)
MANY_FAILING: Final = "profile.many-failing"
RECOVERED: Final = "profile.recovered"
_LONGEST_SUBJECT: Final = 200
_TRIED: Final = 20


def watch() -> list[str]:
    """Look at every watched profile; return the codes of what was said, for the log. Nobody in particular acts."""
    since = clock.now() - WITHIN
    of_profile = Q(
        mailboxes__statecode=StateCode.ACTIVE, mailboxes__incomingemailstatus__gt=TestResult.NOT_RUN
    )
    failed = of_profile & Q(
        mailboxes__mailboxstatus=TestResult.FAILURE, mailboxes__lastsyncerroroccurredon__gte=since
    )
    rows = EmailServerProfile.objects.filter(sendemailalert=True, statecode=StateCode.ACTIVE).annotate(
        tested=Count("mailboxes", filter=of_profile), failing=Count("mailboxes", filter=failed)
    )
    said = []
    for profile in rows:
        is_out = profile.failing * 2 > profile.tested
        if code := _say(profile, failing=profile.failing, tested=profile.tested, is_out=is_out):
            said.append(code)
    return said


def _say(profile: EmailServerProfile, *, failing: int, tested: int, is_out: bool) -> str | None:
    with transaction.atomic():
        EmailServerProfile.objects.select_for_update().get(pk=profile.pk)
        alert = TraceLog.objects.filter(
            regardingobjectid=profile.pk, code=MANY_FAILING, resolvedon=None
        ).first()
        if is_out == (alert is not None):
            return None
        now = clock.now()
        if alert is not None:
            alert.resolvedon = now
            alert.save(update_fields=["resolvedon", "modifiedon"])
        TraceLog.objects.filter(regardingobjectid=profile.pk, code=RECOVERED, resolvedon=None).update(
            resolvedon=now
        )
        text = (
            f"{failing} of {tested} mailboxes of {profile.name} failed within the last hour."
            if is_out
            else f"Most mailboxes of {profile.name} synchronize again: {failing} of {tested} failed within the last hour."
        )
        TraceLog.objects.create(
            level=TraceLevel.ERROR if is_out else TraceLevel.INFORMATION,
            code=MANY_FAILING if is_out else RECOVERED,
            text=text,
            errordetails="Open the profile, choose 'Test Connection', and repair the first step that fails."
            if is_out
            else "",
            errortypedisplay="profile",
            regardingobjectid=profile.pk,
            regardingobjecttypecode="emailserverprofile",
            regardingobjectownerid=profile.ownerid,
        )
        _tell_by_email(profile, text)
        return MANY_FAILING if is_out else RECOVERED


def _tell_by_email(profile: EmailServerProfile, text: str) -> None:
    owner = profile.ownerid
    address = profile.owneremailaddress or (owner.internalemailaddress if owner else None)
    sender = _messenger(owner)
    if not address or sender is None:
        return
    subject = f"serversync: {text.split(':', maxsplit=1)[0].rstrip('.')}"[:_LONGEST_SUBJECT]
    with actors.acting(actors.INSTALLATION):
        email = composing.compose(
            {
                "sender": sender.emailaddress or "",
                "to": [address],
                "subject": subject,
                "body": f"<p>{escape(text)}</p><p>Open the profile, choose 'Test Connection', and see the alerts.</p>",
                "importance": "high",
            }
        )
        sending.send(email, to_strangers=True)


def _messenger(owner: SystemUser | None) -> Mailbox | None:
    """Return the mailbox through which the e-mail leaves: one that works, the owner's own first."""
    able = Mailbox.objects.filter(
        statecode=StateCode.ACTIVE,
        enabledforoutgoingemail=True,
        outgoingemaildeliverymethod=OutgoingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
        emailserverprofile__statecode=StateCode.ACTIVE,
        isforwardmailbox=False,
    ).exclude(emailaddress=None)
    own = Q(pk=owner.defaultmailbox_id) if owner else Q(pk=None)
    works = Q(mailboxstatus=TestResult.SUCCESS)
    for condition in (own & works, works, own, Q()):
        for mailbox in able.filter(condition).order_by("emailaddress")[:_TRIED]:
            if not senders.obstacle_of(mailbox):
                return mailbox
    return None
