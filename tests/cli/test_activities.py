"""``serversync appointment``, ``service`` and ``task``: entered in the owner's zone, listed, changed, cancelled, deleted."""

from pathlib import Path

import pytest

from tests.cli.conftest import ADA, CommandLine


def test_an_appointment_is_entered_in_the_zone_of_its_owner(run: CommandLine) -> None:
    run("user", "add", ADA)
    run("user", "options", ADA, "--time-zone", "W. Europe Standard Time")
    times = ("--start", "2026-07-01T09:00", "--end", "2026-07-01T10:00")
    made = run.json("appointment", "add", "Tea", "--owner", ADA, *times, "--required", "Grete <g@x.example>")
    assert made["scheduledstart"] == "2026-07-01T07:00:00Z"
    assert [(one["part"], one["address"]) for one in made["participants"]] == [
        ("Organizer", ADA),
        ("Required attendee", "g@x.example"),
    ]
    key = made["activityid"]
    moved = run.json("appointment", "edit", key, "--start", "2026-07-01T08:30", "--time-zone", "Asia/Tokyo")
    assert moved["scheduledstart"] == "2026-06-30T23:30:00Z"
    assert run.json("appointment", "edit", key, "--required", "")["participants"][1:] == []
    assert [one["subject"] for one in run.json("appointment", "list", "--search", "te")] == ["Tea"]
    assert run.json("appointment", "cancel", key)["statuscodename"] == "Canceled"
    refused = run("appointment", "edit", key, "--location", "Lisbon")
    assert (refused.exit_code, "open it again" in refused.stderr) == (2, True)
    assert run.json("appointment", "open", key)["statecode"] == 3
    assert run.json("appointment", "complete", key)["statecode"] == 1
    assert run.json("appointment", "show", key)["subject"] == "Tea"
    assert "Deleted Tea" in run("appointment", "delete", key).stdout
    assert run("appointment", "show", key).exit_code == 5


@pytest.mark.parametrize("kind", ["appointment", "task"])
def test_files_are_attached_listed_saved_and_removed(run: CommandLine, kind: str, tmp_path: Path) -> None:
    run("user", "add", ADA)
    times = ("--start", "2026-07-01T09:00", "--end", "2026-07-01T10:00") if kind == "appointment" else ()
    key = run.json(kind, "add", "Tea", "--owner", ADA, *times)["activityid"]
    plan = tmp_path / "plan.txt"
    plan.write_bytes(b"the plan")
    assert run(kind, "file", "attach", key, str(plan)).stdout == "Attached plan.txt.\n"
    assert run(kind, "file", "attach", key, str(plan)).stdout == "plan.txt is attached already.\n"
    (listed,) = run.json(kind, "file", "list", key)
    assert (listed["filename"], listed["filesize"], listed["mimetype"]) == ("plan.txt", 8, "text/plain")
    to = tmp_path / "copy.txt"
    assert run(kind, "file", "save", key, "plan.txt", "--to", str(to)).exit_code == 0
    assert to.read_bytes() == b"the plan"
    refused = run(kind, "file", "save", key, listed["activitymimeattachmentid"], "--to", str(to))
    assert (refused.exit_code, "cannot be written" in refused.stderr) == (2, True)
    assert run(kind, "file", "remove", key, "plan.txt").stdout == "Removed plan.txt.\n"
    assert run.json(kind, "file", "list", key) == []
    assert run(kind, "file", "save", key, "plan.txt").exit_code == 5
    assert run(kind, "file", "attach", key, str(tmp_path / "none")).exit_code == 2


def test_whole_days_are_those_that_were_named(run: CommandLine) -> None:
    run("user", "add", ADA)
    run("user", "options", ADA, "--time-zone", "Pacific/Auckland")
    days = ("--start", "2026-07-01", "--end", "2026-07-02", "--all-day")
    made = run.json("appointment", "add", "Away", "--owner", ADA, *days)
    assert (made["scheduledstart"], made["scheduledend"]) == ("2026-07-01T00:00:00Z", "2026-07-03T00:00:00Z")
    longer = run.json("appointment", "edit", made["activityid"], "--end", "2026-07-05")
    assert (longer["scheduledstart"], longer["scheduledend"]) == (
        "2026-07-01T00:00:00Z",
        "2026-07-06T00:00:00Z",
    )


def test_the_reminder_of_a_task_is_a_time_in_the_zone_of_its_owner(run: CommandLine) -> None:
    run("user", "add", ADA)
    run("user", "options", ADA, "--time-zone", "W. Europe Standard Time")
    made = run.json("task", "add", "Call", "--owner", ADA, "--remind", "2026-07-01T09:00")
    assert made["reminderon"] == "2026-07-01T07:00:00Z"
    key = made["activityid"]
    assert (
        run.json("task", "edit", key, "--remind", "2026-12-01T09:00")["reminderon"] == "2026-12-01T08:00:00Z"
    )
    assert run.json("task", "edit", key, "--remind", "")["reminderon"] is None
    assert run("task", "edit", key, "--remind", "soon").exit_code == 2


