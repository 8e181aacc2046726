"""What a page says when a use case refuses, and who is sent elsewhere first.

A missing privilege is 403, a record that is not there (or not to be read) 404, a value that cannot be used 400, each
with the sentence and the remedy of its error.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url

from serversync.core.errors import PrivilegeMissing, RecordNotFound, ServiceError
from serversync.crm.models import SystemUser

_FREE = ("password", "log-out", "log-in")


class Refusals:
    """Middleware: makes pages of errors that views let through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; whoever got the password from somebody else changes it first."""
        user = request.user
        if isinstance(user, SystemUser) and user.mustchangepassword:
            free = {resolve_url(name) for name in _FREE}
            if request.path not in free:
                return redirect("password")
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer with a page where the error is one of ours."""
        if isinstance(error, RecordNotFound):
            return render(request, "404.html", status=404)
        if isinstance(error, PrivilegeMissing):
            return render(request, "403.html", {"error": error}, status=403)
        if isinstance(error, ServiceError):
            return render(request, "400.html", {"error": error}, status=400)
        return None
