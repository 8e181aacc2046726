"""A worker that is killed while it writes the people of a series: afterwards every occurrence has them, and all were told once."""

import datetime as dt
import signal
from types import SimpleNamespace

import pytest

from tests.e2e.place import PEOPLE, company
from tests.e2e.seen_by_exchangelib import account as outlook
from tests.fault.test_act_kill import let_time_pass
from tests.fault.workers import until, worker

ADA, BEN = PEOPLE[:2]
GRACE = "grace@example.com"
START = (dt.datetime.now(dt.UTC) + dt.timedelta(days=7)).replace(hour=9, minute=0, second=0, microsecond=0)
KILLS = [
    "act.intended=kill",
    "act.series-written=kill",
    "act.occurrence-written=kill",
    "act.occurrence-written=kill@2",
    "act.written=kill",
    "act.settled=kill",
]


def one_of(account, number: int):
    (series,) = [each for each in account.calendar.all() if each.recurrence is not None]
    found = series.occurrence(number)
    found.refresh()
    return found


@pytest.fixture
def place(database_dsn):
    """Four days in a row; Ben has answered the second and the third, with each of which Exchange keeps a list of people."""
    with company(database_dsn) as place:
        place.query_and_commit(
            "update organization set actplanfirst = false, actpollingintervalinseconds = 1"
        )
        place.query_and_commit("update mailbox set actdeliverymethod = 1 where emailaddress = %s", ADA)
        place.query_and_commit(
            "insert into exchangesyncmailbox (mailboxid, nextpasson) select mailboxid, now() from mailbox"
            " where emailaddress = %s",
            ADA,
        )
        place.query_and_commit(
            "insert into recurringappointmentmaster (ownerid, subject, starttime, endtime, timezone,"
            " recurrencepatterntype, patternstartdate, patternendtype, occurrences)"
            " select ownerid, 'Watch', %s, %s, 'UTC', 0, %s, 2, 4 from mailbox where emailaddress = %s",
            START,
            START + dt.timedelta(hours=1),
            START.date(),
            ADA,
        )
        for address, part in ((ADA, 7), (BEN, 5)):
            join(place, address, part)
        with worker(database_dsn):
            until(lambda: place.query("select count(*) from exchangesyncidmapping where stage = 2") == [(1,)])
            with outlook(place, BEN) as ben:
                until(lambda: [each for each in ben.calendar.all() if each.recurrence is not None])
                for number in (2, 3):
                    one_of(ben, number).tentatively_accept()
            until(
                lambda: place.query("select count(*) from appointment where instancetypecode = 3") == [(2,)]
            )
        yield place


def join(place: SimpleNamespace, address: str, part: int) -> None:
    place.query_and_commit(
        "insert into activityparty (activityid, participationtypemask, addressused, partyid, partyobjecttypecode)"
        " select r.activityid, %s, case when u.systemuserid is null then x.address end, u.systemuserid,"
        " case when u.systemuserid is not null then 'systemuser' end from recurringappointmentmaster r,"
        " (select %s as address) x left join systemuser u on u.internalemailaddress = x.address",
        part,
        address,
    )


def invited(place: SimpleNamespace) -> list[set[str]]:
    with outlook(place, ADA) as ada:
        return [
            {each.mailbox.email_address.lower() for each in one_of(ada, number).required_attendees}
            for number in (1, 2, 3, 4)
        ]


@pytest.mark.parametrize("fault", KILLS)
def test_killed_anywhere_no_occurrence_keeps_the_people_that_its_series_had(place, fault):
    join(place, GRACE, 5)
    with worker(place.dsn, fault) as process:
        until(lambda: process.poll() is not None)
        assert process.returncode == -signal.SIGKILL

    def is_in_step() -> bool:
        let_time_pass(place)
        return place.query(
            "select count(*) from exchangesyncidmapping l where stage = 2 and intent is null"
            " and exists (select from jsonb_array_elements_text(base->'exchange'->'requiredattendees'->'group') a"
            f" where a = '{GRACE}')"
        ) == [(1,)]

    with worker(place.dsn):
        until(is_in_step)
        until(lambda: invited(place) == [{BEN, GRACE}] * 4)
    assert [mail.recipients for mail in place.exchange.outbox] == [(GRACE,)]
    assert place.query("select count(*) from activityparty where addressused = %s", GRACE) == [(1,)]
    assert place.query("select code, text from tracelog where resolvedon is null") == []
