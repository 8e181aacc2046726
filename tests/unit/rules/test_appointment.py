"""Who hears of a change of a meeting, and whose deletion may be followed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from serversync.rules.appointment import (
    REFERENCE,
    RESPONSES,
    TELLS_OTHERS,
    InCrm,
    InExchange,
    Meeting,
    Policy,
    PrivateItems,
    cancels,
    facts,
    ignores_exchange,
    may_be_deleted,
    tells_attendees,
)
from serversync.rules.record import Direction, Side

AHEAD = Meeting(is_organizer=True, has_attendees=True)


@pytest.mark.parametrize("column", sorted(TELLS_OTHERS))
def test_a_change_that_people_see_is_told(column):
    assert tells_attendees(AHEAD, {column, "modifiedon"})


@pytest.mark.parametrize("changed", [set(), {"reminder"}, {"regardingobjectid", "categories"}])
def test_a_technical_update_invites_nobody(changed):
    assert not tells_attendees(AHEAD, changed)


@pytest.mark.parametrize(
    "meeting",
    [
        replace(AHEAD, is_organizer=False),
        replace(AHEAD, has_attendees=False),
        replace(AHEAD, is_past=True),
    ],
)
def test_attendees_past_meetings_and_lonely_appointments_send_nothing(meeting):
    assert not tells_attendees(meeting, {"subject"})
    assert not cancels(meeting)


def test_a_setting_keeps_everything_silent():
    assert not tells_attendees(AHEAD, {"subject"}, may_send=False)
    assert not cancels(AHEAD, may_send=False)
    assert cancels(AHEAD)


def test_updates_of_past_meetings_leave_where_somebody_wants_that():
    assert tells_attendees(replace(AHEAD, is_past=True), {"subject"}, tells_of_past=True)


@pytest.mark.parametrize(
    ("organizer", "past", "completed", "side"),
    list(product([True, False], [True, False], [True, False], Side)),
)
def test_a_deletion_is_followed_only_where_it_takes_nothing_from_others_or_from_history(
    organizer, past, completed, side
):
    meeting = Meeting(is_organizer=organizer, has_attendees=True, is_past=past, is_completed=completed)
    expected = organizer and not past and (side is Side.CRM or not completed)
    assert may_be_deleted(meeting, side) is expected


def test_what_is_completed_in_the_crm_is_done():
    assert ignores_exchange(replace(AHEAD, is_completed=True))
    assert not ignores_exchange(AHEAD)


NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TOMORROW, YESTERDAY = NOW + timedelta(days=1), NOW - timedelta(days=1)
RECORD = InCrm(is_organizer=True, speaks=False, has_attendees=True, ends_on=TOMORROW)
INVITED = replace(RECORD, is_organizer=False, is_known=True)
ITEM = InExchange(is_organizer=True, has_attendees=True, ends_on=TOMORROW)
COPY = replace(ITEM, is_organizer=False)


@pytest.mark.parametrize(
    ("record", "item", "limit"),
    [
        (RECORD, None, Direction.BOTH),
        (None, ITEM, Direction.BOTH),
        (RECORD, ITEM, Direction.BOTH),
        (INVITED, ITEM, Direction.BOTH),  # whose meeting it is says the item
        (RECORD, COPY, Direction.NONE),
        (replace(RECORD, speaks=True), COPY, Direction.NONE),  # made the organizer in the CRM alone
        (INVITED, COPY, Direction.NONE),
        (replace(INVITED, speaks=True), COPY, Direction.TO_CRM),
        (None, COPY, Direction.TO_CRM),
        (RECORD, replace(ITEM, is_private=True), Direction.TO_CRM),
        (replace(RECORD, is_completed=True), ITEM, Direction.TO_EXCHANGE),
        (replace(INVITED, speaks=True, is_completed=True), COPY, Direction.NONE),
        (replace(RECORD, is_completed=True), replace(ITEM, is_private=True), Direction.NONE),
    ],
)
def test_one_mailbox_speaks_for_a_meeting_and_only_its_organizers_is_written(record, item, limit):
    assert facts(record, item, NOW, REFERENCE).limit is limit


def test_each_mailbox_says_what_its_owner_has_answered():
    assert facts(INVITED, COPY, NOW, REFERENCE).own == {RESPONSES}
    assert facts(replace(INVITED, is_completed=True), COPY, NOW, REFERENCE).own == frozenset()


def test_who_was_made_the_organizer_in_the_crm_alone_tells_whose_meeting_it_is_and_nothing_else():
    said = facts(replace(RECORD, speaks=True), replace(COPY, is_cancelled=True), NOW, REFERENCE)
    assert (said.own, said.is_silent) == ({RESPONSES, "organizer"}, True)


@pytest.mark.parametrize(
    ("record", "may"),
    [
        (RECORD, True),
        (INVITED, False),
        (
            replace(RECORD, is_known=True),
            False,
        ),  # it was in Exchange before; making it again would invite again
        (replace(RECORD, is_completed=True), False),
        (replace(RECORD, ends_on=YESTERDAY), False),
    ],
)
def test_only_the_organizers_mailbox_makes_a_meeting_and_only_once(record, may):
    assert facts(record, None, NOW, Policy(starts_on=NOW)).may_be_made is may


@pytest.mark.parametrize(
    ("item", "policy", "may"),
    [
        (ITEM, REFERENCE, True),
        (COPY, REFERENCE, True),
        (COPY, Policy(attendees_track=False), False),
        (ITEM, Policy(attendees_track=False), True),
        (replace(COPY, is_cancelled=True), REFERENCE, False),
        (replace(ITEM, ends_on=YESTERDAY), REFERENCE, True),
        (replace(ITEM, ends_on=YESTERDAY), Policy(starts_on=NOW), False),
        (replace(ITEM, is_private=True), REFERENCE, True),
        (replace(ITEM, is_private=True), Policy(private=PrivateItems.LEAVE_OUT), False),
    ],
)
def test_what_is_tracked_in_a_mailbox_is_taken_in_as_the_settings_say(item, policy, may):
    assert facts(None, item, NOW, policy).may_be_taken_in is may


def test_a_cancelled_record_takes_its_meeting_along_where_that_is_wanted():
    cancelled = replace(RECORD, is_completed=True, is_cancelled=True)
    assert not facts(cancelled, ITEM, NOW, REFERENCE).is_withdrawn
    assert facts(cancelled, ITEM, NOW, Policy(cancels=True)).is_withdrawn
    assert not facts(cancelled, COPY, NOW, Policy(cancels=True)).is_withdrawn


@pytest.mark.parametrize(
    ("record", "item", "may"),
    [
        (RECORD, None, True),
        (replace(RECORD, is_completed=True), None, False),
        (replace(RECORD, ends_on=YESTERDAY), None, False),
        (INVITED, None, False),
        (None, ITEM, True),
        (None, COPY, False),
        (None, replace(ITEM, ends_on=YESTERDAY), False),
        (replace(RECORD, is_completed=True), ITEM, True),
    ],
)
def test_a_deletion_is_followed_by_what_the_side_says_that_is_left(record, item, may):
    assert facts(record, item, NOW, REFERENCE).may_be_deleted is may
