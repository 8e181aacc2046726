"""FindFolder: the folders directly below another one, or all below it."""

from enum import StrEnum
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m, t
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.folder import Folder, read_folder
from serversync.exchange.types.ids import AnyFolderId
from serversync.exchange.types.restriction import Restriction
from serversync.exchange.types.shapes import FolderShape
from serversync.exchange.version import RequestServerVersion

_ROOT, _FOLDERS = m("RootFolder"), t("Folders")


class FolderTraversal(StrEnum):
    """How deep to look."""

    SHALLOW = "Shallow"
    DEEP = "Deep"


def _read(message: _Element) -> tuple[Folder, ...] | None:
    root = message.find(_ROOT)
    if root is None:
        return None
    folders = root.find(_FOLDERS)
    return tuple([read_folder(each) for each in (() if folders is None else folders)])


class FindFolder(Struct, frozen=True, gc=False, kw_only=True):
    """Asks for folders below one folder; one outcome, all that were found.

    Attributes:
        parent_folder: Below which.
        traversal: How deep.
        restriction: Which; ``None`` for all.
        folder_shape: What to tell of each.
    """

    parent_folder: AnyFolderId
    traversal: FolderTraversal = FolderTraversal.SHALLOW
    restriction: Restriction | None = None
    folder_shape: FolderShape = FolderShape()

    name: ClassVar[str] = "FindFolder"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have: one."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        condition = f"<m:Restriction>{self.restriction.to_xml()}</m:Restriction>" if self.restriction else ""
        return (
            f'<m:FindFolder Traversal="{self.traversal.value}">{self.folder_shape.to_xml()}{condition}'
            f"<m:ParentFolderIds>{self.parent_folder.to_xml()}</m:ParentFolderIds></m:FindFolder>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[tuple[Folder, ...]]]:
        """Return one outcome: the folders.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
