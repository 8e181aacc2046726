"""Series and their single occurrences, in histories that lie, fail and forget."""

import os

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from tests.property.act.series_histories import STEPS, check, live

SHORT = st.binary(min_size=1, max_size=50)
LONG = st.binary(min_size=25, max_size=50)
"""Left alone, most histories are short; what takes several things going wrong needs long ones."""
ANSWERED_AGAIN = bytes.fromhex("0608215957da0018255989d4d0767a0075de005340")
"""Ben answers an occurrence, the CRM gives the series another time of day, and Ben says the same once more."""
ANSWERED_AGAIN_WHERE_IT_IS_MADE_AGAIN = bytes.fromhex(
    "5789a40600c400000000cb003a4600003668001300257203088eb740"
)
"""Ben answers an occurrence of a series that is deleted and made again; later he gives one answer to it and to its series."""
KILLED_BEFORE_FOLLOWERS = bytes.fromhex("06060a5500a8003a4a6a00b9000d00")
"""The connection breaks after the people of a series were written, and before those of its changed occurrences."""
HISTORIES = int(os.environ.get("SERVERSYNC_HISTORIES", "20000")) // 5


@pytest.mark.timeout(14_400)
@settings(max_examples=HISTORIES, print_blob=True)
@example(seed=1451, history=ANSWERED_AGAIN)
@example(seed=9014620, history=ANSWERED_AGAIN_WHERE_IT_IS_MADE_AGAIN)
@example(seed=2**32 - 1, history=KILLED_BEFORE_FOLLOWERS)
@given(seed=st.integers(0, 2**32 - 1), history=SHORT | LONG)
def test_in_peace_every_occurrence_is_the_same_on_both_sides_and_nothing_was_lost(
    seed: int, history: bytes
) -> None:
    steps = [byte % len(STEPS) for byte in history]
    note(f"seed {seed}, steps {steps}")
    check(live(seed, steps))
