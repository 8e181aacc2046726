"""Plain text as HTML, and when a mailbox is looked at next."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.email.body import text_chunks_to_html, text_to_html
from serversync.rules.schedule import RETRY_CEILING, after_failure, after_success

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Text(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.seen = ""

    def handle_data(self, data):
        self.seen += data


@given(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"])))
def test_the_text_of_the_html_is_the_text(text):
    reader = Text()
    reader.feed(text_to_html(text))
    reader.close()
    assert reader.seen == text


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 7))
def test_in_pieces_it_is_the_same(text, size):
    data = text.encode()
    pieces = [data[n : n + size] for n in range(0, len(data), size)]
    assert b"".join(text_chunks_to_html(pieces)).decode() == text_to_html(text)


def test_the_minimum_polling_interval_is_a_floor():
    assert after_success(NOW, polling=timedelta(seconds=30), floor=timedelta(minutes=5)) == NOW + timedelta(
        minutes=5
    )
    assert after_success(NOW, polling=timedelta(seconds=30), floor=timedelta(0)) == NOW + timedelta(
        seconds=30
    )


def test_waits_grow_up_to_a_limit():
    waits = [after_failure(NOW, failures=n, hint=None) - NOW for n in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=10)
    assert waits[-1] == RETRY_CEILING


def test_what_the_server_asks_for_wins():
    assert after_failure(NOW, failures=1, hint=timedelta(seconds=42)) - NOW == timedelta(seconds=42)
    assert after_failure(NOW, failures=1, hint=timedelta(hours=5)) - NOW == timedelta(hours=5)


def test_no_wait_before_a_first_failure():
    with pytest.raises(ValueError, match="first failure"):
        after_failure(NOW, failures=0, hint=None)


def test_a_busy_server_is_left_alone_for_at_most_five_minutes_unless_it_asks_for_more():
    waits = [after_failure(NOW, failures=n, hint=None, is_busy=True) - NOW for n in range(1, 30)]
    assert (waits[0], waits[-1]) == (timedelta(seconds=10), timedelta(minutes=5))


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=1)), st.floats(0, 1), st.integers(1, 99))
def test_nobody_comes_back_earlier_than_the_server_asked_and_not_much_later(hint, jitter, failures):
    wait = after_failure(NOW, failures=failures, hint=hint, jitter=jitter) - NOW
    assert hint <= wait <= hint * 1.1 + timedelta(microseconds=1)
