"""Tells browsers what pages may do: run our own scripts and styles, and nothing that came from anywhere else.

A view that sends content of strangers sets a stricter policy itself, which stays as it is.
"""

from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

PAGE_POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-src 'self'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of every page; no inline script or style is allowed, so none is used."""

_PERMISSIONS: Final = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeaders(MiddlewareMixin):
    """Adds the policy to each answer, and keeps what only the viewer may see out of shared caches."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add what the view has not set itself."""
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        user: Any = getattr(request, "user", None)
        if user is not None:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