def test_a_task_is_entered_changed_and_completed(run: CommandLine) -> None:
    run("user", "add", ADA)
    made = run.json("--as", ADA, "task", "add", "Call", "--due", "2026-07-01", "--importance", "high")
    assert (made["scheduledend"], made["prioritycodename"]) == ("2026-07-01", "High")
    key = made["activityid"]
    changed = run.json("task", "edit", key, "--due", "", "--percent", "50", "--status", "in-progress")
    assert (changed["scheduledend"], changed["percentcomplete"]) == (None, 50)
    assert run.json("task", "complete", key)["percentcomplete"] == 100
    refused = run("task", "add", "Call")
    assert (refused.exit_code, "say whose it is" in refused.stderr) == (2, True)
    assert run("task", "add", "x", "--owner", ADA, "--due", "soon").exit_code == 2
    assert run("task", "edit", key).exit_code == 2


def test_a_service_activity_is_entered_with_customers_and_resources_changed_and_closed(
    run: CommandLine,
) -> None:
    run("user", "add", ADA)
    run("user", "options", ADA, "--time-zone", "W. Europe Standard Time")
    run("contact", "add", "Miller", "--first-name", "Ben", "--email", "ben@customer.example")
    when = ("--start", "2026-07-01T09:00", "--end", "2026-07-01T11:00")
    who = ("--customer", "ben@customer.example", "--resource", ADA, "--resource", "Van <van@x.example>")
    made = run.json("service", "add", "Boiler", "--owner", ADA, *when, *who, "--status", "tentative")
    assert (made["scheduledstart"], made["scheduleddurationminutes"]) == ("2026-07-01T07:00:00Z", 120)
    assert (made["statecodename"], made["statuscodename"]) == ("Open", "Tentative")
    assert [(one["part"], one["address"], one["is_known"]) for one in made["participants"]] == [
        ("Customer", "ben@customer.example", True),
        ("Resource", ADA, True),
        ("Resource", "van@x.example", False),
    ]
    key = made["activityid"]
    shown = run("service", "show", key).stdout
    assert "Customer: Ben Miller <ben@customer.example>" in shown
    assert "Resource: Van <van@x.example>" in shown
    changed = run.json("service", "edit", key, "--resource", ADA, "--status", "in-progress", "--all-day")
    assert changed["scheduledend"] == "2026-07-02T00:00:00Z"
    assert (changed["statecodename"], len(changed["participants"])) == ("Scheduled", 2)
    assert run.json("service", "complete", key)["statuscode"] == 8
    refused = run("service", "edit", key, "--location", "Lisbon")
    assert (refused.exit_code, "open it again" in refused.stderr) == (2, True)
    assert run.json("service", "cancel", key)["statuscode"] == 9
    assert run.json("service", "open", key)["statuscode"] == 4
    assert run("service", "edit", key, "--status", "done").exit_code == 2
    assert run("service", "edit", key).exit_code == 2
    assert run("service", "add", "x", "--owner", ADA).exit_code == 2
    assert [one["subject"] for one in run.json("service", "list", "--search", "boi")] == ["Boiler"]
    assert "Deleted Boiler" in run("service", "delete", key).stdout
    assert run("service", "show", key).exit_code == 5


def test_a_series_is_shown_with_its_pattern_and_next_occurrences(run: CommandLine) -> None:
    from datetime import UTC, date, datetime

    from serversync.crm.models import Appointment, RecurringAppointmentMaster

    start = datetime(2999, 1, 7, 8, tzinfo=UTC)  # nine o'clock in Berlin, a Monday
    made = RecurringAppointmentMaster.objects.create(
        subject="Stand-up",
        starttime=start,
        endtime=start.replace(minute=15),
        timezone="Europe/Berlin",
        recurrencepatterntype=1,
        daysofweekmask=2,
        patternstartdate=date(2999, 1, 7),
        patternendtype=2,
        occurrences=4,
        deletedexceptionslist="2999-01-14",
    )
    Appointment.objects.create(
        subject="Elsewhere",
        seriesid=made.pk,
        instancetypecode=3,
        originalstartdate=datetime(2999, 1, 21, 8, tzinfo=UTC),
        scheduledstart=datetime(2999, 1, 22, 8, tzinfo=UTC),
        scheduledend=datetime(2999, 1, 22, 9, tzinfo=UTC),
    )
    shown = run.json("series", "show", str(made.pk))
    assert shown["pattern"] == "every week on Monday, from 2999-01-07, 4 times"
    assert [(one["start"], one["subject"], one["changed"]) for one in shown["next"]] == [
        ("2999-01-07T08:00:00Z", "Stand-up", False),
        ("2999-01-22T08:00:00Z", "Elsewhere", True),
        ("2999-01-28T08:00:00Z", "Stand-up", False),
    ]
    assert [one["subject"] for one in run.json("series", "list")] == ["Stand-up"]
    assert run.json("series", "cancel", str(made.pk))["statuscodename"] == "Canceled"
    assert run.json("series", "open", str(made.pk))["statecode"] == 3
    assert run("appointment", "list").stdout.count("Elsewhere") == 0


