"""Test Connection in the page: every step, sent as it is over, and kept for later."""

from collections.abc import AsyncIterator, Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from django.urls import reverse

from serversync.administration import actor, profiles
from serversync.crm.models import EmailServerProfile
from serversync.simulator import Exchange, SimulatorThread
from tests.web.company import found

PASSWORD = "planted-Secret-4711"
SERVICE = "svc-crm@example.org"


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    made = Exchange()
    made.add_account(SERVICE, password=PASSWORD, impersonation=True)
    for name in ("ada", "ben"):
        made.add_mailbox(f"{name}@example.org")
    with SimulatorThread(made) as running:
        yield running


@pytest.fixture
async def _own_thread() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


async def run_test(dsn: str, simulator: SimulatorThread, password: str) -> tuple[str, EmailServerProfile]:
    def set_up():
        company = found()
        with actor.acting(actor.INSTALLATION):
            profile = profiles.add(
                "Simulated",
                {
                    "incomingserverlocation": simulator.url,
                    "incomingusername": SERVICE,
                    "incomingpassword": password,
                    "incominguseimpersonation": True,
                    "cafile": simulator.ca_file,
                },
            )
        return company.dora, profile

    dora, profile = await sync_to_async(set_up)()
    client = AsyncClient()
    await client.aforce_login(dora)
    address = reverse("profile-test", args=[profile.pk])
    answer = await client.post(address, {"mailbox": "ada@example.org"})
    assert isinstance(answer, StreamingHttpResponse)
    pieces = [piece.decode() async for piece in answer]
    assert len(pieces) > 10, "it came in one piece"
    await sync_to_async(profile.refresh_from_db)()
    later = (await client.get(address)).content.decode()
    assert "Account logs on" in later
    return "".join(pieces), profile


@pytest.mark.usefixtures("_own_thread")
async def test_a_wrong_password_fails_at_its_step_with_a_remedy(
    database_dsn: str, simulator: SimulatorThread
) -> None:
    page, profile = await run_test(database_dsn, simulator, "wrong")
    assert "exchange.authentication-failed" in page
    assert "What to do:" in page
    assert page.rstrip().endswith("</html>")
    assert PASSWORD not in page
    assert profile.lasttestexecutionstatus == 0


@pytest.mark.usefixtures("_own_thread")
async def test_the_right_password_passes_and_can_be_copied(
    database_dsn: str, simulator: SimulatorThread
) -> None:
    page, profile = await run_test(database_dsn, simulator, PASSWORD)
    assert "# Test Connection of Simulated" in page
    assert profile.lasttestexecutionstatus in {1, 2}
