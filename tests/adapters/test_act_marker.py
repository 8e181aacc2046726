"""The marker in a mailbox, in every version of Exchange; exchangelib reads it, and every request is held against the schemas."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from serversync.adapters.act_marker import MailboxMarker
from serversync.core.errors import MailboxUnavailable, SyncedByAnotherOrganization
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.rules.marker import Marker, SyncingOrganization
from serversync.simulator import Fault
from serversync.simulator.storeditem import ExtendedValue
from serversync.simulator.userconfiguration import DICTIONARY, find
from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD, account, make_exchange
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

OURS = SyncingOrganization(UUID(int=1), 'Ours & "more" <ü>')
THEIRS = SyncingOrganization(UUID(int=2), "Theirs")
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
NAME = "serversync.Organization"
VERSIONS = ("Exchange2010_SP3", "Exchange2013_SP1", "Exchange2019", "ExchangeSE")


@pytest.fixture(params=["Exchange2016"])
def place(
    request: pytest.FixtureRequest, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimpleNamespace]:
    """An Exchange, with exchangelib in Ada's mailbox."""
    exchange = make_exchange(request.param)
    with serve(exchange) as simulator, account(simulator, monkeypatch) as ada:
        yield SimpleNamespace(exchange=exchange, simulator=simulator, ada=ada)


@asynccontextmanager
async def of(place: SimpleNamespace, organization: SyncingOrganization) -> AsyncIterator[MailboxMarker]:
    """Open the mailbox as an organization does, over a connection of its own."""
    credentials = Credentials(username=ACCOUNT, password=PASSWORD, scheme=Scheme.BASIC)
    endpoint = Endpoint(url=place.simulator.url, ca_file=place.simulator.ca_file)
    async with EwsClient(endpoint, credentials) as client:
        yield MailboxMarker(client, MAILBOX, address=MAILBOX, organization=organization)


def seen(place: SimpleNamespace) -> dict[str, str]:
    """What exchangelib finds."""
    return dict(place.ada.root.get_user_configuration(name=NAME).dictionary)


@pytest.mark.parametrize("place", VERSIONS, indirect=True)
async def test_an_organization_marks_a_mailbox_and_another_one_is_refused_until_it_overtakes(
    place: SimpleNamespace,
) -> None:
    async with of(place, OURS) as ours, of(place, THEIRS) as theirs:
        assert await ours.check() is None
        assert await ours.claim(NOW) is None
        assert await asyncio.to_thread(seen, place) == Marker(OURS, NOW).texts()
        assert await ours.claim(LATER) is None
        assert await ours.check() == Marker(OURS, NOW)
        with pytest.raises(SyncedByAnotherOrganization, match=r"Ours & .* since 2026-05-04 09:00 UTC"):
            await theirs.check()
        with pytest.raises(SyncedByAnotherOrganization):
            await theirs.claim(LATER)
        assert await ours.read() == Marker(OURS, NOW)
        assert await theirs.claim(LATER, overtakes=True) == Marker(OURS, NOW)
        assert await asyncio.to_thread(seen, place) == Marker(THEIRS, LATER).texts()
        with pytest.raises(SyncedByAnotherOrganization, match="Theirs"):
            await ours.check()


class Slow(MailboxMarker):
    """One that looks, and is overtaken before it writes."""

    quicker: MailboxMarker

    async def _create(self, at: datetime) -> bool:
        await self.quicker.claim(at)
        return await super()._create(at)


@pytest.mark.parametrize("rival", [THEIRS, OURS], ids=["another organization", "another worker of ours"])
async def test_who_comes_second_by_a_moment_is_not_first(
    place: SimpleNamespace, rival: SyncingOrganization
) -> None:
    async with of(place, rival) as quicker, of(place, OURS) as marker:
        slow = Slow(marker._client, MAILBOX, address=MAILBOX, organization=OURS)
        slow.quicker = quicker
        if rival is THEIRS:
            with pytest.raises(SyncedByAnotherOrganization):
                await slow.claim(NOW)
        else:
            assert await slow.claim(NOW) is None
        assert await marker.read() == Marker(rival, NOW)


async def test_of_many_that_come_at_once_one_has_the_mailbox(place: SimpleNamespace) -> None:
    async def come(organization: SyncingOrganization) -> bool:
        async with of(place, organization) as marker:
            try:
                await marker.claim(NOW)
            except SyncedByAnotherOrganization:
                return False
            return True

    organizations = [SyncingOrganization(UUID(int=number), f"Number {number}") for number in range(1, 7)]
    came = await asyncio.gather(*(come(one) for one in organizations))
    assert came.count(True) == 1
    assert seen(place) == Marker(organizations[came.index(True)], NOW).texts()


@pytest.mark.parametrize("content", [{"dictionary": {"OrganizationId": "?"}}, {"xml_data": b"<a/>"}])
async def test_settings_that_name_nobody_are_replaced(
    place: SimpleNamespace, content: dict[str, Any]
) -> None:
    await asyncio.to_thread(lambda: place.ada.root.create_user_configuration(name=NAME, **content))
    async with of(place, OURS) as ours:
        assert await ours.claim(NOW) is None
        assert await ours.check() == Marker(OURS, NOW)


async def test_settings_that_are_spoilt_are_replaced(place: SimpleNamespace) -> None:
    async with of(place, THEIRS) as theirs, of(place, OURS) as ours:
        await theirs.claim(NOW)
        mailbox = place.exchange.mailbox(MAILBOX)
        item = find(mailbox, mailbox.distinguished_folder("root"), NAME)
        assert item is not None
        spoilt = ExtendedValue("Binary", base64.b64encode(b"spoilt").decode())
        mailbox.edit(item.number, extended={DICTIONARY: spoilt})
        assert await ours.check() is None
        assert await ours.claim(LATER) is None
        assert await ours.check() == Marker(OURS, LATER)


async def test_a_server_that_does_not_answer_is_not_a_mailbox_without_a_marker(
    place: SimpleNamespace,
) -> None:
    fault = Fault(operation="GetUserConfiguration", response_code="ErrorMailboxStoreUnavailable", times=None)
    place.exchange.faults.add(fault)
    async with of(place, OURS) as ours:
        with pytest.raises(MailboxUnavailable):
            await ours.claim(NOW)
