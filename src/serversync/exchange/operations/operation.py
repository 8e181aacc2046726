"""What every operation promises, and how the messages of its answer become outcomes.

An answer holds one response message per requested item, in order. An answer with another number of them
is not trusted at all: it raises instead of leaving out an item silently.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, Protocol, TypeVar

from lxml.etree import _Element

from serversync.core.errors import AnswerUnreadable, Permanent, RequestRefused
from serversync.exchange.namespaces import local_name, m
from serversync.exchange.outcome import Failure, Outcome, Success, Warned
from serversync.exchange.response_codes import AnswerContext, error_for
from serversync.exchange.types.ids import AnyItemId
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_values import integer

R = TypeVar("R")


class Operation(Protocol[R]):
    """A request, tied to the type of what it returns for each thing asked for."""

    name: ClassVar[str]
    """The element name of the request, for example ``GetItem``."""
    time_zone_context: ClassVar[bool]
    """Whether the WSDL allows a ``TimeZoneContext`` header; it is then sent with UTC."""
    repeatable: ClassVar[bool]
    """Whether sending it twice does what sending it once does: true of what only reads."""

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        ...

    def to_xml(self, version: RequestServerVersion) -> str:
        """Return the request as the content of the SOAP body."""
        ...

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[R]]:
        """Return one outcome for each thing asked for, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        ...


class Divisible(Operation[R], Protocol[R]):
    """A request about several items, which can be asked in parts."""

    @property
    def item_ids(self) -> tuple[AnyItemId, ...]:
        """What is asked about."""
        ...

    def part(self, item_ids: tuple[AnyItemId, ...]) -> "Divisible[R]":
        """Return the same request about these items only."""
        ...

    def probe(self) -> "Operation[Any]":
        """Return a request about the same items that touches no content of theirs."""
        ...


_RESPONSE_MESSAGES = m("ResponseMessages")
_CODE, _TEXT, _XML = m("ResponseCode"), m("MessageText"), m("MessageXml")


def read_answers(
    operation: Operation[R],
    response: _Element,
    context: AnswerContext,
    read: Callable[[_Element], R | None],
    *,
    unknown: type[Permanent] = RequestRefused,
    folder: str = "the folder",
) -> list[Outcome[R]]:
    """Turn the response messages of an answer into outcomes.

    Args:
        operation: The request.
        response: The ``m:...Response`` element.
        context: Where the answer came from.
        read: Returns the value of one successful response message, or ``None`` where it holds none.
        unknown: What an unknown error code, or a success without a value, means.
        folder: The folder that errors should name.

    Raises:
        AnswerUnreadable: another answer than that to this request, or another number of outcomes.
    """
    if response.tag != m(f"{operation.name}Response"):
        raise AnswerUnreadable(**context.details(), reason=f"it holds {local_name(response.tag)}")
    messages = response.find(_RESPONSE_MESSAGES)
    outcomes: list[Outcome[R]] = []
    for message in () if messages is None else messages:
        response_class = message.get("ResponseClass")
        value = read(message) if response_class in ("Success", "Warning") else None
        if value is not None and response_class == "Success":
            outcomes.append(Success(value))
            continue
        code, text = (message.findtext(_CODE) or "").strip(), message.findtext(_TEXT) or ""
        if value is not None:
            outcomes.append(Warned(value, code, text))
            continue
        code, back_off = inner_code(code, message.find(_XML))
        if code in ("", "NoError"):
            code, text = "NoContent", "The answer holds nothing for the item."
        error = error_for(code, text, context, unknown=unknown, back_off=back_off, folder=folder)
        outcomes.append(Failure(error, code, text))
    if len(outcomes) != operation.asked:
        raise AnswerUnreadable(
            **context.details(), reason=f"it holds {len(outcomes)} outcomes for {operation.asked} requested"
        )
    return outcomes


def child_of(element: _Element, tag: str) -> _Element | None:
    """Return the first child with this tag; ``find`` takes three times as long."""
    for child in element:
        if child.tag == tag:
            return child
    return None


def inner_code(code: str, message_xml: _Element | None) -> tuple[str, timedelta | None]:
    """Return the code that counts, and the pause that the server asks for.

    Exchange hides throttling inside ``ErrorInternalServerError`` at times, as the value
    ``InnerErrorResponseCode`` of ``MessageXml`` (Microsoft, "EWS throttling in Exchange").
    """
    back_off: timedelta | None = None
    for value in () if message_xml is None else message_xml:
        name = value.get("Name")
        if name == "BackOffMilliseconds":
            milliseconds = integer((value.text or "").strip())
            if milliseconds is not None and 0 <= milliseconds <= 86_400_000:
                back_off = timedelta(milliseconds=milliseconds)
        elif name == "InnerErrorResponseCode" and code == "ErrorInternalServerError" and value.text:
            code = value.text.strip()
    return code, back_off
