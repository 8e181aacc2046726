"""``serversync appointment``: single appointments and who takes part in them."""

from typing import Annotated, Any

import typer

from serversync.cli import activity, activityfile
from serversync.cli.activity import Importance, Key, Owner
from serversync.cli.session import Json, with_database
from serversync.core.errors import InputInvalid

app = typer.Typer(help="Appointments, and who takes part in them.", no_args_is_help=True)

Start = Annotated[
    str | None,
    typer.Option("--start", help="Such as 2026-01-31T09:00, in --time-zone; of whole days the first."),
]
End = Annotated[str | None, typer.Option("--end", help="When it ends; of whole days the last of them.")]
AllDay = Annotated[
    bool | None, typer.Option("--all-day/--timed", help="It lasts whole days, or from time to time.")
]
Zone = Annotated[
    str | None,
    typer.Option("--time-zone", help="Of times without one; otherwise the owner's zone, or of who acts."),
]
Required = Annotated[
    list[str] | None, typer.Option("--required", help="Address of somebody to be there; '' for nobody.")
]
Optional = Annotated[
    list[str] | None, typer.Option("--optional", help="Address of somebody who may come; '' for nobody.")
]
Resource = Annotated[
    list[str] | None, typer.Option("--resource", help="Address of a room or of equipment; '' for none.")
]
Location = Annotated[str | None, typer.Option("--location", help="Where.")]
ShowAs = Annotated[str | None, typer.Option("--show-as", help="free, tentative, busy or out-of-office.")]
Body = Annotated[str | None, typer.Option("--body", help="Description.")]


def _people(row: Any) -> dict[str, Any]:
    from serversync.administration import attendees

    return {"participants": attendees.participants(row)}


activity.register(
    app,
    "appointment",
    {
        "subject": "Subject",
        "scheduledstart": "Start (UTC)",
        "scheduledend": "End (UTC)",
        "isalldayevent": "All day",
        "statuscodename": "Status",
    },
    _people,
)
activityfile.register(app, "appointment")


def _entries(zone: str | None, owner: Any, **given: Any) -> Any:
    """Return what was given; times without a zone are those of ``zone``, or of the owner."""
    from serversync.administration import attendees

    return activity.timed(zone, owner, attendees.PARTS, **given)


@app.command("add")
def add(  # noqa: PLR0913 - Typer makes an option of each parameter
    subject: Annotated[str, typer.Argument(help="Subject.")],
    *,
    owner: Owner = None,
    start: Start = None,
    end: End = None,
    all_day: AllDay = None,
    time_zone: Zone = None,
    required: Required = None,
    optional: Optional = None,
    resource: Resource = None,
    location: Location = None,
    show_as: ShowAs = None,
    importance: Importance = None,
    body: Body = None,
    as_json: Json = False,
) -> None:
    """Add an appointment; the next pass over its owner's mailbox makes it in Exchange and invites."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import activities, appointments
        from serversync.administration.records import as_dict

        given = _entries(
            time_zone,
            activities.owner_of_new(owner),
            subject=subject,
            start=start,
            end=end,
            is_all_day=all_day,
            required=required,
            optional=optional,
            resources=resource,
            location=location,
            show_as=show_as,
            importance=importance,
            description=body,
        )
        made = appointments.add(given, owner=owner)
        if output.as_json:
            output.json({**as_dict(made), **_people(made)})
        else:
            output.say(f"Added the appointment {made}.")


@app.command("edit")
def edit(  # noqa: PLR0913 - Typer makes an option of each parameter
    key: Key,
    *,
    subject: Annotated[str | None, typer.Option("--subject", help="Subject.")] = None,
    start: Start = None,
    end: End = None,
    all_day: AllDay = None,
    time_zone: Zone = None,
    required: Required = None,
    optional: Optional = None,
    resource: Resource = None,
    location: Location = None,
    show_as: ShowAs = None,
    importance: Importance = None,
    body: Body = None,
    as_json: Json = False,
) -> None:
    """Change what is given of an appointment; --required, --optional and --resource replace all of that part."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import activities, appointments
        from serversync.administration.records import as_dict
        from serversync.crm.models import Appointment

        row = activities.find(activities.APPOINTMENT, key)
        if not isinstance(row, Appointment):
            raise TypeError("appointments are rows of their table")
        given = _entries(
            time_zone,
            row.ownerid,
            subject=subject,
            start=start,
            end=end,
            is_all_day=all_day,
            required=required,
            optional=optional,
            resources=resource,
            location=location,
            show_as=show_as,
            importance=importance,
            description=body,
        )
        if set(given) == {"zone"}:
            raise InputInvalid(field="Change", reason="nothing to change was given")
        changed = appointments.edit(row, given)
        if output.as_json:
            output.json({**as_dict(changed), **_people(changed)})
        else:
            output.say(f"Changed {changed}.")
