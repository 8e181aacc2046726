"""CreateFolder: makes folders of mail; one that is there already is refused with ``ErrorFolderExists``."""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.folder import Folder, read_folder
from serversync.exchange.types.ids import AnyFolderId
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import escape

_FOLDERS = m("Folders")


def _read(message: _Element) -> Folder | None:
    folders = message.find(_FOLDERS)
    return read_folder(folders[0]) if folders is not None and len(folders) else None


class CreateFolder(Struct, frozen=True, gc=False):
    """Makes folders under one parent; each outcome is the new folder with its id.

    Attributes:
        parent_folder: Where.
        display_names: What they are called.
    """

    parent_folder: AnyFolderId
    display_names: tuple[str, ...]

    name: ClassVar[str] = "CreateFolder"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.display_names)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        folders = "".join(
            [
                f"<t:Folder><t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>{escape(name)}</t:DisplayName>"
                "</t:Folder>"
                for name in self.display_names
            ]
        )
        return (
            f"<m:CreateFolder><m:ParentFolderId>{self.parent_folder.to_xml()}</m:ParentFolderId>"
            f"<m:Folders>{folders}</m:Folders></m:CreateFolder>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Folder]]:
        """Return one outcome for each folder, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
