"""Lists and the overview ask a fixed number of questions, and the database reads them along an index."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from serversync.administration import emails
from serversync.core import clock
from serversync.crm.models import AsyncOperation, Email, Mailbox, MessageTrace, SystemUser, TraceLog, WorkHour
from serversync.crm.models.messagetrace import TraceOutcome
from serversync.web.keyset import Position
from serversync.web.pages.mailboxes import queries
from serversync.web.pages.overview import queries as overview
from tests.web.company import FIRST_RECEIVED, Company, logged_in, mailbox_of, track

MOST = {
    "overview": 16,
    "mailboxes": 9,
    "alerts": 10,
    "jobs": 8,
    "mail": 8,
    "users": 9,
    "audit": 7,
    "profiles": 8,
    "filters": 10,
}
MOST_OF_A_MAILBOX = 25
"""Queries of a page with the session, the viewer, his time zone and privileges, and the number of open alerts."""


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


FORGET_STATISTICS = """
    update pg_class set relpages = 0, reltuples = -1, relallvisible = 0
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')
        and (relpages, reltuples, relallvisible) <> (0, -1, 0);
    delete from pg_statistic s using pg_class c
    where c.oid = s.starelid and c.relnamespace = 'public'::regnamespace
"""
"""What the planner knows of the tables of all tests depends on which ran before; undone with the test's transaction."""


def plan(
    company: Company, address: str, words: str, *, viewer: SystemUser | None = None, which: int = 0
) -> str:
    """How the database would answer the first question of a page that has these words, or a later one."""
    with CaptureQueriesContext(connection) as captured:
        logged_in(viewer or company.dora).get(address)
    asked = [one["sql"] for one in captured if words in one["sql"]][which]
    with connection.cursor() as cursor:
        cursor.execute(FORGET_STATISTICS)
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute("set local enable_incremental_sort = off; set local enable_bitmapscan = off")
        cursor.execute(f"explain {asked}")
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("sort", ["name", "-name"])
def test_mailboxes_by_name_are_read_along_an_index_both_ways(company: Company, sort: str) -> None:
    found = plan(company, f"/mailboxes/?sort={sort}", 'ORDER BY "mailbox"."name"')
    assert "mailbox_list" in found
    assert "Sort" not in found


