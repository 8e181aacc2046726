"""The forms that a property's value can have: how it is read from XML, written, compared and appended to.

A value is held as plain Python: text, numbers, aware times, tuples. ``None`` stands for "not set" and is
never written. A form refuses what it cannot read as a real server's schema validation does.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from lxml import etree

from serversync.simulator.addresses import Address
from serversync.simulator.bodytext import html_to_text
from serversync.simulator.response import TYPES_NS, EwsError, SoapFault
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import attribute, boolean, text, timestamp

T = f"{{{TYPES_NS}}}"


class Writer(Protocol):
    """What a form needs of the answer that it writes into."""

    @property
    def schema(self) -> Schema:
        """The schema step of the request."""
        ...

    def text(self, value: str) -> str:
        """Escape a value."""
        ...

    def time(self, value: datetime) -> str:
        """Return a time on the clock that the client asked for."""
        ...

    def mailbox_element(self, address: Address) -> str:
        """Return a ``t:Mailbox`` element."""
        ...


def refusal(value: str) -> SoapFault:
    """Return the fault that schema validation gives for a value of the wrong type."""
    return SoapFault(
        "ErrorSchemaValidation",
        "The request failed schema validation.",
        faultstring=f"The request failed schema validation: The value '{value}' is invalid according to its datatype.",
    )


def read_int(value: str, *, bits: int = 32) -> int:
    """Return an ``xs:int``, or with 64 bits an ``xs:long``.

    Raises:
        SoapFault: it is none, or does not fit.
    """
    digits = value.strip()
    if not digits.isascii() or not digits.removeprefix("-").removeprefix("+").isdecimal():
        raise refusal(value)
    number = int(digits[:24])
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise refusal(value)
    return number


def read_time(value: str) -> datetime:
    """Return an XML time in UTC; without a zone it counts as UTC.

    Raises:
        SoapFault: it is none.
    """
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise refusal(value) from None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise refusal(value) from None


class Form:
    """Text, and what all forms share.

    Attributes:
        is_appendable: Whether ``AppendToItemField`` may add to it.
        is_sortable: Whether items can be ordered by it and compared with constants.
    """

    is_appendable: ClassVar[bool] = False
    is_sortable: ClassVar[bool] = True

    def read(self, element: etree._Element) -> Any:
        """Return the value of an element; ``None`` where it says nothing."""
        return self.parse(element.text or "")

    def parse(self, value: str) -> Any:
        """Return the value that a text stands for, as ``Constant`` and ``Value`` elements give it."""
        return value

    def inner(self, view: Writer, value: Any) -> str:
        """Return what stands inside the element."""
        return view.text(str(value))

    def write(self, view: Writer, element: str, value: Any) -> str:
        """Return the element, or nothing where there is no value."""
        return "" if value is None else f"<t:{element}>{self.inner(view, value)}</t:{element}>"

    def append(self, old: Any, new: Any) -> Any:
        """Return the value after ``AppendToItemField``; only where ``is_appendable``."""
        return (*(old or ()), *(new or ()))

    def comparable(self, value: Any) -> Any:
        """Return what restrictions compare."""
        return value

    def order(self, value: Any) -> Any:
        """Return what sort orders compare."""
        return self.comparable(value)

    def constant(self, value: str) -> Any:
        """Return what a ``Constant`` is compared as."""
        return self.comparable(self.parse(value))

    def mapi(self, value: Any) -> str | None:
        """Return the value as an extended property shows it."""
        return None if value is None else str(value)

    def from_mapi(self, value: str) -> Any:
        """Return the value that an extended property of this meaning sets."""
        return self.parse(value)


class Text(Form):
    """A string; the empty one is written only where it was set."""

    def write(self, view: Writer, element: str, value: Any) -> str:
        """Return the element, or nothing for an empty text."""
        return f"<t:{element}>{view.text(value)}</t:{element}>" if value else ""


class Boolean(Form):
    """``true`` or ``false``."""

    def parse(self, value: str) -> bool:
        """Read an XML boolean."""
        found = {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
        if found is None:
            raise refusal(value)
        return found

    def inner(self, view: Writer, value: Any) -> str:  # noqa: ARG002 - the same signature for all forms
        """Return ``true`` or ``false``."""
        return boolean(value)

    def mapi(self, value: Any) -> str | None:
        """Return ``true`` or ``false``."""
        return None if value is None else boolean(value)


class Integer(Form):
    """A whole number."""

    def parse(self, value: str) -> int:
        """Read a whole number."""
        return read_int(value)


class Decimal(Form):
    """A number; whole ones are written without a point, as .NET writes them."""

    def parse(self, value: str) -> float:
        """Read a number."""
        try:
            return float(value)
        except ValueError:
            raise refusal(value) from None

    def inner(self, view: Writer, value: Any) -> str:  # noqa: ARG002 - the same signature for all forms
        """Return the number."""
        return f"{value:g}"


class Time(Form):
    """A point in time, written on the clock that the client asked for."""

    def parse(self, value: str) -> datetime:
        """Read an XML time."""
        return read_time(value)

    def inner(self, view: Writer, value: Any) -> str:
        """Return the time as Exchange writes it."""
        return view.time(value)

    def mapi(self, value: Any) -> str | None:
        """Return the time as Exchange writes it."""
        return None if value is None else timestamp(value)


class Day(Time):
    """A date, kept as its midnight in UTC; no time zone moves it."""

    def inner(self, view: Writer, value: Any) -> str:  # noqa: ARG002 - the same signature for all forms
        """Return midnight in UTC."""
        return timestamp(value)


class LocalTime(Time):
    """A point in time that is read without a zone where none is written; the item says later which it is."""

    def read(self, element: etree._Element) -> datetime:
        """Return the time, without a zone where it has none."""
        value = (element.text or "").strip()
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise refusal(value) from None
        return found if found.tzinfo is None else read_time(value)


class Choice(Form):
    """One of a few words; MAPI knows them as numbers.

    Args:
        codes: The words with their numbers in the extended property of the same meaning.
    """

    def __init__(self, codes: Mapping[str, int]) -> None:
        self.codes = dict(codes)
        self._words = {code: word for word, code in codes.items()}

    def parse(self, value: str) -> str:
        """Read one of the words."""
        word = value.strip()
        if word not in self.codes:
            raise refusal(value)
        return word

    def comparable(self, value: Any) -> Any:
        """Words are ordered as MAPI orders their numbers."""
        return self.codes.get(value)

    def mapi(self, value: Any) -> str | None:
        """Return the number of the word."""
        return None if value is None else str(self.codes.get(value, 0))

    def from_mapi(self, value: str) -> Any:
        """Return the word of a number; ``None`` for an unknown one."""
        return self._words.get(INTEGER.parse(value))


def choice(*words: str) -> Choice:
    """Return a form whose words are numbered from 0 on."""
    return Choice({word: code for code, word in enumerate(words)})


class Base64(Form):
    """Bytes."""

    def parse(self, value: str) -> bytes:
        """Read base64."""
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            raise refusal(value[:20]) from None

    def inner(self, view: Writer, value: Any) -> str:  # noqa: ARG002 - the same signature for all forms
        """Return base64."""
        return base64.b64encode(value).decode()

    def mapi(self, value: Any) -> str | None:
        """Return base64."""
        return None if value is None else base64.b64encode(value).decode()


class Searched(Form):
    """A form of which parts are compared with constants as texts, not the whole."""

    def constant(self, value: str) -> Any:
        """Return the text."""
        return value


class Strings(Searched):
    """A list of texts, in ``String`` elements; the empty list is not written."""

    is_appendable = True

    def read(self, element: etree._Element) -> tuple[str, ...] | None:
        """Return the texts."""
        return tuple(one.text or "" for one in element.iterfind(f"{T}String")) or None

    def inner(self, view: Writer, value: Any) -> str:
        """Return ``String`` elements."""
        return "".join(f"<t:String>{view.text(one)}</t:String>" for one in value)

    def write(self, view: Writer, element: str, value: Any) -> str:
        """Return the element, or nothing for an empty list."""
        return super().write(view, element, value or None)

    def comparable(self, value: Any) -> Any:
        """A condition holds where it holds for one of the texts."""
        return tuple(value) if value else None


@dataclass(frozen=True, slots=True)
class BodyText:
    """A body and its form.

    Attributes:
        kind: ``HTML`` or ``Text``.
        content: The text.
    """

    kind: str
    content: str


class Body(Searched):
    """A body; how it is written depends on the form asked for, see ``itemview``."""

    is_appendable = True
    is_sortable = False

    def read(self, element: etree._Element) -> BodyText:
        """Return the body."""
        return BodyText(element.get("BodyType", "Text"), element.text or "")

    def append(self, old: Any, new: Any) -> Any:
        """Add to the end of the body."""
        if old is None or new is None:
            return new or old
        return BodyText(old.kind, old.content + new.content)

    def comparable(self, value: Any) -> Any:
        """Its text can be searched."""
        return value.content if value else None

    def mapi(self, value: Any) -> str | None:
        """Return PidTagBody: the text."""
        if value is None:
            return None
        return str(html_to_text(value.content) if value.kind == "HTML" else value.content)

    def from_mapi(self, value: str) -> Any:
        """Return a plain text body."""
        return BodyText("Text", value)


class Person(Searched):
    """A name and an address: one ``Mailbox`` element inside."""

    def read(self, element: etree._Element) -> Address | None:
        """Return the person."""
        return next(iter(read_people(element)), None)

    def inner(self, view: Writer, value: Any) -> str:
        """Return the ``Mailbox`` element."""
        return view.mailbox_element(value)

    def comparable(self, value: Any) -> Any:
        """A condition holds where it holds for the name or the address."""
        return tuple(part for part in (value.name, value.address) if part) if value else None

    def order(self, value: Any) -> Any:
        """People are ordered by name."""
        return (value.name or value.address) if value else None


class People(Searched):
    """Several ``Mailbox`` elements; the empty list is not written."""

    is_appendable = True
    is_sortable = False

    def read(self, element: etree._Element) -> tuple[Address, ...] | None:
        """Return the people."""
        return read_people(element) or None

    def inner(self, view: Writer, value: Any) -> str:
        """Return ``Mailbox`` elements."""
        return "".join(view.mailbox_element(one) for one in value)

    def write(self, view: Writer, element: str, value: Any) -> str:
        """Return the element, or nothing for nobody."""
        return super().write(view, element, value or None)

    def comparable(self, value: Any) -> Any:
        """A condition holds where it holds for one name or address."""
        return tuple(part for one in value for part in (one.name, one.address) if part) if value else None


def read_people(element: etree._Element) -> tuple[Address, ...]:
    """Return the people of the ``Mailbox`` elements inside an element.

    Raises:
        EwsError: ``ErrorInvalidRecipients``: one has neither name nor address.
    """
    found = []
    for mailbox in element.iterfind(f"{T}Mailbox"):
        name = (mailbox.findtext(f"{T}Name") or "").strip()
        address = (mailbox.findtext(f"{T}EmailAddress") or "").strip()
        if not name and not address and mailbox.find(f"{T}ItemId") is None:
            raise EwsError("ErrorInvalidRecipients")
        found.append(Address(name, address))
    return tuple(found)


class Entries(Searched):
    """Texts by key, in ``Entry`` elements; single entries are set by ``IndexedFieldURI``."""

    is_sortable = False

    def read(self, element: etree._Element) -> dict[str, str] | None:
        """Return the entries that hold something."""
        found = {one.get("Key", ""): one.text or "" for one in element.iterfind(f"{T}Entry")}
        return {key: value for key, value in found.items() if value} or None

    def inner(self, view: Writer, value: Any) -> str:
        """Return ``Entry`` elements."""
        return "".join(f'<t:Entry Key="{key}">{view.text(one)}</t:Entry>' for key, one in value.items())

    def write(self, view: Writer, element: str, value: Any) -> str:
        """Return the element, or nothing where there is no entry."""
        return super().write(view, element, value or None)


class Fragment(Searched):
    """A structure that is kept as it came: its XML, with our prefix."""

    is_sortable = False

    def read(self, element: etree._Element) -> str:
        """Return the XML of the element itself."""
        return fragment(element)

    def write(self, view: Writer, element: str, value: Any) -> str:  # noqa: ARG002 - the same signature for all forms
        """Return the XML."""
        return str(value or "")


def fragment(element: etree._Element) -> str:
    """Return an element of the types namespace as XML with the prefix ``t``."""
    name = etree.QName(element).localname
    attributes = "".join(f" {key!s}={attribute(str(value))}" for key, value in element.attrib.items())
    inner = "".join(fragment(child) for child in element) if len(element) else text(element.text or "")
    return f"<t:{name}{attributes}>{inner}</t:{name}>"


TEXT = Text()
BOOLEAN = Boolean()
INTEGER = Integer()
DECIMAL = Decimal()
TIME = Time()
DAY = Day()
LOCAL_TIME = LocalTime()
BASE64 = Base64()
STRINGS = Strings()
BODY = Body()
PERSON = Person()
PEOPLE = People()
ENTRIES = Entries()
FRAGMENT = Fragment()
