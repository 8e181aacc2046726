"""Workers, connections to the database and connections to Exchange that die in the middle of sending double nothing."""

import os
import random
import signal
import time
from collections import Counter
from email import message_from_bytes, policy

import pytest

from serversync.administration import composing, organization, sending
from serversync.core.faults import OUTGOING_DELIVERY
from serversync.crm.models import Mailbox
from serversync.simulator import Fault
from tests.e2e.place import PEOPLE, QUEUE, company
from tests.fault.crew import Crew
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


def hand_over(count: int, *, files: bool, first: int = 0) -> list[str]:
    """Hand e-mails over to be sent; return their subjects."""
    subjects = []
    for number in range(first, first + count):
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
def test_a_thousand_emails_leave_once_whatever_dies(place, database_dsn, tmp_path):
    seed = int(os.environ.get("SERVERSYNC_TEST_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SERVERSYNC_TEST_SEED={seed}")
    chance = random.Random(seed)  # noqa: S311 - it only says what dies
    subjects = hand_over(AMOUNT, files=False)
    for _ in range(AMOUNT // 25):
        place.exchange.faults.add(
            Fault(
                operation=chance.choice(["CreateItem", "SendItem", "FindItem", "DeleteItem"]),
                nth=chance.randrange(1, AMOUNT),
                **{chance.choice(["reset_before", "reset_after"]): True},
            )
        )
    crew = Crew(database_dsn, OUTGOING_DELIVERY, chance, tmp_path / "broken", size=2)
    end = time.monotonic() + 800
    try:
        while crew.missing or not all_sent(place):
            crew.keep()
            if crew.missing and waiting(place) < 20:
                subjects += hand_over(20, files=True, first=len(subjects))
            if chance.random() < 0.01:
                cut_database_connections(place)
            assert time.monotonic() < end, f"it did not happen in time: {crew.missing}, {waiting(place)} wait"
            time.sleep(0.1)
    finally:
        crew.end()
    crew.expect_deaths()
    expect_each_once(place, subjects)


def waiting(place) -> int:
    ((count,),) = place.query("select count(*) from emaildelivery")
    return count


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
