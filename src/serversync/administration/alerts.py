"""Alerts: what went wrong (or well), of which mailbox, and what to do; and raising those of tests by hand."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from serversync.administration import audit, privileges
from serversync.core import clock
from serversync.core.errors import InputInvalid, RecordNotFound, ServiceError, TrackedFolderMissing
from serversync.crm.models import EmailServerProfile, Mailbox, MailboxTrackingFolder, Organization, TraceLog
from serversync.crm.models.mailboxtrackingfolder import FolderOnboardingStatus
from serversync.crm.models.tracelog import TraceLevel
from serversync.crm.privileges import Privilege

LEVELS: Final = {
    "information": TraceLevel.INFORMATION,
    "warning": TraceLevel.WARNING,
    "error": TraceLevel.ERROR,
}
"""How serious an alert is, by the word for it."""

TEST_SUCCEEDED: Final = "mailbox.test-succeeded"
_OF_THE_MAILBOX: Final = "mailbox"
_OF_ITS_MAILBOXES: Final = "mailboxes of the profile"


def find_all(
    *, mailbox: Mailbox | None = None, level: str | None = None, healed: bool = False, limit: int = 100
) -> list[TraceLog]:
    """Return alerts, latest first.

    Args:
        mailbox: Only those of this mailbox.
        level: Only those of this level, a word of ``LEVELS``.
        healed: Also those that are over.
        limit: At most so many.

    Raises:
        InputInvalid: there is no such level.
    """
    rows: QuerySet[TraceLog] = privileges.alerts().order_by("-laston")
    if mailbox is not None:
        rows = rows.filter(regardingobjectid=mailbox.pk)
    if level is not None:
        wanted = LEVELS.get(level.lower())
        if wanted is None:
            raise InputInvalid(field="Level", reason=f"{level!r} is not one of {', '.join(LEVELS)}")
        rows = rows.filter(level=wanted)
    if not healed:
        rows = rows.filter(resolvedon=None)
    return list(rows[:limit])


def addresses_of(alerts: list[TraceLog]) -> dict[str, str]:
    """Return the addresses of the mailboxes that alerts are about, by id."""
    keys = {one.regardingobjectid for one in alerts if one.regardingobjectid is not None}
    rows = Mailbox.objects.filter(pk__in=keys).values_list("pk", "emailaddress")
    return {str(key): address or "" for key, address in rows}


def of_mailboxes(keys: Iterable[UUID]) -> dict[UUID, dict[str, TraceLog]]:
    """Return the open errors of some mailboxes, by mailbox and code, the latest last; of those that may be read."""
    found: dict[UUID, dict[str, TraceLog]] = {}
    rows = privileges.alerts().filter(
        regardingobjectid__in=list(keys), resolvedon=None, level=TraceLevel.ERROR
    )
    for row in rows.order_by("laston"):
        if row.regardingobjectid is not None:
            found.setdefault(row.regardingobjectid, {})[row.code] = row
    return found


def find(reference: str) -> TraceLog:
    """Return an alert by its id.

    Raises:
        RecordNotFound: there is none, or the actor may not read it.
    """
    try:
        found = privileges.alerts().filter(pk=UUID(reference.strip())).first()
    except ValueError:
        found = None
    if found is None:
        raise RecordNotFound(kind="alert", name=reference)
    return found


def dismiss(alerts: Sequence[TraceLog]) -> int:
    """Close alerts by hand, and return how many were open; one whose cause goes on opens anew.

    Raises:
        PrivilegeMissing: the actor may not dismiss one of them.
    """
    actor = privileges.require_for(Privilege.DELETE_ALERT, alerts)
    closed = 0
    with transaction.atomic(), audit.changes("alert.dismiss", alerts):
        for alert in alerts:
            if alert.resolvedon is None:
                alert.resolvedon = clock.now()
                alert.dismissedby = actor.user
                alert.save(update_fields=["resolvedon", "dismissedby", "modifiedon"])
                closed += 1
    return closed


def mute(alerts: Sequence[TraceLog], *, muted: bool = True) -> None:
    """Take open alerts off the wall until they get worse (see ``is_muted``), or put them back.

    Raises:
        PrivilegeMissing: the actor may not do it to one of them.
    """
    privileges.require_for(Privilege.DELETE_ALERT, alerts)
    with transaction.atomic(), audit.changes("alert.mute" if muted else "alert.unmute", alerts):
        for alert in alerts:
            alert.mutedlevel = alert.level if muted else None
            alert.mutedoccurrences = alert.occurrences if muted else None
            alert.save(update_fields=["mutedlevel", "mutedoccurrences", "modifiedon"])


def muted() -> Q:
    """Return the condition of an alert that is muted and has not got worse.

    Worse is a higher level, or ten times as many occurrences as when it was muted. An alert that heals and breaks
    again is a new one, and not muted.
    """
    return (
        Q(mutedlevel__isnull=False)
        & Q(level__lte=F("mutedlevel"))
        & Q(occurrences__lt=F("mutedoccurrences") * 10)
    )


def close_mended_folders() -> int:
    """Close the alerts about tracked folders of mailboxes that miss none any more; return how many.

    Somebody has chosen the folder anew, or wants it no longer. Called by the worker's housekeeping.
    """
    missing = MailboxTrackingFolder.objects.filter(
        mailboxid=OuterRef("regardingobjectid"), folderonboardingstatus=FolderOnboardingStatus.MISSING
    )
    told = TraceLog.objects.filter(code=TrackedFolderMissing.code, resolvedon__isnull=True)
    return told.exclude(Exists(missing)).update(resolvedon=clock.now())


def clear_away(organization: Organization) -> int:
    """Delete alerts that are older than the organization keeps them, open errors excepted; return how many.

    Called by the worker's housekeeping; nobody in particular acts.
    """
    oldest = clock.now() - timedelta(days=organization.tracelogpersistencetimeindays)
    old = TraceLog.objects.filter(laston__lt=oldest)
    return old.filter(Q(resolvedon__isnull=False) | Q(level=TraceLevel.INFORMATION)).delete()[0]


def tell_failure(mailbox: Mailbox, error: ServiceError) -> None:
    """Tell the owner that a test failed, where error alerts are wanted; the praise of an earlier one is over."""
    _open(mailbox).filter(code=TEST_SUCCEEDED).update(resolvedon=clock.now())
    if not Organization.objects.current().generatealertsforerrors:
        return
    _raise(mailbox, TraceLevel.ERROR, error.code, f"{mailbox.emailaddress}: {error}", error.remedy_text)
    profile = mailbox.emailserverprofile
    if profile is not None:
        text = f"Mailboxes of {profile.name} failed their test; the latest is {mailbox.emailaddress}: {error}"
        _raise(profile, TraceLevel.ERROR, error.code, text, error.remedy_text)


def tell_success(mailbox: Mailbox, text: str) -> None:
    """Close the open alerts about the mailbox as a whole, and tell the owner, where information is wanted.

    What the profile's owner was told of it is over when no mailbox of the profile has the trouble any more.
    """
    _open(mailbox).filter(errortypedisplay=_OF_THE_MAILBOX).exclude(code=TEST_SUCCEEDED).update(
        resolvedon=clock.now()
    )
    if mailbox.emailserverprofile is not None:
        _heal_profile(mailbox.emailserverprofile)
    if Organization.objects.current().generatealertsforinformation:
        _raise(mailbox, TraceLevel.INFORMATION, TEST_SUCCEEDED, text, "")


def _heal_profile(profile: EmailServerProfile) -> None:
    told = _open(profile).filter(errortypedisplay=_OF_ITS_MAILBOXES)
    if not told.exists():
        return
    boxes = Mailbox.objects.filter(emailserverprofile=profile).values("pk")
    still = TraceLog.objects.filter(regardingobjectid__in=boxes, resolvedon=None).values("code")
    told.exclude(code__in=still).update(resolvedon=clock.now())


def _open(target: Mailbox | EmailServerProfile) -> QuerySet[TraceLog]:
    return TraceLog.objects.filter(regardingobjectid=target.pk, resolvedon=None)


def _raise(
    target: Mailbox | EmailServerProfile, level: TraceLevel, code: str, text: str, remedy: str
) -> None:
    """Count the open alert of this cause once more, or open one."""
    said = {"level": level, "text": text[:2000], "errordetails": remedy[:2048]}
    again = {"occurrences": F("occurrences") + 1, "laston": clock.now(), "modifiedon": clock.now()}
    if _open(target).filter(code=code).update(**said, **again):
        return
    try:
        with transaction.atomic():
            TraceLog.objects.create(
                **said,
                code=code,
                regardingobjectid=target.pk,
                regardingobjecttypecode=target._meta.db_table,  # noqa: SLF001 - the documented way
                regardingobjectownerid=target.ownerid,
                errortypedisplay=_OF_THE_MAILBOX if isinstance(target, Mailbox) else _OF_ITS_MAILBOXES,
            )
    except IntegrityError:  # a worker opened it in between
        _open(target).filter(code=code).update(**said, **again)
