"""Which items of a folder become activities."""

from datetime import UTC, datetime

import pytest

from serversync.rules.email.acceptance import REASONS, Outcome, effective_start, examine, is_mail

START = datetime(2026, 3, 1, tzinfo=UTC)
OLD, NEW = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "start", "first", "outcome"),
    [
        (OLD, START, True, Outcome.BEFORE_START),
        (NEW, START, True, Outcome.TRACKED),
        (OLD, START, False, Outcome.TRACKED),
        (OLD, None, True, Outcome.TRACKED),
        (None, START, True, Outcome.TRACKED),
    ],
)
def test_process_email_from_speaks_of_arrival_in_the_folder(received, start, first, outcome):
    decision = examine("IPM.Note", received, process_from=start, listing_first_time=first)
    assert decision.outcome is outcome
    assert decision.reason in REASONS


@pytest.mark.parametrize(
    "item_class", ["IPM.Schedule.Meeting.Request", "IPM.Contact", "ipm.task", "IPM.StickyNote"]
)
def test_other_kinds_of_item_are_not_mail(item_class):
    assert examine(item_class, NEW, process_from=None, listing_first_time=True).outcome is Outcome.NOT_MAIL


@pytest.mark.parametrize(
    "item_class", ["IPM.Note", "REPORT.IPM.Note.NDR", "IPM.Note.SMIME.MultipartSigned", "IPM", ""]
)
def test_reports_and_signed_messages_are_mail(item_class):
    assert is_mail(item_class)


@pytest.mark.parametrize(
    ("profile", "mailbox", "expected"),
    [(None, None, None), (OLD, None, OLD), (None, NEW, NEW), (OLD, NEW, NEW), (NEW, OLD, NEW)],
)
def test_the_later_of_profile_and_mailbox_counts(profile, mailbox, expected):
    assert effective_start(profile, mailbox) == expected
