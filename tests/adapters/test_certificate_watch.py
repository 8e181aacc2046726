"""A certificate that ends soon is told of weeks before, once, and no more when it was renewed."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from serversync.adapters.certificate_watch import CertificateWatch
from serversync.simulator import Exchange, SimulatorServer
from serversync.simulator.certificates import CertificateOptions

NOW = datetime.now(UTC)


@pytest.fixture
async def server(world):
    async with SimulatorServer(Exchange(), tls=CertificateOptions(days_left=90)) as server:
        with psycopg.connect(world.dsn) as connection:
            connection.execute(
                "update emailserverprofile set incomingserverlocation = %s, cafile = %s",
                (server.url, str(server.ca_file)),
            )
            connection.execute("update organization set generatealertsforwarnings = true")
        yield server


def watch(pool, *, days):
    """A watch so many days from now."""
    return CertificateWatch(pool, now=lambda: NOW + timedelta(days=days))


OPEN = (
    "select level, occurrences from tracelog where code = 'profile.certificate-ends' and resolvedon is null"
)


async def test_a_certificate_that_is_good_for_long_is_no_news(pool, server, query):
    await watch(pool, days=0)()
    assert query(OPEN) == []


async def test_one_that_ends_soon_is_a_warning_and_in_the_last_week_an_error(pool, server, query):
    await watch(pool, days=70)()
    assert query(OPEN) == [(2, 1)]
    await watch(pool, days=85)()
    assert query(OPEN) == [(3, 2)]
    ((text, remedy),) = query("select text, errordetails from tracelog")
    assert text.startswith("Exchange: The certificate of CN=localhost ends in ")
    assert "Renew it" in remedy


async def test_a_renewed_one_closes_the_alert(pool, server, query):
    await watch(pool, days=70)()
    await watch(pool, days=0)()
    assert query(OPEN) == []
    assert query("select count(*) from tracelog where resolvedon is not null") == [(1,)]


async def test_a_server_that_cannot_be_looked_at_leaves_everything_as_it_is(pool, server, query, world):
    await watch(pool, days=70)()
    with psycopg.connect(world.dsn) as connection:
        connection.execute(
            "update emailserverprofile set incomingserverlocation = 'https://exchange.invalid/'"
        )
    await watch(pool, days=0)()
    assert query(OPEN) == [(2, 1)]


async def test_warnings_that_nobody_wants_are_not_written_but_errors_are(pool, server, query, world):
    with psycopg.connect(world.dsn) as connection:
        connection.execute("update organization set generatealertsforwarnings = false")
    await watch(pool, days=70)()
    assert query(OPEN) == []
    await watch(pool, days=85)()
    assert query(OPEN) == [(3, 1)]


async def test_nothing_is_sent_to_the_server(pool, server, query):
    seen = []
    server.on_response.append(seen.append)
    await watch(pool, days=70)()
    assert seen == []


async def test_the_servers_that_autodiscover_found_are_looked_at(pool, server, query, world):
    with psycopg.connect(world.dsn) as connection:
        connection.execute(
            "update emailserverprofile set useautodiscover = true, incomingserverlocation = null"
        )
        connection.execute("update mailbox set ewsurl = %s", (server.url,))
    await watch(pool, days=85)()
    assert query(OPEN) == [(3, 1)]
