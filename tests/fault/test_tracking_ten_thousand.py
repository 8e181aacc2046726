"""Ten thousand messages, four workers, and everything that can die dies at every named point: each is tracked once."""

import os
import random
import time
from collections import Counter

import pytest

from serversync.core.faults import INCOMING_ACTIONS, INCOMING_PASS
from serversync.crm.models import Mailbox, SystemUser, UserSettings
from serversync.simulator import Fault
from tests.e2e.place import PEOPLE, QUEUE, company
from tests.fault.crew import Crew

AMOUNT = int(os.environ.get("SERVERSYNC_TEST_MESSAGES", "10000"))
WAVE = max(AMOUNT // 25, 20)
SECONDS = 600
COLLEAGUES = tuple(f"colleague{number}@example.org" for number in range(9))
ADDRESSES = (*PEOPLE, *COLLEAGUES, QUEUE)
FILE = "the file\r\n"


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        for address in COLLEAGUES:
            made.exchange.add_mailbox(address)
            SystemUser.objects.create_user(address, internalemailaddress=address)
        UserSettings.objects.update(incomingemailfilteringmethod=0)
        Mailbox.objects.update(
            emailserverprofile=made.profile, incomingemaildeliverymethod=2, emailrouteraccessapproval=1
        )
        Mailbox.objects.filter(emailaddress=QUEUE).update(processanddeleteemails=True)
        made.profile.timeoutmailboxconnectionafteramount = 5000
        made.profile.save()
        made.query_and_commit("update mailbox set nextpasson = now()")
        yield made


class Post:
    """What arrives: most messages in one mailbox, some in several, some with a file."""

    def __init__(self, place, chance):
        self._place, self._chance = place, chance
        self.items: list[str] = []
        self.recipients: dict[str, int] = {}
        self.files: set[str] = set()
        self.for_queue = 0

    def deliver(self, count):
        """Let so many messages arrive."""
        for _ in range(count):
            number = len(self.recipients)
            to = self._chance.sample(ADDRESSES, self._chance.choice((1, 1, 1, 1, 1, 2, 3)))
            message_id = f"<{number}@harbour.example>"
            self.recipients[message_id] = len(to)
            self.for_queue += QUEUE in to
            if self._chance.random() < 0.05:
                self.files.add(message_id)
            self.items += self._place.exchange.deliver(self._mime(number, message_id, to), to)

    def _mime(self, number, message_id, to):
        head = (
            f"From: Grete <grete{number % 50}@harbour.example>\r\nTo: {', '.join(to)}\r\nSubject: Offer {number}\r\n"
            f"Message-ID: {message_id}\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
        )
        if message_id not in self.files:
            return f"{head}\r\nHello {number}\r\n".encode()
        return (
            f'{head}Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nHello {number}\r\n--b\r\n'
            f'Content-Disposition: attachment; filename="a.txt"\r\n\r\n{FILE}\r\n--b--\r\n'
        ).encode()


@pytest.mark.timeout(SECONDS + 120)
def test_ten_thousand_messages_are_tracked_once_whatever_dies(place, database_dsn, tmp_path):
    seed = int(os.environ.get("SERVERSYNC_TEST_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SERVERSYNC_TEST_SEED={seed}")
    chance = random.Random(seed)  # noqa: S311 - it only says what dies
    post = Post(place, chance)
    crew = Crew(place.dsn, (*INCOMING_PASS, *INCOMING_ACTIONS), chance, tmp_path / "broken")
    end = time.monotonic() + SECONDS
    try:
        while True:
            crew.keep()
            ((done,),) = place.query("select count(*) from messagetrace")
            is_enough = len(post.recipients) >= AMOUNT and not crew.missing
            if is_enough and done >= len(post.items) and is_settled(place):
                break
            if not is_enough and len(post.items) - done < 2 * WAVE:
                post.deliver(WAVE if len(post.recipients) < AMOUNT else 20)
                trouble(place, chance)
            assert time.monotonic() < end, f"it did not happen in time: {crew.missing}, {done}"
            # What failed would rest for ten seconds and more; nothing but patience is saved here.
            place.query_and_commit(
                "update mailbox set nextpasson = now() where mailboxid in"
                " (select mailboxid from mailbox where nextpasson > now() for update skip locked)"
            )
            time.sleep(0.1)
    finally:
        crew.end()
    print(
        f"messages {len(post.recipients)} in {time.monotonic() - end + SECONDS:.0f} s, ends of workers {crew.deaths}"
    )
    crew.expect_deaths()
    expect_each_once(place, post)


def is_settled(place):
    return place.query(
        "select (select count(*) from mailboxaction), (select count(*) from mailbox where leaseuntil > now())"
    ) == [(0, 0)]


def trouble(place, chance):
    """Beside what workers do to themselves: an answer that is lost, and connections that the database ends."""
    place.exchange.faults.add(
        Fault(
            operation=chance.choice(["SyncFolderItems", "GetItem", "GetAttachment", "DeleteItem"]),
            nth=chance.randint(1, 20),
            **chance.choice([{"reset_before": True}, {"reset_after": True}, {"truncate": 700}]),
        )
    )
    if chance.random() < 0.3:
        place.query(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and application_name <> ''"
            " order by random() limit 3"
        )


def expect_each_once(place, post):
    examined = place.query("select exchangeentryid, outcome, activityid is null from messagetrace")
    assert Counter(item for item, _, _ in examined) == Counter(post.items), "every item is examined once"
    assert {(outcome, lost) for _, outcome, lost in examined} <= {(1, False), (2, False)}
    assert Counter(outcome for _, outcome, _ in examined)[1] == len(post.recipients), "once as the first"
    tracked = place.query(
        "select messageid, attachmentcount, (select count(*) from activityparty p where p.activityid = e.activityid),"
        " array(select convert_from(b.body, 'UTF8') from activitymimeattachment a join attachment b using (attachmentid)"
        " where a.activityid = e.activityid) from email e"
    )
    assert Counter(message_id for message_id, *_ in tracked) == Counter(list(post.recipients))
    for message_id, attachments, parties, files in tracked:
        has_file = message_id in post.files
        assert parties == 1 + post.recipients[message_id]
        assert (attachments, [one.strip() for one in files]) == (has_file, [FILE.strip()] * has_file)
    assert place.query(
        "select count(*), count(distinct objectid), bool_and(objectid in (select activityid from email)) from queueitem"
    ) == [(post.for_queue, post.for_queue, True)]
    mailbox = place.exchange.mailbox(QUEUE)
    assert not mailbox.items_by_arrival(mailbox.distinguished_folder("inbox")), "deleted, once it was tracked"
    assert place.query("select count(*) from attachment") == [(len(post.files),)]
