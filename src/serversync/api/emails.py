"""Tracked mail: the latest, and one with its people and files."""

from typing import Final

from django.http import HttpRequest

from serversync.administration import documents, emails, mailboxes
from serversync.api import parameters

_MOST: Final = 1000


def list_latest(request: HttpRequest) -> object:
    """Answer with tracked mail, latest first."""
    given = parameters.of(request, "search", "mailbox", "limit")
    mailbox = given.get("mailbox")
    found = emails.find_all(
        search=given.get("search"),
        mailbox=mailboxes.find(mailbox) if mailbox else None,
        limit=parameters.number(given, "limit", default=emails.LIMIT, highest=_MOST),
    )
    return [documents.of_listed_email(email) for email in found]


def show(request: HttpRequest, *, reference: str) -> object:
    """Answer with one e-mail by activity id or message id."""
    parameters.of(request)
    return documents.of_email(emails.show(reference))
