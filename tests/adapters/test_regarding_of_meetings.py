"""What appointments, meetings and series are about goes both ways, and nobody is told of it."""

from types import SimpleNamespace
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from serversync.core.errors import ServiceError
from serversync.engine.act_ports import ActRun
from tests.adapters.meeting_company import ADA, BEN, GRACE, REQUIRED, MeetingCompany
from tests.adapters.regarding_property import HARBOUR, WORKS, add_accounts, chosen, known_to_exchangelib
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_mailbox import place as place  # noqa: PLC0414 - a fixture
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.adapters.test_series_in_step import FIRST, HOUR
from tests.adapters.test_series_in_step import Company as SeriesCompany
from tests.property.act.world import Silent
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

ABOUT = "regardingobjecttypecode, regardingobjectid"
ABOUT_HARBOUR = {"regardingobjecttypecode": "account", "regardingobjectid": HARBOUR}
HERS = f"account:{HARBOUR}"
THEIRS = f"account:{WORKS}"


class Heard(Silent):
    """Keeps what people would be told."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[ServiceError] = []

    async def failed(self, run: ActRun, title: str, error: ServiceError) -> None:
        self.errors.append(error)


@pytest.fixture(autouse=True)
async def regarding(pool: AsyncConnectionPool, world: SimpleNamespace) -> Any:
    await add_accounts(pool, world.ada.pk)
    with known_to_exchangelib():
        yield


def the_item(account: Any) -> Any:
    (found,) = account.calendar.all()
    return found


async def test_what_a_meeting_is_about_goes_both_ways_and_nobody_hears_of_it(company: MeetingCompany) -> None:
    key = await company.add(ADA, people={BEN: REQUIRED, GRACE: REQUIRED})
    await company.settle()
    assert (await company.the_only(ADA)).regarding is None
    sent = company.mail_to_grace()
    theirs = (await company.the_only(BEN)).changekey
    await company.edit(key, **ABOUT_HARBOUR)
    await company.settle()
    assert (await company.the_only(ADA)).regarding == HERS
    await company.outlook(ADA, chosen(the_item, THEIRS))
    await company.settle()
    assert company.rows(ABOUT) == [("account", WORKS)]
    await company.outlook(ADA, chosen(the_item, None))
    await company.settle()
    assert company.rows(ABOUT) == [(None, None)]
    assert company.mail_to_grace() == sent
    assert (await company.the_only(BEN)).changekey == theirs


async def test_a_new_appointment_says_what_it_is_about_on_either_side(company: MeetingCompany) -> None:
    await company.add(ADA, **ABOUT_HARBOUR)
    await company.meet(ADA, subject="Review", regarding=THEIRS)
    await company.settle()
    assert dict(company.rows("subject, regardingobjectid")) == {"Kick-off": HARBOUR, "Review": WORKS}
    assert {each.subject: each.regarding for each in await company.calendar(ADA)} == {
        "Kick-off": HERS,
        "Review": THEIRS,
    }


async def test_a_guest_chooses_nothing_for_a_meeting_that_its_organizer_keeps_in_step(
    company: MeetingCompany,
) -> None:
    await company.add(ADA, people={BEN: REQUIRED}, **ABOUT_HARBOUR)
    await company.settle()
    for value in (THEIRS, "nonsense", None):
        await company.outlook(BEN, chosen(the_item, value))
        heard = Heard()
        await company.once(BEN, heard)
        await company.settle()
        assert not heard.errors
        assert company.rows(ABOUT) == [("account", HARBOUR)]


async def test_of_what_came_with_an_invitation_from_elsewhere_nobody_hears(company: MeetingCompany) -> None:
    await company.meet(BEN, ADA, categories=["Tracked to Dynamics 365"])
    mine = company.mailboxes.pop(BEN)
    assert mine
    await company.outlook(ADA, chosen(the_item, "account:elsewhere", categories=["Tracked to Dynamics 365"]))
    heard = Heard()
    await company.once(ADA, heard)
    assert company.rows(f"subject, {ABOUT}") == [("Kick-off", None, None)]
    assert not heard.errors
    await company.outlook(ADA, chosen(the_item, HERS))
    await company.settle()
    assert company.rows(ABOUT) == [("account", HARBOUR)]


async def test_an_appointment_that_is_made_private_stays_about_what_it_was(company: MeetingCompany) -> None:
    await company.add(ADA, **ABOUT_HARBOUR)
    await company.settle()

    def hide(account: Any) -> None:
        item = the_item(account)
        item.sensitivity = "Private"
        item.save(update_fields=["sensitivity"], send_meeting_invitations="SendToNone")

    await company.outlook(ADA, hide)
    await company.settle()
    assert company.rows(f"ismapiprivate, {ABOUT}") == [(True, "account", HARBOUR)]
    assert (await company.the_only(ADA)).regarding == HERS


async def test_what_is_completed_in_the_crm_stays_about_what_it_was(company: MeetingCompany) -> None:
    key = await company.add(ADA, **ABOUT_HARBOUR)
    await company.settle()
    await company.edit(key, statecode=1, statuscode=3)
    await company.settle()
    await company.outlook(ADA, chosen(the_item, THEIRS))
    await company.settle()
    assert company.rows(ABOUT) == [("account", HARBOUR)]


@pytest.fixture
def office(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> SeriesCompany:
    return SeriesCompany(place, world, pool, query)


def series(office: SeriesCompany) -> list[Any]:
    found: list[Any] = office.query(f"select {ABOUT} from recurringappointmentmaster")
    return found


async def test_what_a_series_is_about_goes_both_ways(office: SeriesCompany) -> None:
    await office.add(location="Tower", **ABOUT_HARBOUR)
    await office.bring_into_step()
    assert (await office.outlook(the_item)).regarding == HERS
    await office.outlook(chosen(the_item, THEIRS))
    await office.bring_into_step()
    assert series(office) == [("account", WORKS)]
    await office.execute(
        "update recurringappointmentmaster set location = 'Bridge', regardingobjectid = %s", HARBOUR
    )
    await office.bring_into_step()
    found = await office.outlook(the_item)
    assert (found.location, found.regarding) == ("Bridge", HERS)
    await office.outlook(chosen(the_item, None))
    await office.bring_into_step()
    assert series(office) == [(None, None)]


async def test_a_series_that_leads_nowhere_goes_on_without(office: SeriesCompany) -> None:
    await office.add(**ABOUT_HARBOUR)
    await office.bring_into_step()
    await office.outlook(chosen(the_item, "lead:nobody", location="Bridge"))
    await office.bring_into_step()
    assert series(office) == [("account", HARBOUR)]
    assert office.query("select location from recurringappointmentmaster") == [("Bridge",)]
    ((error,),) = office.query("select lastsyncerror from exchangesyncidmapping")
    assert error.startswith("act.regarding-not-synchronized: ")


async def test_an_occurrence_that_is_changed_for_itself_leaves_what_its_series_is_about(
    office: SeriesCompany,
) -> None:
    await office.add(**ABOUT_HARBOUR)
    await office.bring_into_step()

    def move(account: Any) -> None:
        (one, *_) = account.calendar.view(start=FIRST - HOUR, end=FIRST + HOUR)
        one.location = "Bridge"
        one.save(update_fields=["location"], send_meeting_invitations="SendToNone")

    await office.outlook(move)
    await office.bring_into_step()
    assert office.query("select location from appointment where seriesid is not null") == [("Bridge",)]
    assert series(office) == [("account", HARBOUR)]
    assert (await office.outlook(the_item)).regarding == HERS
