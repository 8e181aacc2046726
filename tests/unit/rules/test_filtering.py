"""Who takes a message: one row a rule of the filtering methods."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from serversync.rules.email.filtering import Filter, Principal, ask, ask_sender, filter_in_force
from serversync.rules.email.parties import Record
from serversync.rules.email.settings import EmailSettings

DAY = datetime(2026, 1, 1, tzinfo=UTC)
ADA, SUPPORT = uuid4(), uuid4()


def user(takes=Filter.ALL, **more):
    return Principal("systemuser", more.pop("recordid", ADA), "Ada", takes, ADA, **more)


def queue(takes=Filter.ALL, **more):
    return Principal("queue", SUPPORT, "Support", takes, ADA, **more)


def sender(table):
    return [Record(table, uuid4(), None, DAY)]


def asked(recipients=(), reader=None, senders=(), *, correlated=False, **settings):
    acceptance = ask(recipients, reader, senders, correlated=correlated, settings=EmailSettings(**settings))
    return acceptance.acceptor.name if acceptance.acceptor else None, acceptance.reason


@pytest.mark.parametrize(
    ("takes", "from_", "correlated", "expected"),
    [
        (Filter.ALL, None, False, ("Ada", "filter-all")),
        (Filter.RESPONSES, "contact", False, (None, "no-correlation")),
        (Filter.RESPONSES, None, True, ("Ada", "filter-response")),
        (Filter.CUSTOMERS, "lead", False, ("Ada", "filter-sender")),
        (Filter.CUSTOMERS, "contact", False, ("Ada", "filter-sender")),
        (Filter.CUSTOMERS, "account", False, ("Ada", "filter-sender")),
        (Filter.CUSTOMERS, "systemuser", False, (None, "sender-unknown")),
        (Filter.CUSTOMERS, "queue", True, (None, "sender-unknown")),
        (Filter.RECORDS, "systemuser", False, ("Ada", "filter-sender")),
        (Filter.RECORDS, None, True, (None, "sender-unknown")),
        (Filter.NONE, "contact", True, (None, "takes-nothing")),
    ],
)
def test_what_each_filter_takes(takes, from_, correlated, expected):
    senders = sender(from_) if from_ else []
    assert asked([user(takes)], user(takes), senders, correlated=correlated) == expected


def test_every_recipient_is_asked_and_the_first_that_takes_it_accepts():
    assert asked([user(Filter.NONE), queue()], user(Filter.NONE)) == ("Support", "filter-all")
    assert asked([user(), queue()], queue()) == ("Ada", "filter-all")


def test_who_is_read_does_not_change_who_accepts():
    names = [user(Filter.RESPONSES), queue()]
    assert asked(names, names[0]) == asked(names, names[1]) == asked(names, None)


@pytest.mark.parametrize(
    ("takes", "expected"),
    [
        (Filter.ALL, ("Ada", "filter-all")),
        (Filter.RESPONSES, (None, "no-recipient")),
        (Filter.RECORDS, (None, "no-recipient")),
    ],
)
def test_only_all_messages_takes_blind_copies_and_distribution_lists(takes, expected):
    assert asked([], user(takes), sender("contact"), correlated=True) == expected


def test_only_the_mailbox_that_is_read_is_asked_where_the_setting_says_so():
    only = {"usefilteringmethodofsyncingmailboxonlyforcorrelation": True}
    assert asked([queue()], user(Filter.RESPONSES), **only) == (None, "no-correlation")
    assert asked([queue()], user(Filter.RESPONSES), correlated=True, **only) == ("Ada", "filter-response")


@pytest.mark.parametrize(("forced", "expected"), [(-1, Filter.RESPONSES), (0, Filter.ALL), (4, Filter.NONE)])
def test_one_filter_for_all_users_does_not_touch_queues(forced, expected):
    settings = EmailSettings(sssforcefilteringmethodforusermailboxes=forced)
    assert filter_in_force(user(Filter.RESPONSES), settings) is expected
    assert filter_in_force(queue(Filter.RESPONSES), settings) is Filter.RESPONSES


@pytest.mark.parametrize(("offered", "expected"), [(True, Filter.NONE), (False, Filter.RESPONSES)])
def test_no_messages_is_only_a_choice_where_it_is_offered(offered, expected):
    assert filter_in_force(user(Filter.NONE), EmailSettings(donotautotrackemail=offered)) is expected


def test_who_is_not_approved_does_not_take_unless_approval_is_not_needed():
    assert asked([user(approved=False)], None) == (None, "not-approved")
    assert asked([user(approved=False)], None, requireapprovalforuseremail=False) == ("Ada", "filter-all")
    assert asked([queue(approved=False)], None, requireapprovalforuseremail=False) == (None, "not-approved")
    assert asked([queue(approved=False)], None, requireapprovalforqueueemail=False)[0] == "Support"


def test_whose_mailbox_is_not_synchronized_takes_nothing():
    assert asked([user(enabled=False)], None) == (None, "not-enabled")


def test_a_sender_that_several_carry_is_no_customer_where_he_stays_unresolved():
    two = [*sender("contact"), *sender("lead")]
    assert asked([user(Filter.CUSTOMERS)], None, two)[0] == "Ada"
    assert asked([user(Filter.CUSTOMERS)], None, two, unresolvesenderincaseofmultiplematch=True)[0] is None


@pytest.mark.parametrize(
    ("takes", "to", "correlated", "expected"),
    [
        (Filter.ALL, [], False, "filter-all"),
        (Filter.RESPONSES, sender("contact"), False, "no-correlation"),
        (Filter.RESPONSES, [], True, "filter-response"),
        (Filter.CUSTOMERS, sender("contact"), False, "filter-recipient"),
        (Filter.CUSTOMERS, sender("systemuser"), False, "no-recipient"),
        (Filter.RECORDS, sender("queue"), False, "filter-recipient"),
        (Filter.NONE, sender("contact"), True, "takes-nothing"),
    ],
)
def test_in_sent_items_the_filter_speaks_of_the_recipients(takes, to, correlated, expected):
    acceptance = ask_sender(user(takes), to, correlated=correlated, settings=EmailSettings())
    assert acceptance.reason == expected
    assert (acceptance.acceptor is not None) is (
        expected not in ("no-correlation", "no-recipient", "takes-nothing")
    )
