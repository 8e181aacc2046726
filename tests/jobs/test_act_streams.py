"""Streams tell of appointments, contacts and tasks too, each of the kind of pass that it is about."""

import asyncio
from datetime import timedelta

import exchangelib
import pytest

from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from serversync.adapters.notification_groups import NotificationGroups
from serversync.jobs.worker import open_pool
from serversync.simulator import Fault
from tests.e2e.place import PEOPLE
from tests.e2e.seen_by_exchangelib import account
from tests.jobs.test_notifications import LEASE, deliver, folders_told_of, live, streaming, tracked
from tests.jobs.test_notifications import place as place  # noqa: PLC0414 - a fixture
from tests.jobs.test_worker import Running, until

ADA, BEN = PEOPLE[:2]


@pytest.fixture
def in_step(place):
    """The same company, whose people synchronize appointments, contacts and tasks once an hour."""
    place.query_and_commit(
        "update organization set actplanfirst = false, trackallcontacts = true, actpollingintervalinseconds = 3600"
    )
    place.query_and_commit("update mailbox set actdeliverymethod = 1 where emailaddress = %s", ADA)
    place.query_and_commit(
        "insert into exchangesyncmailbox (mailboxid, nextpasson) select mailboxid, now() from mailbox"
        " where emailaddress = %s",
        ADA,
    )
    return place


def waits(place):
    """Whether Ada's pass over appointments, contacts and tasks is over, and the next one an hour away."""
    return place.query(
        "select count(*) from exchangesyncmailbox where nextpasson > now() + interval '50 min' and leaseuntil is null"
    ) == [(1,)]


@pytest.fixture
def without_mail(in_step):
    """The same, but of Ada's mailbox no mail is processed."""
    mail_of_ada(in_step, is_on=False)
    return in_step


def mail_of_ada(place, *, is_on):
    place.query_and_commit(
        "update mailbox set enabledforincomingemail = %s, nextpasson = now() where emailaddress = %s",
        is_on,
        ADA,
    )


def runs_of_mail(place):
    return place.query("select lastsyncstartedon from mailbox where emailaddress = %s", ADA)


def new_contact(ada):
    exchangelib.Contact(account=ada, folder=ada.contacts, surname="Hopper", display_name="Hopper").save()


async def ready(place):
    await streaming(place)
    await until(lambda: waits(place), seconds=20)


def in_outlook(place, act):
    def do():
        with account(place, ADA) as ada:
            act(ada)

    return asyncio.to_thread(do)


@pytest.mark.parametrize(
    ("make", "table"),
    [
        (
            lambda ada: exchangelib.Contact(
                account=ada, folder=ada.contacts, surname="Hopper", display_name="Hopper"
            ),
            "contact",
        ),
        (
            lambda ada: exchangelib.Task(
                account=ada, folder=ada.tasks, subject="Call", categories=[TRACKED_CATEGORY]
            ),
            "task",
        ),
        (
            lambda ada: exchangelib.CalendarItem(
                account=ada,
                folder=ada.calendar,
                subject="Talk",
                start=exchangelib.EWSDateTime(2030, 1, 7, 9, tzinfo=exchangelib.UTC),
                end=exchangelib.EWSDateTime(2030, 1, 7, 10, tzinfo=exchangelib.UTC),
                categories=[TRACKED_CATEGORY],
            ),
            "appointment",
        ),
    ],
    ids=["contact", "task", "appointment"],
)
async def test_what_is_made_and_changed_in_outlook_is_told_of(in_step, make, table):
    count = f"select count(*) from {table}"
    name = "lastname" if table == "contact" else "subject"
    async with Running(in_step.dsn):
        await ready(in_step)
        await in_outlook(in_step, lambda ada: make(ada).save())
        await until(lambda: in_step.query(count) == [(1,)], seconds=20)
        await until(lambda: waits(in_step), seconds=20)

        def edit(ada):
            (item,) = {"contact": ada.contacts, "task": ada.tasks, "appointment": ada.calendar}[table].all()
            field = "surname" if table == "contact" else "subject"
            setattr(item, field, "Edited")
            item.save(update_fields=[field])

        await in_outlook(in_step, edit)
        await until(lambda: in_step.query(f"select {name} from {table}") == [("Edited",)], seconds=20)


