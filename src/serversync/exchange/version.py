"""Versions: which schema a request speaks, and which server answered.

Every request asks for the smallest schema that has what this program needs, because a server refuses
one that it does not know. ``ServerVersionInfo`` of the answers tells the build; its ``Version``
attribute is never sent back, since it may be no valid request version (``V2017_07_11`` and the like).
"""

from enum import StrEnum

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.xml_values import integer


class RequestServerVersion(StrEnum):
    """Schemas that a request may ask for, oldest first."""

    EXCHANGE2007_SP1 = "Exchange2007_SP1"
    EXCHANGE2010 = "Exchange2010"
    EXCHANGE2010_SP1 = "Exchange2010_SP1"
    EXCHANGE2010_SP2 = "Exchange2010_SP2"
    EXCHANGE2013 = "Exchange2013"
    EXCHANGE2013_SP1 = "Exchange2013_SP1"
    EXCHANGE2016 = "Exchange2016"


class ServerVersionInfo(Struct, frozen=True, gc=False):
    """The build of the server that answered, from the header of its answer."""

    major_version: int
    minor_version: int
    major_build_number: int
    minor_build_number: int
    version: str = ""

    def __str__(self) -> str:
        return (
            f"{self.major_version}.{self.minor_version}.{self.major_build_number}.{self.minor_build_number}"
        )


def read_server_version(element: _Element) -> ServerVersionInfo | None:
    """Return what a ``t:ServerVersionInfo`` says, or ``None`` where it does not even name a major version."""
    major, minor, build, revision = [
        integer(element.get(name) or "")
        for name in ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
    ]
    if major is None:
        return None
    return ServerVersionInfo(major, minor or 0, build or 0, revision or 0, element.get("Version") or "")
