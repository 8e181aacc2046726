"""GetFolder for many folders of which only whether they have changed is wanted: their values as they are written."""

from functools import lru_cache
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m, t
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.ids import AnyFolderId, DistinguishedFolderId
from serversync.exchange.types.shapes import FolderShape
from serversync.exchange.version import RequestServerVersion

_FOLDERS, _COUNT = m("Folders"), t("TotalCount")
_EXTENDED, _FIELD, _VALUE = t("ExtendedProperty"), t("ExtendedFieldURI"), t("Value")


class FolderValues(Struct, frozen=True, gc=False):
    """What a folder has; nothing of it is interpreted.

    Attributes:
        tagged: Its extended properties by their number, as it is written in the answer.
        total_count: How many items it has.
    """

    tagged: dict[str, str]
    total_count: str | None = None


@lru_cache(maxsize=16)
def _shape_to_xml(shape: FolderShape) -> str:
    return shape.to_xml()


@lru_cache(maxsize=64)
def _distinguished_to_xml(folder_id: DistinguishedFolderId) -> str:
    return folder_id.to_xml()


def _id_to_xml(folder_id: AnyFolderId) -> str:
    if isinstance(folder_id, DistinguishedFolderId) and folder_id.mailbox is None:
        return _distinguished_to_xml(folder_id)
    return folder_id.to_xml()


def _read(message: _Element) -> FolderValues | None:
    folders = message.find(_FOLDERS)
    if folders is None or not len(folders):
        return None
    tagged: dict[str, str] = {}
    count: str | None = None
    for child in folders[0]:
        if child.tag == _EXTENDED:
            # Written out, because find() costs more than all the rest of an answer.
            number: str | None = None
            value: str | None = None
            for part in child:
                if part.tag == _FIELD:
                    number = part.get("PropertyTag")
                elif part.tag == _VALUE:
                    value = part.text
            if number is not None and value is not None:
                tagged[number.lower()] = value
        elif child.tag == _COUNT:
            count = child.text
    return FolderValues(tagged, count)


class GetFolderValues(Struct, frozen=True, gc=False):
    """Asks for folders; one ``FolderValues`` each, which cost a fraction of what a ``Folder`` does."""

    folder_ids: tuple[AnyFolderId, ...]
    folder_shape: FolderShape

    name: ClassVar[str] = GetFolder.name
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return len(self.folder_ids)

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        ids = "".join([_id_to_xml(each) for each in self.folder_ids])
        return (
            f"<m:GetFolder>{_shape_to_xml(self.folder_shape)}<m:FolderIds>{ids}</m:FolderIds></m:GetFolder>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[FolderValues]]:
        """Return one outcome for each folder, in order.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
