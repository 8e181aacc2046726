"""What a request says beside its address: the query, and a body of JSON. What is not known there is refused."""

from typing import TypeVar

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from serversync.core.errors import InputInvalid

Body = TypeVar("Body", bound=msgspec.Struct)


def of(request: HttpRequest, *known: str) -> dict[str, str]:
    """Return the parameters that were given and are not empty.

    Raises:
        InputInvalid: one is unknown, or was given twice.
    """
    given = {}
    for name, values in request.GET.lists():
        if name not in known:
            told = f"it is not one of {', '.join(known)}" if known else "this address has none"
            raise InputInvalid(field=f"Parameter {name}", reason=told)
        if len(values) > 1:
            raise InputInvalid(field=f"Parameter {name}", reason="it was given more than once")
        refuse_unstorable(str(values[0]), f"Parameter {name}")
        if text := str(values[0]).strip():
            given[name] = text
    return given


def refuse_unstorable(text: str, field: str) -> None:
    """Keep what no database column can hold out of the use cases.

    Raises:
        InputInvalid: the text has a NUL in it.
    """
    if "\0" in text:
        raise InputInvalid(field=field, reason="it holds a control character")


def number(given: dict[str, str], name: str, *, default: int, highest: int) -> int:
    """Return a whole number from 1.

    Raises:
        InputInvalid: it is none, or too large.
    """
    text = given.get(name, str(default))
    if (
        not (text.isascii() and text.isdigit())
        or len(text) > len(str(highest))
        or not 1 <= int(text) <= highest
    ):
        raise InputInvalid(field=f"Parameter {name}", reason=f"it is no whole number from 1 to {highest}")
    return int(text)


def truth(given: dict[str, str], name: str) -> bool:
    """Return a yes or no, no where it was not given.

    Raises:
        InputInvalid: it is neither true nor false.
    """
    text = given.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise InputInvalid(field=f"Parameter {name}", reason="it is neither true nor false")
    return text == "true"


def body(request: HttpRequest, kind: type[Body]) -> Body:
    """Return the body; one that is empty leaves everything out.

    Raises:
        InputInvalid: it is no JSON, of another shape, or too large.
    """
    try:
        read = msgspec.json.decode(request.body or b"{}", type=kind)
    except RequestDataTooBig as error:
        raise InputInvalid(field="Body", reason="it is too large") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InputInvalid(field="Body", reason=str(error).rstrip(".")) from error
    for name, value in msgspec.structs.asdict(read).items():
        if isinstance(value, str):
            refuse_unstorable(value, f"Body {name}")
    return read
