"""The system views of the list of mailboxes: the same for its page, for bulk acts on a whole view, and for counts.

The four states of the overview part the active mailboxes: each is in exactly one of healthy, waiting, failing and
never tested.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now

from serversync.administration import actor as actors
from serversync.administration import privileges
from serversync.crm.models import EmailServerProfile, Mailbox
from serversync.crm.models.options import EmailRouterAccessApproval, StateCode, TestResult

_ACTIVE: Final = Q(statecode=StateCode.ACTIVE)
_TESTED_WELL: Final = _ACTIVE & Q(mailboxstatus=TestResult.SUCCESS)
_GOES_ON: Final = Q(
    enabledforincomingemail=True,
    transientfailurecount=0,
    emailrouteraccessapproval=EmailRouterAccessApproval.APPROVED,
    nextpasson__isnull=False,
)


@dataclass(frozen=True, slots=True)
class SystemView:
    """One view: its title, and what the mailboxes in it have in common."""

    title: str
    condition: Q
    own: bool = False


VIEWS: Final[Mapping[str, SystemView]] = {
    "active": SystemView("Active Mailboxes", _ACTIVE),
    "my": SystemView("My Active Mailboxes", _ACTIVE, own=True),
    "pending": SystemView(
        "Active Mailboxes Pending Email Approval",
        _ACTIVE & Q(emailrouteraccessapproval=EmailRouterAccessApproval.PENDING_APPROVAL),
    ),
    "rejected": SystemView(
        "Active Mailboxes with Rejected Email",
        _ACTIVE & Q(emailrouteraccessapproval=EmailRouterAccessApproval.REJECTED),
    ),
    "failing": SystemView("Mailboxes with Errors", _ACTIVE & Q(mailboxstatus=TestResult.FAILURE)),
    "untested": SystemView("Never Tested", _ACTIVE & Q(mailboxstatus=TestResult.NOT_RUN)),
    "waiting": SystemView("Waiting", _TESTED_WELL & ~_GOES_ON),
    "healthy": SystemView("Healthy", _TESTED_WELL & _GOES_ON),
    "users": SystemView("Active User Mailboxes", _ACTIVE & Q(regardingobjecttypecode="systemuser")),
    "queues": SystemView("Active Queue Mailboxes", _ACTIVE & Q(regardingobjecttypecode="queue")),
    "inactive": SystemView("Inactive Mailboxes", Q(statecode=StateCode.INACTIVE)),
    "all": SystemView("All Mailboxes", Q()),
}
"""Every view by its word in addresses; the first is the default."""
DEFAULT: Final = "active"
STATES: Final = ("healthy", "waiting", "failing", "untested")
"""The views that part the active mailboxes."""


def select(view: str = DEFAULT, *, search: str = "", profile: str = "") -> QuerySet[Mailbox]:
    """Return the mailboxes of a view that the actor may read.

    Args:
        view: Word of a view; an unknown one means the default.
        search: Every word must occur in the name, the address or the name of the profile.
        profile: Only those of the profile with this id.
    """
    chosen = VIEWS.get(view, VIEWS[DEFAULT])
    rows = privileges.mailboxes().filter(chosen.condition)
    if chosen.own:
        user = actors.current().user
        rows = rows.filter(Q(ownerid=user) | Q(regardingobjectid=user.pk)) if user else rows.none()
    if profile:
        rows = rows.filter(emailserverprofile_id=profile)
    for word in search.split():
        profiles = EmailServerProfile.objects.filter(name__icontains=word).values("pk")
        rows = rows.filter(
            Q(name__icontains=word) | Q(emailaddress__icontains=word) | Q(emailserverprofile__in=profiles)
        )
    return rows


def count_states() -> dict[str, int]:
    """Return how many active mailboxes are in each state, of those that the actor may read, in one query."""
    counted = {word: Count("pk", filter=VIEWS[word].condition) for word in STATES}
    found = privileges.mailboxes().filter(_ACTIVE).aggregate(**counted)
    return {word: found[word] for word in STATES}


def late() -> QuerySet[Mailbox]:
    """Return mailboxes that are due and that nobody has taken, longest waiting first."""
    rows = privileges.mailboxes().filter(_ACTIVE, enabledforincomingemail=True, nextpasson__lt=Now())
    return rows.filter(Q(leaseuntil__isnull=True) | Q(leaseuntil__lt=Now())).order_by(F("nextpasson").asc())
