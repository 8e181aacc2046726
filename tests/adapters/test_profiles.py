"""Which account and server a run of a mailbox is given, and that clients are shared where they may be."""

import asyncio
from uuid import uuid4

import psycopg
import pytest

from serversync.adapters.locators import endpoint
from serversync.adapters.profiles import ProfileConnections
from serversync.core.errors import InputInvalid, NotExchange

URL = "https://mail.example.org/EWS/Exchange.asmx"


@pytest.fixture
def profile(world):
    world.profile.incomingserverlocation = URL
    world.profile.incomingusername = "svc@example.org"
    world.profile.set_incomingpassword("correct horse")
    world.profile.save()
    return world.profile


@pytest.fixture
async def connections(pool):
    connections = ProfileConnections(pool, user_agent="test")
    yield connections
    await connections.close()


async def in_thread(work, *arguments):
    """Run what uses the ORM."""

    def run():
        from django.db import connection

        work(*arguments)
        connection.close()

    await asyncio.to_thread(run)


def own_credentials(mailboxid, allowed=True):
    from serversync.crm.models import EmailServerProfile, Mailbox

    EmailServerProfile.objects.update(incomingcredentialretrieval=0)
    mailbox = Mailbox.objects.get(pk=mailboxid)
    mailbox.username, mailbox.allowemailconnectortousecredentials = "ada@example.org", allowed
    mailbox.set_password("battery staple")
    mailbox.save()


async def test_mailboxes_of_a_profile_share_its_account_and_act_as_themselves(connections, profile, world):
    async with (
        connections.client(profile.pk, mailboxid=world.mailbox) as one,
        connections.client(profile.pk, mailboxid=world.other_mailbox) as other,
    ):
        assert one.client is other.client
        assert (one.mailbox, other.mailbox) == ("ada@example.org", "ben@example.org")


async def test_without_impersonation_the_account_acts_as_itself(connections, profile, world):
    with psycopg.connect(world.dsn) as connection:
        connection.execute("update emailserverprofile set incominguseimpersonation = false")
    async with connections.client(profile.pk, mailboxid=world.mailbox) as connected:
        assert connected.mailbox is None


async def test_a_mailbox_with_its_own_credentials_has_a_client_of_its_own(connections, profile, world):
    await in_thread(own_credentials, world.mailbox)
    await in_thread(own_credentials, world.other_mailbox)
    async with (
        connections.client(profile.pk, mailboxid=world.mailbox) as one,
        connections.client(profile.pk, mailboxid=world.other_mailbox) as other,
    ):
        assert one.client is not other.client
        assert one.mailbox is None


async def test_credentials_of_a_mailbox_are_used_only_where_it_allows_it(connections, profile, world):
    await in_thread(own_credentials, world.mailbox, False)
    with pytest.raises(InputInvalid, match="that may be used"):
        async with connections.client(profile.pk, mailboxid=world.mailbox):
            pass


async def test_a_changed_profile_gets_a_new_client_and_the_old_one_ends_with_its_last_user(
    connections, profile, world
):
    async with connections.client(profile.pk, mailboxid=world.mailbox) as old:
        await in_thread(profile.save)
        async with connections.client(profile.pk, mailboxid=world.mailbox) as new:
            assert new.client is not old.client
        assert old.client._transport is not None
    assert old.client._transport is None


async def test_a_batch_reads_profile_and_mailboxes_once(connections, profile, world, pool):
    batch = await connections.batch(profile.pk, [world.mailbox, world.other_mailbox])
    asked = pool.get_stats()["requests_num"]
    for mailboxid in (world.mailbox, world.other_mailbox):
        async with batch.client(profile.pk, mailboxid=mailboxid) as connected:
            assert connected.mailbox is not None
    assert pool.get_stats()["requests_num"] == asked
    assert batch.profile.connections == 10


async def test_a_mailbox_that_left_the_profile_meanwhile_is_not_reached_through_it(
    connections, profile, world
):
    with psycopg.connect(world.dsn) as connection:
        connection.execute("update mailbox set emailserverprofile = null")
    with pytest.raises(InputInvalid, match="any more"):
        async with connections.client(profile.pk, mailboxid=world.mailbox):
            pass


async def test_a_deleted_profile_is_said_to_be_deleted(connections, world):
    with pytest.raises(InputInvalid, match="deleted"):
        await connections.batch(uuid4(), [])


class Found:
    """A locator that finds each mailbox on a server of its own."""

    def __init__(self):
        self.forgotten = []

    async def locate(self, profile, mailbox, credentials, guard):
        return endpoint(profile, f"https://{mailbox.address.partition('@')[0]}.example.org/EWS/Exchange.asmx")

    async def forget(self, profile, mailbox, error):
        self.forgotten.append((mailbox.address, error.code))


async def test_a_server_that_was_found_is_forgotten_when_it_answers_as_another_would(pool, profile, world):
    profile.useautodiscover = True
    await in_thread(profile.save)
    locator = Found()
    connections = ProfileConnections(pool, user_agent="test", locator=locator)
    async with connections.client(profile.pk, mailboxid=world.mailbox) as connected:
        assert connected.client.endpoint.host == "ada.example.org"
    with pytest.raises(NotExchange):
        async with connections.client(profile.pk, mailboxid=world.mailbox):
            raise NotExchange(address=URL, reason="a web page answered")
    assert locator.forgotten == [("ada@example.org", "exchange.not-exchange")]
    await connections.close()


async def test_e_mail_leaves_through_the_outgoing_server_where_it_is_another_one(connections, profile, world):
    def outgoing(**values):
        type(profile).objects.update(**values)

    async def where(**options):
        async with connections.client(profile.pk, mailboxid=world.mailbox, **options) as connected:
            return connected.client.endpoint.url

    other = "https://smart.example.org/EWS/Exchange.asmx"
    await in_thread(lambda: outgoing(outgoingserverlocation=other))
    assert await where(sends=True) == URL, "the same settings for both"
    await in_thread(lambda: outgoing(usesamesettingsforoutgoingconnections=False))
    assert (await where(), await where(sends=True)) == (URL, other)
