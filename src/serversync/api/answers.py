"""What the API sends back: JSON, and errors with their code, message and remedy and the status that fits."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from django.http import HttpResponse

from serversync.core.errors import (
    AddressInvalid,
    InputInvalid,
    InsecureAddress,
    KeyRefused,
    LogOnLocked,
    PrivilegeMissing,
    RecordNotFound,
    ServiceError,
    Transient,
)

TYPE: Final = "application/json"
_STATUS: Final[tuple[tuple[type[ServiceError], HTTPStatus], ...]] = (
    (KeyRefused, HTTPStatus.UNAUTHORIZED),
    (PrivilegeMissing, HTTPStatus.FORBIDDEN),
    (RecordNotFound, HTTPStatus.NOT_FOUND),
    (LogOnLocked, HTTPStatus.TOO_MANY_REQUESTS),
    (InputInvalid, HTTPStatus.BAD_REQUEST),
    (AddressInvalid, HTTPStatus.BAD_REQUEST),
    (InsecureAddress, HTTPStatus.BAD_REQUEST),
    (Transient, HTTPStatus.SERVICE_UNAVAILABLE),
    (ServiceError, HTTPStatus.CONFLICT),
)
"""The first that an error is one of; what only a person can repair is a conflict with the state that things are in."""


def answer(
    document: object, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a document as JSON that no cache keeps."""
    body = msgspec.json.encode(document, enc_hook=_words) + b"\n"
    return HttpResponse(
        body,
        content_type=TYPE,
        status=status,
        headers={"Cache-Control": "private, no-store", **(headers or {})},
    )


def refusal(error: ServiceError) -> HttpResponse:
    """Return an error of a use case."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    headers = {"WWW-Authenticate": 'Bearer realm="serversync"'} if isinstance(error, KeyRefused) else {}
    return _refusal(error.code, str(error), error.remedy_text, status=status, headers=headers)


def method_refused(method: str, allowed: str) -> HttpResponse:
    """Return that an address does not know the method, and which it knows."""
    return _refusal(
        f"http.{HTTPStatus.METHOD_NOT_ALLOWED.value}",
        f"This address does not know {method}.",
        f"Use one of {allowed}.",
        status=HTTPStatus.METHOD_NOT_ALLOWED,
        headers={"Allow": allowed},
    )


def plain(status: int) -> HttpResponse:
    """Return a failure that never came to a use case, such as a request that is no HTTP, or a defect of ours."""
    try:
        words = HTTPStatus(status).phrase
    except ValueError:
        words = "Unknown"
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    remedy = (
        "The log of the program says why; report it as a defect."
        if is_ours
        else "Correct the request and send it again."
    )
    return _refusal(f"http.{status}", f"The request could not be answered: {words}.", remedy, status=status)


def _refusal(
    code: str, message: str, remedy: str, *, status: int, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    document = {"error": {"code": code, "message": message, "remedy": remedy}}
    return answer(document, status=status, headers=headers)


def _words(value: object) -> str:
    """Sentences are text with more to it; everything else has to be plain already."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")