WEEKLY = ("--pattern", "weekly", "--on", "monday", "--first-day", "2999-01-07", "--begins", "09:00")


def test_a_series_is_entered_in_the_zone_of_its_owner_and_changed(run: CommandLine) -> None:
    run("user", "add", ADA)
    run("user", "options", ADA, "--time-zone", "W. Europe Standard Time")
    more = ("--ends", "10:00", "--count", "4", "--required", "Grete <g@x.example>", "--owner", ADA)
    made = run.json("series", "add", "Watch", *WEEKLY, *more)
    key = made["activityid"]
    assert (made["timezone"], made["starttime"]) == ("Europe/Berlin", "2999-01-07T08:00:00Z")
    assert made["pattern"] == "every week on Monday, from 2999-01-07, 4 times"
    assert [one["address"] for one in made["participants"]] == [ADA, "g@x.example"]
    edited = run.json("series", "edit", key, "--on", "monday", "--on", "friday", "--until", "2999-02-01")
    assert edited["pattern"] == "every week on Monday, Friday, from 2999-01-07 to 2999-02-01"
    assert run.json("series", "edit", key, "--until", "")["patternendtypename"] == "No End Date"
    said = run("series", "edit", key, "--pattern", "monthly-nth", "--nth", "last", "--of", "friday").stdout
    assert "Every month on the last Friday, from 2999-01-25; from 09:00 to 10:00" in said


def test_an_occurrence_is_moved_and_cancelled(run: CommandLine) -> None:
    run("user", "add", ADA)
    made = run.json(
        "series", "add", "Watch", *WEEKLY, "--ends", "10:00", "--owner", ADA, "--time-zone", "Asia/Tokyo"
    )
    key, day = made["activityid"], "2999-01-14"
    assert run.json("series", "occurrence", key, day)["state"] == "as the series"
    moved = run.json("series", "occurrence", key, day, "--start", f"{day}T12:00", "--end", f"{day}T13:00")
    assert (moved["start"], moved["state"]) == ("2999-01-14T03:00:00Z", "changed")
    assert run.json("series", "occurrence", key, "2999-01-21", "--cancel")["state"] == "cancelled"
    listed = run.json("series", "occurrences", key, "--from", "2999-01-14")
    assert [(one["day"], one["changed"], one["cancelled"]) for one in listed][:3] == [
        ("2999-01-14", True, False),
        ("2999-01-21", False, True),
        ("2999-01-28", False, False),
    ]
    assert len(listed) == 10
    assert run("series", "occurrence", key, "2999-01-15").exit_code == 5
    refused = run(
        "series", "occurrence", key, day, "--start", "2999-01-29T09:00", "--end", "2999-01-29T10:00"
    )
    assert (refused.exit_code, "choose a day between its neighbours" in refused.stderr) == (2, True)


def test_what_cannot_be_a_series_is_refused(run: CommandLine) -> None:
    run("user", "add", ADA)
    owner = ("--owner", ADA, "--ends", "10:00")
    for odd, words in (
        (("--count", "3", "--until", "2999-03-01"), "give one"),
        (("--begins", "soon"), "is not a time of day like 09:00"),
        (("--on", "someday"), "someday is none of monday"),
        (("--every", "100"), "Exchange takes no interval of 100 weeks"),
    ):
        refused = run("series", "add", "Watch", *WEEKLY, *owner, *odd)
        assert (refused.exit_code, words in refused.stderr) == (2, True), refused.stderr
    assert run("series", "add", "Watch").exit_code == 2


def test_guests_of_one_occurrence_are_entered_and_become_those_of_the_series_again(run: CommandLine) -> None:
    run("user", "add", ADA)
    made = run.json(
        "series",
        "add",
        "Watch",
        *WEEKLY,
        "--ends",
        "10:00",
        "--owner",
        ADA,
        "--required",
        "Grete <g@x.example>",
    )
    one = ("series", "occurrence", made["activityid"], "2999-01-14")
    guests = ("--required", "g@x.example", "--required", "Hans <h@x.example>", "--resource", "hall@x.example")
    told = run.json(*one, *guests)
    assert [(each["part"], each["address"]) for each in told["participants"]] == [
        ("Organizer", ADA),
        ("Required attendee", "g@x.example"),
        ("Required attendee", "h@x.example"),
        ("Resource", "hall@x.example"),
    ]
    assert told["state"] == "changed"
    assert "Required attendee: Hans <h@x.example>, NoResponseReceived" in run(*one).stdout
    assert run(*one, "--people-of-series", "--optional", "h@x.example").exit_code == 2
    again = run.json(*one, "--people-of-series")
    assert [each["address"] for each in again["participants"]] == [ADA, "g@x.example"]
    assert again["state"] == "as the series"


def test_a_user_leaves_the_companies_of_contacts_alone(run: CommandLine) -> None:
    run("user", "add", ADA)
    assert run.json("user", "options", ADA)["synccontactcompany"] is True
    assert run.json("user", "options", ADA, "--no-company")["synccontactcompany"] is False
    assert run.json("user", "options", ADA, "--company")["synccontactcompany"] is True
