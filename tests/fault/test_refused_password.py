"""A refused password stops the profile for all workers together, before it locks the account; counted by the server."""

import pytest

from serversync.crm.models import EmailServerProfile
from tests.e2e.place import SERVICE, company
from tests.fault.test_connection_limit import until, workers

PROCESSES, MAILBOXES, LIMIT = 4, 20, 5
BASIC, NTLM = 3, 2
TWO = 2


@pytest.fixture(params=[BASIC, NTLM], ids=["basic", "ntlm"])
def place(request, database_dsn):
    """Twenty mailboxes that are polled all the time, and told of over streams."""
    with company(database_dsn, protocol=request.param) as place:
        for number in range(MAILBOXES):
            place.exchange.add_mailbox(f"more{number}@example.org")
        place.query_and_commit(
            "insert into mailbox (name, emailaddress, isforwardmailbox, emailserverprofile, nextpasson,"
            " incomingemaildeliverymethod, emailrouteraccessapproval)"
            " select 'more', 'more' || n || '@example.org', true, %s, now(), 2, 1 from generate_series(0, %s) n",
            place.profile.pk,
            MAILBOXES - 1,
        )
        place.query_and_commit("update emailserverprofile set maxconcurrentconnections = %s", LIMIT)
        place.account = place.exchange.directory.find(SERVICE)
        yield place


def is_stopped(place):
    """Whether the account is stopped with the password that the profile has now."""
    return place.query(
        "select count(*) from exchangeaccount a join emailserverprofile p on p.emailserverprofileid = a.exchangeaccountid"
        " where a.stoppedon is not null and a.credentialsof = p.modifiedon"
    ) == [(1,)]


def is_quiet(place):
    """Whether nobody has anything under way, although every mailbox is due."""
    place.query_and_commit("update mailbox set nextpasson = least(nextpasson, now())")
    place.query_and_commit("select pg_notify('serversync_due', '')")
    return place.query(
        "select (select count(*) from procrastinate_jobs) + (select count(*) from mailbox where leaseuntil > now())"
        " + (select count(*) from connectionslot where leaseuntil > now())"
    ) == [(0,)]


def password(text):
    profile = EmailServerProfile.objects.get()
    profile.set_incomingpassword(text)
    profile.save()


def handled_again(place):
    before = dict(place.exchange.load.handled)
    addresses = [f"more{number}@example.org" for number in range(MAILBOXES)]
    until(lambda: all(place.exchange.load.handled[one] > before.get(one, 0) for one in addresses))


def test_a_wrong_password_is_tried_twice_by_four_workers_over_twenty_mailboxes(place):
    password("not the password")
    with workers(place.dsn, PROCESSES):
        until(lambda: place.query("select count(*) from procrastinate_workers") == [(PROCESSES,)])
        until(lambda: is_stopped(place))
        until(lambda: is_quiet(place))
    assert place.account.bad_passwords == TWO
    assert place.query(
        "select count(*) from tracelog where regardingobjecttypecode = 'emailserverprofile'"
    ) == [(1,)]
    assert place.query("select count(*) from mailbox where not enabledforincomingemail") == [(0,)], (
        "they are not to blame"
    )


def test_a_password_changed_during_passes_costs_no_more_than_what_was_under_way(place):
    with workers(place.dsn, PROCESSES):
        until(lambda: place.query("select count(*) from procrastinate_workers") == [(PROCESSES,)])
        handled_again(place)
        place.account.password = "changed in the directory"
        until(lambda: is_stopped(place))
        until(lambda: is_quiet(place))
        assert TWO <= place.account.bad_passwords <= LIMIT + 1
        password("still not the new one")
        before = place.account.bad_passwords
        until(lambda: is_stopped(place))
        until(lambda: is_quiet(place))
        assert place.account.bad_passwords == before + TWO
        password(place.account.password)
        place.query_and_commit("update mailbox set nextpasson = now()")
        handled_again(place)
    assert place.account.bad_passwords == 0
    assert not is_stopped(place)
