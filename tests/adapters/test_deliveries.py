"""E-mails on their way out, on a real PostgreSQL: who may claim them, what is read, what is written under a fence."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from serversync.adapters.deliveries import DeliveryStore, claim_deliveries, next_delivery_due
from serversync.core.errors import LeaseLost, ServerBusy
from serversync.engine.sending import Draft
from serversync.rules.email.sending import Place, Stage, Trail
from tests.adapters.conftest import LEASE

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
COPY = Trail(Place.SENT_ITEMS, "s", "1", is_draft=False, message_id="<1@example.org>")


@pytest.fixture
def hand_over(world, query):
    """Makes e-mails that wait to be sent; in a thread of its own, since Django shuns a running loop."""
    from django.db import connection

    from serversync.crm.models import Attachment, Email, EmailDelivery, Mailbox

    Mailbox.objects.update(outgoingemaildeliverymethod=2)

    def write(mailbox=None, *, subject="Offer", content=b"", due="2026-01-01T00:00:00Z", stage=0):
        email = Email.objects.create(
            subject=subject,
            description="<p>Hello</p>",
            statecode=1,
            statuscode=6,
            sender="ada@example.org",
            inreplyto="<q@example.com>",
            conversationindex="AQID",
            prioritycode=2,
        )
        for part, address, name in (
            (1, "ada@example.org", "Ada"),
            (2, "grete@example.com", "Grete"),
            (3, "cc@example.com", None),
            (4, "bcc@example.com", None),
        ):
            email.activityparties.create(
                participationtypemask=part, addressused=address, unresolvedpartyname=name
            )
        if content:
            blob = Attachment.objects.create(body=content, filesize=len(content))
            email.activitymimeattachments.create(attachmentid=blob, filename="a.bin", filesize=len(content))
        EmailDelivery.objects.create(
            activityid=email, mailboxid_id=mailbox or world.mailbox, dueon=due, stage=stage
        )
        connection.close()
        return email

    with ThreadPoolExecutor(1) as thread:
        yield lambda *given, **more: thread.submit(write, *given, **more).result()


async def claim(pool, *, host="one", limit=10):
    async with pool.connection() as connection:
        return await claim_deliveries(connection, host=host, lease=LEASE, limit=limit)


async def begun(pool, *, host="one"):
    store = DeliveryStore(pool, host=host, lease=LEASE)
    (claimed,) = await claim(pool, host=host)
    run = await store.begin(claimed)
    assert run is not None
    return store, run


def taken_over(query, email) -> None:
    query(
        "update emaildelivery set leasefence = leasefence + 1, hostid = 'two' where activityid = %s returning 1",
        email.pk,
    )


async def test_a_claimed_email_is_read_as_it_is_to_leave(pool, hand_over, query) -> None:
    email = hand_over(content=b"x" * 700_000)
    store, run = await begun(pool)
    message = run.message
    assert (message.activityid, message.subject, message.body) == (email.pk, "Offer", "<p>Hello</p>")
    assert message.sender is None, "it is the mailbox's own"
    assert [(a.name, a.address) for a in message.to] == [("Grete", "grete@example.com")]
    assert [a.address for a in (*message.cc, *message.bcc)] == ["cc@example.com", "bcc@example.com"]
    assert (message.in_reply_to, message.conversation_index, message.importance) == (
        "<q@example.com>",
        b"\x01\x02\x03",
        2,
    )
    assert (run.address, run.stage, run.keep_copy, run.most_attempts) == (
        "ada@example.org",
        Stage.WAITING,
        True,
        10,
    )
    (file,) = message.files
    content = await store.content(file)
    assert b"".join(content.chunks()) == b"x" * 700_000
    store.discard()
    assert query("select statuscode from email") == [(7,)]


async def test_one_email_of_a_mailbox_is_sent_at_a_time_and_several_mailboxes_at_once(
    pool, world, hand_over
) -> None:
    for subject in ("first", "second"):
        hand_over(subject=subject)
    hand_over(world.other_mailbox)
    claimed = await claim(pool)
    assert {c.mailboxid for c in claimed} == {world.mailbox, world.other_mailbox}
    assert len(claimed) == 2
    assert not await claim(pool, host="two"), "the second one waits for the first"


@pytest.mark.parametrize(
    "obstacle",
    [
        "update mailbox set statecode = 1, statuscode = 2",
        "update mailbox set enabledforoutgoingemail = false",
        "update mailbox set outgoingemaildeliverymethod = 0",
        "update mailbox set emailrouteraccessapproval = 3",
        "update mailbox set emailserverprofile = null",
        "update mailbox set postponesendinguntil = now() + interval '1 hour'",
        "update emailserverprofile set statecode = 1, statuscode = 2",
        "update emaildelivery set dueon = now() + interval '1 hour'",
        "update emaildelivery set dueon = null",
        "update emaildelivery set leaseuntil = now() + interval '1 hour'",
    ],
)
async def test_what_may_not_leave_now_is_not_claimed(pool, hand_over, query, obstacle) -> None:
    hand_over()
    query(f"{obstacle} returning 1")
    assert not await claim(pool)


async def test_it_is_known_when_the_next_one_is_due(pool, hand_over, query) -> None:
    async with pool.connection() as connection:
        assert await next_delivery_due(connection) is None
        hand_over(due=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
        wait = await next_delivery_due(connection)
        assert wait is not None
        assert timedelta(minutes=59) < wait <= timedelta(hours=1)


STATISTICS = (
    "select operationtypeid, itemsprocessed, itemsfailed, processresult, machinename,"
    " mailboxprocessscheduledon <= mailboxprocessstartedon and mailboxprocessstartedon <= mailboxprocesscompletedon"
    " from mailboxstatistics"
)


async def test_an_email_goes_through_its_stages(pool, hand_over, query) -> None:
    hand_over()
    store, run = await begun(pool)
    assert query("select stage from emaildelivery") == [(1,)]
    await store.intend(run, Draft("d", "k"))
    assert query("select stage, draftitemid, askedon is not null from emaildelivery") == [(2, "d", True)]
    await store.sent(run, sent_on=NOW)
    assert query("select statecode, statuscode, senton from email") == [(1, 3, NOW)]
    await store.finish(run, COPY)
    assert query("select messageid from email") == [("<1@example.org>",)]
    assert not query("select 1 from emaildelivery")
    assert query(STATISTICS) == [(1, 1, 0, True, run.hostid, True)]


async def test_trouble_waits_and_counts_and_a_failure_is_open_again(pool, hand_over, query) -> None:
    hand_over()
    store, run = await begun(pool)
    await store.postpone(run, ServerBusy(response_code="x"), due=NOW)
    assert query("select statuscode, deliveryattempts, postponeemailprocessinguntil from email") == [
        (6, 1, NOW)
    ]
    assert query("select leaseuntil, lasterror from emaildelivery")[0][0] is None
    query("update emaildelivery set dueon = now() returning 1")
    store, run = await begun(pool)
    assert (run.attempts, run.stage) == (1, Stage.PREPARING)
    await store.fail(run, ServerBusy(response_code="x"), stage=Stage.PREPARING)
    assert query("select statecode, statuscode, deliveryattempts from email") == [(0, 8, 2)]
    assert not await claim(pool)
    assert query(STATISTICS) == [(1, 0, 1, False, run.hostid, True)] * 2


async def test_a_mailbox_that_is_stopped_keeps_its_mail_for_later(pool, hand_over, query) -> None:
    hand_over()
    store, run = await begun(pool)
    await store.stop_mailbox(run, ServerBusy(response_code="x"))
    assert query(
        "select enabledforoutgoingemail, outgoingemailstatus from mailbox where enabledforoutgoingemail = false"
    ) == [(False, 2)]
    assert query("select statuscode from email") == [(6,)]
    query("update mailbox set enabledforoutgoingemail = true returning 1")
    assert len(await claim(pool)) == 1


async def test_whoever_was_taken_over_writes_nothing(pool, hand_over, query) -> None:
    email = hand_over()
    store, run = await begun(pool)
    taken_over(query, email)
    before = query("select * from email"), query("select * from emaildelivery")
    error = ServerBusy(response_code="x")
    for write in (
        store.intend(run, Draft("d", "k")),
        store.sent(run, sent_on=NOW),
        store.finish(run, COPY),
        store.look_again(run, due=NOW),
        store.postpone(run, error, due=NOW),
        store.fail(run, error, stage=Stage.PREPARING),
        store.stop_mailbox(run, error),
    ):
        with pytest.raises(LeaseLost):
            await write
    assert (query("select * from email"), query("select * from emaildelivery")) == before


async def test_a_claim_that_was_lost_is_not_taken_up_and_a_lease_can_be_prolonged(
    pool, hand_over, query
) -> None:
    email = hand_over()
    (claimed,) = await claim(pool)
    store = DeliveryStore(pool, host="one", lease=LEASE)
    query("update emaildelivery set leaseuntil = now() returning 1")
    await store.prolong([(claimed.activityid, claimed.fence)])
    assert query("select leaseuntil > now() from emaildelivery") == [(True,)]
    taken_over(query, email)
    assert await store.begin(claimed) is None


async def test_what_is_given_back_is_due_again(pool, hand_over) -> None:
    hand_over()
    (claimed,) = await claim(pool)
    await DeliveryStore(pool, host="one", lease=LEASE).release(claimed)
    (again,) = await claim(pool, host="two")
    assert again.fence > claimed.fence
