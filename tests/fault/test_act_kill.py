"""A worker that is killed at any named point of bringing contacts into step: afterwards both sides are right.

On each side people have made two hundred changes since the last pass: new contacts, edits of others, some of them of the same
contact on both sides, and deletions.
"""

import signal
from types import SimpleNamespace

import exchangelib
import psycopg
import pytest

from serversync.core.faults import ACT_PASS
from tests.e2e.place import PEOPLE, company
from tests.e2e.seen_by_exchangelib import account as outlook
from tests.fault.workers import until, worker

ADA = PEOPLE[0]
THERE, EDITED, MADE, DELETED = 260, 120, 60, 20
"""Contacts in step before, then on each side: edited, made, deleted. Sixty of the edited ones are edited on both."""
KILLS = [*(f"{point}=kill" for point in ACT_PASS), "act.written=kill@2", "act.settled=kill@2"]


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as place:
        place.query_and_commit(
            "update organization set actplanfirst = false, actpollingintervalinseconds = 1, trackallcontacts = true,"
            " contactdeletionbehaviorfromexchange = 0"
        )
        place.query_and_commit("update mailbox set actdeliverymethod = 1 where emailaddress = %s", ADA)
        place.query_and_commit(
            "insert into exchangesyncmailbox (mailboxid, nextpasson) select mailboxid, now() from mailbox"
            " where emailaddress = %s",
            ADA,
        )
        place.query_and_commit(
            "insert into contact (lastname, ownerid) select 'P' || to_char(n, 'FM000'), ownerid"
            " from mailbox, generate_series(0, %s) n where emailaddress = %s",
            THERE - 1,
            ADA,
        )
        with worker(database_dsn):
            until(
                lambda: (
                    place.query(
                        "select count(*) from exchangesyncidmapping where stage = 2 and not isunheard"
                    )
                    == [(THERE,)]
                )
            )
        yield place


def numbered(first: int, count: int) -> set[str]:
    return {f"P{n:03}" for n in range(first, first + count)}


BY_CRM, BY_OUTLOOK = numbered(0, EDITED), numbered(EDITED // 2, EDITED)
GONE_IN_CRM, GONE_IN_OUTLOOK = numbered(200, DELETED), numbered(200 + DELETED, DELETED)


def change_both_sides(place: SimpleNamespace) -> None:
    place.query_and_commit("update contact set jobtitle = 'Clerk' where lastname = any(%s)", sorted(BY_CRM))
    place.query_and_commit("delete from contact where lastname = any(%s)", sorted(GONE_IN_CRM))
    place.query_and_commit(
        "insert into contact (lastname, ownerid) select 'C' || n, ownerid from mailbox, generate_series(1, %s) n"
        " where emailaddress = %s",
        MADE,
        ADA,
    )
    with outlook(place, ADA) as ada:
        known = {each.surname: each for each in ada.contacts.all().only("surname", "department")}
        edits = []
        for name in sorted(BY_OUTLOOK):
            known[name].department = "Sales"
            edits.append((known[name], ("department",)))
        ada.bulk_update(edits)
        ada.bulk_delete(
            [known[name] for name in sorted(GONE_IN_OUTLOOK)],
            delete_type=exchangelib.items.MOVE_TO_DELETED_ITEMS,
        )
        ada.bulk_create(
            folder=ada.contacts,
            items=[exchangelib.Contact(display_name=f"O{n}", surname=f"O{n}") for n in range(1, MADE + 1)],
        )


EXPECTED = sorted(
    (
        name,
        "Clerk" if name in BY_CRM else None,
        "Sales" if name in BY_OUTLOOK else None,
    )
    for name in (numbered(0, THERE) - GONE_IN_CRM - GONE_IN_OUTLOOK)
    | {f"C{n}" for n in range(1, MADE + 1)}
    | {f"O{n}" for n in range(1, MADE + 1)}
)


def in_crm(place: SimpleNamespace) -> list[tuple[object, ...]]:
    return sorted(place.query("select lastname, jobtitle, department from contact"))


def in_outlook(place: SimpleNamespace) -> list[tuple[object, ...]]:
    with outlook(place, ADA) as ada:
        found = ada.contacts.all().only("surname", "job_title", "department")
        return sorted((each.surname, each.job_title, each.department) for each in found)


def let_time_pass(place: SimpleNamespace) -> None:
    """Ten minutes: requests on their way have timed out, and it is time for second looks."""
    with psycopg.connect(place.dsn) as connection:
        connection.execute("select from exchangesyncmailbox for update")  # between two transactions of a pass
        connection.execute(
            "update exchangesyncidmapping set askedon = askedon - interval '10 minutes',"
            " dueon = dueon - interval '10 minutes', crmmissedon = crmmissedon - interval '10 minutes',"
            " exchangemissedon = exchangemissedon - interval '10 minutes'"
            " where askedon is not null or dueon is not null"
        )


@pytest.mark.parametrize("fault", KILLS)
def test_killed_anywhere_with_many_changes_both_sides_are_right_after_the_next_passes(place, fault):
    change_both_sides(place)
    with worker(place.dsn, fault) as process:
        until(lambda: let_time_pass(place) or process.poll() is not None)
        assert process.returncode == -signal.SIGKILL

    def is_in_step() -> bool:
        let_time_pass(place)
        return (
            place.query(
                "select count(*) filter (where stage = 2), count(*) filter (where stage < 2 or dueon is not null)"
                " from exchangesyncidmapping"
            )
            == [(len(EXPECTED), 0)]
            and in_crm(place) == EXPECTED
        )

    with worker(place.dsn):
        until(is_in_step)
    assert in_outlook(place) == EXPECTED
    assert place.query("select code, text from tracelog where resolvedon is null") == []
