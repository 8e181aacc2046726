"""What could not be synchronized is listed with its remedy, retried or ignored; values that lost are kept and shown."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from serversync.administration import unsynchronized
from serversync.core import clock
from serversync.core.errors import RecordNotFound
from serversync.crm.models import (
    Audit,
    ExchangeSyncIdMapping,
    ExchangeSyncItem,
    ExchangeSyncMailbox,
    ExchangeSyncRecord,
    Mailbox,
    Organization,
    SystemUser,
)

pytestmark = pytest.mark.django_db
LATER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def mailbox() -> Mailbox:
    user = SystemUser.objects.create_user("ada", internalemailaddress="ada@example.org")
    found = Mailbox.objects.get(regardingobjectid=user.pk)
    found.actdeliverymethod = 1
    found.save()
    ExchangeSyncMailbox.objects.create(mailboxid=found, nextpasson=LATER, isplanapproved=True)
    return found


def link(mailbox: Mailbox, **columns: object) -> ExchangeSyncIdMapping:
    values = {"objectid": uuid4(), "objecttypecode": "contact", "itemsubject": "Grace", **columns}
    return ExchangeSyncIdMapping.objects.create(mailboxid=mailbox, **values)


def failed_link(mailbox: Mailbox) -> ExchangeSyncIdMapping:
    return link(
        mailbox,
        lastsyncerror="exchange.item-unreadable: The item i1 could not be read.",
        lastsyncerroroccurredon=LATER,
        dueon=LATER,
        retries=3,
    )


def failed_item(mailbox: Mailbox) -> ExchangeSyncItem:
    return ExchangeSyncItem.objects.create(
        mailboxid=mailbox,
        objecttypecode="task",
        exchangeentryid="i2",
        dueon=LATER,
        retries=1,
        lastsyncerror='act.series-not-in-crm: The recurring task "Tea" in ada@example.org is not synchronized.',
    )


def test_records_and_items_that_failed_are_listed_with_reason_and_remedy(mailbox: Mailbox) -> None:
    failed_link(mailbox)
    failed_item(mailbox)
    link(mailbox)
    record, item = unsynchronized.find_all(mailbox)
    assert (record.kind, record.title, record.code, record.retries, record.next_try) == (
        "contact",
        "Grace",
        "exchange.item-unreadable",
        3,
        LATER,
    )
    assert record.reason == "The item i1 could not be read."
    assert item.reason.startswith('The recurring task "Tea"')
    assert item.remedy.startswith("Nothing is lost in Exchange")


def test_what_is_retried_is_due_at_once_and_so_is_its_mailbox(mailbox: Mailbox) -> None:
    record, item = failed_link(mailbox), failed_item(mailbox)
    assert unsynchronized.retry(mailbox, [record.pk, item.pk]) == 2
    now = datetime.now(UTC) + timedelta(seconds=5)
    record.refresh_from_db()
    item.refresh_from_db()
    assert record.dueon is not None
    assert item.dueon is not None
    assert max(record.dueon, item.dueon) < now
    schedule = ExchangeSyncMailbox.objects.get()
    assert schedule.nextpasson is not None
    assert schedule.nextpasson < now
    assert Audit.objects.filter(act="mailbox.items-retried").exists()


def test_what_is_ignored_stays_in_the_list_and_is_not_tried(mailbox: Mailbox) -> None:
    record = failed_link(mailbox)
    unsynchronized.ignore(mailbox, [record.pk])
    (listed,) = unsynchronized.find_all(mailbox)
    assert listed.is_ignored
    record.refresh_from_db()
    assert record.dueon == unsynchronized.IGNORED
    unsynchronized.retry(mailbox, [record.pk])
    (listed,) = unsynchronized.find_all(mailbox)
    assert not listed.is_ignored


def test_what_is_ignored_leaves_the_list_when_its_days_are_over(mailbox: Mailbox) -> None:
    record, item, failing = failed_link(mailbox), failed_item(mailbox), failed_link(mailbox)
    ExchangeSyncRecord.objects.create(mailboxid=mailbox, objecttypecode="contact", objectid=record.objectid)
    unsynchronized.ignore(mailbox, [record.pk, item.pk])
    ago = clock.now() - timedelta(days=4)
    ExchangeSyncIdMapping.objects.update(lastsyncerroroccurredon=ago)
    ExchangeSyncItem.objects.update(modifiedon=ago)
    Organization.objects.current()
    Organization.objects.update(exchangesyncidmappingpersistencetimeindays=5)
    assert unsynchronized.clear_away(Organization.objects.current()) == 0
    Organization.objects.update(exchangesyncidmappingpersistencetimeindays=3)
    assert unsynchronized.clear_away(Organization.objects.current()) == 2
    (listed,) = unsynchronized.find_all(mailbox)
    assert listed.key == failing.pk
    record.refresh_from_db()
    assert (record.dueon, record.lastsyncerror) == (unsynchronized.IGNORED, None)
    assert not ExchangeSyncRecord.objects.exists()
    assert unsynchronized.clear_away(Organization.objects.current()) == 0


def test_an_item_of_another_mailbox_is_not_touched(mailbox: Mailbox) -> None:
    other = SystemUser.objects.create_user("ben", internalemailaddress="ben@example.org")
    record = failed_link(Mailbox.objects.get(regardingobjectid=other.pk))
    with pytest.raises(RecordNotFound):
        unsynchronized.ignore(mailbox, [record.pk])
    record.refresh_from_db()
    assert record.dueon == LATER


def test_values_that_lost_are_shown_until_somebody_forgets_them(mailbox: Mailbox) -> None:
    pair = link(
        mailbox,
        conflicts=[
            {"name": "jobtitle", "crm": "Captain", "exchange": "Commodore", "winner": "crm"},
            {
                "name": "statecode",
                "crm": {"group": [0, 3]},
                "exchange": {"group": [1, 5]},
                "winner": "exchange",
            },
        ],
    )
    shown = [(one.field, one.crm, one.exchange, one.stayed) for one in unsynchronized.conflicts(mailbox)]
    assert shown == [
        ("jobtitle", "Captain", "Commodore", "The CRM"),
        ("statecode", "0, 3", "1, 5", "Exchange"),
    ]
    assert unsynchronized.dismiss_conflicts(mailbox, [pair.pk]) == 1
    assert unsynchronized.conflicts(mailbox) == []
