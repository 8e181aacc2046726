"""UpdateUserConfiguration: replaces the settings that a program keeps in a folder."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.user_configuration import UserConfigurationName, write_user_configuration
from serversync.exchange.version import RequestServerVersion


class UpdateUserConfiguration(Struct, frozen=True, gc=False):
    """Replaces the whole dictionary of a name that is there; none is ``ErrorItemNotFound``."""

    configuration: UserConfigurationName
    texts: Mapping[str, str]

    name: ClassVar[str] = "UpdateUserConfiguration"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        content = write_user_configuration(self.configuration, self.texts)
        return f"<m:UpdateUserConfiguration>{content}</m:UpdateUserConfiguration>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Literal[True]]]:
        """Return the one outcome.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """

        def read(_message: _Element) -> Literal[True]:
            return True

        return read_answers(self, response, context, read)
