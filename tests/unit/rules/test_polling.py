"""When a change mark is believed, and how often mailboxes are polled."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serversync.rules.polling import (
    MOST_SKIPPED,
    Trust,
    Watch,
    after_news,
    after_reading,
    after_skip,
    may_skip,
)
from serversync.rules.schedule import polling_interval

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


TRUSTED = Watch("a", NOON, after(30), 0, Trust.PROVEN)


def test_a_proven_mark_that_is_the_same_answers_the_poll() -> None:
    assert may_skip(TRUSTED, "a", after(60), at_least_every=HOUR)
    assert not may_skip(TRUSTED, "b", after(60), at_least_every=HOUR)
    assert not may_skip(TRUSTED, None, after(60), at_least_every=HOUR)


@pytest.mark.parametrize("trust", [Trust.UNPROVEN, Trust.ABSENT, Trust.REFUTED])
def test_only_a_proven_mark_is_believed(trust: Trust) -> None:
    watch = Watch("a", NOON, after(30), 0, trust)
    assert not may_skip(watch, "a", after(60), at_least_every=HOUR)


def test_a_mark_of_the_same_second_as_the_listing_is_not_believed() -> None:
    watch = Watch("a", NOON, after(1), 0, Trust.PROVEN)
    assert not may_skip(watch, "a", after(60), at_least_every=HOUR)
    settled = after_reading(watch, "a", marked_on=after(60), read_on=after(60))
    assert may_skip(settled, "a", after(90), at_least_every=HOUR)


def test_the_folders_are_listed_after_so_many_polls_and_after_so_long() -> None:
    watch, skipped = TRUSTED, 0
    while may_skip(watch, "a", after(60), at_least_every=HOUR):
        watch, skipped = after_skip(watch), skipped + 1
    assert skipped == MOST_SKIPPED
    assert not may_skip(TRUSTED, "a", after(30 + 3600), at_least_every=HOUR)
    assert not may_skip(TRUSTED, "a", after(60), at_least_every=timedelta(0))


def test_a_server_that_always_says_the_same_is_never_believed() -> None:
    watch = after_reading(Watch(), "constant", marked_on=NOON, read_on=NOON)
    for number in range(1, 9):
        watch = after_news(watch, "constant", marked_on=after(30 * number))
    assert watch.trust is Trust.UNPROVEN
    assert not watch.asks_first


def test_a_mark_is_proven_by_changing_together_with_the_folder() -> None:
    watch = after_reading(Watch(), "a", marked_on=NOON, read_on=NOON)
    assert watch.trust is Trust.UNPROVEN
    watch = after_news(watch, "b", marked_on=after(30))
    assert (watch.trust, watch.is_settled, watch.asks_first) == (Trust.PROVEN, False, True)


def test_news_under_the_same_mark_refute_it() -> None:
    assert after_news(TRUSTED, "a", marked_on=after(60)).trust is Trust.REFUTED
    assert after_news(TRUSTED, "b", marked_on=after(60)).trust is Trust.PROVEN


def test_a_server_that_gives_none_is_not_asked_again() -> None:
    watch = after_reading(Watch(), None, marked_on=NOON, read_on=NOON)
    assert (watch.trust, watch.asks_first) == (Trust.ABSENT, False)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.1, 40), st.lists(st.floats(0, 1), max_size=3)), max_size=40),
    st.floats(0, 1),
)
def test_an_honest_server_hides_nothing(polls: list[tuple[float, list[float]]], start: float) -> None:
    """Items are written at any time between polls; the mark has whole seconds; each is read at the next poll but one."""
    time, watch, written, read, missing_since = start, Watch(), [], 0, None
    for wait, writes in polls:
        written += sorted(time + wait * share for share in writes)
        time += wait
        now = NOON + timedelta(seconds=time)
        mark = str(int(max(written, default=-1)))
        if watch.asks_first and may_skip(watch, mark, now, at_least_every=HOUR):
            watch = after_skip(watch)
        else:
            news = len(written) > read
            asked, before = watch.asks_first, watch
            read = len(written)
            if asked:
                watch = after_reading(watch, mark, marked_on=now, read_on=now)
            if news and (
                before.trust is Trust.UNPROVEN or (asked and mark == before.mark and before.is_settled)
            ):
                watch = after_news(watch, mark, marked_on=now)
        assert watch.trust is not Trust.REFUTED
        assert read == len(written), f"{written[read:]} not read at {time}"
        missing_since = None if read == len(written) else missing_since


def interval(**changes: object) -> timedelta:
    given = {
        "polling": timedelta(seconds=30),
        "floor": timedelta(0),
        "idle_polls": 0,
        "idle_limit": timedelta(minutes=5),
    } | changes
    return polling_interval(**given)


def test_an_idle_mailbox_is_polled_more_rarely_up_to_the_limit() -> None:
    assert interval() == interval(idle_polls=9) == timedelta(seconds=30)
    assert interval(idle_polls=10) == timedelta(seconds=60)
    assert interval(idle_polls=10**9) == timedelta(minutes=5)


def test_with_a_stream_a_mailbox_is_polled_as_often_as_the_administrator_says() -> None:
    hour = timedelta(hours=1)
    assert interval(streamed=hour) == interval(streamed=hour, idle_polls=10**9) == hour
    assert interval(streamed=timedelta(seconds=1)) == timedelta(seconds=30)
    assert interval(streamed=timedelta(seconds=1), floor=timedelta(minutes=7)) == timedelta(minutes=7)


@given(
    st.integers(0, 10**6),
    st.integers(1, 86400),
    st.integers(0, 86400),
    st.integers(1, 86400),
    st.none() | st.integers(1, 86400),
)
def test_no_wait_is_below_the_minimum_nor_above_the_limit(
    idle: int, poll: int, floor: int, limit: int, streamed: int | None
) -> None:
    wait = interval(
        idle_polls=idle,
        polling=timedelta(seconds=poll),
        floor=timedelta(seconds=floor),
        idle_limit=timedelta(seconds=limit),
        streamed=None if streamed is None else timedelta(seconds=streamed),
    ).total_seconds()
    assert max(poll, floor) <= wait <= max(poll, floor, limit if streamed is None else streamed)
