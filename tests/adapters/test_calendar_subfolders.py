"""Appointments in sub-folders of the calendar, filed there by exchangelib as the person in Outlook."""

from typing import Any

import exchangelib
import pytest
from exchangelib.folders import Calendar, Contacts

from tests.adapters.meeting_company import ADA, BEN, HOUR, REQUIRED, MeetingCompany
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


async def folder(company: MeetingCompany, name: str = "Travel", *, below: Any = None) -> Any:
    """Ada makes a calendar below her calendar."""
    return await company.outlook(ADA, lambda ada: Calendar(parent=below or ada.calendar, name=name).save())


async def move(company: MeetingCompany, place: Any, *, back_from: Any = None) -> None:
    def act(ada: exchangelib.Account) -> None:
        (item,) = (back_from or ada.calendar).all()
        item.move(place)

    await company.outlook(ADA, act)


async def rename(company: MeetingCompany, place: Any, subject: str) -> None:
    def act(_ada: exchangelib.Account) -> None:
        (item,) = place.all()
        item.subject = subject
        item.save(update_fields=["subject"])

    await company.outlook(ADA, act)


async def subjects(company: MeetingCompany, place: Any) -> list[str]:
    found: list[str] = await company.outlook(ADA, lambda _: [each.subject for each in place.all()])
    return found


async def passes(company: MeetingCompany, count: int = 4) -> None:
    for _ in range(count):
        await company.once(ADA)


async def test_an_appointment_that_is_tracked_in_a_sub_folder_is_in_step_both_ways(
    company: MeetingCompany,
) -> None:
    travel = await folder(company)
    deep = await folder(company, "Deep", below=travel)
    await company.meet(ADA, subject="Ferry")
    await move(company, deep)
    await company.settle(ADA)
    ((key, subject),) = company.rows("activityid, subject")
    assert subject == "Ferry"
    await company.edit(key, subject="Ship")
    await company.settle(ADA)
    assert await subjects(company, deep) == ["Ship"]
    await rename(company, deep, "Boat")
    await company.settle(ADA)
    assert company.rows("activityid, subject") == [(key, "Boat")]


async def test_an_appointment_moved_into_a_sub_folder_and_back_goes_on_as_the_same_record(
    company: MeetingCompany,
) -> None:
    travel = await folder(company)
    key = await company.add(ADA)
    await company.settle(ADA)
    await move(company, travel)
    await rename(company, travel, "Boat")
    await passes(company)
    assert company.rows("activityid, subject") == [(key, "Boat")]
    home = await company.outlook(ADA, lambda ada: ada.calendar)
    await move(company, home, back_from=travel)
    await company.edit(key, subject="Ship")
    await passes(company)
    assert await subjects(company, home) == ["Ship"]
    assert company.rows("activityid, subject") == [(key, "Ship")]


async def test_a_sub_folder_that_is_made_later_is_found(company: MeetingCompany) -> None:
    key = await company.add(ADA)
    await company.settle(ADA)
    travel = await folder(company)
    await move(company, travel)
    await passes(company)
    await rename(company, travel, "Boat")
    await passes(company)
    assert company.rows("activityid, subject") == [(key, "Boat")]


async def test_what_lay_in_a_deleted_sub_folder_rests_until_it_is_gone_for_good(
    company: MeetingCompany,
) -> None:
    travel = await folder(company)
    key = await company.add(ADA)
    await company.settle(ADA)
    await move(company, travel)
    await passes(company)
    await company.outlook(ADA, lambda ada: travel.move(ada.trash))
    await passes(company, 6)
    await company.edit(key, subject="Ship")
    await passes(company, 2)
    assert company.rows("activityid, subject") == [(key, "Ship")]
    assert await subjects(company, travel) == ["Kick-off"]
    await company.outlook(ADA, lambda ada: travel.move(ada.calendar))
    company.now += HOUR
    await passes(company)
    assert await subjects(company, travel) == ["Ship"]


async def test_what_lay_in_a_sub_folder_that_is_gone_for_good_is_deleted_after_a_second_look(
    company: MeetingCompany,
) -> None:
    travel = await folder(company)
    await company.add(ADA)
    await company.settle(ADA)
    await move(company, travel)
    await passes(company)
    await company.outlook(ADA, lambda _: travel.delete(delete_type="HardDelete"))
    await company.once(ADA)
    assert len(company.rows("1")) == 1, "the first look is not believed"
    await passes(company, 6)
    assert company.rows("1") == []


async def test_an_appointment_moved_where_nothing_takes_part_rests_and_is_not_deleted(
    company: MeetingCompany,
) -> None:
    elsewhere = await company.outlook(
        ADA, lambda ada: Calendar(parent=ada.root.tois, name="Private life").save()
    )
    key = await company.add(ADA)
    await company.settle(ADA)
    await move(company, elsewhere)
    await passes(company, 6)
    await company.edit(key, subject="Ship")
    await passes(company, 2)
    assert company.rows("activityid, subject") == [(key, "Ship")]
    assert await subjects(company, elsewhere) == ["Kick-off"]


@pytest.mark.parametrize("kind", ["setting", "class"])
async def test_sub_folders_that_take_no_part_are_left_alone(company: MeetingCompany, kind: str) -> None:
    company.subfolders = kind != "setting"
    if kind == "class":
        place = await company.outlook(ADA, lambda ada: Contacts(parent=ada.calendar, name="People").save())
        assert place.folder_class != "IPF.Appointment"
    else:
        place = await folder(company)
        await company.meet(ADA, subject="Ferry")
        await move(company, place)
    await company.settle(ADA)
    assert company.rows("1") == []


async def test_switched_off_a_sub_folder_lets_its_appointments_rest(company: MeetingCompany) -> None:
    travel = await folder(company)
    key = await company.add(ADA)
    await company.settle(ADA)
    await move(company, travel)
    await passes(company)
    company.subfolders = False
    await passes(company, 6)
    await company.edit(key, subject="Ship")
    await passes(company, 2)
    assert company.rows("activityid, subject") == [(key, "Ship")]
    assert await subjects(company, travel) == ["Kick-off"]


async def test_an_invitation_that_was_filed_in_a_sub_folder_is_the_same_meeting(
    company: MeetingCompany,
) -> None:
    travel = await folder(company)
    key = await company.add(BEN, people={ADA: REQUIRED})
    await company.settle(BEN)
    await move(company, travel)
    await company.settle()
    assert company.query(
        "select count(*), count(distinct objectid) from exchangesyncidmapping where stage = 2"
    ) == [(2, 1)]
    assert company.rows("activityid") == [(key,)]
    assert await subjects(company, travel) == ["Kick-off"]
