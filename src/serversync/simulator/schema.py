"""Validation against Microsoft's XML schemas, which are read from a folder and are no part of the product.

The folder holds one folder for each generation, with ``types.xsd`` and ``messages.xsd``, and beside them
``xml.xsd``, which ``types.xsd`` imports without saying where it is.

The schemas of 2007 SP1 and 2010 SP2 that Microsoft published name every condition but ``Contains`` in ``RestrictionType``;
their servers take it, and so it is judged there as the same condition inside an ``And``. They do not name ``Traversal`` of
``FindPeople`` and the attributes of its ``QueryString`` either, with which exchangelib asks real servers.
"""

import re
from copy import deepcopy
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, cast

from lxml import etree

from serversync.simulator.response import TYPES_NS, SoapFault

_T = f"{{{TYPES_NS}}}"
_SERVICE = re.compile(rb"<wsdl:service\b.*?</wsdl:service>", re.DOTALL)
_WRAPPER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="{folder}/xml.xsd"/>
<xs:import namespace="http://schemas.microsoft.com/exchange/services/2006/types" schemaLocation="{folder}/{name}/types.xsd"/>
<xs:import namespace="http://schemas.microsoft.com/exchange/services/2006/messages" schemaLocation="{folder}/{name}/messages.xsd"/>
</xs:schema>"""


def _judged(element: etree._Element) -> etree._Element:
    """Return what is to be validated: the element, or a copy in which everything stands where all schemas know it."""
    if etree.QName(element).localname == "FindPeople":
        element = deepcopy(element)
        if "Traversal" in element.attrib:
            del element.attrib["Traversal"]
        for query in element.iterfind("{*}QueryString"):
            query.attrib.clear()
    if not any(_is_whole_restriction(one) for one in element.iter(f"{_T}Contains")):
        return element
    copy = deepcopy(element)
    for one in [one for one in copy.iter(f"{_T}Contains") if _is_whole_restriction(one)]:
        parent = one.getparent()
        if parent is not None:
            outer = etree.Element(f"{_T}And")
            parent.replace(one, outer)
            outer.extend([one, deepcopy(one)])  # that of 2007 wants two
    return copy


def _is_whole_restriction(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and etree.QName(parent).localname == "Restriction"


def _entries(schema: etree.XMLSchema) -> list[Any]:
    """Return the error log of the last validation; the type stubs do not know that it is a sequence."""
    return list(cast("Any", schema.error_log))


class SchemaCollection:
    """The schemas of all generations, each compiled when it is first needed. Threads may share one.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._compiled: dict[str, etree.XMLSchema] = {}
        self._lock = Lock()  # a schema keeps what it found wrong last

    def schema(self, name: str) -> etree.XMLSchema:
        """Return the compiled schema of a generation.

        Raises:
            lxml.etree.XMLSchemaParseError: the folder does not hold it.
        """
        if name not in self._compiled:
            wrapper = _WRAPPER.format(folder=self.folder.as_uri(), name=name)
            self._compiled[name] = etree.XMLSchema(etree.fromstring(wrapper.encode()))
        return self._compiled[name]

    def file(self, folder: str, name: str) -> bytes:
        """Return a file of a generation as a server gives it: the WSDL names no service, so no address either.

        Raises:
            OSError: the folder does not hold it.
        """
        content = (self.folder / folder / name).read_bytes()
        return _SERVICE.sub(b"", content) if name.endswith(".wsdl") else content

    def violations(self, name: str, element: etree._Element) -> list[str]:
        """Return what is wrong with an element, each with its line; nothing for a valid one."""
        return [f"line {entry.line}: {entry.message}" for entry in self._found(name, element)]

    def check(self, name: str, element: etree._Element) -> None:
        """Refuse an invalid request as a real server does.

        Raises:
            SoapFault: ``ErrorSchemaValidation`` with line and violation.
        """
        found = self._found(name, element)
        if not found:
            return
        first = found[0]
        raise SoapFault(
            "ErrorSchemaValidation",
            "The request failed schema validation.",
            faultstring=f"The request failed schema validation: {first.message}",
            details={
                "LineNumber": str(first.line),
                "LinePosition": str(first.column),
                "Violation": first.message,
            },
        )

    def _found(self, name: str, element: etree._Element) -> list[Any]:
        with self._lock:
            schema = self.schema(name)
            return [] if schema.validate(_judged(element)) else _entries(schema)


@cache
def schemas_in(folder: Path) -> SchemaCollection:
    """Return the schemas of a folder; servers of one process share them, for each compiled one takes 10 MB."""
    return SchemaCollection(folder)
