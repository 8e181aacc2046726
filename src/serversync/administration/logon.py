"""Logging in: checking name and password, and slowing down whoever guesses.

Failures are counted in the database: for a name from one address, for a name from anywhere, and for an address. An
attempt counts as failed before the password is looked at and is taken back when it was right, so that many attempts at
once are no faster than one after another.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.hashers import make_password
from django.db import connection

from serversync.administration import actor as actors
from serversync.administration import audit, privileges
from serversync.administration.actor import Actor
from serversync.core import clock
from serversync.core.errors import LogOnLocked, LogOnRefused
from serversync.crm.models import LogOnAttempt, SystemUser
from serversync.crm.privileges import Privilege

FORGOTTEN_AFTER: Final = timedelta(hours=1)
"""So long after the last failure a counter begins anew."""
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Counter:
    key: str
    allowed: int


PAIR_ALLOWED: Final = 5
"""Failures in a row of one name from one address before each further one costs a pause."""
NAME_ALLOWED: Final = 50
ADDRESS_ALLOWED: Final = 100

_COUNT = """
    insert into logonattempt (logonattemptid, failures, lastfailureon) values (%(key)s, 1, %(now)s)
    on conflict (logonattemptid) do update set
        failures = case when logonattempt.lastfailureon < %(forgotten)s then 1 else logonattempt.failures + 1 end,
        lastfailureon = %(now)s,
        lockeduntil = case
            when logonattempt.lastfailureon < %(forgotten)s then null
            when logonattempt.failures + 1 >= %(allowed)s then %(now)s + make_interval(secs => least(
                %(longest)s, %(first)s * power(2, least(logonattempt.failures + 1 - %(allowed)s, 20))))
            else logonattempt.lockeduntil end
    where logonattempt.lockeduntil is null or logonattempt.lockeduntil <= %(now)s
    returning failures
"""


def log_on(login: str, password: str, *, address: str) -> SystemUser:
    """Return the user to whom name and password belong.

    Args:
        login: The log-in name as it was typed.
        password: As it was typed.
        address: From where the attempt comes.

    Raises:
        LogOnLocked: there were too many failures; this attempt was not looked at.
        LogOnRefused: they do not match, or the user is disabled or has no password.
    """
    counters = _counters(login, address)
    now = clock.now()
    for counter in counters:
        if not _count(counter, now):
            raise _locked(counter, now)
    user = SystemUser.objects.filter(domainname=login).first()
    if user is None:
        make_password(password)  # takes as long as a wrong password does
    if user is None or user.isdisabled or not user.check_password(password):
        with actors.acting(Actor(None, channel="web", address=address)):
            audit.failed_log_on(user, login)
        raise LogOnRefused
    LogOnAttempt.objects.filter(pk=counters[0].key).delete()
    for counter in counters[1:]:
        _take_back(counter)
    with actors.acting(Actor(user, channel="web", address=address)):
        audit.noted("session.log-on", user)
    return user


def count_failure(address: str) -> None:
    """Count a failure from an address whose name is not known, such as a key that nobody has.

    Raises:
        LogOnLocked: there were too many from there.
    """
    counter, now = _of_address(address), clock.now()
    if not _count(counter, now):
        raise _locked(counter, now, remedy="Wait, and send a key that is in force: that is let in meanwhile.")


def unlock(user: SystemUser) -> bool:
    """Lift the pause of a user's name from anywhere; tell whether there was a counter.

    Raises:
        PrivilegeMissing: the actor may not change the user.
    """
    privileges.require_for(Privilege.WRITE_USER, [user])
    audit.noted("user.unlock", user)
    prefix = _digest("name", user.domainname)
    lifted, _ = LogOnAttempt.objects.filter(logonattemptid__startswith=prefix[:32]).delete()
    return bool(lifted)


def clear_away() -> int:
    """Delete counters that are long forgotten, and return how many."""
    old = clock.now() - FORGOTTEN_AFTER - LONGEST_PAUSE
    return LogOnAttempt.objects.filter(lastfailureon__lt=old).delete()[0]


def _counters(login: str, address: str) -> list[_Counter]:
    """The first 32 digits of a pair's key are those of its name, so that a name's counters are found together."""
    name = _digest("name", login)
    return [
        _Counter(name[:32] + _digest("from", address)[:32], PAIR_ALLOWED),
        _Counter(name, NAME_ALLOWED),
        _of_address(address),
    ]


def _of_address(address: str) -> _Counter:
    return _Counter(_digest("address", address), ADDRESS_ALLOWED)


def _locked(counter: _Counter, now: datetime, *, remedy: str = "") -> LogOnLocked:
    until = LogOnAttempt.objects.filter(pk=counter.key).values_list("lockeduntil", flat=True).first()
    return LogOnLocked(when=_when(until, now), remedy=remedy)


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()


def _count(counter: _Counter, now: datetime) -> bool:
    """Count an attempt as failed; ``False`` while the counter is locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "key": counter.key,
                "now": now,
                "forgotten": now - FORGOTTEN_AFTER,
                "allowed": counter.allowed,
                "first": FIRST_PAUSE.total_seconds(),
                "longest": LONGEST_PAUSE.total_seconds(),
            },
        )
        return cursor.fetchone() is not None


def _take_back(counter: _Counter) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update logonattempt set failures = greatest(failures - 1, 0),"
            " lockeduntil = case when failures <= %s then null else lockeduntil end where logonattemptid = %s",
            [counter.allowed, counter.key],
        )


def _when(until: datetime | None, now: datetime) -> str:
    seconds = max(1, round((until - now).total_seconds())) if until else 1
    return f"in {seconds} seconds" if seconds < 120 else f"in {round(seconds / 60)} minutes"
