"""Workers, connections to the database and connections to Exchange that die in the middle of sending double nothing."""

import os
import random
import signal
from collections import Counter
from contextlib import ExitStack
from email import message_from_bytes, policy

import pytest

from serversync.administration import composing, organization, sending
from serversync.core.faults import OUTGOING_DELIVERY
from serversync.crm.models import Mailbox
from serversync.simulator import Fault
from tests.e2e.place import PEOPLE, QUEUE, company
from tests.fault.workers import until, worker

SENDERS = (*PEOPLE, QUEUE)
AMOUNT = int(os.environ.get("SERVERSYNC_TEST_SENDS", "1000"))


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        organization.change("allowunresolvedpartiesonemailsend", "yes")
        Mailbox.objects.update(outgoingemaildeliverymethod=2, enabledforincomingemail=False)
        made.profile.timeoutmailboxconnectionafteramount = 2000
        made.profile.save()
        yield made


def hand_over(count: int, *, files: bool) -> list[str]:
    """Hand e-mails over to be sent; return their subjects."""
    subjects = []
    for number in range(count):
        file = composing.NewFile("a.txt", b"content", "text/plain")
        email = composing.compose(
            {
                "sender": SENDERS[number % len(SENDERS)],
                "to": [f"stranger{number}@harbour.example"],
                "subject": f"Offer {number}",
                "body": "<p>Hello</p>",
                "files": [file] if files else [],
            }
        )
        subjects.append(sending.send(email).subject or "")
    return subjects


def expect_each_once(place, subjects: list[str]) -> None:
    arrived = Counter(
        str(message_from_bytes(left.mime, policy=policy.default)["Subject"]) for left in place.exchange.outbox
    )
    assert arrived == Counter(subjects), "each recipient has each message once"
    assert place.query("select statuscode, count(*) from email group by 1") == [(3, len(subjects))]
    assert place.query("select count(*) from email where messageid is null") == [(0,)]
    for address in SENDERS:
        mailbox = place.exchange.mailbox(address)
        drafts = mailbox.items_by_arrival(mailbox.distinguished_folder("drafts"))
        assert not drafts, "no draft is left behind"


def all_sent(place) -> bool:
    return place.query("select count(*) from emaildelivery") == [(0,)]


@pytest.mark.parametrize("point", OUTGOING_DELIVERY)
def test_killed_anywhere_and_run_again_each_email_is_sent_exactly_once(place, database_dsn, point):
    subjects = hand_over(3, files=True)
    with worker(database_dsn, f"{point}=kill") as process:
        until(lambda: process.poll() is not None)
        assert process.returncode == -signal.SIGKILL
    with worker(database_dsn):
        until(lambda: all_sent(place))
    expect_each_once(place, subjects)


@pytest.mark.timeout(900)
def test_a_thousand_emails_leave_once_whatever_dies(place, database_dsn):
    seed = int(os.environ.get("SERVERSYNC_TEST_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SERVERSYNC_TEST_SEED={seed}")
    chance = random.Random(seed)  # noqa: S311 - it only says who dies
    subjects = hand_over(AMOUNT, files=False)
    for _ in range(AMOUNT // 25):
        place.exchange.faults.add(
            Fault(
                operation=chance.choice(["CreateItem", "SendItem", "FindItem", "DeleteItem"]),
                nth=chance.randrange(1, AMOUNT),
                **{chance.choice(["reset_before", "reset_after"]): True},
            )
        )
    killed = 0
    while not all_sent(place):
        with ExitStack() as stack:
            workers = [
                stack.enter_context(
                    worker(
                        database_dsn,
                        f"{chance.choice(OUTGOING_DELIVERY)}=kill@{chance.randrange(1, max(AMOUNT // 20, 2))}",
                    )
                )
                for _ in range(2)
            ]
            until(lambda w=workers: all_sent(place) or any(one.poll() is not None for one in w), seconds=120)
            if chance.random() < 0.5:
                cut_database_connections(place)
            until(
                lambda w=workers: (
                    all_sent(place) or all(one.poll() is not None for one in w) or not in_sight(place)
                ),
                seconds=120,
            )
            killed += sum(w.poll() == -signal.SIGKILL for w in workers)
    assert killed or AMOUNT < 20, "nobody was killed, so nothing was proved"
    expect_each_once(place, subjects)


def in_sight(place) -> bool:
    """Tell whether anything is due before long."""
    return place.query(
        "select count(*) > 0 from emaildelivery where dueon < now() + interval '5 seconds'"
    ) == [(True,)]


def cut_database_connections(place) -> None:
    place.query(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and application_name <> ''"
    )


def test_a_worker_that_is_told_to_end_finishes_what_it_sends(place, database_dsn):
    subjects = hand_over(20, files=False)
    with worker(database_dsn) as process:
        until(lambda: len(place.exchange.outbox) > 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert place.query("select count(*) from emaildelivery where leaseuntil > now()") == [(0,)]
    with worker(database_dsn):
        until(lambda: all_sent(place))
    expect_each_once(place, subjects)
