"""A worker that is told by Exchange what changes, against the simulator."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from serversync.adapters.notification_groups import NotificationGroups
from serversync.jobs.notifications import Told
from serversync.jobs.worker import open_pool
from serversync.simulator import Fault
from serversync.simulator.identifiers import Identifier, encode
from serversync.simulator.throttling import ThrottlingPolicy
from tests.e2e.place import PEOPLE, QUEUE, SERVICE, company
from tests.jobs.test_worker import Running, until

EVERYBODY = (*PEOPLE, QUEUE)
LEASE = timedelta(seconds=2)


def mail(number, address=PEOPLE[0]):
    return f"From: g@example.com\r\nTo: {address}\r\nSubject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\nHello\r\n".encode()


@pytest.fixture
def place(database_dsn):
    """A company that is polled once an hour, so that whatever comes sooner was told by a stream."""
    with company(database_dsn) as place:
        with psycopg.connect(database_dsn) as connection:
            connection.execute(
                "update organization set pollingintervalinseconds = 3600, maximumidlepollingintervalinseconds = 3600"
            )
        yield place


def live(place):
    return place.query(
        "select count(*) from mailbox m join notificationgroup g using (notificationgroupid)"
        " where m.streamedon is not null and g.livesince is not null and g.leaseuntil > now()"
    )


def quiet(place):
    """Whether every mailbox waits for its next poll."""
    return place.query(
        "select count(*) from mailbox where nextpasson > now() + interval '50 min' and leaseuntil is null"
    ) == [(4,)]


async def streaming(place, count=4):
    await until(lambda: live(place) == [(count,)] and quiet(place))


async def deliver(place, number, address=PEOPLE[0]):
    await asyncio.to_thread(place.exchange.deliver, mail(number, address), [address])


def tracked(place, count):
    return lambda: place.query("select count(*) from email") == [(count,)]


async def test_a_delivery_is_tracked_long_before_the_next_poll(place):
    async with Running(place.dsn):
        await streaming(place)
        await deliver(place, 1)
        await until(tracked(place, 1), seconds=10)
    assert place.query("select count(*) from notificationgroup") == [(1,)]


async def test_one_stream_tells_of_all_mailboxes_in_the_name_of_the_anchor(place):
    seen = []
    place.simulator.server.on_response.append(lambda t: seen.append((t.operation, t.request)))
    async with Running(place.dsn):
        await streaming(place)
        (stream,) = place.exchange.subscriptions.streams
        assert {one.mailbox.primary_smtp_address for one in stream.subscriptions} == set(EVERYBODY)
        assert stream.budget == "ada@example.org"
    assert sum(operation == "Subscribe" for operation, _ in seen) == 4


async def test_a_worker_that_ends_gives_everything_back(place):
    async with Running(place.dsn):
        await streaming(place)
    assert len(place.exchange.subscriptions) == 0
    assert place.query("select hostid, leaseuntil, livesince from notificationgroup") == [(None, None, None)]
    assert place.query("select count(*) from mailbox where streamedon is not null") == [(0,)]


async def test_groups_stay_on_the_server_that_holds_their_subscriptions(place):
    place.exchange.subscriptions.require_affinity = True
    async with Running(place.dsn):
        await streaming(place)
        await deliver(place, 1, QUEUE)
        await until(tracked(place, 1), seconds=10)


async def test_what_came_while_a_stream_was_lost_is_read_when_it_is_open_again(place):
    async with Running(place.dsn):
        await streaming(place)
        place.exchange.subscriptions.fail_over()
        for number, address in enumerate(EVERYBODY):
            await deliver(place, number, address)
        await until(tracked(place, 4), seconds=20)
        await until(lambda: live(place) == [(4,)])


async def test_a_subscription_that_is_lost_alone_is_made_again_alone(place):
    made = []
    async with Running(place.dsn):
        await streaming(place)
        place.simulator.server.on_response.append(lambda t: made.append(t.operation))
        await asyncio.to_thread(place.exchange.subscriptions.lose, PEOPLE[1])
        await deliver(place, 1, PEOPLE[1])
        await until(tracked(place, 1), seconds=20)
        await until(lambda: live(place) == [(4,)])
    assert made.count("Subscribe") == 1


@pytest.mark.parametrize("seed", [None])
async def test_everything_arrives_when_streams_are_cut_at_random(place, seed):
    seed = random.randrange(10**6) if seed is None else seed  # noqa: S311 - a test's dice
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311
    trouble = [
        place.exchange.subscriptions.cut_streams,
        place.exchange.subscriptions.lose,
        place.exchange.subscriptions.fail_over,
        lambda: place.exchange.subscriptions.cut_streams(chance.choice(EVERYBODY)),
        lambda: place.exchange.faults.add(
            Fault(operation="GetStreamingEvents", truncate=chance.randrange(1, 3000))
        ),
        lambda: place.exchange.faults.add(Fault(operation="Subscribe", reset_before=True)),
        lambda: place.exchange.faults.add(Fault(operation="Subscribe", reset_after=True)),
        lambda: place.exchange.faults.add(
            Fault(operation="GetStreamingEvents", response_code="ErrorServerBusy", back_off_milliseconds=500)
        ),
        lambda: place.exchange.faults.add(
            Fault(operation="GetStreamingEvents", response_code="ErrorMissedNotificationEvents")
        ),
    ]
    async with Running(place.dsn):
        await streaming(place)
        for number in range(30):
            if chance.random() < 0.5:
                await asyncio.to_thread(chance.choice(trouble))
            await deliver(place, number, chance.choice(EVERYBODY))
            await asyncio.sleep(chance.random() / 5)
        place.exchange.faults.clear()
        await until(tracked(place, 30), seconds=60)
    assert place.query("select count(*) from messagetrace") == [(30,)]


async def test_a_group_whose_worker_is_gone_is_taken_over_and_read_once(place):
    async with open_pool(place.dsn) as pool:
        dead = NotificationGroups(pool, host="dead", lease=timedelta(seconds=1))
        ((group, members),) = (await dead.gather([])).items()
        assert len(members) == 4
        await dead.live(group, list(members), [])
    async with Running(place.dsn):
        await until(lambda: place.query("select max(leasefence) from notificationgroup") == [(2,)])
        await streaming(place)
        assert place.query("select count(*) from notificationgroup") == [(1,)]
        await deliver(place, 1)
        await until(tracked(place, 1), seconds=10)


async def test_two_workers_never_hold_the_same_group(place):
    async with open_pool(place.dsn) as pool:
        workers = [NotificationGroups(pool, host=f"w{n}", lease=LEASE) for n in range(5)]
        found = await asyncio.gather(*(worker.gather([]) for worker in workers))
        members = [mailboxid for joined in found for chosen in joined.values() for mailboxid in chosen]
        assert len(members) == len(set(members)) == 4
        groups = [group for joined in found for group in joined]
        taken = await asyncio.gather(*(worker.take_over([], limit=9) for worker in workers))
        own = sum(len(each) for each in taken)
        assert own == len(groups)
        for worker, each in zip(workers, taken, strict=True):
            assert await worker.prolong(each) == {group.groupid for group in each}


async def test_a_worker_that_was_away_notices_that_its_group_is_gone(place):
    async with open_pool(place.dsn) as pool:
        slow = NotificationGroups(pool, host="slow", lease=timedelta(0))
        ((group, _),) = (await slow.gather([])).items()
        fast = NotificationGroups(pool, host="fast", lease=LEASE)
        (taken,) = await fast.take_over([], limit=9)
        assert taken.groupid == group.groupid
        assert await slow.prolong([group]) == set()
        assert await fast.prolong([taken]) == {group.groupid}


async def test_what_waits_after_trouble_goes_on_waiting(place):
    with psycopg.connect(place.dsn) as connection:
        connection.execute(
            "update mailbox set transientfailurecount = 1, nextpasson = now() + interval '1 h' where emailaddress = %s",
            (PEOPLE[0],),
        )
    async with open_pool(place.dsn) as pool:
        groups = NotificationGroups(pool, host="w", lease=LEASE)
        await groups.wake([place.mailboxes[PEOPLE[0]], place.mailboxes[PEOPLE[1]]])
    due = "select emailaddress from mailbox where wokenon is not null"
    assert place.query(due) == [(PEOPLE[1],)]


async def test_what_is_told_during_a_run_makes_another_run(place):
    from serversync.adapters.leases import MailboxLeases, claim_one
    from serversync.engine.ports import PassResult

    mailboxid = place.mailboxes[PEOPLE[0]]
    async with open_pool(place.dsn) as pool:
        leases = MailboxLeases(pool, host="w", lease=timedelta(minutes=1))
        groups = NotificationGroups(pool, host="w", lease=LEASE)
        for told in (False, True):
            async with pool.connection() as connection:
                fence = await claim_one(connection, mailboxid, host="w", lease=timedelta(minutes=1))
            run = await leases.begin(mailboxid, fence)
            if told:
                await groups.wake([mailboxid])
            await leases.finish(run, PassResult(), next_pass=datetime.now(UTC) + timedelta(hours=1))
            is_due = place.query("select nextpasson <= now() from mailbox where mailboxid = %s", mailboxid)
            assert is_due == [(told,)]


@pytest.mark.parametrize(
    "change",
    [
        "update organization set streamingnotificationsenabled = false",
        "update emailserverprofile set usestreamingnotifications = false",
        "update emailserverprofile set incominguseimpersonation = false",
        "update mailbox set enabledforincomingemail = false",
    ],
)
async def test_mailboxes_that_are_not_to_be_told_of_leave_their_group(place, change):
    async with open_pool(place.dsn) as pool:
        groups = NotificationGroups(pool, host="w", lease=LEASE)
        ((group, members),) = (await groups.gather([])).items()
        assert await groups.drop([group.groupid]) == {}
        with psycopg.connect(place.dsn) as connection:
            connection.execute(change)
        assert await groups.drop([group.groupid]) == {group.groupid: set(members)}
        assert await groups.gather([group]) == {}


async def test_a_mailbox_that_is_enabled_later_joins_the_open_group(place):
    with psycopg.connect(place.dsn) as connection:
        connection.execute(
            "update mailbox set enabledforincomingemail = false where emailaddress = %s", (QUEUE,)
        )
    async with Running(place.dsn):
        await until(lambda: live(place) == [(3,)])
        with psycopg.connect(place.dsn, autocommit=True) as connection:
            connection.execute(
                "update mailbox set enabledforincomingemail = true where emailaddress = %s", (QUEUE,)
            )
        await streaming(place)
        await deliver(place, 1, QUEUE)
        await until(tracked(place, 1), seconds=10)
    assert place.query("select count(*) from notificationgroup") == [(1,)]


async def test_a_mailbox_that_cannot_be_subscribed_is_polled_and_the_others_are_told_of(place):
    place.exchange.faults.add(
        Fault(
            operation="Subscribe",
            mailbox=PEOPLE[1],
            response_code="ErrorExceededSubscriptionCount",
            times=None,
        )
    )
    async with Running(place.dsn):
        await streaming(place, 3)
        await deliver(place, 1)
        await until(tracked(place, 1), seconds=10)
    aside = "select emailaddress from mailbox where streamretryon > now() + interval '50 min'"
    assert place.query(aside) == [(PEOPLE[1],)]


def folders_told_of(place, address):
    """Return the names of the folders that open streams tell of for a mailbox."""
    mailbox = place.exchange.mailbox(address)
    return {
        mailbox.folders[number].display_name
        for stream in place.exchange.subscriptions.streams
        for one in stream.subscriptions
        if one.mailbox is mailbox
        for number in one.folders
    }


def map_folder(place, address, name="Projects"):
    """Make a folder below the Inbox that is tracked."""
    mailbox = place.exchange.mailbox(address)
    folder = mailbox.create_folder(name, parent="inbox")
    place.query_and_commit(
        "insert into mailboxtrackingfolder (mailboxid, exchangefolderid, exchangefoldername) values (%s, %s, %s)",
        place.mailboxes[address],
        encode(Identifier(mailbox.guid, folder.number)),
        name,
    )
    return folder


async def test_streams_tell_of_every_folder_that_is_read(place):
    place.query_and_commit("update organization set autotracksentfolderitems = true")
    map_folder(place, PEOPLE[1])
    async with Running(place.dsn):
        await streaming(place)
        assert folders_told_of(place, PEOPLE[0]) == {"Inbox", "Sent Items"}
        assert folders_told_of(place, PEOPLE[1]) == {"Inbox", "Sent Items", "Projects"}
        assert folders_told_of(place, QUEUE) == {"Inbox"}


async def test_a_folder_that_is_mapped_later_is_told_of_and_one_that_is_unmapped_is_not(place):
    made = []
    async with Running(place.dsn):
        await streaming(place)
        place.simulator.server.on_response.append(lambda t: made.append(t.operation))
        map_folder(place, PEOPLE[0])
        await until(lambda: folders_told_of(place, PEOPLE[0]) == {"Inbox", "Projects"}, seconds=20)
        place.query_and_commit("update mailboxtrackingfolder set folderonboardingstatus = 2")
        await until(lambda: folders_told_of(place, PEOPLE[0]) == {"Inbox"}, seconds=20)
    assert made.count("Subscribe") == 2
    assert len(place.exchange.subscriptions) == 0


async def test_a_folder_that_is_gone_keeps_no_mailbox_from_being_told_of(place):
    folder = map_folder(place, PEOPLE[0])
    place.exchange.mailbox(PEOPLE[0]).remove_folder(folder)
    async with Running(place.dsn):
        await streaming(place)
        await deliver(place, 1)
        await until(tracked(place, 1), seconds=10)


async def test_a_busy_mailbox_keeps_no_other_from_being_told_of(place):
    place.exchange.throttling = ThrottlingPolicy()
    place.exchange.throttle.exhaust(SERVICE, PEOPLE[0], wait=timedelta(minutes=10))
    async with Running(place.dsn):
        await until(lambda: live(place) == [(3,)])
        await deliver(place, 1, PEOPLE[1])
        await until(tracked(place, 1), seconds=10)
    (postponed,) = place.query(
        "select receivingpostponeduntil > now() + interval '8 min' from mailbox where emailaddress = %s",
        PEOPLE[0],
    )
    assert postponed == (True,)


async def test_streams_do_not_shorten_the_minimum_polling_interval(place):
    with psycopg.connect(place.dsn) as connection:
        connection.execute("update organization set pollingintervalinseconds = 1")
        connection.execute("update emailserverprofile set minpollingintervalinminutes = 90")
    async with Running(place.dsn):
        await until(lambda: live(place) == [(4,)])
        await until(lambda: quiet(place))
        await asyncio.to_thread(place.exchange.subscriptions.cut_streams)
        await until(
            lambda: (
                place.query("select failures > 0 or livesince is not null from notificationgroup")
                == [(True,)]
            )
        )
        await until(lambda: live(place) == [(4,)])
        await until(lambda: quiet(place))
    assert place.query("select count(*) from mailbox where nextpasson < now() + interval '80 min'") == [(0,)]


async def test_mailboxes_of_several_sites_behind_one_address_have_a_stream_each(place):
    sites = {PEOPLE[0]: "London", PEOPLE[1]: "Paris", PEOPLE[2]: "London", QUEUE: None}
    place.query_and_commit("update emailserverprofile set useautodiscover = true")
    for address, site in sites.items():
        place.query_and_commit(
            "update mailbox set ewsurl = %s, groupinginformation = %s, lastautodiscoveredon = now(),"
            " nextpasson = now() where emailaddress = %s",
            place.simulator.url,
            site,
            address,
        )
    async with open_pool(place.dsn) as pool:
        groups = NotificationGroups(pool, host="w1", lease=LEASE)
        joined = await groups.gather([])
        told = {
            group.grouping: {one.address for one in members.values()} for group, members in joined.items()
        }
        assert told == {"London": {PEOPLE[0], PEOPLE[2]}, "Paris": {PEOPLE[1]}, "": {QUEUE}}
        place.query_and_commit(
            "update mailbox set groupinginformation = 'Paris' where emailaddress = %s", PEOPLE[0]
        )
        gone = await groups.drop([group.groupid for group in joined])
        assert [set(ids) for ids in gone.values()] == [{place.mailboxes[PEOPLE[0]]}]
        (again,) = (await groups.gather(list(joined))).items()
        assert (again[0].grouping, set(again[1])) == ("Paris", {place.mailboxes[PEOPLE[0]]})


async def test_a_mailbox_that_a_stream_tells_of_is_polled_as_often_as_the_setting_says(place):
    place.query_and_commit(
        "update organization set pollingintervalinseconds = 1, maximumidlepollingintervalinseconds = 1,"
        " streamedpollingintervalinseconds = 3000"
    )
    later = "select count(*) from mailbox where nextpasson > now() + interval '45 min' and leaseuntil is null"
    async with Running(place.dsn):
        await until(lambda: live(place) == [(4,)] and place.query(later) == [(4,)])


async def test_connections_that_are_lost_while_subscribing_put_no_mailbox_aside(place, monkeypatch):
    lost = []
    client = Told._client

    def loses_its_connection_once(told, turn):
        if not lost:
            lost.append(turn)
            turn.prolonged(float("-inf"))
        return client(told, turn)

    monkeypatch.setattr(Told, "_client", loses_its_connection_once)
    async with Running(place.dsn):
        await streaming(place)
    assert lost, "and all four are told of all the same, not only after a quarter of an hour"
