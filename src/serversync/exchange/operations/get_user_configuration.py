"""GetUserConfiguration: what a program keeps in a folder; nothing under the name is ``ErrorItemNotFound``."""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.user_configuration import UserConfigurationName, read_texts
from serversync.exchange.version import RequestServerVersion

_CONFIGURATION = m("UserConfiguration")


def _read(message: _Element) -> dict[str, str] | None:
    found = message.find(_CONFIGURATION)
    return None if found is None else read_texts(found)


class GetUserConfiguration(Struct, frozen=True, gc=False):
    """Asks for the dictionary; one outcome, its texts."""

    configuration: UserConfigurationName

    name: ClassVar[str] = "GetUserConfiguration"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        return (
            f"<m:GetUserConfiguration>{self.configuration.to_xml('m')}"
            "<m:UserConfigurationProperties>Dictionary</m:UserConfigurationProperties></m:GetUserConfiguration>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[dict[str, str]]]:
        """Return the one outcome.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
