"""``serversync series``: recurring appointments, their patterns, and single occurrences of them."""

from typing import Annotated, Any

import typer

from serversync.cli import activity
from serversync.cli.activity import Importance, Key, Owner
from serversync.cli.appointment import Body, Location, Optional, Required, Resource, ShowAs
from serversync.cli.session import Json, with_database
from serversync.core.errors import InputInvalid

app = typer.Typer(help="Recurring appointments.", no_args_is_help=True)

Text = str | None
FirstDay = Annotated[
    Text, typer.Option("--first-day", help="The first day that may be one of it: 2026-01-31.")
]
Begins = Annotated[Text, typer.Option("--begins", help="When an occurrence begins: 09:00.")]
Ends = Annotated[Text, typer.Option("--ends", help="When it ends: 10:00.")]
DaysLater = Annotated[
    int | None, typer.Option("--days-later", min=0, help="It ends so many days after its beginning.")
]
AllDay = Annotated[
    bool | None, typer.Option("--all-day/--timed", help="It lasts whole days, or from time to time.")
]
Zone = Annotated[
    Text, typer.Option("--time-zone", help="Whose clock it follows; otherwise that of its owner.")
]
Pattern = Annotated[
    Text,
    typer.Option(
        "--pattern",
        help="daily, weekdays, weekly, monthly, monthly-nth, yearly or yearly-nth.",
    ),
]
Every = Annotated[int | None, typer.Option("--every", min=1, help="So many days, weeks, months or years.")]
On = Annotated[
    list[str] | None, typer.Option("--on", help="Day of a weekly pattern: monday; may be given again.")
]
WeekStart = Annotated[Text, typer.Option("--week-start", help="First day of the week; otherwise sunday.")]
DayOfMonth = Annotated[int | None, typer.Option("--day", min=1, max=31, help="Day of the month.")]
Nth = Annotated[Text, typer.Option("--nth", help="first, second, third, fourth or last, of --of.")]
Of = Annotated[Text, typer.Option("--of", help="monday ... sunday, day, weekday or weekend-day.")]
Month = Annotated[Text, typer.Option("--month", help="Month of a yearly pattern: march.")]
Count = Annotated[int | None, typer.Option("--count", min=1, help="It ends after so many.")]
Until = Annotated[Text, typer.Option("--until", help="It ends with this day at the latest; '' for never.")]


def _occurrences(row: Any) -> dict[str, Any]:
    from serversync.administration import attendees, occurrences
    from serversync.administration.records import plain

    return {
        "pattern": occurrences.pattern(row),
        "next": plain(occurrences.upcoming(row)),
        "participants": attendees.participants(row),
    }


activity.register(
    app,
    "series",
    {"subject": "Subject", "pattern": "Pattern", "timezone": "Time zone", "statuscodename": "Status"},
    _occurrences,
)


def _entries(count: int | None, until: Text, **given: Any) -> Any:
    """Return what was given, as the use cases take it."""
    from datetime import time

    from serversync.administration import attendees, entries, series

    found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if count is not None and until:
        raise InputInvalid(field="Series ends", reason="both --count and --until were given; give one")
    if count is not None:
        found |= {"end": "after", "count": count}
    elif until is not None:
        found |= {"end": "on", "until": entries.day(until, "Last day")} if until else {"end": "never"}
    if "first_day" in found:
        found["first_day"] = entries.day(found["first_day"], "First day")
    for name, label in (("begins", "Begins at"), ("ends", "Ends at")):
        if name in found:
            try:
                found[name] = time.fromisoformat(found[name])
            except ValueError as error:
                reason = f"{found[name]} is not a time of day like 09:00"
                raise InputInvalid(field=label, reason=reason) from error
    for name in attendees.PARTS:
        if name in found:
            found[name] = [one for one in found[name] if one.strip()]
    return series.SeriesEntries(**found)  # type: ignore[typeddict-item]


def _row(key: str) -> Any:
    from serversync.administration import activities

    return activities.find(activities.SERIES, key)


