"""Which schema is spoken with which mailbox."""

import pytest

from serversync.exchange.version import RequestServerVersion, ServerVersionInfo
from serversync.exchange.version_memory import VersionMemory

OLD, NEW = RequestServerVersion.EXCHANGE2010_SP2, RequestServerVersion.EXCHANGE2013_SP1
SERVER_2010, SERVER_2016 = ServerVersionInfo(14, 3, 513, 0), ServerVersionInfo(15, 1, 2507, 6)


@pytest.fixture
def memory() -> VersionMemory:
    return VersionMemory(NEW, most_mailboxes=10)


def test_an_unknown_mailbox_is_asked_in_the_newest_version(memory: VersionMemory) -> None:
    assert memory.version_for("ada") is NEW


def test_a_mailbox_whose_server_is_older_is_asked_in_its_version(memory: VersionMemory) -> None:
    memory.heard("ada", SERVER_2010)
    assert (memory.version_for("ada"), memory.version_for("ben")) == (OLD, NEW)


def test_a_mailbox_that_was_moved_to_a_newer_server_is_asked_in_its_version(memory: VersionMemory) -> None:
    memory.heard("ada", SERVER_2010)
    memory.heard("ada", SERVER_2016)
    assert memory.version_for("ada") is NEW
    assert len(memory) == 0


def test_a_version_found_by_a_refusal_stays_whatever_the_server_in_front_is(memory: VersionMemory) -> None:
    memory.found("ada", OLD)
    memory.heard("ada", SERVER_2016)
    assert memory.version_for("ada") is OLD
    memory.forget("ada")
    assert memory.version_for("ada") is NEW


def test_after_several_older_mailboxes_new_ones_are_asked_in_the_older_version(memory: VersionMemory) -> None:
    for name in ("ada", "ben", "cleo"):
        memory.found(name, OLD)
    assert memory.version_for("dora") is OLD
    memory.heard("dora", SERVER_2016)
    assert memory.version_for("dora") is NEW
    assert memory.version_for("erik") is NEW
    assert memory.version_for("ada") is OLD


def test_it_forgets_who_was_not_asked_for_longest(memory: VersionMemory) -> None:
    for number in range(10):
        memory.heard(str(number), SERVER_2010)
    assert memory.version_for("0") is OLD
    memory.heard("10", SERVER_2010)
    assert len(memory) == 10
    assert (memory.version_for("0"), memory.version_for("1")) == (OLD, NEW)


def test_a_client_that_wants_an_older_version_never_gets_a_newer_one() -> None:
    memory = VersionMemory(OLD)
    memory.heard("ada", SERVER_2016)
    assert memory.version_for("ada") is OLD
