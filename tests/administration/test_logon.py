"""Guessing passwords is slow, also over restarts; the right one is not locked out by a stranger elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest

from serversync.administration import logon, people
from serversync.core import clock
from serversync.core.errors import LogOnLocked, LogOnRefused
from serversync.crm.models import LogOnAttempt

pytestmark = pytest.mark.django_db
RIGHT = "right password"


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def time(monkeypatch):
    made = Clock()
    monkeypatch.setattr(clock, "now", made)
    return made


@pytest.fixture
def ada(time):
    return people.add("ada", password=RIGHT)


def guess(times, *, address="192.0.2.7", name="ada"):
    for _ in range(times):
        with pytest.raises(LogOnRefused):
            logon.log_on(name, "guess", address=address)


def test_the_right_password_gets_in_and_forgets_the_failures(ada):
    guess(3)
    assert logon.log_on("ada", RIGHT, address="192.0.2.7") == ada
    guess(4)
    assert logon.log_on("ada", RIGHT, address="192.0.2.7") == ada


def test_after_five_failures_not_even_the_right_password_is_looked_at(ada, time):
    guess(5)
    with pytest.raises(LogOnLocked, match="in 15 seconds"):
        logon.log_on("ada", RIGHT, address="192.0.2.7")
    time.at += timedelta(seconds=16)
    assert logon.log_on("ada", RIGHT, address="192.0.2.7") == ada


def test_each_further_failure_doubles_the_pause_up_to_a_quarter_of_an_hour(ada, time):
    guess(5)
    pauses = []
    for _ in range(9):
        row = LogOnAttempt.objects.order_by("-lockeduntil").exclude(lockeduntil=None).get()
        pauses.append(int((row.lockeduntil - time.at).total_seconds()))
        time.at = row.lockeduntil
        guess(1)
    assert pauses == [15, 30, 60, 120, 240, 480, 900, 900, 900]


def test_a_stranger_elsewhere_does_not_lock_the_owner_out(ada):
    guess(5, address="198.51.100.1")
    assert logon.log_on("ada", RIGHT, address="192.0.2.7") == ada


def test_many_addresses_against_one_name_are_slowed_down_too(ada, monkeypatch):
    monkeypatch.setattr(logon, "NAME_ALLOWED", 8)
    for number in range(8):
        guess(1, address=f"198.51.100.{number}")
    with pytest.raises(LogOnLocked):
        logon.log_on("ada", "guess", address="198.51.100.99")


def test_many_names_from_one_address_are_slowed_down_too(ada, monkeypatch):
    monkeypatch.setattr(logon, "ADDRESS_ALLOWED", 8)
    for number in range(8):
        guess(1, name=f"name{number}")
    with pytest.raises(LogOnLocked):
        logon.log_on("ada", RIGHT, address="192.0.2.7")


def test_an_administrator_lifts_the_pause(ada):
    guess(5)
    assert logon.unlock(ada)
    assert logon.log_on("ada", RIGHT, address="192.0.2.7") == ada
    assert not logon.unlock(people.add("ben"))


def test_names_are_not_kept_in_clear(ada):
    guess(1, name="my secret typed in the wrong field")
    assert all("secret" not in row.pk for row in LogOnAttempt.objects.all())


def test_disabled_users_users_without_password_and_nobody_get_the_same_answer(ada):
    people.add("ben")
    people.edit(ada, disabled=True)
    said = set()
    for name in ("ada", "ben", "nobody"):
        with pytest.raises(LogOnRefused) as caught:
            logon.log_on(name, RIGHT, address="192.0.2.7")
        said.add(str(caught.value))
    assert len(said) == 1


def test_old_counters_are_cleared_away(ada, time):
    guess(1)
    assert logon.clear_away() == 0
    time.at += timedelta(hours=3)
    assert logon.clear_away() == 3
