"""Meetings of three people and an outsider, whose mailboxes are switched off and on, in histories that lie."""

import os

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from tests.property.act.speaker_histories import STEPS, check, live

LOOKED_AT_BY_THE_NEXT = bytes.fromhex("00000a10797c84d800000000004899c62c30")
"""The organizer's mailbox stops while a write is on its way; the next one looks at the meeting for the first time."""
LEFT_OUT = bytes.fromhex("ea6d6d00e6b83c9d9514609252012d0aab1a220100aaae")
"""Who was left out of a meeting has a cancelled copy of what it was; the organizer's mailbox stops before that is heard."""
ON_ITS_WAY = bytes.fromhex("506c0012010a1f000101e5d5456b6f99c3")
"""Both sides edit a place; the organizer's mailbox stops while the one of the CRM is on its way, and the next one speaks."""
HISTORIES = int(os.environ.get("SERVERSYNC_HISTORIES", "20000")) // 10


@pytest.mark.timeout(14_400)
@settings(max_examples=HISTORIES, print_blob=True)
@example(seed=349, history=LOOKED_AT_BY_THE_NEXT)
@example(seed=413, history=LEFT_OUT)
@example(seed=2960844, history=ON_ITS_WAY)
@given(
    seed=st.integers(0, 2**32 - 1),
    history=st.binary(min_size=1, max_size=50) | st.binary(min_size=25, max_size=50),
)
def test_some_mailbox_speaks_for_each_meeting_and_nobody_is_invited_twice(seed: int, history: bytes) -> None:
    steps = [byte % len(STEPS) for byte in history]
    note(f"seed {seed}, steps {steps}")
    check(live(seed, steps))
