"""The list of categories: what is not to be changed stays as it was."""

import pytest

from serversync.exchange.types.category_list import Category, CategoryList, CategoryListUnreadable

GUID = "2b7fc69c-7046-44a2-8ff3-007d7467dc82"
OUTLOOK = (
    b'<?xml version="1.0"?><categories default="Red Category" lastSavedSession="5" '
    b'lastSavedTime="2007-12-28T03:01:50.429" xmlns="CategoryList.xsd"><category name="Red &amp; Category" color="0" '
    b'keyboardShortcut="3" usageCount="7" lastTimeUsedMail="2007-12-28T03:01:50.429" lastSessionUsed="3" '
    b'guid="{2B7FC69C-7046-44A2-8FF3-007D7467DC82}" renameOnFirstUse="1"/></categories>'
)
RED = Category("Red & Category", 0, GUID)


def test_a_list_of_outlook_is_read() -> None:
    assert CategoryList(OUTLOOK).categories == [RED]


def test_adding_one_leaves_the_others_as_they_were() -> None:
    changed = CategoryList(OUTLOOK)
    changed.add(Category("Tracked <1>", 1, "00000000-0000-0000-0000-00000000000a"))
    again = CategoryList(changed.to_xml())
    assert again.categories == [RED, Category("Tracked <1>", 1, "00000000-0000-0000-0000-00000000000a")]
    for kept in (
        b'default="Red Category"',
        b'keyboardShortcut="3"',
        b'usageCount="7"',
        b'renameOnFirstUse="1"',
    ):
        assert kept in changed.to_xml()


def test_renaming_and_removing_go_by_the_id() -> None:
    changed = CategoryList(OUTLOOK)
    changed.rename(GUID, "Blue")
    assert [one.name for one in changed.categories] == ["Blue"]
    changed.remove(GUID)
    assert changed.categories == []


def test_a_mailbox_without_a_list_gets_one_that_outlook_reads() -> None:
    made = CategoryList(None)
    made.add(Category("Tracked", 1, GUID))
    assert CategoryList(made.to_xml()).categories == [Category("Tracked", 1, GUID)]
    assert b'xmlns="CategoryList.xsd"' in made.to_xml()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not xml",
        b"<other/>",
        b'<!DOCTYPE c [<!ENTITY e "x">]><categories xmlns="CategoryList.xsd">&e;</categories>',
    ],
)
def test_what_is_no_list_is_refused(document: bytes) -> None:
    with pytest.raises(CategoryListUnreadable):
        CategoryList(document)
