"""Who sender and recipients are in the CRM."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from serversync.rules.email.parties import MATCH_LIMIT, Record, resolve_recipient, resolve_sender

DAY = datetime(2026, 1, 1, tzinfo=UTC)
ADA = uuid4()


def record(table="contact", owner=None, age_days=0):
    return Record(table, uuid4(), owner, DAY - timedelta(days=age_days))


def test_nobody_carries_the_address():
    assert resolve_sender([], owner=ADA) is None


def test_a_user_wins_over_a_contact_and_a_contact_over_an_account_lead_and_queue():
    tables = ["queue", "lead", "account", "contact", "systemuser"]
    records = [record(t) for t in tables]
    for expected in reversed(tables):
        assert resolve_sender(records, owner=ADA).table == expected
        records.pop()


def test_a_record_of_the_mailbox_owner_wins_over_all():
    mine = record("lead", owner=ADA)
    assert resolve_sender([record("systemuser"), record("contact", uuid4()), mine], owner=ADA) == mine


def test_a_mailbox_without_an_owner_does_not_favour_records_without_one():
    user = record("systemuser", owner=uuid4())
    assert resolve_sender([record("lead"), user], owner=None) == user


def test_the_oldest_of_equals_wins():
    old = record(age_days=10)
    assert resolve_sender([record(age_days=1), old, record()], owner=None) == old


def test_more_than_a_hundred_matches_stay_open():
    many = [record() for _ in range(MATCH_LIMIT + 1)]
    assert resolve_sender(many, owner=None) is None
    assert resolve_recipient(many, unresolve_multiple=False) == ()
    assert len(resolve_recipient(many[1:], unresolve_multiple=False)) == MATCH_LIMIT


def test_all_records_of_a_recipient_are_parties_unless_the_setting_says_otherwise():
    two = [record(), record("lead")]
    assert resolve_recipient(two, unresolve_multiple=False) == two
    assert resolve_recipient(two, unresolve_multiple=True) == ()
    assert resolve_recipient(two[:1], unresolve_multiple=True) == two[:1]


def test_the_order_of_candidates_does_not_matter():
    same = [Record("contact", UUID(int=n), None, DAY) for n in (3, 1, 2)]
    assert resolve_sender(same, owner=None) == resolve_sender(same[::-1], owner=None)
