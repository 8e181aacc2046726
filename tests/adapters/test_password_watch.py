"""A password that ends soon is told of days before, once, and no more when it was changed."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from serversync.adapters.password_watch import PasswordWatch
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import ConnectionSlots
from serversync.simulator import Exchange, Fault, SimulatorServer

NOW = datetime.now(UTC)
SERVICE, PASSWORD = "svc-crm@example.org", "correct horse"
OPEN = (
    "select level, occurrences, regardingobjectid from tracelog"
    " where code = 'profile.password-ends' and resolvedon is null"
)


@pytest.fixture
def exchange():
    exchange = Exchange("Exchange2016")
    exchange.add_account(SERVICE, password=PASSWORD, impersonation=True)
    exchange.add_mailbox(SERVICE)
    exchange.add_mailbox("ada@example.org")
    exchange.directory.find(SERVICE).password_expires = NOW + timedelta(days=60)
    return exchange


@pytest.fixture
def account(world):
    """The profile with its account, and Ada's mailbox with one of its own that nobody uses yet."""
    from serversync.crm.models import Mailbox

    profile = world.profile
    profile.incomingusername = SERVICE
    profile.incomingcredentialretrieval = 1
    profile.incomingauthenticationprotocol = 3
    profile.set_incomingpassword(PASSWORD)
    profile.save()
    mailbox = Mailbox.objects.get(pk=world.mailbox)
    mailbox.username = "ada@example.org"
    mailbox.set_password("ada's own")
    mailbox.allowemailconnectortousecredentials = True
    mailbox.save()
    return profile.pk


@pytest.fixture
def change(world):
    def change(statement, *arguments):
        with psycopg.connect(world.dsn) as connection:
            connection.execute(statement, arguments)

    return change


@pytest.fixture
async def server(account, change, exchange):
    async with SimulatorServer(exchange, schemes=("NTLM", "Basic")) as server:
        change(
            "update emailserverprofile set incomingserverlocation = %s, cafile = %s",
            server.url,
            str(server.ca_file),
        )
        yield server


@pytest.fixture
async def watch(pool, server):
    """Look so many days from now."""
    profiles = ProfileConnections(pool, user_agent="serversync/test")
    slots = ConnectionSlots(pool, host="test", lease=timedelta(seconds=30))

    async def look(days):
        await PasswordWatch(pool, profiles, slots, now=lambda: NOW + timedelta(days=days))()

    yield look
    await profiles.close()


def asked(server):
    """Collect what is asked from now on."""
    seen = []
    server.on_response.append(seen.append)
    return seen


async def test_a_password_that_is_good_for_long_is_no_news(watch, query):
    await watch(0)
    assert query(OPEN) == []
    assert query("select expireson from passwordexpiry") == [
        (NOW.replace(microsecond=0) + timedelta(days=60),)
    ]


async def test_one_that_ends_soon_is_an_error_once_however_often_it_is_looked_at(watch, query, world):
    await watch(46.5)
    assert query(OPEN) == [(3, 1, world.profile.pk)]
    await watch(47.5)
    assert query(OPEN) == [(3, 2, world.profile.pk)]
    ((text, remedy),) = query("select text, errordetails from tracelog")
    assert text.startswith(f"Exchange: The password of {SERVICE} ends in 12 days, on ")
    assert "Set-ADAccountPassword 'svc-crm' -Reset" in remedy


async def test_a_changed_password_closes_the_alert(watch, query, exchange):
    await watch(50)
    exchange.directory.find(SERVICE).password_expires = NOW + timedelta(days=150)
    await watch(51)
    assert query(OPEN) == []
    assert query("select count(*) from tracelog where resolvedon is not null") == [(1,)]


async def test_one_that_never_ends_any_more_closes_it_too(watch, query, exchange):
    await watch(50)
    exchange.directory.find(SERVICE).password_expires = None
    await watch(51)
    assert query(OPEN) == []


async def test_the_days_are_a_setting_and_none_means_no_alert(watch, query, change):
    change("update organization set passwordwarningindays = 40")
    await watch(25)
    assert len(query(OPEN)) == 1
    change("update organization set passwordwarningindays = 5")
    await watch(26)
    assert query(OPEN) == []
    change("update organization set passwordwarningindays = 0")
    await watch(59.9)
    assert query(OPEN) == []


