"""Where autodiscover finds mailboxes, for how long that holds, and what makes it look again; against the simulator."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import SimpleNamespace

import psycopg
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from serversync.adapters.discovery import AutodiscoverLocator
from serversync.adapters.profiles import ProfileConnections
from serversync.core.errors import (
    AuthenticationFailed,
    AutodiscoverFailed,
    AutodiscoverHostNotAllowed,
    InputInvalid,
    MailboxInExchangeOnline,
    NotExchange,
    ServerBusy,
)
from serversync.simulator import AutodiscoverFault, CertificateOptions, Exchange, SimulatorServer

SERVICE, PASSWORD = "svc-crm@example.org", "correct horse"
ADA, BEN = "ada@example.org", "ben@example.org"
HOST, MAIL = "autodiscover.example.org", "mail.example.org"


class OneServer(AbstractResolver):
    """Two names lead to the simulator's port, and no other does."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in (HOST, MAIL) or port != 443:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self.port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing to release."""


async def no_records(name: str) -> tuple[()]:
    return ()


@pytest.fixture
async def place(pool, world) -> AsyncIterator[SimpleNamespace]:
    """A profile that finds its server, and the simulator that is to be found."""
    exchange = Exchange("Exchange2016")
    exchange.add_account(SERVICE, password=PASSWORD, impersonation=True)
    exchange.add_mailbox(ADA)
    exchange.add_mailbox(BEN)
    certificate = CertificateOptions(names=(HOST, MAIL, "localhost"))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(SimulatorServer(exchange, tls=certificate))
        profile = world.profile
        profile.useautodiscover = True
        profile.incomingusername = SERVICE
        profile.cafile = str(server.ca_file)
        profile.set_incomingpassword(PASSWORD)
        await asyncio.to_thread(save, profile)
        opened: list[ProfileConnections] = []

        def connections() -> ProfileConnections:
            """What a process has; each call is another process."""
            resolver = OneServer(server.port)
            locator = AutodiscoverLocator(pool, user_agent="test", resolver=resolver, srv=no_records)
            opened.append(ProfileConnections(pool, user_agent="test", locator=locator))
            return opened[-1]

        async def url(process: ProfileConnections, mailboxid=world.mailbox) -> str:
            async with process.client(profile.pk, mailboxid=mailboxid) as connected:
                return connected.client.endpoint.url

        yield SimpleNamespace(
            exchange=exchange,
            server=server,
            profile=profile,
            connections=connections,
            url=url,
            world=world,
            mailbox=world.mailbox,
            other=world.other_mailbox,
            seen=exchange.autodiscover.seen,
        )
        for one in opened:
            await one.close()


def save(profile) -> None:
    from django.db import connection

    profile.save()
    connection.close()


def execute(place, statement: str, *arguments: object) -> None:
    with psycopg.connect(place.world.dsn) as connection:
        connection.execute(statement, arguments)


def make_old(place, hours: int = 25) -> None:
    execute(place, "update mailbox set lastautodiscoveredon = now() - make_interval(hours => %s)", hours)


async def test_what_is_found_stands_at_the_mailbox_and_is_good_for_a_day(place, query) -> None:
    assert await place.url(place.connections()) == place.server.url
    ((url, age),) = query(
        "select ewsurl, now() - lastautodiscoveredon < interval '1 minute' from mailbox where emailaddress = %s",
        ADA,
    )
    assert (url, age) == (place.server.url, True)
    assert query("select groupinginformation from mailbox where emailaddress = %s", ADA) == [
        ("Default-First-Site-Name",)
    ]
    place.seen.clear()
    assert await place.url(place.connections()) == place.server.url
    assert not place.seen
    make_old(place)
    await place.url(place.connections())
    assert place.seen


async def test_one_search_finds_the_others_of_the_domain_each_with_its_own_url(place) -> None:
    other_url = place.server.url.replace("localhost", MAIL)
    place.exchange.autodiscover.ews_urls[BEN] = other_url
    process = place.connections()
    assert await place.url(process) == place.server.url
    place.seen.clear()
    assert await place.url(process, place.other) == other_url
    assert await place.url(place.connections(), place.other) == other_url
    assert not place.seen


async def test_many_mailboxes_at_once_make_one_search(place) -> None:
    process = place.connections()
    await asyncio.gather(*(place.url(process, one) for one in [place.mailbox, place.other] * 5))
    assert len([one for one in place.seen if one.authorization and one.address]) == 2, (
        "one search, and one for those beside"
    )


async def test_a_refresh_that_fails_keeps_the_server_and_is_not_repeated(place) -> None:
    await place.url(place.connections())
    make_old(place)
    place.exchange.autodiscover.is_enabled = False
    process = place.connections()
    assert await place.url(process) == place.server.url
    asked = len(place.seen)
    for _ in range(3):
        assert await place.url(process) == place.server.url
    assert len(place.seen) == asked


