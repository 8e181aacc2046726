"""Mailboxes: a page of them, one, why a message was tracked, and synchronizing one soon."""

from http import HTTPStatus
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse

from serversync.administration import documents, mailboxes, traces
from serversync.api import answers, parameters

_PAGE_SIZE: Final = 50
_LARGEST_PAGE: Final = 500
_LAST_PAGE: Final = 100_000


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body without anything in it."""


def list_page(request: HttpRequest) -> HttpResponse:
    """Answer with a page of a view by name; a header says where the next one is."""
    given = parameters.of(request, "search", "view", "profile", "page", "size")
    number = parameters.number(given, "page", default=1, highest=_LAST_PAGE)
    size = parameters.number(given, "size", default=_PAGE_SIZE, highest=_LARGEST_PAGE)
    states, has_more = mailboxes.find_page(
        view=given.get("view"),
        search=given.get("search"),
        profile=given.get("profile"),
        number=number,
        size=size,
    )
    query = request.GET.copy()
    query["page"] = str(number + 1)
    link = {"Link": f'<{request.path}?{query.urlencode()}>; rel="next"'} if has_more else {}
    return answers.answer([documents.of_mailbox(state) for state in states], headers=link)


def show(request: HttpRequest, *, reference: str) -> object:
    """Answer with one mailbox."""
    parameters.of(request)
    return documents.of_mailbox(mailboxes.show(reference))


def why(request: HttpRequest, *, reference: str) -> object:
    """Answer why a message was tracked, or why not."""
    given = parameters.of(request, "message-id", "subject")
    found = traces.why(
        mailboxes.find(reference), message_id=given.get("message-id"), subject=given.get("subject")
    )
    return [documents.of_explanation(one) for one in found]


def sync(request: HttpRequest, *, reference: str) -> object:
    """Make a mailbox due; the next free worker takes it."""
    parameters.of(request)
    parameters.body(request, _Nothing)
    (state,) = mailboxes.make_due([mailboxes.find(reference)])
    return answers.answer(documents.of_mailbox(state), status=HTTPStatus.ACCEPTED)
