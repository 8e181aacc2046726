"""Contacts are brought into step by workers: on time, each mailbox once, within the connections, and said when not."""

import asyncio
from datetime import timedelta

import pytest

from serversync.adapters import act_leases
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import Budget, ConnectionSlots
from serversync.jobs.act import Synchronization
from serversync.jobs.worker import USER_AGENT, open_pool
from tests.e2e.place import PEOPLE, company
from tests.jobs.test_worker import Running, until

LEASE = timedelta(seconds=30)
ADA = PEOPLE[0]


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as place:
        place.query_and_commit(
            "update organization set actplanfirst = false, actpollingintervalinseconds = 1"
        )
        place.query_and_commit(
            "update mailbox set actdeliverymethod = 1 where regardingobjecttypecode = 'systemuser'"
        )
        place.query_and_commit(
            "insert into exchangesyncmailbox (mailboxid, nextpasson) select mailboxid, now() from mailbox"
        )
        place.query_and_commit(
            "insert into contact (lastname, ownerid) select 'Hopper', ownerid from mailbox where emailaddress = %s",
            ADA,
        )
        yield place


class Part:
    """The part of a worker, without the rest of it."""

    def __init__(self, place, host="w1", lease=LEASE):
        self.place = place
        self.host = host
        self.lease = lease

    async def __aenter__(self):
        self.pool = open_pool(self.place.dsn)
        await self.pool.open()
        self.profiles = ProfileConnections(self.pool, user_agent=USER_AGENT)
        self.synchronization = Synchronization(self.pool, self.profiles, host=self.host, lease=self.lease)
        return self

    async def __aexit__(self, *_):
        await self.profiles.close()
        await self.pool.close()

    async def step(self):
        begun = await self.synchronization.step()
        await self.synchronization.settle()
        return begun

    async def claim(self):
        async with self.pool.connection() as connection:
            return await act_leases.claim_one(
                connection, self.place.mailboxes[ADA], host=self.host, lease=self.lease
            )


def linked(place):
    return place.query("select itemsubject from exchangesyncidmapping where stage = 2")


async def test_a_worker_brings_contacts_into_step_by_itself_and_again(place):
    async with Running(place.dsn):
        await until(lambda: linked(place) == [("Hopper",)])
        place.query_and_commit(
            "insert into contact (lastname, ownerid) select 'Lovelace', ownerid from contact limit 1"
        )
        await until(lambda: sorted(linked(place)) == [("Hopper",), ("Lovelace",)])
        statistics = "select itemsprocessed, processresult from mailboxstatistics where operationtypeid = 2"
        await until(lambda: place.query(statistics) == [(1, True), (1, True)])
    assert place.query("select actstatus from mailbox where emailaddress = %s", ADA) == [(1,)]


@pytest.mark.parametrize(
    ("zone", "hours", "windows"),
    [
        (None, (22, 23), "W. Europe Standard Time"),
        # The user's own zone wins: midnight in New York.
        ("America/New_York", (4, 5), "Eastern Standard Time"),
    ],
)
async def test_a_worker_brings_appointments_into_step_as_the_settings_say(place, zone, hours, windows):
    place.query_and_commit("update organization set defaulttimezone = 'Europe/Berlin'")
    place.query_and_commit(
        "update usersettings set timezone = %s where systemuserid = (select ownerid from mailbox"
        " where emailaddress = %s)",
        zone,
        ADA,
    )
    place.query_and_commit(
        "insert into appointment (subject, isalldayevent, scheduledstart, scheduledend, ownerid)"
        " select title, true, now()::date - days, now()::date - days + 1, ownerid"
        " from mailbox, (values ('Fair', -7), ('Long ago', 60)) as v (title, days) where emailaddress = %s",
        ADA,
    )
    async with Running(place.dsn):
        await until(lambda: sorted(linked(place)) == [("Fair",), ("Hopper",)])
    ((start, kept),) = [
        ((item.properties or {})["calendar:Start"], (item.properties or {})["calendar:StartTimeZone"])
        for box in [place.exchange.mailbox(ADA)]
        for number in box.distinguished_folder("calendar").items
        for item in [box.item(number)]
    ]
    assert start.hour in hours  # midnight there
    assert windows in kept


async def test_a_worker_brings_series_into_step(place):
    place.query_and_commit(
        "insert into recurringappointmentmaster (subject, ownerid, starttime, endtime, timezone, daysofweekmask,"
        " patternstartdate, deletedexceptionslist)"
        " select 'Watch', ownerid, '2027-03-01T08:00Z', '2027-03-01T09:00Z', 'Europe/Berlin', 2, '2027-03-01',"
        " '2027-03-08' from mailbox where emailaddress = %s",
        ADA,
    )
    async with Running(place.dsn):
        await until(lambda: sorted(linked(place)) == [("Hopper",), ("Watch",)])
    box = place.exchange.mailbox(ADA)
    (item,) = [box.item(number) for number in box.distinguished_folder("calendar").items]
    assert "WeeklyRecurrence" in (item.properties or {})["calendar:Recurrence"]
    assert list((item.exceptions or {}).values()) == [None]


