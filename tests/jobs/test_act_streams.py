"""Streams tell of appointments, contacts and tasks too, each of the kind of pass that it is about."""

import asyncio

import exchangelib
import pytest

from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from tests.e2e.place import PEOPLE
from tests.e2e.seen_by_exchangelib import account
from tests.jobs.test_notifications import deliver, folders_told_of, streaming, tracked
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