@app.command("add")
def add(  # noqa: PLR0913 - Typer makes an option of each parameter
    subject: Annotated[str, typer.Argument(help="Subject.")],
    *,
    pattern: Pattern = None,
    first_day: FirstDay = None,
    begins: Begins = None,
    ends: Ends = None,
    days_later: DaysLater = None,
    all_day: AllDay = None,
    time_zone: Zone = None,
    every: Every = None,
    on: On = None,
    week_start: WeekStart = None,
    day: DayOfMonth = None,
    nth: Nth = None,
    of: Of = None,
    month: Month = None,
    count: Count = None,
    until: Until = None,
    required: Required = None,
    optional: Optional = None,
    resource: Resource = None,
    location: Location = None,
    show_as: ShowAs = None,
    importance: Importance = None,
    body: Body = None,
    owner: Owner = None,
    as_json: Json = False,
) -> None:
    """Add a series; the next pass over its owner's mailbox makes it in Exchange and invites."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import occurrences, series
        from serversync.administration.records import as_dict

        given = _entries(
            count,
            until,
            subject=subject,
            pattern=pattern,
            first_day=first_day,
            begins=begins,
            ends=ends,
            days_later=days_later,
            is_all_day=all_day,
            time_zone=time_zone,
            interval=every or 1,
            weekdays=on,
            week_start=week_start,
            day=day,
            nth=nth,
            nth_of=of,
            month=month,
            required=required,
            optional=optional,
            resources=resource,
            location=location,
            show_as=show_as,
            importance=importance,
            description=body,
        )
        made = series.add(given, owner=owner)
        if output.as_json:
            output.json({**as_dict(made), **_occurrences(made)})
        else:
            output.say(f"Added the series {made}. {occurrences.sentence(made)}")


@app.command("edit")
def edit(  # noqa: PLR0913 - Typer makes an option of each parameter
    key: Key,
    *,
    subject: Annotated[Text, typer.Option("--subject", help="Subject.")] = None,
    pattern: Pattern = None,
    first_day: FirstDay = None,
    begins: Begins = None,
    ends: Ends = None,
    days_later: DaysLater = None,
    all_day: AllDay = None,
    time_zone: Zone = None,
    every: Every = None,
    on: On = None,
    week_start: WeekStart = None,
    day: DayOfMonth = None,
    nth: Nth = None,
    of: Of = None,
    month: Month = None,
    count: Count = None,
    until: Until = None,
    required: Required = None,
    optional: Optional = None,
    resource: Resource = None,
    location: Location = None,
    show_as: ShowAs = None,
    importance: Importance = None,
    body: Body = None,
    as_json: Json = False,
) -> None:
    """Change what is given of a series; --on, --required, --optional and --resource replace all of these."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import occurrences, series
        from serversync.administration.records import as_dict

        given = _entries(
            count,
            until,
            subject=subject,
            pattern=pattern,
            first_day=first_day,
            begins=begins,
            ends=ends,
            days_later=days_later,
            is_all_day=all_day,
            time_zone=time_zone,
            interval=every,
            weekdays=on,
            week_start=week_start,
            day=day,
            nth=nth,
            nth_of=of,
            month=month,
            required=required,
            optional=optional,
            resources=resource,
            location=location,
            show_as=show_as,
            importance=importance,
            description=body,
        )
        if not given:
            raise InputInvalid(field="Change", reason="nothing to change was given")
        changed = series.edit(_row(key), given)
        if output.as_json:
            output.json({**as_dict(changed), **_occurrences(changed)})
        else:
            output.say(f"Changed {changed}. {occurrences.sentence(changed)}")


@app.command("occurrences")
def find_occurrences(
    key: Key,
    *,
    since: Annotated[
        Text, typer.Option("--from", help="The first day to show; otherwise from now on.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the next ten occurrences with the changed and cancelled ones."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import entries, occurrences
        from serversync.administration.records import plain

        row = _row(key)
        timetable = occurrences.timetable(row)
        begin = None
        if since and timetable is not None:
            begin = entries.moment(since, "From", zone=timetable.times.tzinfo)
        shown = [
            {name: plain(value) for name, value in one.items()}
            for one in occurrences.upcoming(row, now=begin, with_cancelled=True)
        ]
        columns = {"day": "Day", "start": "Start (UTC)", "end": "End (UTC)", "subject": "Subject"}
        output.rows(
            shown, {**columns, "changed": "Changed", "cancelled": "Cancelled"}, empty="There are none."
        )


@app.command("occurrence")
def occurrence(  # noqa: PLR0913 - Typer makes an option of each parameter
    key: Key,
    day: Annotated[str, typer.Argument(help="Day on which its pattern puts it: 2026-01-31.")],
    *,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel it, for good.")] = False,
    subject: Annotated[Text, typer.Option("--subject", help="Subject.")] = None,
    start: Annotated[Text, typer.Option("--start", help="When it is: 2026-01-31T09:00.")] = None,
    end: Annotated[Text, typer.Option("--end", help="Until when; of whole days the last of them.")] = None,
    all_day: AllDay = None,
    time_zone: Annotated[
        Text, typer.Option("--time-zone", help="Of times; otherwise that of the series.")
    ] = None,
    location: Location = None,
    required: Required = None,
    optional: Optional = None,
    resource: Resource = None,
    as_series: Annotated[
        bool, typer.Option("--people-of-series", help="Its attendees are those of the series again.")
    ] = False,
    importance: Importance = None,
    body: Body = None,
    as_json: Json = False,
) -> None:
    """Show one occurrence, change what is given of it alone (of attendees all of a part), or cancel it."""
    with with_database(as_json=as_json) as output:
        from zoneinfo import ZoneInfo

        from serversync.administration import (
            entries,
            occurrence_guests,
            series_occurrences,
            timezones,
        )
        from serversync.administration.records import plain

        found = series_occurrences.find(_row(key), day)
        where = ZoneInfo(timezones.checked(time_zone)) if time_zone else found.timetable.times.tzinfo
        texts = {"subject": subject, "location": location, "importance": importance, "description": body}
        given: dict[str, Any] = {name: value for name, value in texts.items() if value is not None}
        if all_day is not None:
            given["is_all_day"] = all_day
        for name, value in (("start", start), ("end", end)):
            if value is not None:
                given[name] = entries.moment(value, name.capitalize(), zone=where)
        people = {"required": required, "optional": optional, "resources": resource}
        given |= {
            name: [one for one in each if one.strip()] for name, each in people.items() if each is not None
        }
        if as_series:
            if given.keys() & people.keys():
                raise InputInvalid(field="Change", reason="--people-of-series goes with no other attendees")
            given |= occurrence_guests.find(found.series, None).lists
        if cancel and given:
            raise InputInvalid(field="Change", reason="--cancel goes with nothing else")
        if cancel:
            found = series_occurrences.cancel(found)
        elif given:
            found = series_occurrences.change(
                found,
                series_occurrences.OccurrenceEntries(**given, zone=where),  # type: ignore[typeddict-item]
            )
        state = "cancelled" if found.is_cancelled else "changed" if found.is_changed else "as the series"
        told = {
            "day": plain(found.day),
            "start": plain(found.start),
            "end": plain(found.end),
            "isalldayevent": found.is_all_day,
            **{name: found.value(name) for name in ("subject", "location", "description", "prioritycode")},
            "state": state,
            "participants": [] if found.is_cancelled else found.guests.participants,
        }
        output.record(told, lines=activity.people_in(told))