async def test_only_mailboxes_of_users_with_the_method_are_taken(place):
    place.query_and_commit("update mailbox set actdeliverymethod = 2 where emailaddress = %s", PEOPLE[1])
    place.query_and_commit("update mailbox set enabledforact = false where emailaddress = %s", PEOPLE[2])
    async with Part(place) as part:
        assert await part.step() == 1
    assert place.query("select count(*) from exchangesyncmailbox where succeededon is not null") == [(1,)]


async def test_at_most_half_of_the_connections_are_used_and_one_is_left(place):
    place.query_and_commit("update emailserverprofile set maxconcurrentconnections = 2")
    async with Part(place) as part:
        assert await part.synchronization.step() == 1
        assert place.query("select purpose, connections from connectionslot") == [("synchronization", 1)]
        await part.synchronization.settle()
    assert place.query("select count(*) from connectionslot") == [(0,)]


async def test_a_run_that_was_taken_over_does_nothing(place):
    async with Part(place) as old, Part(place, "w2") as new:
        fence = await old.claim()
        place.query_and_commit("update exchangesyncmailbox set leaseuntil = now() - interval '1 second'")
        assert await new.claim() == fence + 1
        assert await old.synchronization.run_one(place.mailboxes[ADA], fence) is None
    assert linked(place) == []


async def test_a_claim_that_was_lost_ends_no_newer_one_of_the_same_worker(place):
    place.query_and_commit("update emailserverprofile set maxconcurrentconnections = 1")
    mailboxid = place.mailboxes[ADA]
    async with Part(place, lease=timedelta(seconds=2)) as part, part.synchronization.heartbeat():
        old = await part.claim()
        place.query_and_commit("update exchangesyncmailbox set leaseuntil = null")
        new = await part.claim()
        others = ConnectionSlots(part.pool, host="w2", lease=LEASE)
        async with others.hold(Budget(place.profile.pk), 1):
            running = asyncio.create_task(part.synchronization.run_one(mailboxid, new))
            await until(lambda: place.query("select count(*) from connectionslot") == [(2,)])
            assert await part.synchronization.run_one(mailboxid, old) is None
            place.query_and_commit(
                "update exchangesyncmailbox set leaseuntil = now() where mailboxid = %s", mailboxid
            )
            is_held = "select leaseuntil > now() from exchangesyncmailbox where mailboxid = %s"
            await until(lambda: place.query(is_held, mailboxid) == [(True,)])
        assert await running is not None
    assert linked(place) == [("Hopper",)]


async def test_a_mailbox_that_another_worker_has_is_not_claimed(place):
    async with Part(place) as old, Part(place, "w2") as new:
        await old.claim()
        assert await new.claim() is None
        assert await new.step() == 2


async def test_a_mailbox_that_is_not_there_is_switched_off_with_an_alert_and_mail_goes_on(place):
    place.query_and_commit(
        "update mailbox set emailaddress = 'nobody@example.org', emailrouteraccessapproval = 1"
        " where emailaddress = %s",
        ADA,
    )
    place.query_and_commit(
        "update mailbox set emailrouteraccessapproval = 1 where emailaddress = 'nobody@example.org'"
    )
    async with Part(place) as part:
        await part.step()
    assert place.query(
        "select enabledforact, actstatus, mailboxstatus, enabledforincomingemail from mailbox"
        " where emailaddress = 'nobody@example.org'"
    ) == [(False, 2, 2, True)]
    ((code, text),) = place.query("select code, text from tracelog where resolvedon is null")
    assert code == "exchange.mailbox-not-found"
    assert text.startswith("Appointments, contacts and tasks of nobody@example.org are not synchronized: ")


async def test_a_server_that_refuses_is_tried_again_and_counted_in_one_alert(place):
    place.query_and_commit("update mailbox set enabledforact = false where emailaddress <> %s", ADA)
    place.query_and_commit("update emailserverprofile set incomingserverlocation = 'https://localhost:1/'")
    async with Part(place) as part:
        for _ in range(3):
            await part.step()
            place.query_and_commit("update exchangesyncmailbox set nextpasson = now()")
    ((failures, error),) = place.query(
        "select failures, lastsyncerror from exchangesyncmailbox where failures > 0"
    )
    assert failures == 3
    assert place.query("select occurrences from tracelog where resolvedon is null") == [(3,)], error
