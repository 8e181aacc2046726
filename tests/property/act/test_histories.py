"""Two sides that lie, fail and forget, edited by people at will, are equal once there is peace."""

import os

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from tests.property.act.histories import STEPS, check, live

A_COPY_RESTS = bytes.fromhex("6b91d000052f4e6c0055b0fe96000872b7176e")
"""Of a copy that was made before the first stamp nothing says that it is none, once the original was deleted for good."""
HISTORIES = int(os.environ.get("SERVERSYNC_HISTORIES", "20000"))


@pytest.mark.timeout(14_400)  # 20,000 histories take a minute of a processor, half a million half an hour
@settings(max_examples=HISTORIES, print_blob=True)
@example(seed=36794, history=A_COPY_RESTS)
@given(seed=st.integers(0, 2**32 - 1), history=st.binary(min_size=1, max_size=60))
def test_in_peace_both_sides_are_equal_and_nothing_was_lost_or_doubled(seed: int, history: bytes) -> None:
    steps = [byte % len(STEPS) for byte in history]
    note(f"seed {seed}, steps {steps}")
    check(live(seed, steps))
