"""Lists and the overview ask a fixed number of questions, and the database reads them along an index."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serversync.crm.models import Mailbox, SystemUser, TraceLog
from tests.web.company import Company, logged_in, mailbox_of

MOST = {
    "overview": 14,
    "mailboxes": 8,
    "alerts": 9,
    "jobs": 7,
    "mail": 7,
    "users": 8,
    "audit": 6,
    "profiles": 7,
}
"""Queries of a page with the session, the viewer, his privileges and the number of open alerts."""


def more(company: Company) -> None:
    for number in range(30):
        user = SystemUser.objects.create_user(f"user{number}", fullname=f"User {number}")
        TraceLog.objects.create(code="x", regardingobjectid=mailbox_of(user).pk, level=3)
    Mailbox.objects.update(mailboxstatus=2, lastsyncerrorcount=1)


@pytest.mark.parametrize("name", MOST)
def test_more_rows_need_no_more_queries_than_few(company: Company, name: str) -> None:
    client = logged_in(company.dora)
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(name))
    more(company)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse(name))
    assert len(many) <= len(few) + 1
    assert len(many) <= MOST[name]


def plan(company: Company, address: str, words: str) -> str:
    """How the database would answer the first question of a page that has these words."""
    with CaptureQueriesContext(connection) as captured:
        logged_in(company.dora).get(address)
    asked = next(one["sql"] for one in captured if words in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute("set local enable_incremental_sort = off; set local enable_bitmapscan = off")
        cursor.execute(f"explain {asked}")
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("sort", ["name", "-name"])
def test_mailboxes_by_name_are_read_along_an_index_both_ways(company: Company, sort: str) -> None:
    found = plan(company, f"/mailboxes/?sort={sort}", 'ORDER BY "mailbox"."name"')
    assert "mailbox_list" in found
    assert "Sort" not in found


def test_the_worst_mailboxes_are_read_along_an_index(company: Company) -> None:
    found = plan(company, "/", 'ORDER BY "mailbox"."lastsyncerrorcount"')
    assert "mailbox_failing" in found
    assert "Sort" not in found


@pytest.mark.parametrize(
    ("address", "words", "index"),
    [
        ("/users/", 'ORDER BY "systemuser"."fullname"', "systemuser_list"),
        ("/audit/", 'ORDER BY "audit"."createdon"', "audit_newest"),
        ("/jobs/", 'ORDER BY "asyncoperation"."createdon"', "asyncoperation_newest"),
        ("/alerts/", 'ORDER BY "tracelog"."laston"', "tracelog_open"),
    ],
)
def test_lists_are_read_along_their_index(company: Company, address: str, words: str, index: str) -> None:
    assert index in plan(company, address, words)
