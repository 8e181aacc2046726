"""A user with a mailbox that is ready to run, on a real PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

LEASE = timedelta(seconds=30)


@pytest.fixture
def world(database_dsn):
    from serversync.crm.models import (
        EmailServerProfile,
        ExchangeSyncMailbox,
        Mailbox,
        Organization,
        SystemUser,
        UserSettings,
    )

    Organization.objects.current()
    profile = EmailServerProfile.objects.create(name="Exchange", incominguseimpersonation=True)
    people = {}
    for name in ("ada", "ben"):
        address = f"{name}@example.org"
        user = SystemUser.objects.create_user(address, fullname=name.title(), internalemailaddress=address)
        Mailbox.objects.filter(pk=user.defaultmailbox_id).update(
            emailserverprofile=profile,
            incomingemaildeliverymethod=2,
            emailrouteraccessapproval=1,
            nextpasson="2026-01-01T00:00:00Z",
        )
        UserSettings.objects.filter(pk=user.pk).update(incomingemailfilteringmethod=0)
        ExchangeSyncMailbox.objects.create(mailboxid_id=user.defaultmailbox_id)
        people[name] = user
    return SimpleNamespace(
        dsn=database_dsn,
        profile=profile,
        ada=people["ada"],
        ben=people["ben"],
        mailbox=people["ada"].defaultmailbox_id,
        other_mailbox=people["ben"].defaultmailbox_id,
    )


@pytest.fixture
async def pool(world) -> AsyncIterator[AsyncConnectionPool]:
    async with AsyncConnectionPool(
        world.dsn, min_size=1, max_size=6, open=False, kwargs={"autocommit": True}
    ) as pool:
        yield pool


@pytest.fixture
def query(world):
    def query(statement, *arguments):
        with psycopg.connect(world.dsn) as connection:
            return connection.execute(statement, arguments).fetchall()

    return query
