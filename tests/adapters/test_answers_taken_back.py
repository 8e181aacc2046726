"""What becomes of an answer to one occurrence when its organizer moves it: nobody has answered the new time."""

from exchangelib.items import TentativelyAcceptItem

from serversync.mapping.fields import directions
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.rules.plan import KindRules
from serversync.rules.record import Kind
from tests.adapters.meeting_company import ADA, BEN, CLEO, MeetingCompany
from tests.adapters.test_meetings import company as company  # noqa: PLC0414 - a fixture
from tests.adapters.test_meetings_that_recur import (
    DAYS,
    answers_silently,
    one_of,
    people_of_occurrences,
    the_series,
    watch,
)
from tests.adapters.test_who_speaks import moves
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture


async def test_an_answer_to_an_occurrence_that_is_moved_goes_back_to_none_although_the_series_was_accepted(
    company: MeetingCompany,
) -> None:
    company.rules = {
        Kind.APPOINTMENT: KindRules(directions(Kind.APPOINTMENT)),
        Kind.SERIES: KindRules(SERIES_DIRECTIONS),
    }
    await company.outlook(ADA, watch(BEN, CLEO))
    await company.settle()
    await company.outlook(BEN, lambda ben: the_series(ben).accept())
    await company.settle()
    await company.outlook(BEN, lambda ben: answers_silently(one_of(ben, 2), TentativelyAcceptItem))
    await company.settle()
    assert people_of_occurrences(company) == {DAYS[1]: {BEN: (5, 2)}}
    await company.outlook(ADA, moves(2, 14))
    await company.settle()
    assert people_of_occurrences(company)[DAYS[1]][BEN] == (5, 5)
