"""Keeps the API apart from the pages: no cookie counts there, and every answer is JSON, also of a request gone wrong."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from serversync.api import answers

PATH: Final = "/api/"


class Separate:
    """Middleware: a browser that is logged in to the pages is nobody here, so no other site can make it act."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request to the API without its cookies; leave all others alone."""
        if not request.path.startswith(PATH):
            return self._get_response(request)
        request.COOKIES = {}
        response = self._get_response(request)
        is_json = response.headers.get("Content-Type", "").startswith(answers.TYPE)
        if response.status_code < HTTPStatus.BAD_REQUEST or is_json:
            return response
        return answers.plain(response.status_code)
