"""The tracking category in the mailbox's own list, as Outlook and exchangelib see it, and what renaming it does."""

import re

import pytest

from serversync.administration import connection, mailboxes, organization
from serversync.crm.models import MailboxTrackingCategory, UserSettings
from serversync.simulator import Fault
from serversync.simulator.userconfiguration import Configuration, change, find, open_in_browser
from serversync.simulator.userconfiguration import read as read_configuration
from tests.e2e.place import company
from tests.e2e.seen_by_exchangelib import account
from tests.e2e.test_mail_rules import ADA, SUBJECT, letter, sync

TRACKED = "Tracked to Dynamics 365"


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        UserSettings.objects.update(incomingemailfilteringmethod=4)
        made.query_and_commit("update mailbox set incomingemailstatus = 0")
        yield made


def enable(place):
    connection.enable([mailboxes.find(ADA)])
    sync(place, ADA)


def in_outlook(place):
    """The names in the list, read by exchangelib."""
    with account(place, ADA) as opened:
        document = opened.calendar.get_user_configuration(name="CategoryList").xml_data
    return re.findall(r'category name="([^"]*)"', document.decode())


def edit_list(place, old, new):
    """Change the list as a person does in Outlook; items keep what they carry."""
    mailbox = place.exchange.mailbox(ADA)
    with place.exchange.lock:
        item = find(mailbox, mailbox.distinguished_folder("calendar"), "CategoryList")
        document = read_configuration(item).xml.replace(old.encode(), new.encode())
        change(mailbox, item, Configuration(xml=document))


def mark(place, item, *names):
    mailbox, stored = place.exchange.find_item(item)
    with place.exchange.lock:
        mailbox.edit(stored.number, properties={"item:Categories": list(names)})


def row():
    return MailboxTrackingCategory.objects.get(mailboxid__emailaddress=ADA)


def look_again(place):
    place.query_and_commit("update mailboxtrackingcategory set checkedon = checkedon - interval '16 minutes'")
    sync(place, ADA)


@pytest.mark.parametrize("has_list", [True, False])
def test_enabling_adds_it_to_the_list_once_and_says_so(place, has_list):
    if has_list:
        open_in_browser(place.exchange.mailbox(ADA), "UTC")
    enable(place)
    names = in_outlook(place)
    assert names.count(TRACKED) == 1
    assert ("Red category" in names) is has_list
    assert (row().categoryonboardingstatus, row().exchangecategoryname) == (1, TRACKED)
    assert place.query("select level, occurrences from tracelog where code = 'mailbox.category-added'") == [
        (1, 1)
    ]
    look_again(place)
    assert in_outlook(place) == names


def test_renamed_in_outlook_it_tracks_and_untracks_under_the_new_name_at_once(place):
    enable(place)
    (one,) = place.exchange.deliver(letter("One"), [ADA])
    (two,) = place.exchange.deliver(letter("Two"), [ADA])
    mark(place, one, TRACKED)
    sync(place, ADA)
    assert place.query(SUBJECT, ADA) == [("One", "category"), ("Two", "takes-nothing")]
    edit_list(place, TRACKED, "In the CRM")
    mark(place, one, "In the CRM")  # as Outlook does after renaming
    mark(place, two, "In the CRM")
    sync(place, ADA)
    assert place.query(SUBJECT, ADA) == [("One", "category"), ("Two", "category")]
    assert (row().exchangecategoryname, row().formernames) == ("In the CRM", [TRACKED])
    mark(place, one)
    sync(place, ADA)
    assert place.query(SUBJECT, ADA) == [("One", "category-removed"), ("Two", "category")]


def test_what_carries_a_former_name_still_counts(place):
    enable(place)
    edit_list(place, TRACKED, "In the CRM")
    look_again(place)
    (one,) = place.exchange.deliver(letter("One"), [ADA])
    mark(place, one, TRACKED)
    sync(place, ADA)
    assert place.query(SUBJECT, ADA) == [("One", "category")]


def test_deleted_in_outlook_it_is_made_again_and_nothing_is_untracked(place):
    enable(place)
    (one,) = place.exchange.deliver(letter("One"), [ADA])
    mark(place, one, TRACKED)
    sync(place, ADA)
    before = row().exchangecategoryid
    edit_list(place, before.upper(), "00000000-0000-0000-0000-000000000001")
    edit_list(place, TRACKED, "Something else")
    look_again(place)
    assert sorted(in_outlook(place)) == ["Something else", TRACKED]
    assert row().exchangecategoryid == before
    assert place.query(SUBJECT, ADA) == [("One", "category")]


def test_the_organization_renames_it_everywhere_and_takes_it_out_where_it_does_not_count(place):
    enable(place)
    organization.change("trackingcategoryname", "Contoso CRM")
    sync(place, ADA)
    assert in_outlook(place) == ["Contoso CRM"]
    organization.change("trackcategorizeditems", "no")
    sync(place, ADA)
    assert in_outlook(place) == []
    assert row().categoryonboardingstatus == 2
    organization.change("trackcategorizeditems", "yes")
    sync(place, ADA)
    assert in_outlook(place) == ["Contoso CRM"]


def test_a_list_that_cannot_be_kept_stops_no_mail(place):
    place.exchange.faults.add(
        Fault(operation="GetUserConfiguration", response_code="ErrorAccessDenied", times=None)
    )
    place.exchange.deliver(letter("One", Message_ID="<1@x>", Keywords=TRACKED), [ADA])
    enable(place)
    assert row().categoryonboardingstatus == 3
    assert "exchange.mailbox-access-denied" in row().lasterror
    assert place.query("select count(*) from messagetrace") == [(1,)]


def test_a_list_that_is_garbage_is_left_as_it_is_and_noted(place):
    mailbox = place.exchange.mailbox(ADA)
    open_in_browser(mailbox, "UTC")
    edit_list(place, "<categories", "<garbage")
    place.exchange.deliver(letter("One"), [ADA])
    enable(place)
    assert row().categoryonboardingstatus == 3
    assert "CategoryList" in row().lasterror
    assert place.query("select count(*) from messagetrace") == [(1,)]


def test_names_of_other_programs_have_the_list_looked_at_once(place):
    enable(place)
    asked = []
    place.simulator.server.on_response.append(lambda traffic: asked.append(traffic.operation))
    for number in range(3):
        place.exchange.deliver(letter(f"News {number}", Keywords="Newsletter"), [ADA])
        sync(place, ADA)
    assert asked.count("GetUserConfiguration") == 1
