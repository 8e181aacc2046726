"""Versions: which schema a request speaks, and which server answered.

Every request asks for the smallest schema that has what this program needs, because a server refuses
one that it does not know. ``ServerVersionInfo`` of the answers tells the build; its ``Version``
attribute is never sent back, since it may be no valid request version (``V2017_07_11`` and the like).
"""

from enum import StrEnum
from functools import lru_cache

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
    told = element.get
    return _version(
        told("MajorVersion") or "",
        told("MinorVersion") or "",
        told("MajorBuildNumber") or "",
        told("MinorBuildNumber") or "",
        told("Version") or "",
    )


@lru_cache(maxsize=64)
def _version(major: str, minor: str, build: str, revision: str, version: str) -> ServerVersionInfo | None:
    """Return what the attributes say; a server says the same in each of its answers."""
    number = integer(major)
    if number is None:
        return None
    return ServerVersionInfo(
        number, integer(minor) or 0, integer(build) or 0, integer(revision) or 0, version
    )
