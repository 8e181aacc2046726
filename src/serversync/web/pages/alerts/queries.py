"""Reads the alerts and the names of what they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.http import QueryDict

from serversync.administration import alerts, privileges
from serversync.crm.models import EmailServerProfile, Mailbox, TraceLog
from serversync.web.keyset import KeysetPage, Position, read_page

PAGE_SIZE: Final = 50
SHOWN: Final = {
    "open": "Open",
    "error": "Errors",
    "warning": "Warnings",
    "information": "Information",
    "muted": "Muted",
    "over": "Over",
}
"""What the wall can be narrowed to, by the word in the address."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert; ``target`` is the name of the mailbox or profile, empty where it is about the whole program."""

    alert: TraceLog
    target: str


def list_alerts(query: QueryDict) -> tuple[list[AlertRow], KeysetPage[TraceLog]]:
    """Read a page of the alerts that ``show``, ``about`` and the place ask for, latest first."""
    page = read_page(
        narrowed(query),
        query,
        column="laston",
        position=lambda row: Position(row.laston, row.tracelogid),
        size=PAGE_SIZE,
    )
    return with_targets(page.rows), page


def narrowed(query: QueryDict) -> QuerySet[TraceLog]:
    """Return the alerts that an address asks for."""
    rows = privileges.alerts()
    word = query.get("show", "open")
    if word == "over":
        rows = rows.filter(resolvedon__isnull=False)
    elif word == "muted":
        rows = rows.filter(alerts.muted(), resolvedon=None)
    else:
        rows = rows.filter(resolvedon=None).exclude(alerts.muted())
        if word in alerts.LEVELS:
            rows = rows.filter(level=alerts.LEVELS[word])
    return rows


def with_targets(rows: Sequence[TraceLog]) -> list[AlertRow]:
    """Return alerts with the names of what they are about, in two queries."""
    about = [alert.regardingobjectid for alert in rows if alert.regardingobjectid is not None]
    names = dict(Mailbox.objects.filter(pk__in=about).values_list("pk", "name"))
    names |= dict(EmailServerProfile.objects.filter(pk__in=about).values_list("pk", "name"))
    return [
        AlertRow(alert, names.get(alert.regardingobjectid, "") if alert.regardingobjectid else "")
        for alert in rows
    ]
