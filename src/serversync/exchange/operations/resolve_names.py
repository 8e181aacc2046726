"""ResolveNames: who is meant by a name, an address or a distinguished name of the directory.

Nobody is ``ErrorNameResolutionNoResults``, a failure; several are a warning with all of them.
"""

from enum import StrEnum
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m, t
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.message import Mailbox, read_mailbox
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import escape

_RESOLUTION_SET, _MAILBOX = m("ResolutionSet"), t("Mailbox")


class SearchScope(StrEnum):
    """Where to look."""

    DIRECTORY = "ActiveDirectory"
    CONTACTS = "Contacts"
    DIRECTORY_THEN_CONTACTS = "ActiveDirectoryContacts"


def _read(message: _Element) -> tuple[Mailbox, ...] | None:
    resolutions = message.find(_RESOLUTION_SET)
    if resolutions is None:
        return None
    found = [resolution.find(_MAILBOX) for resolution in resolutions]
    return tuple([read_mailbox(each) for each in found if each is not None])


class ResolveNames(Struct, frozen=True, gc=False, kw_only=True):
    """Asks who is meant; one outcome, everybody who may be.

    Attributes:
        unresolved_entry: The name; a distinguished name begins with ``/o=``.
        search_scope: Where to look.
    """

    unresolved_entry: str
    search_scope: SearchScope = SearchScope.DIRECTORY

    name: ClassVar[str] = "ResolveNames"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have: one."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        return (
            f'<m:ResolveNames ReturnFullContactData="false" SearchScope="{self.search_scope.value}">'
            f"<m:UnresolvedEntry>{escape(self.unresolved_entry)}</m:UnresolvedEntry></m:ResolveNames>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[tuple[Mailbox, ...]]]:
        """Return one outcome: the people.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
