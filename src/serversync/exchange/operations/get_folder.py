"""GetFolder: reads folders by id; the cheapest proof that a mailbox can be reached and impersonated."""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.folder import Folder, read_folder
from serversync.exchange.types.ids import AnyFolderId
from serversync.exchange.types.shapes import FolderShape
from serversync.exchange.version import RequestServerVersion

_FOLDERS = m("Folders")


def _read(message: _Element) -> Folder | None:
    folders = message.find(_FOLDERS)
    return read_folder(folders[0]) if folders is not None and len(folders) else None


class GetFolder(Struct, frozen=True, gc=False):
    """Asks for folders; one ``Folder`` each."""

    folder_ids: tuple[AnyFolderId, ...]
    folder_shape: FolderShape = FolderShape()

    name: ClassVar[str] = "GetFolder"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.folder_ids)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        ids = "".join([each.to_xml() for each in self.folder_ids])
        return f"<m:GetFolder>{self.folder_shape.to_xml()}<m:FolderIds>{ids}</m:FolderIds></m:GetFolder>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Folder]]:
        """Return one outcome for each folder, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
