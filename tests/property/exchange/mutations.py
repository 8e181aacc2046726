"""Ways to damage an answer: as a tree, so that it stays well-formed and means something else, and as bytes."""

import copy
from typing import Any

from hypothesis import strategies as st
from lxml import etree

NASTY_TEXTS = (
    "",
    " ",
    "NaN",
    "-1",
    "true",
    "9" * 400,
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999+14:00",
    "2026-02-30T00:00:00Z",
    "====",
    "A",
    "ErrorServerBusy",
    "NoError",
    "\u202e\U0001f4a9",
    "x" * 5000,
    "&#x1F;",
    "]]>",
)
NASTY_NAMES = (
    "{http://schemas.microsoft.com/exchange/services/2006/types}Message",
    "{http://schemas.microsoft.com/exchange/services/2006/types}ItemId",
    "{http://schemas.microsoft.com/exchange/services/2006/messages}Items",
    "{http://schemas.microsoft.com/exchange/services/2006/messages}ResponseCode",
    "{http://schemas.microsoft.com/exchange/services/2006/types}Unknown",
    "Message",
    "{urn:other}Subject",
)
NASTY_BYTES = (
    b"<",
    b">",
    b"&",
    b'"',
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<?xml?>",
    b"&#0;",
    b"&#xD800;",
    b"&amp;",
    b"</t:Message>",
    b"<t:Message/>",
    b"<m:Items/>",
    b"\r\n0\r\n\r\n",
)
KINDS = ("drop", "double", "swap", "rename", "text", "tail", "attribute", "nest", "empty", "graft", "comment")
change = st.tuples(
    st.sampled_from(KINDS), st.integers(0, 1 << 16), st.integers(0, 1 << 16), st.sampled_from(NASTY_TEXTS)
)
changes = st.lists(change, min_size=1, max_size=4)
cuts = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 40),
        st.one_of(st.binary(max_size=12), st.sampled_from(NASTY_BYTES)),
    ),
    min_size=1,
    max_size=6,
)


def damage_tree(root: Any, wanted: list[tuple[str, int, int, str]]) -> None:
    """Change elements below ``root``; the root itself stays."""
    for kind, where, which, text in wanted:
        below = [element for element in root.iterdescendants() if isinstance(element.tag, str)]
        if not below:
            return
        _damage(kind, below[where % len(below)], below[which % len(below)], which, text)


def _damage(  # noqa: C901 - one line for each kind
    kind: str, element: Any, other: Any, which: int, text: str
) -> None:
    parent = element.getparent()
    match kind:
        case "drop":
            parent.remove(element)
        case "double":
            element.addnext(copy.deepcopy(element))
        case "swap":
            parent.insert(which % (len(parent) + 1), element)
        case "rename":
            element.tag = NASTY_NAMES[which % len(NASTY_NAMES)]
        case "text":
            element.text = text
        case "tail":
            element.tail = text
        case "attribute":
            names = [*element.attrib, "Id", "ResponseClass", "xsi", "Name"]
            element.set(names[which % len(names)], text)
        case "nest":
            wrapper = etree.SubElement(parent, NASTY_NAMES[which % len(NASTY_NAMES)])
            wrapper.append(element)
        case "empty":
            element[:] = []
        case "graft":
            element.append(copy.deepcopy(other))
        case _:
            element.append(etree.Comment("in between"))


def damage_bytes(document: bytes, wanted: list[tuple[float, int, bytes]]) -> bytes:
    """Replace pieces of a document."""
    for where, length, replacement in wanted:
        start = int(where * len(document))
        document = document[:start] + replacement + document[start + length :]
    return document
