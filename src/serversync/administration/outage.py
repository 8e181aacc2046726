"""Notices when more than half of a profile's mailboxes failed within an hour, and when that is over.

It is said once, as an error alert for the profile's owner, and once more when it is over, as information. Profiles
whose ``sendemailalert`` is set are watched; the e-mail itself waits for outgoing mail (see the decision on it).
"""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count, Q

from serversync.core import clock
from serversync.crm.models import EmailServerProfile, TraceLog
from serversync.crm.models.options import StateCode, TestResult
from serversync.crm.models.tracelog import TraceLevel

WITHIN: Final = timedelta(hours=1)
MANY_FAILING: Final = "profile.many-failing"
RECOVERED: Final = "profile.recovered"


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
        return MANY_FAILING if is_out else RECOVERED
