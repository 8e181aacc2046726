"""The way in: whose key it is, which function answers the method, and what becomes of errors."""

from collections.abc import Callable
from datetime import UTC
from http import HTTPStatus
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from serversync.administration import apikeys
from serversync.administration.actor import acting
from serversync.api import answers, parameters
from serversync.core.errors import DatabaseUnavailable, KeyRefused, RecordNotFound, ServiceError

Function = Callable[..., object]
"""Takes the request and the parts of its address; returns a response, or what is put into JSON."""
View = Callable[..., HttpResponse]

_SCHEME: Final = "bearer"
_MANUAL: Final = "The addresses of the API are listed in docs/reference/api.md."


def address(*, get: Function | None = None, post: Function | None = None) -> View:
    """Return the view of an address that knows these methods, and OPTIONS; HEAD where it knows GET."""
    functions = {"GET": get, "HEAD": get, "POST": post}
    known = {method: function for method, function in functions.items() if function is not None}
    allowed = ", ".join([*known, "OPTIONS"])

    def dispatch(request: HttpRequest, **parts: str) -> HttpResponse:
        method = request.method or ""
        if method == "OPTIONS":
            return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Allow": allowed})
        if method not in known:
            return answers.method_refused(method, allowed)
        found = known[method](request, **parts)
        return found if isinstance(found, HttpResponse) else answers.answer(found)

    return _entrance(dispatch)


def nowhere() -> View:
    """Return the view of every address that is none."""

    def dispatch(request: HttpRequest, **_parts: str) -> HttpResponse:
        raise RecordNotFound(kind="address", name=request.path, remedy=_MANUAL)

    return _entrance(dispatch)


def _entrance(dispatch: View) -> View:
    @csrf_exempt  # there is nothing to forge: a browser sends no key by itself
    @login_not_required  # the key takes the place of the log-in
    def view(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            actor = apikeys.actor_of(_key(request), address=str(request.META.get("REMOTE_ADDR", "")))
            for name, text in parts.items():
                parameters.refuse_unstorable(text, f"Address {name}")
            with acting(actor), timezone.override(UTC):
                return dispatch(request, **parts)
        except ServiceError as error:
            return answers.refusal(error)
        except (OperationalError, InterfaceError) as reason:
            return answers.refusal(DatabaseUnavailable(reason=str(reason).strip()))

    return view


def _key(request: HttpRequest) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME or not key.strip():
        raise KeyRefused(reason="there is none in the request")
    return key.strip()
