"""What GetFolder says of folders, taken as it is written."""

import pytest

from serversync.core.errors import AnswerUnreadable, ItemGone
from serversync.exchange.operations.get_folder import GetFolder
from serversync.exchange.operations.get_folder_values import FolderValues, GetFolderValues
from serversync.exchange.types.ids import DistinguishedFolderId, FolderId
from serversync.exchange.types.shapes import FolderShape
from serversync.exchange.version import RequestServerVersion
from tests.unit.exchange import answers

ASKED = GetFolderValues((DistinguishedFolderId("calendar"), FolderId("gone")), FolderShape())


def test_values_are_found_by_the_number_of_their_property() -> None:
    found, missing = answers.read(ASKED, answers.canned("get_folder/inbox_and_missing.xml"))
    assert found.value == FolderValues({"0x10f4": "false"}, "42")
    assert isinstance(missing.error, ItemGone)


def test_the_request_is_that_for_folders() -> None:
    version = RequestServerVersion.EXCHANGE2013_SP1
    assert ASKED.to_xml(version) == GetFolder(ASKED.folder_ids, ASKED.folder_shape).to_xml(version)


def test_an_answer_about_fewer_folders_is_none() -> None:
    asked = GetFolderValues(ASKED.folder_ids[:1], FolderShape())
    with pytest.raises(AnswerUnreadable):
        answers.read(asked, answers.canned("get_folder/inbox_and_missing.xml"))