async def test_a_subscription_covers_the_kinds_that_are_synchronized(in_step):
    in_step.query_and_commit("update organization set tasksyncdirection = 0")
    async with Running(in_step.dsn):
        await ready(in_step)
        assert folders_told_of(in_step, ADA) == {"Inbox", "Calendar", "Contacts"}
        assert folders_told_of(in_step, BEN) == {"Inbox"}
        in_step.query_and_commit("update mailbox set enabledforact = false where emailaddress = %s", ADA)
        await until(lambda: folders_told_of(in_step, ADA) == {"Inbox"}, seconds=20)


async def test_mail_starts_no_pass_over_contacts_and_a_contact_none_over_mail(in_step):
    async with Running(in_step.dsn):
        await ready(in_step)
        before = in_step.query("select startedon from exchangesyncmailbox")
        await deliver(in_step, 1, ADA)
        await until(tracked(in_step, 1), seconds=20)
        assert in_step.query("select startedon from exchangesyncmailbox") == before
        await streaming(in_step)
        mail = "select lastsyncstartedon from mailbox where emailaddress = %s"
        before = in_step.query(mail, ADA)
        await in_outlook(
            in_step,
            lambda ada: exchangelib.Contact(
                account=ada, folder=ada.contacts, surname="Hopper", display_name="Hopper"
            ).save(),
        )
        await until(lambda: in_step.query("select count(*) from contact") == [(1,)], seconds=20)
        assert in_step.query(mail, ADA) == before


async def test_a_mailbox_of_which_no_mail_is_read_is_told_of_all_the_same(without_mail):
    async with Running(without_mail.dsn):
        await until(lambda: live(without_mail) == [(4,)] and waits(without_mail))
        assert folders_told_of(without_mail, ADA) == {"Calendar", "Contacts", "Tasks"}
        await in_outlook(without_mail, new_contact)
        await until(lambda: without_mail.query("select count(*) from contact") == [(1,)], seconds=20)
        await until(lambda: waits(without_mail), seconds=20)
    assert without_mail.query("select count(*) from notificationgroup") == [(1,)]
    assert runs_of_mail(without_mail) == [(None,)]


async def test_mail_that_moves_between_its_folders_is_never_read_where_it_is_not_processed(without_mail):
    async with Running(without_mail.dsn):
        await until(lambda: live(without_mail) == [(4,)] and waits(without_mail))
        await deliver(without_mail, 1, ADA)

        def to_tasks(ada):
            ada.inbox.get(subject="1").move(ada.tasks)

        before = without_mail.query("select startedon from exchangesyncmailbox")
        await in_outlook(without_mail, to_tasks)
        await until(lambda: without_mail.query("select startedon from exchangesyncmailbox") != before)
        await until(lambda: waits(without_mail))
    assert runs_of_mail(without_mail) == [(None,)]
    assert without_mail.query("select count(*) from email") == [(0,)]
    assert without_mail.query("select wokenon from mailbox where emailaddress = %s", ADA) == [(None,)]


async def test_the_subscription_follows_mail_that_is_switched_on_and_off(without_mail):
    async with Running(without_mail.dsn):
        await until(lambda: live(without_mail) == [(4,)] and waits(without_mail))
        mail_of_ada(without_mail, is_on=True)
        await until(lambda: folders_told_of(without_mail, ADA) == {"Inbox", "Calendar", "Contacts", "Tasks"})
        await streaming(without_mail)
        await deliver(without_mail, 1, ADA)
        await until(tracked(without_mail, 1), seconds=20)
        mail_of_ada(without_mail, is_on=False)
        await until(lambda: folders_told_of(without_mail, ADA) == {"Calendar", "Contacts", "Tasks"})
    assert len(without_mail.exchange.subscriptions) == 0


