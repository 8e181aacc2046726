"""Sends whoever is not logged in to the log-in page, also when only a part of a page was to be refreshed."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect


class LoginRequired(LoginRequiredMiddleware):
    """Every page asks for a log-in unless it is marked with ``login_not_required``."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Redirect; a refresh of a part makes the whole page go there, and come back to where it was."""
        refused = super().process_view(request, view_func, view_args, view_kwargs)
        if refused is None or request.headers.get("HX-Request") != "true":
            return refused
        there = urlsplit(request.headers.get("HX-Current-URL", ""))
        query = urlencode({"next": f"{there.path or '/'}?{there.query}".rstrip("?")})
        return HttpResponseClientRedirect(f"{resolve_url(self.get_login_url(view_func))}?{query}")
