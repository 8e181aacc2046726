"""Guests of single occurrences of a series as people enter them: who is whose guest, and who follows the series."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from serversync.administration import actor, series, series_occurrences
from serversync.administration.series_occurrences import SeriesOccurrence
from serversync.core.errors import InputInvalid
from serversync.crm.models import (
    ActivityParty,
    Appointment,
    Audit,
    Contact,
    RecurringAppointmentMaster,
    SystemUser,
)
from tests.administration.test_series import ADA, FIRST, watch

pytestmark = pytest.mark.django_db

BEN, CLEO, GRACE, ROOM = "ben@example.org", "cleo@example.org", "grace@else.example", "room@example.org"
SECOND = FIRST + timedelta(7)
ACCEPTED, DECLINED, NONE = 3, 4, 5


@pytest.fixture(autouse=True)
def ada() -> Iterator[SystemUser]:
    made = SystemUser.objects.create_user("ada", fullname="Ada", internalemailaddress=ADA)
    SystemUser.objects.create_user("ben", fullname="Ben", internalemailaddress=BEN)
    with actor.acting(actor.INSTALLATION):
        yield made


def add(**given: Any) -> RecurringAppointmentMaster:
    return series.add(watch(required=[BEN], **given), owner="ada")


def second(row: RecurringAppointmentMaster, day: date = SECOND) -> SeriesOccurrence:
    return series_occurrences.find(row, day)


def change(row: RecurringAppointmentMaster, **given: Any) -> SeriesOccurrence:
    return series_occurrences.change(second(row), given)  # type: ignore[arg-type]


def lists(found: SeriesOccurrence) -> dict[str, list[str]]:
    return {part: each for part, each in found.guests.lists.items() if each}


def answer(activity: Any, address: str, given: int | None) -> None:
    assert ActivityParty.objects.filter(activityid=activity, addressused=address).update(responsestatus=given)


def answers(found: SeriesOccurrence) -> dict[str, str]:
    return {one["address"]: one["answer"] for one in found.guests.participants}


def test_guests_of_one_occurrence_are_entered_for_it_alone() -> None:
    Contact.objects.create(lastname="Hopper", emailaddress1=GRACE)
    row = add()
    found = change(row, required=[BEN, f"Grace <{GRACE}>"], optional=[CLEO], resources=[f"Hall <{ROOM}>"])
    assert lists(found) == {"required": [BEN, GRACE], "optional": [CLEO], "resources": [f"Hall <{ROOM}>"]}
    one = Appointment.objects.get()
    assert one.modifiedfieldsmask == "optionalattendees,requiredattendees,resources"
    assert found.is_changed
    known = dict(
        ActivityParty.objects.filter(activityid=one.pk).values_list("addressused", "partyobjecttypecode")
    )
    assert known == {BEN: "systemuser", GRACE: "contact", CLEO: None, ROOM: None}
    assert lists(second(row, FIRST)) == {"required": [BEN]}
    assert Appointment.objects.count() == 1


def test_somebody_is_left_out_of_one_occurrence() -> None:
    row = add()
    assert lists(change(row, required=[])) == {}
    assert Appointment.objects.get().modifiedfieldsmask == "requiredattendees"
    assert lists(second(row, FIRST)) == {"required": [BEN]}


def test_people_of_the_series_again_follow_it() -> None:
    row = add()
    change(row, required=[BEN, GRACE])
    found = change(row, required=[BEN.upper()])
    assert not found.is_changed
    assert not Appointment.objects.exists()
    series.edit(row, {"required": [CLEO]})
    assert lists(second(row)) == {"required": [CLEO]}
    assert not ActivityParty.objects.exclude(activityid=row.pk).exists()


def test_other_changes_stay_where_the_people_follow_the_series_again() -> None:
    row = add()
    change(row, required=[BEN, GRACE], location="Hall")
    assert lists(change(row, required=[BEN])) == {"required": [BEN]}
    assert Appointment.objects.get().modifiedfieldsmask == "location"
    change(row, location="Tower")
    assert not Appointment.objects.exists()


def test_a_part_that_is_not_entered_follows_the_series() -> None:
    row = add()
    change(row, optional=[GRACE])
    series.edit(row, {"required": [CLEO]})
    assert lists(second(row)) == {"required": [CLEO], "optional": [GRACE]}


def test_who_is_entered_in_another_part_is_invited_once() -> None:
    row = add()
    assert lists(change(row, optional=[BEN])) == {"optional": [BEN]}
    assert lists(change(row, required=[BEN, ADA])) == {"required": [BEN]}
    assert not Appointment.objects.exists()


def test_whoever_stays_keeps_what_was_answered_to_this_occurrence() -> None:
    row = add()
    answer(row.pk, BEN, ACCEPTED)
    found = change(row, required=[BEN, GRACE])
    assert answers(found) == {ADA: "", BEN: "Accept", GRACE: "NoResponseReceived"}
    assert found.row is not None
    answer(found.row.pk, BEN, DECLINED)
    answer(found.row.pk, GRACE, ACCEPTED)
    assert answers(change(row, required=[BEN, GRACE, CLEO]))[BEN] == "Decline"
    assert answers(second(row))[GRACE] == "Accept"
    again = change(row, required=[BEN])
    assert answers(again) == {ADA: "", BEN: "Decline"}
    assert not again.is_changed
    assert Appointment.objects.get().modifiedfieldsmask == ""


def test_no_answer_to_this_occurrence_is_none_although_the_series_was_answered() -> None:
    row = add()
    answer(row.pk, BEN, ACCEPTED)
    found = change(row, location="Hall")
    assert found.row is not None
    assert answers(found)[BEN] == "Accept"
    ActivityParty.objects.create(
        activityid_id=found.row.pk, participationtypemask=5, addressused=BEN, responsestatus=NONE
    )
    assert answers(second(row))[BEN] == "NoResponseReceived"
    assert not second(row).guests.own


def test_guests_that_another_program_has_added_are_shown_and_stay() -> None:
    row = add()
    found = change(row, location="Hall")
    assert found.row is not None
    ActivityParty.objects.create(activityid_id=found.row.pk, participationtypemask=6, addressused=GRACE)
    assert lists(second(row)) == {"required": [BEN], "optional": [GRACE]}
    assert second(row).guests.own == {"optionalattendees"}
    assert lists(change(row, location="Tower")) == {"required": [BEN], "optional": [GRACE]}
    assert lists(change(row, required=[BEN, CLEO])) == {"required": [BEN, CLEO], "optional": [GRACE]}


def test_what_is_no_address_is_refused_and_changes_nothing() -> None:
    row = add()
    with pytest.raises(InputInvalid):
        change(row, required=["nonsense"], location="Hall")
    assert not Appointment.objects.exists()


def test_the_audit_names_who_was_added_and_who_has_done_it() -> None:
    row = add()
    change(row, required=[BEN, GRACE])
    (noted,) = Audit.objects.filter(act="series.occurrence")
    assert [one["logicalName"] for one in noted.changedata["changedAttributes"]] == [f"{SECOND} required"]
    assert noted.changedata["changedAttributes"][0]["newValue"] == [BEN, GRACE]


def test_guests_go_with_their_occurrence_to_another_time_and_with_the_series_when_it_is_deleted() -> None:
    row = add()
    change(row, required=[BEN, GRACE])
    series.edit(row, {"begins": watch()["begins"].replace(hour=11), "ends": watch()["ends"].replace(hour=12)})
    assert lists(second(row)) == {"required": [BEN, GRACE]}
    row.delete()
    assert not ActivityParty.objects.exists()


def test_resources_of_a_series_are_entered_as_its_other_people() -> None:
    row = add(resources=[ROOM])
    assert series.entered(row)["resources"] == [ROOM]
    assert lists(second(row)) == {"required": [BEN], "resources": [ROOM]}
