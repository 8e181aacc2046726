"""``serversync service``: service activities, with customers and resources; each user that has it gets a copy of it."""

from typing import Annotated, Any

import typer

from serversync.cli import activity
from serversync.cli.activity import Importance, Key, Owner
from serversync.cli.appointment import AllDay, Body, End, Location, Start, Zone
from serversync.cli.session import Json, with_database
from serversync.core.errors import InputInvalid

app = typer.Typer(help="Service activities, with customers and resources.", no_args_is_help=True)

Customers = Annotated[
    list[str] | None, typer.Option("--customer", help="Address of somebody whom it is for; '' for nobody.")
]
Resources = Annotated[
    list[str] | None, typer.Option("--resource", help="Address of somebody who does it; '' for nobody.")
]
Status = Annotated[
    str | None,
    typer.Option("--status", help="requested, tentative, pending, reserved, in-progress or arrived."),
]


def _people(row: Any) -> dict[str, Any]:
    from serversync.administration import service_parties

    return {"participants": service_parties.participants(row)}


activity.register(
    app,
    "service",
    {
        "subject": "Subject",
        "scheduledstart": "Start (UTC)",
        "scheduledend": "End (UTC)",
        "isalldayevent": "All day",
        "statuscodename": "Status",
    },
    _people,
)


def _entries(zone: str | None, owner: Any, **given: Any) -> Any:
    """Return what was given; times without a zone are those of ``zone``, or of the owner."""
    from serversync.administration import service_parties

    return activity.timed(zone, owner, service_parties.PARTS, **given)


@app.command("add")
def add(  # noqa: PLR0913 - Typer makes an option of each parameter
    subject: Annotated[str, typer.Argument(help="Subject.")],
    *,
    owner: Owner = None,
    start: Start = None,
    end: End = None,
    all_day: AllDay = None,
    time_zone: Zone = None,
    customer: Customers = None,
    resource: Resources = None,
    location: Location = None,
    status: Status = None,
    importance: Importance = None,
    body: Body = None,
    as_json: Json = False,
) -> None:
    """Add a service activity; the next passes put a copy of it into the calendars where it belongs."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import activities, services
        from serversync.administration.records import as_dict

        given = _entries(
            time_zone,
            activities.owner_of_new(owner),
            subject=subject,
            start=start,
            end=end,
            is_all_day=all_day,
            customers=customer,
            resources=resource,
            location=location,
            status=status,
            importance=importance,
            description=body,
        )
        made = services.add(given, owner=owner)
        if output.as_json:
            output.json({**as_dict(made), **_people(made)})
        else:
            output.say(f"Added the service activity {made}.")


@app.command("edit")
def edit(  # noqa: PLR0913 - Typer makes an option of each parameter
    key: Key,
    *,
    subject: Annotated[str | None, typer.Option("--subject", help="Subject.")] = None,
    start: Start = None,
    end: End = None,
    all_day: AllDay = None,
    time_zone: Zone = None,
    customer: Customers = None,
    resource: Resources = None,
    location: Location = None,
    status: Status = None,
    importance: Importance = None,
    body: Body = None,
    as_json: Json = False,
) -> None:
    """Change what is given of a service activity; --customer and --resource replace all of that part."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import activities, services
        from serversync.administration.records import as_dict
        from serversync.crm.models import ServiceAppointment

        row = activities.find(activities.SERVICE, key)
        if not isinstance(row, ServiceAppointment):
            raise TypeError("service activities are rows of their table")
        given = _entries(
            time_zone,
            row.ownerid,
            subject=subject,
            start=start,
            end=end,
            is_all_day=all_day,
            customers=customer,
            resources=resource,
            location=location,
            status=status,
            importance=importance,
            description=body,
        )
        if set(given) == {"zone"}:
            raise InputInvalid(field="Change", reason="nothing to change was given")
        changed = services.edit(row, given)
        if output.as_json:
            output.json({**as_dict(changed), **_people(changed)})
        else:
            output.say(f"Changed {changed}.")
