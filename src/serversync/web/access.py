"""Which rows somebody may see: a superuser all of them, everybody else what belongs to the own mailboxes.

Own mail is what the person owns or what was tracked out of an own mailbox; being named as a recipient is not enough,
because anybody can write any name into a message.
"""

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from serversync.crm.models import Email, Mailbox, MessageTrace, SystemUser, TraceLog


def viewer(request: HttpRequest) -> SystemUser:
    """Return who is logged in.

    Raises:
        TypeError: nobody is; the middleware has let a page through that it should not have.
    """
    if not isinstance(request.user, SystemUser):
        raise TypeError("this page needs somebody who is logged in")
    return request.user


def mailboxes(user: SystemUser) -> QuerySet[Mailbox]:
    """Return the mailboxes that the user may see."""
    if user.is_superuser:
        return Mailbox.objects.all()
    return Mailbox.objects.filter(Q(regardingobjectid=user.systemuserid) | Q(ownerid=user))


def emails(user: SystemUser) -> QuerySet[Email]:
    """Return the e-mails that the user may see."""
    if user.is_superuser:
        return Email.objects.all()
    tracked = MessageTrace.objects.filter(mailboxid__in=mailboxes(user), activityid__isnull=False)
    return Email.objects.filter(Q(ownerid=user) | Q(activityid__in=tracked.values("activityid")))


def alerts(user: SystemUser) -> QuerySet[TraceLog]:
    """Return the alerts that the user may see, open and resolved."""
    if user.is_superuser:
        return TraceLog.objects.all()
    own = mailboxes(user).values("mailboxid")
    return TraceLog.objects.filter(Q(regardingobjectownerid=user) | Q(regardingobjectid__in=own))
