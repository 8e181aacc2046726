"""Reads answers of strangers: XML without document types or entities, at most a megabyte."""

from typing import Final

from lxml.etree import _Element

from serversync.exchange.namespaces import local_name
from serversync.exchange.soap import NotAnEnvelope, parse

LARGEST: Final = 1 << 20
"""More bytes than that are no answer of Autodiscover."""


class Unreadable(Exception):
    """The document is no answer; the text says why. Never leaves this package."""


def parse_document(body: bytes) -> _Element:
    """Return the root element.

    Raises:
        Unreadable: too long, not XML, or with a document type.
    """
    if len(body) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST} bytes")
    if not body.strip():
        raise Unreadable("it is empty")
    try:
        return parse(body)
    except NotAnEnvelope as error:
        raise Unreadable(str(error)[:200]) from error


def child(element: _Element | None, *names: str) -> _Element | None:
    """Return a descendant by the names on the way to it, whatever their name space.

    Documentation and older servers differ in the name space (``http``, ``https``), never in the names.
    """
    for name in names:
        if element is None:
            return None
        element = next((one for one in elements(element) if local_name(one.tag) == name), None)
    return element


def elements(element: _Element) -> list[_Element]:
    """Return the child elements."""
    return list(element)


def text(element: _Element | None, *names: str) -> str:
    """Return the text of a descendant, without white space around it; empty where there is none."""
    found = child(element, *names)
    return "" if found is None else (found.text or "").strip()
