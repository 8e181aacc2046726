"""Serves style sheet and scripts out of the installed packages; there is nothing to collect first."""

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]  # ships no types
from whitenoise.responders import StaticFile  # type: ignore[import-untyped]  # ships no types


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # ships no types
    """whitenoise, answering in one piece: its own answer is a synchronous iterator, which ASGI cannot stream."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Return the file, or that the browser has it already."""
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file:
                content = found.file.read()
        response = HttpResponse(content, status=int(found.status))
        for name, value in found.headers:
            response[name] = value
        return response
