"""What the answers about settings that programs keep in folders say."""

from serversync.core.errors import ChangeConflict, ItemGone
from serversync.exchange.operations.create_user_configuration import CreateUserConfiguration
from serversync.exchange.operations.get_user_configuration import GetUserConfiguration
from serversync.exchange.operations.update_user_configuration import UpdateUserConfiguration
from serversync.exchange.outcome import Failure
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.exchange.types.user_configuration import UserConfigurationName
from tests.unit.exchange.answers import answer, failure, read, success

NAME = UserConfigurationName("Mine", DistinguishedFolderId("root"))
ENTRY = (
    "<t:DictionaryEntry><t:DictionaryKey><t:Type>{0}</t:Type><t:Value>{1}</t:Value></t:DictionaryKey>"
    "<t:DictionaryValue><t:Type>{2}</t:Type><t:Value>{3}</t:Value></t:DictionaryValue></t:DictionaryEntry>"
)
NAMED = '<t:UserConfigurationName Name="Mine"><t:DistinguishedFolderId Id="root"/></t:UserConfigurationName>'


def settings(*entries: tuple[str, str, str, str], dictionary: bool = True) -> str:
    rows = "".join(ENTRY.format(*entry) for entry in entries)
    inner = f"<t:Dictionary>{rows}</t:Dictionary>" if dictionary else ""
    return f"<m:UserConfiguration>{NAMED}{inner}</m:UserConfiguration>"


def got(content: str) -> dict[str, str]:
    (outcome,) = read(
        GetUserConfiguration(NAME), answer("GetUserConfiguration", success("GetUserConfiguration", content))
    )
    return outcome.unwrap()


def test_texts_are_read_and_other_kinds_of_values_are_left_out() -> None:
    found = got(
        settings(
            ("String", "a", "String", "b &amp; c"),
            ("String", "n", "Integer32", "7"),
            ("Integer32", "7", "String", "x"),
        )
    )
    assert found == {"a": "b & c"}


def test_a_configuration_without_a_dictionary_has_no_texts() -> None:
    assert got(settings(dictionary=False)) == {}


def test_none_under_the_name_is_a_failure_with_the_servers_own_word() -> None:
    (outcome,) = read(
        GetUserConfiguration(NAME),
        answer("GetUserConfiguration", failure("GetUserConfiguration", "ErrorItemNotFound")),
    )
    assert isinstance(outcome, Failure)
    assert outcome.code == "ErrorItemNotFound"
    assert isinstance(outcome.error, ItemGone)


def test_settings_that_were_kept_are_one_outcome_and_a_name_that_is_taken_is_a_failure() -> None:
    create = CreateUserConfiguration(NAME, {"a": "b"})
    (done,) = read(create, answer(create.name, success(create.name, "")))
    (taken,) = read(create, answer(create.name, failure(create.name, "ErrorItemSave")))
    assert done.unwrap() is True
    assert isinstance(taken, Failure)
    assert isinstance(taken.error, ChangeConflict)


def test_replaced_settings_are_one_outcome() -> None:
    update = UpdateUserConfiguration(NAME, {"a": "b"})
    (done,) = read(update, answer(update.name, success(update.name, "")))
    assert done.unwrap() is True