async def test_nothing_is_asked_before_it_is_due_and_changed_credentials_are_asked_about_at_once(
    watch, server, change
):
    seen = asked(server)
    await watch(0)
    first = len(seen)
    assert first
    await watch(0.4)
    assert len(seen) == first
    change("update emailserverprofile set modifiedon = clock_timestamp()")
    await watch(0.4)
    assert len(seen) == first + 1


async def test_two_workers_ask_once(pool, server, world):
    seen = asked(server)
    profiles = ProfileConnections(pool, user_agent="serversync/test")
    slots = ConnectionSlots(pool, host="test", lease=timedelta(seconds=30))
    for _ in range(2):
        await PasswordWatch(pool, profiles, slots, now=lambda: NOW)()
    await profiles.close()
    assert [one.operation for one in seen] == ["GetPasswordExpirationDate"]


async def test_a_server_that_is_busy_leaves_the_alert_and_is_asked_later(watch, query, exchange):
    await watch(50)
    exchange.faults.add(
        Fault(operation="GetPasswordExpirationDate", response_code="ErrorServerBusy", times=1)
    )
    exchange.directory.find(SERVICE).password_expires = None
    await watch(51)
    assert len(query(OPEN)) == 1
    await watch(51.1)
    assert query(OPEN) == []


async def test_an_account_that_exchange_knows_nothing_of_is_left_alone(watch, query, exchange):
    exchange.faults.add(
        Fault(operation="GetPasswordExpirationDate", response_code="ErrorNonExistentMailbox", times=None)
    )
    await watch(59)
    assert query(OPEN) == []
    assert query("select expireson from passwordexpiry") == [(None,)]


async def test_an_account_is_asked_about_by_its_own_log_on_where_its_name_is_no_address(watch, query, change):
    change("update emailserverprofile set incomingusername = 'EXAMPLE\\svc-crm'")
    await watch(50)
    assert len(query(OPEN)) == 1


async def test_no_connection_of_the_limit_is_taken_from_others(watch, query, change, world, server):
    change(
        "insert into connectionslot (connectionslotid, budgetid, emailserverprofileid, connections, purpose, hostid,"
        " leaseuntil) values (gen_random_uuid(), %s, %s, 10, 'passes', 'x', now() + interval '1 hour')",
        world.profile.pk,
        world.profile.pk,
    )
    seen = asked(server)
    await watch(50)
    assert (query(OPEN), seen) == ([], [])
    change("delete from connectionslot")
    await watch(50.1)
    assert len(query(OPEN)) == 1


async def test_a_mailbox_with_its_own_credentials_has_its_own_alert(watch, query, world, exchange, change):
    ada = exchange.add_account("ada@example.org", password="ada's own")
    ada.password_expires = NOW + timedelta(days=3, minutes=1)
    change("update emailserverprofile set incomingcredentialretrieval = 0")
    await watch(0)
    assert query(OPEN) == [(3, 1, world.mailbox)]
    assert "The password of ada@example.org ends in 3 days" in query("select text from tracelog")[0][0]


async def test_an_account_that_is_not_used_any_more_has_no_alert(watch, query, change):
    await watch(50)
    assert len(query(OPEN)) == 1
    change("update emailserverprofile set statecode = 1, statuscode = 2")
    await watch(50)
    assert (query(OPEN), query("select count(*) from passwordexpiry")) == ([], [(0,)])


async def test_a_stopped_account_is_not_tried(watch, server, world, change):
    change(
        "insert into exchangeaccount (exchangeaccountid, emailserverprofileid, credentialsof, refusals, host, username,"
        " scheme, stoppedon) select emailserverprofileid, emailserverprofileid, modifiedon, 2, 'h', 'u', 's', now()"
        " from emailserverprofile"
    )
    seen = asked(server)
    await watch(50)
    assert seen == []


async def test_the_server_that_autodiscover_found_is_asked(watch, query, change, server):
    change("update emailserverprofile set useautodiscover = true, incomingserverlocation = null")
    change("update mailbox set ewsurl = %s, lastautodiscoveredon = now()", server.url)
    await watch(50)
    assert len(query(OPEN)) == 1
