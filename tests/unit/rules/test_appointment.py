"""Who hears of a change of a meeting, and whose deletion may be followed."""

from dataclasses import replace
from itertools import product

import pytest

from serversync.rules.appointment import (
    TELLS_OTHERS,
    Meeting,
    cancels,
    ignores_exchange,
    may_be_deleted,
    tells_attendees,
)
from serversync.rules.record import Side

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