def asked_of_mailboxes(company: Company, query: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        logged_in(company.dora).get(f"/mailboxes/{query}")
    return [one["sql"] for one in captured if 'FROM "mailbox"' in one["sql"]]


@pytest.mark.parametrize("sort", [*queries.SORTS, *(f"-{word}" for word in queries.SORTS)])
def test_only_keys_are_put_in_order(company: Company, sort: str) -> None:
    """A row is wide: sorting a hundred thousand of them takes five times as long as sorting their keys."""
    counting, ordering, reading = asked_of_mailboxes(company, f"?sort={sort}")[:3]
    assert "COUNT(*)" in counting
    assert ordering.startswith('SELECT "mailbox"."mailboxid" AS "pk" FROM')
    assert " LIMIT " in ordering
    assert '"mailbox"."mailboxid" IN (' in reading
    assert "ORDER BY" not in reading


def test_the_last_pages_are_read_from_the_end(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    more(company)
    asked = asked_of_mailboxes(company, "?page=17")[1]
    assert 'ORDER BY "mailbox"."name" DESC, 1 DESC LIMIT 1' in asked
    assert "OFFSET" not in asked


def test_what_a_view_holds_is_not_looked_for_along_all_names(company: Company) -> None:
    """Queues begin with Q: along the names four of five mailboxes were read before the first of them."""
    ordering = asked_of_mailboxes(company, "?view=users")[1]
    assert """ORDER BY (COALESCE("mailbox"."name", '') || COALESCE('', ''))""" in ordering


def test_mailboxes_that_are_due_are_counted_no_farther_than_shown(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_COUNTED", 2)
    client = logged_in(company.dora)
    Mailbox.objects.update(nextpasson=None)
    for due, shown in ((2, "2 mailboxes"), (3, "2+ mailboxes")):
        Mailbox.objects.filter(pk__in=Mailbox.objects.values("pk")[:due]).update(
            nextpasson=clock.now() - timedelta(minutes=1)
        )
        assert f"<dd>{shown}" in client.get("/").content.decode()


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
        ("/contacts/", 'ORDER BY "contact"."createdon"', "contact_newest"),
        ("/accounts/", 'ORDER BY "account"."createdon"', "account_newest"),
        ("/queues/", 'ORDER BY "queue"."createdon"', "queue_newest"),
        ("/mail/", 'AS "newest"', "email_newest"),
        ("/mail/?show=failed", 'AS "newest"', "email_unsent"),
        ("/mail/?show=drafts", 'AS "newest"', "email_unsent"),
        ("/mail/?show=waiting", 'AS "newest"', "email_unsent"),
    ],
)
def test_lists_are_read_along_their_index(company: Company, address: str, words: str, index: str) -> None:
    assert index in plan(company, address, words)


BY_OWNER = '"email"."ownerid" = '
BY_KEYS = re.compile(r"activityid = ANY \(\(InitPlan \d\)\.col1\)")
"""Of a plan that finds the keys first and looks up each e-mail then."""


def test_mail_of_one_mailbox_is_its_owners_along_an_index_and_the_rest_by_keys(company: Company) -> None:
    """Walking the list of all mail for what one mailbox has of it took seconds, looking up each of 50,000 too."""
    address = f"/mail/?mailbox={mailbox_of(company.ada).pk}"
    owners = plan(company, address, 'AS "newest"')
    assert "email_owner_newest" in owners
    assert "Sort" not in owners
    assert re.search(r"Index Cond: \(activityid = \(?email\.activityid", owners), (
        "not all messages of the mailbox"
    )
    rest = plan(company, address, 'AS "newest"', which=1)
    assert BY_KEYS.search(rest)
    assert "Except" in rest


def test_ones_own_mail_is_read_along_an_index_and_no_more_of_it_than_a_page(company: Company) -> None:
    """Somebody with 50,000 e-mails waited for all of them to be looked up."""
    for address in ("/mail/", "/mail/?show=outgoing"):
        owned = plan(company, address, 'AS "newest"', viewer=company.ada)
        assert "email_owner_newest" in owned
        assert "Sort" not in owned


def test_mail_of_ones_mailbox_that_somebody_else_owns_is_found_by_its_keys(company: Company) -> None:
    rest = plan(company, "/mail/", 'AS "newest"', viewer=company.ada, which=1)
    assert BY_KEYS.search(rest)
    assert "Except" in rest


def shared_with_ada(company: Company, count: int) -> list[Email]:
    """E-mails of Ben's that were tracked out of Ada's mailbox, between those that she owns."""
    made = []
    for number in range(2 * count):
        one = track(mailbox_of(company.ada), f"Number {number}", number=number + 1)
        Email.objects.filter(pk=one.pk).update(ownerid=company.ben if number % 2 else company.ada)
        made.append(one)
    return made


def test_pages_of_both_parts_have_every_mail_once_and_in_order_both_ways(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serversync.web.pages.mail.queries.PAGE_SIZE", 3)
    shared_with_ada(company, 4)
    client, seen, query = logged_in(company.ada), [], ""
    while True:
        page = client.get(f"/mail/{query}").context["page"]
        seen.append([row.subject for row in page.rows])
        if not page.older:
            break
        query = page.older
    everything = [subject for rows in seen for subject in rows]
    wanted = Email.objects.filter(pk__in=[row.pk for row in Email.objects.exclude(subject="Secret of Ben")])
    assert everything == [row.subject for row in emails.in_order(wanted).order_by("-newest", "-pk")]
    assert client.get(f"/mail/{page.newer}").context["page"].rows[-1].subject == seen[-2][-1]


def test_a_search_finds_what_is_owned_and_what_is_not(company: Company) -> None:
    shared_with_ada(company, 2)
    for address in ("/mail/?q=number", f"/mail/?q=number&mailbox={mailbox_of(company.ada).pk}"):
        for viewer in (company.ada, company.dora):
            found = logged_in(viewer).get(address).context["page"].rows
            assert sorted(row.subject for row in found) == [f"Number {number}" for number in range(4)]


def test_messages_of_a_page_of_mailboxes_are_counted_no_farther_than_shown(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mailbox_of(company.ada)
    for number in range(3):
        track(box, f"More {number}", number=number)
    assert queries.count_messages([box.pk], most=2)[box.pk].tracked == 3
    assert queries.count_messages([box.pk])[box.pk].tracked == 4
    monkeypatch.setattr("serversync.web.pages.mailboxes.queries.MOST_COUNTED_ALONE", 2)
    page = logged_in(company.dora).get(reverse("mailbox", args=[box.pk])).content.decode()
    assert "<dd>2+</dd>" in page


def test_a_search_that_finds_very_many_mailboxes_says_that_it_was_cut_off(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_FOUND", 2)
    page = logged_in(company.dora).get("/mailboxes/?q=a").content.decode()
    assert "The first 2 mailboxes found for “a”; there are more" in page
    assert "there are more" not in logged_in(company.dora).get("/mailboxes/?q=ada@").content.decode()


def test_mailboxes_of_jobs_that_are_over_are_not_counted_again(company: Company) -> None:
    over = {"statecode": 3, "statuscode": 31, "itemcount": 9}
    AsyncOperation.objects.create(name="Over", act="sync", succeededcount=4, failedcount=5, **over)
    under_way = AsyncOperation.objects.create(name="Under way", act="sync", itemcount=3)
    client = logged_in(company.dora)
    with CaptureQueriesContext(connection) as captured:
        rows = client.get("/jobs/").context["rows"]
    assert [(row.job.name, row.progress.done, row.progress.failed) for row in rows] == [
        ("Under way", 0, 0),
        ("Over", 9, 5),
    ]
    (asked,) = [one["sql"] for one in captured if 'FROM "asyncoperationitem"' in one["sql"]]
    assert f"""IN ('{under_way.pk.hex}'::uuid)""" in asked


def searched(
    company: Company, monkeypatch: pytest.MonkeyPatch, usual: int, viewer: SystemUser | None = None
) -> list[str]:
    """What a search for a word asks of the database where so many of the first ten rows have it, and three beyond."""
    monkeypatch.setattr("serversync.web.keyset.LOOKED_THROUGH", (10, 20))
    monkeypatch.setattr("serversync.web.keyset.LOOKED_THROUGH_OF_OWNER", (10,))
    monkeypatch.setattr("serversync.web.pages.mail.queries.PAGE_SIZE", 5)
    for number in range(30):
        is_usual = number >= 30 - usual or number < 3
        track(mailbox_of(company.ada), "Usual" if is_usual else "Other", number=number + 1)
    with CaptureQueriesContext(connection) as captured:
        found = logged_in(viewer or company.dora).get("/mail/?q=usual").context["page"].rows
    assert len(found) == min(5, usual + 3)
    return [one["sql"] for one in captured if "to_tsquery" in one["sql"] or "work_mem" in one["sql"]]


def test_a_word_that_many_have_is_found_among_the_next_rows(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    (asked,) = searched(company, monkeypatch, 6)
    assert "is true" in asked


def test_a_word_that_some_have_is_looked_for_farther_and_then_by_the_index(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = searched(company, monkeypatch, 2)
    assert ["is true" in one for one in asked] == [True, True, False, False]


def test_a_word_that_few_have_is_asked_of_the_index_with_room_for_its_rows(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    near, room, by_index = searched(company, monkeypatch, 0)
    assert "is true" in near
    assert room == "set local work_mem = '64MB'"
    assert "is true" not in by_index


def test_ones_own_mail_is_not_looked_through_far_before_the_index_is_asked(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each e-mail of one person lies in a place of its own: twenty-five thousand took half a second."""
    *asked, of_others = searched(company, monkeypatch, 2, company.ada)
    assert ["is true" in one for one in asked] == [True, False, False]
    assert BY_OWNER in asked[0]
    assert BY_OWNER in asked[2]
    assert "ANY(ARRAY(" in of_others.upper()


def test_ones_own_mail_with_a_usual_word_is_found_among_the_next_of_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = searched(company, monkeypatch, 6, company.ada)
    assert ["is true" in one for one in asked] == [True, True]


@pytest.mark.parametrize("place", ["", "&after={place}", "&before={place}"])
def test_a_list_that_was_looked_through_to_its_end_is_not_asked_of_the_index_as_well(
    company: Company, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Somebody with fifty e-mails waited until the index had handed over half a million that have the word too."""
    track(mailbox_of(company.ada), "Usual", number=5)
    monkeypatch.setattr("serversync.web.keyset.LOOKED_THROUGH_OF_OWNER", (2,))
    middle = Position(FIRST_RECEIVED + timedelta(minutes=3), company.of_ada.pk)
    address = f"/mail/?q=usual{place.format(place=middle)}"
    with CaptureQueriesContext(connection) as captured:
        found = logged_in(company.ada).get(address).context["page"].rows
    assert [row.subject for row in found] == ([] if "after" in place else ["Usual"])
    asked = [one["sql"] for one in captured if "to_tsquery" in one["sql"]]
    assert ["is true" in one for one in asked] == [True, True]


def test_ones_own_mail_is_looked_through_along_an_index(company: Company) -> None:
    found = plan(company, "/mail/?q=usual", "is true", viewer=company.ada)
    assert "email_owner_newest" in found
    assert "Sort" not in found


def test_words_of_ones_own_mail_are_found_by_two_indexes_before_any_is_fetched(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a table of its own: what the planner knows of the one of all tests would stay changed."""
    _, _, by_index, _ = searched(company, monkeypatch, 0, company.ada)
    with connection.cursor() as cursor:
        cursor.execute("create temporary table email (like public.email including all) on commit drop")
        Email.objects.bulk_create(
            Email(
                subject=f"{'Usual' if number // 10 % 10 == 0 else 'Other'} {number}",
                description="long " * 300,
                ownerid=company.ben if number % 10 else company.ada,
                receivedon=FIRST_RECEIVED - timedelta(minutes=number),
            )
            for number in range(4000)
        )
        cursor.execute("analyze email")
        cursor.execute(f"explain {by_index}")
        found = "\n".join(row[0] for row in cursor.fetchall())
    assert "BitmapAnd" in found
    assert "Bitmap Index Scan on email_to_tsvector_" in found
    assert "Bitmap Index Scan on email_ownerid_" in found


def test_the_search_for_a_message_of_a_mailbox_reads_an_index_and_no_message_in_vain(
    company: Company,
) -> None:
    """Fetching fifty thousand rows for their subjects took half a second."""
    address = f"/mailboxes/{mailbox_of(company.ada).pk}/?message=offer"
    found = plan(company, address, 'UPPER("messagetrace"."subject"')
    assert "Index Only Scan using messagetrace_subject" in found
    assert "Sort" not in found


def test_long_subjects_of_a_mailbox_have_an_index_of_their_own(company: Company) -> None:
    """In a table of its own, as above."""
    mailbox = mailbox_of(company.ada)
    with CaptureQueriesContext(connection) as captured:
        logged_in(company.dora).get(f"/mailboxes/{mailbox.pk}/?message=offer")
    _, asked = (one["sql"] for one in captured if 'UPPER("messagetrace"."subject"' in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(
            "create temporary table messagetrace (like public.messagetrace including all) on commit drop"
        )
        MessageTrace.objects.bulk_create(
            MessageTrace(
                mailboxid=mailbox,
                itemkey=UUID(int=number),
                subject="Offer " * (200 if number == 0 else 1),
                outcome=TraceOutcome.TRACKED,
                receivedon=FIRST_RECEIVED + timedelta(minutes=number),
            )
            for number in range(4000)
        )
        cursor.execute("analyze messagetrace")
        cursor.execute(f"explain {asked}")
        found = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute(
            "select indexname from pg_indexes where tablename = 'messagetrace' and schemaname like 'pg_temp%'"
            " and indexdef like '%> 600%'"
        )
        ((index,),) = cursor.fetchall()
    assert f"Index Scan using {index} on messagetrace" in found


def test_more_messages_found_in_a_mailbox_need_no_more_queries(company: Company) -> None:
    address = f"/mailboxes/{mailbox_of(company.ada).pk}/?message=offer"
    client, asked = logged_in(company.dora), []
    for number in range(2):
        with CaptureQueriesContext(connection) as captured:
            told = client.get(address).context["explanations"]
        asked.append(len(captured))
        assert len(told) == 1 + 18 * number
        for minute in range(18):
            track(mailbox_of(company.ada), f"Offer {minute}", number=minute)
    assert asked[1] <= asked[0] <= MOST_OF_A_MAILBOX


RECORDS = ("contact", "appointment", "recurringappointmentmaster", "task", "activityparty")


def records_read(company: Company, query: str) -> list[str]:
    """Which tables of records the page of filters reads."""
    client = logged_in(company.ada)
    client.get("/filters/")  # the first look gives the filters
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/filters/{query}").status_code == 200
    return [
        table
        for table in RECORDS
        if any(re.search(rf'\b(from|join) "?{table}\b', one["sql"], re.IGNORECASE) for one in captured)
    ]


def test_filters_are_shown_without_a_look_at_any_record(company: Company) -> None:
    """A filter may ask for anything, so no index finds what it lets in: all appointments took most of a second."""
    assert records_read(company, "") == []


def test_only_records_of_the_kind_that_is_counted_are_held_against_its_filters(company: Company) -> None:
    assert records_read(company, "?count=contact") == ["contact"]
    assert records_read(company, "?count=appointment") == ["appointment", "activityparty"]


def test_the_overview_reads_sums_of_hours_and_no_pass_of_an_hour_that_is_over(company: Company) -> None:
    WorkHour.objects.create(startedon=clock.now().replace(minute=0, second=0, microsecond=0))
    with CaptureQueriesContext(connection) as captured:
        logged_in(company.dora).get("/?span=month")
    (asked,) = [one["sql"] for one in captured if "from mailboxstatistics" in one["sql"]]
    since = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert f"{since:%Y-%m-%d %H:00:00}" in asked
