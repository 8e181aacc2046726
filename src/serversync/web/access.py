"""Who is behind a request: the user, and the actor of the use cases with the user's privileges.

Which rows somebody may see is decided in ``serversync.administration.privileges``, once for pages and commands.
"""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from serversync.administration import timezones
from serversync.administration.actor import Actor, acting
from serversync.crm.models import SystemUser

CHANNEL = "web"


def viewer(request: HttpRequest) -> SystemUser:
    """Return who is logged in.

    Raises:
        TypeError: nobody is; the middleware has let a page through that it should not have.
    """
    if not isinstance(request.user, SystemUser):
        raise TypeError("this page needs somebody who is logged in")
    return request.user


def address_of(request: HttpRequest) -> str:
    """Return the address from which the request came."""
    return str(request.META.get("REMOTE_ADDR", ""))


class ActingUser:
    """Middleware: whoever is logged in acts for the length of the request, in the own time zone; without a log-in nobody does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the actor in place."""
        user = getattr(request, "user", None)
        actor = (
            Actor(user, channel=CHANNEL, address=address_of(request))
            if isinstance(user, SystemUser)
            else None
        )
        request.actor = actor  # type: ignore[attr-defined]  # Django's requests are open for more
        with acting(actor):
            if actor is None:
                return self._get_response(request)
            with timezone.override(timezones.of(actor.user)):
                return self._get_response(request)
