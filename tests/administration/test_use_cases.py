"""What people ask for, on the database: what it changes, and what it refuses."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from serversync.administration import (
    alerts,
    emails,
    mailboxes,
    organization,
    people,
    profiles,
    queues,
    records,
    traces,
)
from serversync.core.errors import ImpersonationDenied, InputInvalid, RecordNotFound
from serversync.crm.models import Email, MessageTrace

pytestmark = pytest.mark.django_db

PROFILE: profiles.ProfileEntries = {
    "incomingserverlocation": "mail.example.org",
    "incomingusername": "svc-crm@example.org",
    "incomingpassword": "planted-Secret-4711",
}


@pytest.fixture
def ada():
    return people.add("ada@example.org", fullname="Ada Lovelace")


@pytest.fixture
def inbox(ada):
    return mailboxes.find("ADA@example.org")


def test_the_waking_channel_is_the_one_that_workers_listen_on():
    from serversync.jobs import dispatcher

    assert mailboxes.WAKE_CHANNEL == dispatcher.WAKE_CHANNEL


def test_a_name_or_an_address_that_is_taken_is_refused(ada):
    with pytest.raises(InputInvalid, match=r"of Ada Lovelace has Ada@Example\.org already"):
        people.add("other", address="Ada@Example.org")
    people.add("other", address="one@example.org")
    with pytest.raises(InputInvalid, match="there is a user called other already"):
        people.add("other", address="two@example.org")
    queues.add("Support", address="support@example.org")
    with pytest.raises(InputInvalid, match="there is a queue called support already"):
        queues.add("support", address="other@example.org")


def test_a_record_shows_neither_passwords_nor_credentials_of_a_proxy():
    made = profiles.add("Exchange", PROFILE | {"proxyurl": "http://u:planted-Secret-4711@proxy:3128"})
    shown = records.as_dict(made)
    assert "planted-Secret-4711" not in str(shown)
    assert (shown["proxyurl"], shown["isincomingpasswordset"]) == ("http://proxy:3128", True)
    assert "incomingpassword" not in shown


def test_a_password_is_kept_where_a_profile_is_edited_without_one():
    made = profiles.add("Exchange", PROFILE)
    edited = profiles.edit("exchange", {"description": "Berlin", "incomingauthenticationprotocol": "ntlm"})
    assert bytes(edited.incomingpassword or b"") == bytes(made.incomingpassword or b"")
    assert (edited.description, edited.incomingauthenticationprotocol) == ("Berlin", 2)
    profiles.add("Other", PROFILE)
    with pytest.raises(InputInvalid, match="there is a profile called Other already"):
        profiles.edit("Exchange", {}, new_name="Other")


def test_defaults_reach_a_mailbox_only_when_a_default_profile_is_chosen(inbox):
    with pytest.raises(InputInvalid, match="there is no default profile"):
        mailboxes.apply_defaults([inbox])
    made = profiles.add("Exchange", PROFILE)
    assert organization.change("defaultemailserverprofileid", "exchange").label == "Exchange"
    (state,) = mailboxes.apply_defaults([inbox])
    assert (state.mailbox.emailserverprofile, state.readiness.code) == (made, "not-approved")


def test_another_profile_makes_an_old_test_worthless(inbox):
    profiles.add("One", PROFILE)
    profiles.add("Two", PROFILE)
    mailboxes.edit([inbox], {"emailserverprofile": "One"})
    type(inbox).objects.update(incomingemailstatus=1)
    (state,) = mailboxes.edit([mailboxes.find("ada@example.org")], {"emailserverprofile": "Two"})
    assert state.mailbox.incomingemailstatus == 0


def test_an_edit_leaves_alone_what_a_worker_writes_meanwhile(inbox):
    stale = mailboxes.find("ada@example.org")
    type(inbox).objects.update(nextpasson=datetime(2026, 1, 1, tzinfo=UTC), enabledforincomingemail=False)
    mailboxes.edit([stale], {"incomingemaildeliverymethod": "none"})
    now = mailboxes.find("ada@example.org")
    assert (now.nextpasson, now.enabledforincomingemail) == (datetime(2026, 1, 1, tzinfo=UTC), False)


def test_approval_reaches_the_user(ada, inbox):
    mailboxes.approve([inbox])
    ada.refresh_from_db()
    assert ada.emailrouteraccessapproval == 1
    mailboxes.reject([inbox])
    ada.refresh_from_db()
    assert ada.emailrouteraccessapproval == 3


def test_the_choice_of_mailboxes_must_be_clear(ada):
    with pytest.raises(InputInvalid):
        mailboxes.choose(["ada@example.org"], everything=True)
    with pytest.raises(RecordNotFound):
        mailboxes.choose([str(uuid4())], everything=False)
    assert len(mailboxes.choose([], everything=True)) == 1


def test_every_setting_can_be_set_to_its_own_default():
    for setting in organization.find_all():
        if setting.kind != "lookup":
            assert organization.change(setting.name, str(setting.default)).value == setting.default


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("enablesmartmatching", "maybe"),
        ("trackingtokeniddigits", "11"),
        ("trackingtokeniddigits", "three"),
        ("emailconnectionchannel", "7"),
        ("hashfilterkeywords", "(unclosed"),
        ("defaulttimezone", "Middle-earth"),
        ("contactduplicatekeys", "shoesize"),
        ("contactduplicatekeys", "lastname"),
        ("contactduplicatekeys", "emailaddress1, emailaddress1"),
        ("contactduplicatekeys", "firstname + firstname"),
        ("trackingprefix", ""),
        ("trackingprefix", "x" * 257),
    ],
)
def test_a_value_outside_of_what_is_allowed_is_refused(name, text):
    before = [one.value for one in organization.find_all(name)]
    with pytest.raises(InputInvalid):
        organization.change(name, text)
    assert [one.value for one in organization.find_all(name)] == before


def test_an_option_is_set_by_its_label():
    assert organization.change("defaultincomingemaildeliverymethod", "none").value == 0


def test_the_same_failure_is_one_alert_that_counts_and_a_success_closes_it(inbox):
    error = ImpersonationDenied(account="svc", mailbox="ada@example.org")
    alerts.tell_failure(inbox, error)
    alerts.tell_failure(inbox, error)
    (alert,) = alerts.find_all(mailbox=inbox)
    assert (alert.occurrences, alert.code, alert.errordetails) == (2, error.code, error.remedy_text)
    alerts.tell_success(inbox, "Works.")
    assert [one.text for one in alerts.find_all(level="information")] == ["Works."]
    assert alerts.find_all(level="error") == []
    assert len(alerts.find_all(level="error", healed=True)) == 1


def test_alerts_that_nobody_wants_are_not_raised(inbox):
    organization.change("generatealertsforinformation", "no")
    alerts.tell_success(inbox, "Works.")
    assert alerts.find_all() == []


def test_why_names_the_reason_with_its_details(inbox):
    MessageTrace.objects.create(
        mailboxid=inbox,
        itemkey=uuid4(),
        messageid="<1@example.com>",
        subject="Lunch",
        outcome=6,
        reasoncode="not-mail",
        detail={"item_class": "IPM.Contact"},
    )
    (told,) = traces.why(inbox, message_id="1@example.com")
    assert told.sentence == "Not mail. It is not a message but another kind of item (IPM.Contact)."
    assert traces.why(inbox, subject="lun")[0].trace == told.trace
    with pytest.raises(InputInvalid):
        traces.why(inbox)


def test_why_tells_from_the_mailbox_what_was_never_seen(inbox):
    ben = people.add("ben@example.org")
    Email.objects.create(messageid="<2@example.com>", receivingmailboxid=ben.defaultmailbox)
    (told,) = traces.why(inbox, message_id="<2@example.com>")
    assert told.trace is None
    assert told.sentence.startswith("It is tracked from ben@example.org")
    assert "no Server Profile" in told.sentence


def test_mail_is_found_by_what_it_says_and_by_either_form_of_its_id():
    Email.objects.create(subject="Offer", messageid="<3@example.com>")
    assert [one.subject for one in emails.find_all(search="off")] == ["Offer"]
    assert emails.show("3@example.com").email.subject == "Offer"
    with pytest.raises(RecordNotFound):
        emails.show(str(uuid4()))
