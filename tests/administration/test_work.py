"""Work by the hour: summed up once when the hour is over, and single passes deleted when they are old."""

from datetime import UTC, datetime, timedelta

import pytest

from serversync.administration import actor, people, work
from serversync.core import clock
from serversync.crm.models import Mailbox, MailboxStatistics, Organization, SystemUser, WorkHour

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 6, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def box(name: str = "ada") -> Mailbox:
    user = SystemUser.objects.filter(domainname=name).first() or people.add(name)
    return Mailbox.objects.get(regardingobjectid=user.pk)


def passed(hours_ago: float, *, items: int = 3, good: bool = True, of: str = "ada") -> None:
    at = NOW - timedelta(hours=hours_ago)
    MailboxStatistics.objects.create(
        mailboxid=box(of),
        mailboxprocessscheduledon=at - timedelta(seconds=6),
        mailboxprocessstartedon=at - timedelta(seconds=2),
        mailboxprocesscompletedon=at,
        itemsprocessed=items,
        itemsfailed=1,
        processresult=good,
    )


def last_day() -> dict[int, tuple[int, int]]:
    """Items and failures of the last day, by how many hours ago the hour began."""
    top = NOW.replace(minute=0)
    found = work.done(hours=24, step=HOUR)
    return {
        round((top - one.at) / HOUR): (one.items, one.failures) for one in found if one.items or one.failures
    }


def test_the_overview_says_the_same_before_and_after_hours_were_summed_up() -> None:
    for hours in (0.1, 2, 2.2, 5):
        passed(hours)
    passed(3, items=0, good=False)
    before = last_day()
    assert before == {0: (3, 0), 2: (6, 0), 3: (0, 1), 5: (3, 0)}
    assert work.sum_up() == 5
    assert last_day() == before
    assert work.sum_up() == 0


def test_an_hour_that_is_over_is_summed_up_later_than_its_last_pass_may_be_written() -> None:
    passed(1)
    assert work.sum_up() == 1
    assert WorkHour.objects.get().startedon == NOW.replace(minute=0) - HOUR
    passed(0.1)
    assert work.sum_up() == 0


def test_a_day_adds_up_its_hours_and_knows_how_long_a_pass_took() -> None:
    for hours in (1, 2, 26):
        passed(hours)
    work.sum_up()
    days = work.done(hours=24 * 30, step=timedelta(days=1))
    assert len(days) == 31
    assert [one.items for one in days[-2:]] == [3, 6]
    assert days[-1].seconds == pytest.approx(2.0)
    assert days[-1].latency == pytest.approx(4.0)


def test_sums_stay_when_single_passes_are_deleted() -> None:
    Organization.objects.update(mailboxstatisticspersistencetimeindays=3)
    for hours in (80, 2):
        passed(hours)
    assert work.clear_away(Organization.objects.current()) == 0, "nothing is deleted that was not summed up"
    work.sum_up()
    assert work.clear_away(Organization.objects.current()) == 1
    assert MailboxStatistics.objects.count() == 1
    assert sum(one.items for one in work.done(hours=24 * 30, step=timedelta(days=1))) == 6


def test_old_sums_are_deleted_too() -> None:
    WorkHour.objects.create(startedon=NOW - work.HOURS_KEPT - HOUR)
    work.clear_away(Organization.objects.current())
    assert not WorkHour.objects.exists()


def test_somebody_who_sees_one_mailbox_sees_the_work_of_that_one() -> None:
    passed(2, of="ada")
    passed(2, of="ben")
    work.sum_up()
    with actor.acting(actor.Actor(SystemUser.objects.get(domainname="ada"), channel="test")):
        assert last_day() == {2: (3, 0)}
