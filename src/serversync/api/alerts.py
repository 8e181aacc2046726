"""Alerts: what went wrong, and what to do about it."""

from typing import Final

from django.http import HttpRequest

from serversync.administration import alerts, documents, mailboxes
from serversync.api import parameters

_USUAL: Final = 100
_MOST: Final = 1000


def list_latest(request: HttpRequest) -> object:
    """Answer with alerts, latest first."""
    given = parameters.of(request, "mailbox", "level", "healed", "limit")
    mailbox = given.get("mailbox")
    found = alerts.find_all(
        mailbox=mailboxes.find(mailbox) if mailbox else None,
        level=given.get("level"),
        healed=parameters.truth(given, "healed"),
        limit=parameters.number(given, "limit", default=_USUAL, highest=_MOST),
    )
    return documents.of_alerts(found)
