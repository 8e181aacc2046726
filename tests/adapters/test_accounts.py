"""A password that is refused is tried twice by all workers together, and not once more."""

import asyncio
from datetime import UTC, datetime

import pytest

from serversync.adapters.accounts import AccountGuard, AccountKey
from serversync.core.errors import AuthenticationFailed

REFUSAL = {"host": "mail.example.org", "account": "svc@example.org", "scheme": "NTLM"}
BEFORE, AFTER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def guard(pool, world, *, of=None, credentialsof=BEFORE, by_hand=False):
    profileid = world.profile.pk
    key = AccountKey(of or profileid, profileid, credentialsof)
    return AccountGuard(pool, asyncio.Semaphore(2), key, by_hand=by_hand)


async def attempt(one, *, refused):
    """Try the password; return whether it came to that."""
    tried = False
    try:
        async with one.attempt():
            tried = True
            if refused:
                raise AuthenticationFailed(**REFUSAL)  # noqa: TRY301 - as a log-on raises it
    except AuthenticationFailed:
        assert refused or not tried
    return tried


async def test_many_guards_at_once_try_a_refused_password_twice_in_all(pool, world):
    tried = await asyncio.gather(*(attempt(guard(pool, world), refused=True) for _ in range(20)))
    assert tried.count(True) == 2


async def test_the_second_refusal_tells_the_owner_of_the_profile_and_every_mailbox_once(pool, world, query):
    for _ in range(3):
        await attempt(guard(pool, world), refused=True)
    rows = query("select regardingobjecttypecode, regardingobjectid, occurrences from tracelog order by 1, 2")
    mailboxes = sorted([world.mailbox, world.other_mailbox])
    assert rows == [
        ("emailserverprofile", world.profile.pk, 1),
        *(("mailbox", mailboxid, 1) for mailboxid in mailboxes),
    ]


async def test_changed_credentials_are_tried_and_success_forgets_and_heals(pool, world, query):
    for _ in range(2):
        await attempt(guard(pool, world), refused=True)
    assert await attempt(guard(pool, world), refused=False) is False
    assert await attempt(guard(pool, world, credentialsof=AFTER), refused=False) is True
    assert query("select count(*) from exchangeaccount") == [(0,)]
    assert query("select count(*) from tracelog where resolvedon is null") == [(0,)]


async def test_changed_credentials_that_are_refused_too_have_two_attempts_again(pool, world, query):
    for credentialsof in (BEFORE, AFTER):
        tried = [await attempt(guard(pool, world, credentialsof=credentialsof), refused=True) for _ in "1234"]
        assert tried == [True, True, False, False]
    assert query("select refusals, stoppedon is not null from exchangeaccount") == [(2, True)]


async def test_a_person_may_try_a_stopped_account_once(pool, world):
    for _ in range(2):
        await attempt(guard(pool, world), refused=True)
    by_hand = guard(pool, world, by_hand=True)
    assert await attempt(by_hand, refused=True) is True
    assert await attempt(by_hand, refused=True) is False
    assert await attempt(guard(pool, world, by_hand=True), refused=False) is True
    assert await attempt(guard(pool, world), refused=False) is True


async def test_a_mailbox_with_its_own_credentials_stops_alone(pool, world, query):
    for _ in range(2):
        await attempt(guard(pool, world, of=world.mailbox), refused=True)
    assert query("select regardingobjectid from tracelog") == [(world.mailbox,)]
    assert await attempt(guard(pool, world, of=world.other_mailbox), refused=False) is True


async def test_other_trouble_than_a_refusal_counts_nothing(pool, world, query):
    with pytest.raises(RuntimeError):
        async with guard(pool, world).attempt():
            raise RuntimeError
    assert query("select count(*) from exchangeaccount") == [(0,)]


async def test_a_refusal_that_was_counted_is_not_counted_again(pool, world, query):
    one, error = guard(pool, world), AuthenticationFailed(**REFUSAL)
    await one.refuse(error)
    await one.refuse(error)
    assert query("select refusals from exchangeaccount") == [(1,)]