async def test_a_search_that_fails_is_not_repeated_until_the_profile_changes(place) -> None:
    place.exchange.autodiscover.is_enabled = False
    process = place.connections()
    for _ in range(3):
        with pytest.raises(AutodiscoverFailed):
            await place.url(process)
    asked = len(place.seen)
    with pytest.raises(AutodiscoverFailed):
        await place.url(process, place.other)
    assert len(place.seen) == asked
    place.exchange.autodiscover.is_enabled = True
    await asyncio.to_thread(save, place.profile)
    assert await place.url(process) == place.server.url


async def test_a_host_that_is_not_allowed_is_named_and_works_once_it_is(place) -> None:
    target = f"https://{MAIL}/autodiscover/autodiscover.svc"
    place.exchange.autodiscover.redirect_urls[ADA] = target
    process = place.connections()
    with pytest.raises(AutodiscoverHostNotAllowed, match=MAIL):
        await place.url(process)
    assert MAIL not in {one.host for one in place.seen}
    place.profile.autodiscoverhosts = f"*.other.example\n{MAIL}"
    await asyncio.to_thread(save, place.profile)
    assert await place.url(process) == place.server.url
    assert MAIL in {one.host for one in place.seen}


async def test_a_mailbox_in_the_cloud_does_not_stop_its_domain(place) -> None:
    place.exchange.autodiscover.redirect_addresses[ADA] = "ada@example.mail.onmicrosoft.com"
    process = place.connections()
    with pytest.raises(MailboxInExchangeOnline):
        await place.url(process)
    assert await place.url(process, place.other) == place.server.url


async def meet(place, process: ProfileConnections, error: Exception) -> None:
    async with process.client(place.profile.pk, mailboxid=place.mailbox):
        raise error


async def is_forgotten(place) -> bool:
    with psycopg.connect(place.world.dsn) as connection:
        rows = connection.execute(
            "select lastautodiscoveredon is null, ewsurl from mailbox where mailboxid = %s", (place.mailbox,)
        ).fetchall()
    assert rows[0][1] == place.server.url
    return bool(rows[0][0])


async def test_an_answer_as_of_another_server_makes_it_look_again_but_seldom(place) -> None:
    process = place.connections()
    gone = NotExchange(address=place.server.url, reason="nothing is there any more (HTTP 410)")
    with pytest.raises(NotExchange):
        await meet(place, process, gone)
    assert not await is_forgotten(place), "it was found a moment ago"
    make_old(place, hours=1)
    with pytest.raises(NotExchange):
        await meet(place, process, gone)
    assert await is_forgotten(place)
    place.seen.clear()
    assert await place.url(process) == place.server.url
    assert place.seen


@pytest.mark.parametrize(
    ("response_code", "since", "forgets"),
    [("HTTP 503", 20, True), ("HTTP 503", 5, False), ("ErrorServerBusy", 20, False)],
)
async def test_only_a_long_503_makes_it_look_again(place, response_code, since, forgets) -> None:
    process = place.connections()
    await place.url(process)
    make_old(place, hours=1)
    execute(
        place,
        "update mailbox set lastsuccessfulsynccompletedon = now() - make_interval(mins => %s)",
        since,
    )
    with pytest.raises(ServerBusy):
        await meet(place, process, ServerBusy(response_code=response_code))
    assert await is_forgotten(place) is forgets


async def test_a_refused_password_is_counted_for_all_workers(place, query) -> None:
    place.profile.set_incomingpassword("guessed")
    place.exchange.directory.lockout_threshold = 3
    await asyncio.to_thread(save, place.profile)
    place.exchange.autodiscover.faults.append(AutodiscoverFault(form="JSON"))  # it needs no password
    for _ in range(4):
        with pytest.raises(AuthenticationFailed):
            await place.url(place.connections())
    assert query("select refusals from exchangeaccount") == [(2,)]
    account = place.exchange.directory.find(SERVICE)
    assert account is not None
    assert account.bad_passwords == 2


async def test_without_an_address_there_is_nothing_to_look_for(place) -> None:
    place.profile.incomingusername = "EXAMPLE\\svc-crm"
    await asyncio.to_thread(save, place.profile)
    with pytest.raises(InputInvalid, match="needs an e-mail address"):
        async with place.connections().client(place.profile.pk):
            pass


async def test_an_address_without_a_mailbox_of_ours_is_found_too(place) -> None:
    place.exchange.add_mailbox("cleo@example.org")
    async with place.connections().client(place.profile.pk, address="cleo@example.org") as connected:
        assert connected.client.endpoint.url == place.server.url


async def test_a_new_profile_does_not_use_what_was_found_for_the_old_one(place) -> None:
    await place.url(place.connections())

    def change() -> tuple[str | None, object]:
        from django.db import connection

        from serversync.administration import mailboxes
        from serversync.crm.models import EmailServerProfile, Mailbox

        EmailServerProfile.objects.create(
            name="Other", useautodiscover=True, incomingusername=SERVICE, incomingpassword=b"x"
        )
        mailboxes.edit([Mailbox.objects.get(pk=place.mailbox)], {"emailserverprofile": "Other"})
        row = Mailbox.objects.get(pk=place.mailbox)
        connection.close()
        return row.ewsurl, row.lastautodiscoveredon

    assert await asyncio.to_thread(change) == (None, None)