async def test_a_stream_that_is_lost_leaves_the_mailbox_to_its_polls(without_mail):
    without_mail.query_and_commit("update organization set actpollingintervalinseconds = 1800")
    far = "update exchangesyncmailbox set nextpasson = now() + interval '55 min'"
    async with open_pool(without_mail.dsn) as pool:
        groups = NotificationGroups(pool, host="w", lease=LEASE)
        ((group, members),) = (await groups.gather([])).items()
        await groups.live(group, list(members), [])
        without_mail.query_and_commit(far)
        await groups.down(group, "test")
        soon = "select nextpasson - now() from exchangesyncmailbox"
        ((wait,),) = without_mail.query(soon)
        assert timedelta(minutes=29) < wait <= timedelta(minutes=30)
        without_mail.query_and_commit("update exchangesyncmailbox set failures = 1")
        without_mail.query_and_commit(far)
        await groups.down(group, "test")
        ((wait,),) = without_mail.query(soon)
        assert wait > timedelta(minutes=50), "what waits after trouble goes on waiting"


async def test_what_was_changed_while_the_stream_was_lost_is_read_when_it_is_open_again(without_mail):
    async with Running(without_mail.dsn):
        await until(lambda: live(without_mail) == [(4,)] and waits(without_mail))
        without_mail.exchange.subscriptions.fail_over()
        await in_outlook(without_mail, new_contact)
        await until(lambda: without_mail.query("select count(*) from contact") == [(1,)])
        await until(lambda: live(without_mail) == [(4,)])
    assert runs_of_mail(without_mail) == [(None,)]


async def test_one_that_cannot_be_subscribed_is_polled_at_once_and_the_others_are_told_of(without_mail):
    without_mail.exchange.faults.add(
        Fault(operation="Subscribe", mailbox=ADA, response_code="ErrorExceededSubscriptionCount", times=None)
    )
    async with open_pool(without_mail.dsn) as pool:
        groups = NotificationGroups(pool, host="w", lease=LEASE)
        without_mail.query_and_commit("update exchangesyncmailbox set nextpasson = now() + interval '55 min'")
        await groups.put_aside(without_mail.mailboxes[ADA], timedelta(0))
        assert without_mail.query("select nextpasson <= now() from exchangesyncmailbox") == [(True,)]
    async with Running(without_mail.dsn):
        await until(lambda: live(without_mail) == [(3,)])
        await until(
            lambda: (
                without_mail.query("select streamretryon > now() from mailbox where emailaddress = %s", ADA)
                == [(True,)]
            )
        )
        await until(lambda: waits(without_mail))


@pytest.mark.parametrize(
    "change",
    [
        "update mailbox set enabledforact = false",
        "update mailbox set actdeliverymethod = 0",
        "update mailbox set emailrouteraccessapproval = 0",
        "update exchangesyncmailbox set nextpasson = null",
        "update organization set appointmentsyncdirection = 0, contactsyncdirection = 0, tasksyncdirection = 0",
        "update organization set streamingnotificationsenabled = false",
        "update emailserverprofile set usestreamingnotifications = false",
    ],
)
async def test_one_of_which_nothing_is_processed_any_more_leaves_its_group(without_mail, change):
    ada = without_mail.mailboxes[ADA]
    async with open_pool(without_mail.dsn) as pool:
        groups = NotificationGroups(pool, host="w", lease=LEASE)
        ((group, members),) = (await groups.gather([])).items()
        assert members[ada].folders == ("calendar", "contacts", "tasks")
        assert await groups.drop([group.groupid]) == {}
        without_mail.query_and_commit(change)
        assert ada in (await groups.drop([group.groupid]))[group.groupid]
        assert ada not in {one for joined in (await groups.gather([group])).values() for one in joined}
