"""Two sides that lie, fail and forget, edited by people at will, are equal once there is peace."""

import os

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.property.act.histories import STEPS, check, live

HISTORIES = int(os.environ.get("SERVERSYNC_HISTORIES", "20000"))


@pytest.mark.timeout(14_400)  # 20,000 histories take a minute of a processor, half a million half an hour
@settings(max_examples=HISTORIES, print_blob=True)
@given(seed=st.integers(0, 2**32 - 1), history=st.binary(min_size=1, max_size=60))
def test_in_peace_both_sides_are_equal_and_nothing_was_lost_or_doubled(seed: int, history: bytes) -> None:
    steps = [byte % len(STEPS) for byte in history]
    note(f"seed {seed}, steps {steps}")
    check(live(seed, steps))
