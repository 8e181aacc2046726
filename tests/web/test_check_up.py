"""The check-up in the pages: the same checks as ``serversync doctor``, for who administers the installation."""

from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient

from serversync.crm.models import EmailServerProfile, SystemUser
from tests.web.company import Company, logged_in


@pytest.fixture
async def _own_thread() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


@pytest.mark.usefixtures("_own_thread")
async def test_every_check_is_shown_with_its_remedy_and_the_outcome(database_dsn: str) -> None:
    dora = await sync_to_async(SystemUser.objects.create_superuser)("dora", fullname="Dora")
    client = AsyncClient()
    await client.aforce_login(dora)
    answer = await client.post("/check-up/")
    assert isinstance(answer, StreamingHttpResponse)
    page = b"".join([part async for part in answer]).decode()  # type: ignore[union-attr]
    assert "All are applied" in page
    assert "There is no email server profile" in page
    assert "Email Server Profiles &gt; New" in page, "the remedy names the way in the pages"
    assert "failed.</span>" in page
    assert page.rstrip().endswith("</html>")


def test_looking_at_the_page_checks_nothing(company: Company) -> None:
    EmailServerProfile.objects.update(useautodiscover=False, incomingserverlocation="https://192.0.2.1/ews")
    page = logged_in(company.dora).get("/check-up/").content.decode()
    assert "Check now" in page
    assert "Main Exchange" not in page


def test_nobody_else_may_check(company: Company) -> None:
    client = logged_in(company.ada)
    assert client.get("/check-up/").status_code == 403
    assert client.post("/check-up/").status_code == 403
    assert "/check-up/" not in client.get("/").content.decode()
