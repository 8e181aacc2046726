"""What is asked for at once shrinks with trouble and grows with answers, and nothing is lost on the way."""

import asyncio
import re

import pytest

from serversync.jobs.single import sync_now
from serversync.simulator import Fault
from tests.e2e.place import PEOPLE, company
from tests.jobs.test_worker import Running, until

ADA = PEOPLE[0]


def mail(number):
    return f"From: g@example.com\r\nTo: {ADA}\r\nSubject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\nHello\r\n".encode()


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as place:
        place.pages, place.items = [], []

        def see(traffic):
            if found := re.search(rb"<m:MaxChangesReturned>(\d+)", traffic.request):
                place.pages.append(int(found[1]))
            if traffic.operation == "GetItem":
                place.items.append(traffic.request.count(b"<t:ItemId "))

        place.simulator.server.on_response.append(see)
        place.query_and_commit("update organization set streamingnotificationsenabled = false")
        place.query_and_commit(
            "update mailbox set nextpasson = null, transientfailurecount = 0 where emailaddress <> %s", ADA
        )
        yield place


def tracked(place):
    ((count,),) = place.query("select count(*) from email")
    return count


@pytest.mark.parametrize(
    "fault",
    [
        {"response_code": "ErrorServerBusy", "back_off_milliseconds": 1000},
        {"response_code": "ErrorTimeoutExpired"},
        {"http_status": 503, "headers": {"Retry-After": "1"}},
    ],
    ids=["busy", "timed out", "shedding load"],
)
async def test_a_listing_that_fails_is_asked_for_in_smaller_pages_which_grow_again(place, fault):
    for number in range(30):
        place.exchange.deliver(mail(number), [ADA])
    place.exchange.faults.add(Fault(operation="SyncFolderItems", times=2, **fault))
    async with Running(place.dsn):
        await until(lambda: tracked(place) == 30, seconds=90)
        await until(lambda: place.pages[-1] == 512, seconds=90)
    before = place.pages[: place.pages.index(128)]
    assert before in ([512, 256], []), "a refusal without SOAP is not seen as a page"
    assert place.query("select transientfailurecount from mailbox where emailaddress = %s", ADA) == [(0,)]


def test_the_rest_of_a_batch_at_which_the_server_stops_is_asked_for_again(place):
    ids = [place.exchange.deliver(mail(number), [ADA])[0] for number in range(12)]
    for item_id in ids[7:]:
        place.exchange.faults.add(
            Fault(operation="GetItem", item_id=item_id, response_code="ErrorBatchProcessingStopped")
        )
    _, error = asyncio.run(sync_now(place.mailboxes[ADA]))
    assert error is None
    assert place.items == [12, 5]
    assert tracked(place) == 12
