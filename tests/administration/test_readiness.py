"""One sentence about every mailbox: when it synchronizes next, or why not and what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from serversync.administration.readiness import judge
from serversync.administration.stopped_accounts import StoppedAccounts
from serversync.crm.models import EmailServerProfile, ExchangeAccount, Mailbox, Organization

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def profile(**columns):
    given = {
        "name": "Exchange",
        "incomingserverlocation": "https://mail.example.org/EWS/Exchange.asmx",
        "incomingusername": "svc-crm@example.org",
        "incomingpassword": b"sealed",
    }
    return EmailServerProfile(**(given | columns))


def mailbox(**columns):
    given = {
        "emailaddress": "ada@example.org",
        "regardingobjecttypecode": "systemuser",
        "emailserverprofile": profile(),
        "incomingemaildeliverymethod": 2,
        "emailrouteraccessapproval": 1,
        "nextpasson": NOW + timedelta(minutes=1),
        "leasefence": 0,
    }
    return Mailbox(**(given | columns))


@pytest.mark.parametrize(
    ("columns", "code", "may_run"),
    [
        ({}, "scheduled", True),
        ({"nextpasson": NOW}, "due", True),
        ({"leaseuntil": NOW + timedelta(seconds=9), "hostid": "one/1"}, "running", True),
        ({"transientfailurecount": 2, "lastsyncerror": "x: y."}, "retrying", True),
        ({"receivingpostponeduntil": NOW + timedelta(minutes=4)}, "slowed-down", True),
        ({"statecode": 1}, "inactive", False),
        ({"emailaddress": None}, "address-missing", False),
        ({"incomingemaildeliverymethod": 0}, "method", False),
        ({"emailserverprofile": None}, "profile-missing", False),
        ({"emailserverprofile": profile(statecode=1)}, "profile-inactive", False),
        ({"emailserverprofile": profile(incomingpassword=None)}, "profile-incomplete", False),
        ({"emailrouteraccessapproval": 2}, "not-approved", False),
        ({"emailrouteraccessapproval": 3}, "rejected", False),
        ({"enabledforincomingemail": False, "lastsyncerror": "x: y."}, "stopped", False),
        ({"enabledforincomingemail": False}, "stopped", False),
        ({"transientfailurecount": 1}, "retrying", True),
        ({"nextpasson": None}, "not-tested", False),
    ],
)
def test_every_state_has_its_sentence_and_a_stopped_one_its_remedy(columns, code, may_run):
    told = judge(mailbox(**columns), Organization(), NOW)
    assert (told.code, told.may_run) == (code, may_run)
    assert told.sentence.endswith(".")
    assert ".." not in told.sentence
    assert "None" not in told.sentence
    assert may_run or told.remedy.endswith(".")


def test_approval_is_asked_only_where_the_organization_wants_it():
    waiting = mailbox(emailrouteraccessapproval=2)
    assert judge(waiting, Organization(requireapprovalforuseremail=False), NOW).may_run
    queue = mailbox(emailrouteraccessapproval=2, regardingobjecttypecode="queue")
    assert not judge(queue, Organization(requireapprovalforuseremail=False), NOW).may_run


def test_a_mailbox_that_is_slowed_down_says_for_how_long_and_how_often():
    slow = {"receivingpostponeduntil": NOW + timedelta(minutes=4), "transientfailurecount": 2}
    sentence = "Waiting 4 min: Exchange asked us to slow down (2 times in a row)."
    assert judge(mailbox(**slow), Organization(), NOW).sentence == sentence
    along = judge(mailbox(receivingpostponeduntil=NOW + timedelta(seconds=30)), Organization(), NOW)
    assert along.sentence == "Waiting 30 s: Exchange asked us to slow down for other mailboxes of its server."


def test_a_mailbox_that_a_stream_tells_of_says_so():
    told = judge(mailbox(streamedon=NOW, nextpasson=NOW + timedelta(minutes=5)), Organization(), NOW)
    assert told.code == "scheduled"
    assert "as soon as Exchange tells" in told.sentence


def refused(whose, *, of):
    return ExchangeAccount(
        exchangeaccountid=whose.pk,
        credentialsof=of,
        refusals=2,
        host="mail.example.org",
        username="svc-crm@example.org",
        refusedon=NOW,
        stoppedon=NOW,
    )


def told(one, account):
    return judge(one, Organization(), NOW, refused=StoppedAccounts([account]).of(one))


def test_a_refused_password_of_the_profile_is_why_its_mailboxes_wait():
    one = mailbox(emailserverprofile=profile(modifiedon=NOW))
    state = told(one, refused(one.emailserverprofile, of=NOW))
    assert (state.code, state.may_run) == ("account-stopped", False)
    assert "mail.example.org has refused the password of svc-crm@example.org 2 times" in state.sentence
    assert "serversync profile edit 'Exchange' --password-stdin" in state.remedy
    assert state.remedy.endswith(".")


def test_a_refused_password_of_its_own_stops_one_mailbox():
    one = mailbox(modifiedon=NOW)
    state = told(one, refused(one, of=NOW))
    assert (state.code, state.may_run) == ("account-stopped", False)
    assert "mailbox edit ada@example.org --username" in state.remedy


def test_once_the_password_was_changed_nothing_is_said_about_the_old_one():
    one = mailbox(emailserverprofile=profile(modifiedon=NOW + timedelta(minutes=1)))
    assert told(one, refused(one.emailserverprofile, of=NOW)).code == "scheduled"


def test_what_the_administrator_has_to_set_up_is_said_first():
    one = mailbox(emailserverprofile=profile(modifiedon=NOW), statecode=1)
    assert told(one, refused(one.emailserverprofile, of=NOW)).code == "inactive"
