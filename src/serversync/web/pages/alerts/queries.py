"""Reads the open alerts and the names of what they are about."""

from dataclasses import dataclass
from typing import Final

from django.core.paginator import Page, Paginator
from django.http import QueryDict

from serversync.administration import privileges
from serversync.crm.models import EmailServerProfile, Mailbox, TraceLog

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An open alert; ``target`` is the name of the mailbox or profile, empty where it is about the whole program."""

    alert: TraceLog
    target: str


def list_alerts(query: QueryDict) -> tuple[list[AlertRow], "Page[TraceLog]"]:
    """Read a page of the open alerts, the worst and latest first."""
    found = privileges.alerts().filter(resolvedon=None).order_by("-level", "-laston", "pk")
    page = Paginator(found, PAGE_SIZE).get_page(query.get("page"))
    about = [alert.regardingobjectid for alert in page if alert.regardingobjectid is not None]
    names = dict(Mailbox.objects.filter(pk__in=about).values_list("pk", "name"))
    names |= dict(EmailServerProfile.objects.filter(pk__in=about).values_list("pk", "name"))
    rows = [
        AlertRow(alert, names.get(alert.regardingobjectid, "") if alert.regardingobjectid else "")
        for alert in page
    ]
    return rows, page
