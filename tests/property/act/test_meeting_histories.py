"""Meetings between two synchronized people and an outsider, in histories that lie, fail and forget."""

import os

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.property.act.meeting_histories import STEPS, check, live

SHORT = st.binary(min_size=1, max_size=50)
LONG = st.binary(min_size=25, max_size=50)
"""Left alone, most histories are short; what takes several things going wrong needs long ones."""
HISTORIES = int(os.environ.get("SERVERSYNC_HISTORIES", "20000")) // 5


@pytest.mark.timeout(14_400)
@settings(max_examples=HISTORIES, print_blob=True)
@given(seed=st.integers(0, 2**32 - 1), history=SHORT | LONG)
def test_in_peace_everybody_knows_the_same_meetings_and_nobody_was_told_twice(
    seed: int, history: bytes
) -> None:
    steps = [byte % len(STEPS) for byte in history]
    note(f"seed {seed}, steps {steps}")
    check(live(seed, steps))
