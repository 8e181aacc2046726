"""The XML that a program keeps in a folder: read, kept under a name that is free, replaced."""

import base64
from typing import ClassVar, Literal

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m, t
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.user_configuration import UserConfigurationName
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_values import bytes_of

_CONFIGURATION, _XML = m("UserConfiguration"), t("XmlData")


def _read(message: _Element) -> bytes | None:
    found = message.find(_CONFIGURATION)
    if found is None:
        return None
    content = found.find(_XML)
    return (bytes_of(content) or b"") if content is not None else b""


def _done(_message: _Element) -> Literal[True]:
    return True


def _content(configuration: UserConfigurationName, document: bytes) -> str:
    data = base64.b64encode(document).decode()
    return (
        f"<m:UserConfiguration>{configuration.to_xml('t')}<t:XmlData>{data}</t:XmlData></m:UserConfiguration>"
    )


class GetUserConfigurationXml(Struct, frozen=True, gc=False):
    """Asks for the XML; one outcome, empty where the name has none. No such name is ``ErrorItemNotFound``."""

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
            "<m:UserConfigurationProperties>XmlData</m:UserConfigurationProperties></m:GetUserConfiguration>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[bytes]]:
        """Return the one outcome.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)


class CreateUserConfigurationXml(Struct, frozen=True, gc=False):
    """Keeps XML under a name that is free; one that is taken is ``ErrorItemSave``."""

    configuration: UserConfigurationName
    document: bytes

    name: ClassVar[str] = "CreateUserConfiguration"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        content = _content(self.configuration, self.document)
        return f"<m:CreateUserConfiguration>{content}</m:CreateUserConfiguration>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Literal[True]]]:
        """Return the one outcome.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _done)


class UpdateUserConfigurationXml(Struct, frozen=True, gc=False):
    """Replaces the XML of a name that is there; its other parts stay."""

    configuration: UserConfigurationName
    document: bytes

    name: ClassVar[str] = "UpdateUserConfiguration"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        content = _content(self.configuration, self.document)
        return f"<m:UpdateUserConfiguration>{content}</m:UpdateUserConfiguration>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Literal[True]]]:
        """Return the one outcome.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _done)
