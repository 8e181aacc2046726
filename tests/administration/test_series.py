"""Series that people enter and change: every kind of pattern, their single occurrences, and what cannot be."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, FR, MO, MONTHLY, TU, WE, WEEKLY, YEARLY, rrule

from serversync.administration import actor, occurrences, series, series_occurrences
from serversync.administration.series import SeriesEntries
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import ActivityParty, Appointment, Audit, RecurringAppointmentMaster, SystemUser
from serversync.rules.series.timetable import Timetable

pytestmark = pytest.mark.django_db

ADA = "ada@example.org"
BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2026, 10, 5)
"""A Monday, three weeks before the clocks of Berlin change."""


@pytest.fixture(autouse=True)
def ada() -> Iterator[SystemUser]:
    made = SystemUser.objects.create_user("ada", fullname="Ada", internalemailaddress=ADA)
    with actor.acting(actor.INSTALLATION):
        yield made


def watch(**given: Any) -> SeriesEntries:
    entered: dict[str, Any] = {
        "subject": "Watch",
        "location": "Tower",
        "first_day": FIRST,
        "begins": time(9),
        "ends": time(10),
        "time_zone": "W. Europe Standard Time",
        "pattern": "weekly",
        "interval": 1,
        "weekdays": ["monday"],
        "end": "after",
        "count": 6,
    }
    return SeriesEntries(**{**entered, **given})  # type: ignore[typeddict-item]


def add(**given: Any) -> RecurringAppointmentMaster:
    return series.add(watch(**given), owner="ada")


def timetable(row: RecurringAppointmentMaster) -> Timetable:
    found = occurrences.timetable(row)
    assert found is not None
    return found


def days(row: RecurringAppointmentMaster, most: int = 12) -> list[date]:
    return list(islice(timetable(row).recurrence.days(), most))


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), BERLIN)


def calendar(row: RecurringAppointmentMaster) -> list[tuple[date, datetime, str, str]]:
    """Each occurrence with its time and subject, the cancelled ones too."""
    shown = occurrences.upcoming(row, now=at(FIRST, 0), with_cancelled=True)
    words = ["cancelled" if one["cancelled"] else "changed" if one["changed"] else "plain" for one in shown]
    return [(one["day"], one["start"], one["subject"], word) for one, word in zip(shown, words, strict=True)]


PATTERNS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "every third day": ({"pattern": "daily", "interval": 3}, {"freq": DAILY, "interval": 3}),
    "every weekday": ({"pattern": "weekdays"}, {"freq": WEEKLY, "byweekday": range(5)}),
    "every second week on two days": (
        {"pattern": "weekly", "interval": 2, "weekdays": ["monday", "wednesday"], "week_start": "monday"},
        {"freq": WEEKLY, "interval": 2, "byweekday": (MO, WE), "wkst": MO},
    ),
    "every second month on a day": (
        {"pattern": "monthly", "interval": 2, "day": 15},
        {"freq": MONTHLY, "interval": 2, "bymonthday": 15},
    ),
    "the second Tuesday": (
        {"pattern": "monthly-nth", "nth": "second", "nth_of": "tuesday"},
        {"freq": MONTHLY, "byweekday": TU(2)},
    ),
    "the last weekday": (
        {"pattern": "monthly-nth", "nth": "last", "nth_of": "weekday"},
        {"freq": MONTHLY, "byweekday": range(5), "bysetpos": -1},
    ),
    "every year on a date": (
        {"pattern": "yearly", "month": "march", "day": 9},
        {"freq": YEARLY, "bymonth": 3, "bymonthday": 9},
    ),
    "the last Friday of every second November": (
        {"pattern": "yearly-nth", "interval": 2, "month": "november", "nth": "last", "nth_of": "friday"},
        {"freq": YEARLY, "interval": 2, "bymonth": 11, "byweekday": FR(-1)},
    ),
}


@pytest.mark.parametrize(
    "end", [{"end": "never"}, {"end": "after", "count": 5}, {"end": "on", "until": date(2031, 1, 1)}]
)
@pytest.mark.parametrize(("entered", "rule"), PATTERNS.values(), ids=PATTERNS)
def test_every_pattern_has_the_days_of_dateutil(
    entered: dict[str, Any], rule: dict[str, Any], end: dict[str, Any]
) -> None:
    made = add(**{"interval": 1, **entered}, **end)
    bounds = {"count": end.get("count"), "until": end.get("until")}
    if bounds["until"]:
        bounds["until"] = datetime.combine(bounds["until"], time())
    expected = rrule(dtstart=datetime.combine(FIRST, time()), **rule, **bounds)
    assert days(made) == [one.date() for one in islice(expected, 12)]
    kept = series.entered(made)
    assert {name: kept[name] for name in entered} | {"interval": kept["interval"]} == {  # type: ignore[literal-required]
        "interval": 1,
        **entered,
    }
    assert kept["end"] == end["end"]


def test_a_series_keeps_the_clock_of_its_zone_and_invites(ada: SystemUser) -> None:
    made = add(required=["Grace <grace@else.example>", ADA], show_as="free", importance="high")
    assert (made.timezone, made.ownerid, made.statecode, made.statuscode) == ("Europe/Berlin", ada, 0, 1)
    assert [start.astimezone(BERLIN).hour for _, start, *_ in calendar(made)] == [9] * 6
    assert [start.astimezone(UTC).hour for _, start, *_ in calendar(made)] == [7, 7, 7, 8, 8, 8]
    parties = ActivityParty.objects.filter(activityid=made.pk).order_by("participationtypemask")
    assert [(one.participationtypemask, one.addressused) for one in parties] == [
        (5, "grace@else.example"),
        (7, ADA),
    ]
    assert set(Audit.objects.values_list("act", flat=True)) == {"series.add", "series.attendees"}


def test_what_begins_before_its_first_occurrence_begins_with_it() -> None:
    made = add(weekdays=["thursday"])
    assert (made.patternstartdate, made.starttime) == (date(2026, 10, 8), at(date(2026, 10, 8), 9))


def test_whole_days_and_nights_have_their_length() -> None:
    night = add(begins=time(22), ends=time(6), days_later=1)
    assert night.endtime - night.starttime == timedelta(hours=8)
    away = add(is_all_day=True, days_later=1)
    assert (away.starttime, away.endtime) == (at(FIRST, 0), at(FIRST + timedelta(2), 0))
    assert {"is_all_day": True, "days_later": 1}.items() <= series.entered(away).items()
    assert series.entered(night)["days_later"] == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"subject": " "}, "Subject"),
        ({"pattern": "sometimes"}, "Pattern"),
        ({"interval": 0}, "Every"),
        ({"interval": 100}, "Every"),
        ({"pattern": "yearly", "interval": 9, "month": "may", "day": 1}, "Every"),
        ({"weekdays": []}, "Days of the week"),
        ({"weekdays": ["someday"]}, "Days of the week"),
        ({"pattern": "monthly", "day": 32}, "Day of the month"),
        ({"pattern": "monthly-nth", "nth": "fifth", "nth_of": "day"}, "Which"),
        ({"pattern": "monthly-nth", "nth": "first", "nth_of": "birthday"}, "Of these days"),
        ({"pattern": "monthly-nth", "nth": "first", "nth_of": "monday,friday"}, "Pattern"),
        ({"pattern": "yearly", "day": 1}, "Month"),
        ({"count": 1000}, "Number of occurrences"),
        ({"end": "on"}, "Last day"),
        ({"end": "on", "until": FIRST - timedelta(1)}, "Last day"),
        ({"end": "on", "until": FIRST, "weekdays": ["sunday"]}, "Last day"),
        ({"end": "someday"}, "Series ends"),
        ({"ends": time(8)}, "Ends at"),
        ({"begins": None}, "Begins at"),
        ({"days_later": 8}, "Days later"),
        ({"days_later": -1}, "Days later"),
        ({"time_zone": "Atlantis"}, "Time zone"),
        ({"first_day": date(2027, 3, 28), "weekdays": ["sunday"], "begins": time(2, 30)}, "Begins at"),
        ({"show_as": "away"}, "Show As"),
        ({"importance": "huge"}, "Importance"),
        ({"required": ["nonsense"]}, "Address"),
    ],
)
def test_what_cannot_be_says_at_which_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InputInvalid) as refused:
        add(**given)
    assert refused.value.details["field"] == field
    assert not RecurringAppointmentMaster.objects.exists()
    assert not ActivityParty.objects.exists()


def test_an_edit_changes_what_was_given_alone() -> None:
    made = add(required=["grace@else.example"])
    ActivityParty.objects.filter(participationtypemask=5).update(responsestatus=3)
    edited = series.edit(made, {"subject": "Look-out", "required": ["grace@else.example", "x@else.example"]})
    assert (edited.subject, edited.location, edited.starttime) == ("Look-out", "Tower", made.starttime)
    assert days(edited) == days(made)
    answers = ActivityParty.objects.filter(participationtypemask=5).order_by("addressused")
    assert list(answers.values_list("responsestatus", flat=True)) == [3, 5]
    RecurringAppointmentMaster.objects.update(statecode=1, statuscode=3)
    with pytest.raises(InputInvalid, match="open it again"):
        series.edit(made, {"subject": "Later"})


def test_an_occurrence_is_moved_renamed_and_made_as_its_series_again() -> None:
    made = add()
    third = FIRST + timedelta(14)
    found = series_occurrences.find(made, third)
    moved = series_occurrences.change(
        found, {"start": at(third, 15), "end": at(third, 17), "subject": "Late"}
    )
    assert (moved.start, moved.end, moved.own) == (at(third, 15), at(third, 17), {"subject"})
    row = Appointment.objects.get()
    assert (row.originalstartdate, row.modifiedfieldsmask, row.location) == (
        at(third, 9),
        "scheduledstart,subject",
        None,
    )
    assert calendar(made)[2] == (third, at(third, 15), "Late", "changed")
    emptied = series_occurrences.change(moved, {"location": ""})
    assert emptied.value("location") is None
    assert Appointment.objects.get().modifiedfieldsmask == "location,scheduledstart,subject"
    plain = {"subject": "Watch", "location": "Tower", "start": at(third, 9), "end": at(third, 10)}
    series_occurrences.change(emptied, plain)  # type: ignore[arg-type]
    assert not Appointment.objects.exists()
    assert [word for *_, word in calendar(made)] == ["plain"] * 6
    assert Audit.objects.filter(act="series.occurrence").count() == 3


def test_low_importance_of_a_series_is_no_importance_of_its_occurrence() -> None:
    made = add(importance="low")
    series_occurrences.change(series_occurrences.find(made, FIRST), {"importance": "low"})
    assert not Appointment.objects.exists()
    series_occurrences.change(series_occurrences.find(made, FIRST), {"importance": "high"})
    assert Appointment.objects.get().modifiedfieldsmask == "prioritycode"


def test_an_occurrence_of_whole_days_is_days_of_who_enters_it() -> None:
    made = add()
    tokyo = ZoneInfo("Asia/Tokyo")
    entered: series_occurrences.OccurrenceEntries = {
        "is_all_day": True,
        "start": datetime(2026, 10, 6, tzinfo=tokyo),
        "end": datetime(2026, 10, 7, tzinfo=tokyo),
        "zone": tokyo,
    }
    found = series_occurrences.change(series_occurrences.find(made, FIRST), entered)
    assert (found.start, found.end) == (at(date(2026, 10, 6), 0), at(date(2026, 10, 8), 0))
    again = series_occurrences.entered(found, tokyo)
    assert (again["start"], again["end"]) == (entered["start"], entered["end"])


def test_a_cancelled_occurrence_stays_cancelled() -> None:
    made = add()
    second = FIRST + timedelta(7)
    found = series_occurrences.find(made, second)
    series_occurrences.change(found, {"subject": "Other"})
    gone = series_occurrences.cancel(found)
    assert gone.is_cancelled
    assert not Appointment.objects.exists()
    made.refresh_from_db()
    assert made.deletedexceptionslist == second.isoformat()
    assert [word for *_, word in calendar(made)][1] == "cancelled"
    assert second not in [one["day"] for one in occurrences.upcoming(made, now=at(FIRST, 0))]
    for act in (
        lambda: series_occurrences.cancel(gone),
        lambda: series_occurrences.change(gone, {"subject": "x"}),
    ):
        with pytest.raises(InputInvalid, match="was cancelled"):
            act()


def test_the_last_occurrence_is_not_cancelled_alone() -> None:
    made = add(count=2)
    series_occurrences.cancel(series_occurrences.find(made, FIRST))
    with pytest.raises(InputInvalid, match="cancel or delete the series"):
        series_occurrences.cancel(series_occurrences.find(made, FIRST + timedelta(7)))


@pytest.mark.parametrize("days_away", [-7, -8, 7, 20])
def test_an_occurrence_does_not_pass_its_neighbours(days_away: int) -> None:
    made = add()
    third = FIRST + timedelta(14)
    there = at(third + timedelta(days_away), 9)
    with pytest.raises(InputInvalid, match="choose a day between") as refused:
        series_occurrences.change(
            series_occurrences.find(made, third), {"start": there, "end": there + timedelta(hours=1)}
        )
    assert refused.value.details["field"] == "Start"
    assert not Appointment.objects.exists()


def test_an_occurrence_takes_the_place_of_a_cancelled_neighbour() -> None:
    made = add()
    second, third = FIRST + timedelta(7), FIRST + timedelta(14)
    series_occurrences.cancel(series_occurrences.find(made, second))
    series_occurrences.change(
        series_occurrences.find(made, third), {"start": at(second, 9), "end": at(second, 10)}
    )
    assert Appointment.objects.get().scheduledstart == at(second, 9)


@pytest.mark.parametrize("day", ["2026-10-06", "2026-12-07", "soon"])
def test_a_day_without_an_occurrence_has_none(day: str) -> None:
    with pytest.raises((RecordNotFound, InputInvalid)):
        series_occurrences.find(add(), day)


def test_another_time_of_day_takes_along_what_was_never_moved() -> None:
    made = add()
    second, third, fourth = (FIRST + timedelta(7 * number) for number in (1, 2, 3))
    series_occurrences.change(series_occurrences.find(made, second), {"subject": "Renamed"})
    series_occurrences.change(
        series_occurrences.find(made, third), {"start": at(third, 15), "end": at(third, 16)}
    )
    series_occurrences.cancel(series_occurrences.find(made, fourth))
    edited = series.edit(made, {"begins": time(11), "ends": time(12)})
    assert calendar(edited)[:4] == [
        (FIRST, at(FIRST, 11), "Watch", "plain"),
        (second, at(second, 11), "Renamed", "changed"),
        (third, at(third, 15), "Watch", "changed"),
        (fourth, at(fourth, 11), "Watch", "cancelled"),
    ]
    assert list(
        Appointment.objects.order_by("originalstartdate").values_list("originalstartdate", flat=True)
    ) == [
        at(second, 11),
        at(third, 11),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [("Pacific/Kiritimati", "Pacific/Pago_Pago"), ("Pacific/Pago_Pago", "Pacific/Kiritimati")],
)
def test_occurrences_a_day_apart_do_not_meet_on_their_way_to_another_zone(before: str, after: str) -> None:
    made = add(pattern="daily", time_zone=before, begins=time(10), ends=time(11))
    for number in range(1, 5):
        series_occurrences.change(
            series_occurrences.find(made, FIRST + timedelta(number)), {"subject": f"Day {number}"}
        )
    edited = series.edit(
        made, {"time_zone": after, "begins": time(9 if "Pago" in after else 11), "ends": time(12)}
    )
    assert [(day, subject) for day, _, subject, word in calendar(edited) if word == "changed"] == [
        (FIRST + timedelta(number), f"Day {number}") for number in range(1, 5)
    ]


def test_a_new_pattern_forgets_the_occurrences_that_it_does_not_have() -> None:
    made = add()
    second, third = FIRST + timedelta(7), FIRST + timedelta(14)
    for day in (second, third):
        series_occurrences.change(series_occurrences.find(made, day), {"subject": str(day)})
    series_occurrences.cancel(series_occurrences.find(made, FIRST + timedelta(21)))
    edited = series.edit(made, {"interval": 2})
    assert [(day, word) for day, *_, word in calendar(edited)][:3] == [
        (FIRST, "plain"),
        (third, "changed"),
        (FIRST + timedelta(28), "plain"),
    ]
    assert edited.deletedexceptionslist is None
    forgotten = Audit.objects.get(act="series.occurrences-forgotten").changedata["changedAttributes"]
    assert [one["logicalName"] for one in forgotten] == [f"occurrence of {second}"]


def test_the_first_day_of_the_week_of_outlook_survives_an_edit() -> None:
    made = add(interval=2, weekdays=["sunday", "tuesday"], week_start="monday")
    before = days(made)
    assert days(series.edit(made, {"begins": time(8)})) == before
    assert RecurringAppointmentMaster.objects.get().firstdayofweek == 1


def test_a_zone_that_has_no_name_stays_as_it_is() -> None:
    made = add()
    rules = "<+01>-1<+02>-2,M3.5.0/2,M10.5.0/3"
    RecurringAppointmentMaster.objects.update(timezone=rules)
    edited = series.edit(made, {"ends": time(11), "time_zone": rules})
    assert (edited.timezone, edited.endtime - edited.starttime) == (rules, timedelta(hours=2))


def test_an_edit_of_an_occurrence_takes_no_guest_and_no_answer_away() -> None:
    row = add()
    day = days(row)[1]
    found = series_occurrences.change(series_occurrences.find(row, day), {"location": "Hall"})
    assert found.row is not None
    ActivityParty.objects.create(
        activityid_id=found.row.pk, participationtypemask=5, addressused="grace@example.com", responsestatus=3
    )
    Appointment.objects.filter(pk=found.row.pk).update(modifiedfieldsmask="location,requiredattendees")
    found = series_occurrences.change(series_occurrences.find(row, day), {"location": "Tower"})
    assert found.row is not None
    assert found.row.modifiedfieldsmask == "requiredattendees"
    assert ActivityParty.objects.filter(activityid=found.row.pk).exists()


def test_an_occurrence_that_was_answered_alone_counts_not_as_changed() -> None:
    row = add()
    plain = timetable(row)
    day = days(row)[1]
    Appointment.objects.create(
        seriesid=row.pk,
        instancetypecode=3,
        originalstartdate=plain.start(day),
        scheduledstart=plain.start(day),
        scheduledend=plain.end(day),
    )
    seen = occurrences.upcoming(row, now=plain.start(days(row)[0]))
    assert [each["changed"] for each in seen] == [False] * 6
    series_occurrences.change(series_occurrences.find(row, day), {"location": "Hall"})
    assert [e["changed"] for e in occurrences.upcoming(row, now=plain.start(days(row)[0]))][:2] == [
        False,
        True,
    ]
