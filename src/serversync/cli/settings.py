"""``serversync settings``: what holds for everybody."""

from dataclasses import asdict
from typing import Annotated

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="Settings of the organization.", no_args_is_help=True)

_COLUMNS = {"name": "Setting", "label": "Value", "default": "Default", "allowed": "Allowed"}


@app.command("show")
def show(
    search: Annotated[str | None, typer.Argument(help="Part of the names to show.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show every setting with its value, default and what is allowed."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import organization

        output.rows(
            map(asdict, organization.find_all(search)),
            _COLUMNS,
            empty=f"No setting has {search!r} in its name. See all: serversync settings show",
        )


@app.command("set")
def change(
    name: Annotated[str, typer.Argument(help="Logical name of the setting.")],
    value: Annotated[str, typer.Argument(help="yes/no, a number, an option, a text, or a profile's name.")],
    *,
    as_json: Json = False,
) -> None:
    """Set one setting; what is not allowed is refused with what is."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import organization

        setting = organization.change(name, value)
        if output.as_json:
            output.json(asdict(setting))
        else:
            output.say(f"{setting.name} is now {setting.label}.")


@app.command("fields")
def fields(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="contact, task, phonecall, letter, fax, appointment or series; all if none is given."
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show which way each field of contacts, tasks, phone calls, letters, faxes, appointments and series goes."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import syncfields

        columns = {"kind": "Kind", "column": "Field", "label": "In Outlook", "direction": "Goes"}
        rows = map(asdict, syncfields.find_all(kind))
        output.rows(
            rows, {**columns, "default": "Default", "is_fixed": "Fixed"}, empty="There are no fields."
        )


@app.command("field")
def field(
    kind: Annotated[
        str, typer.Argument(help="contact, task, phonecall, letter, fax, appointment or series.")
    ],
    column: Annotated[str, typer.Argument(help="Logical name of the field.")],
    direction: Annotated[str, typer.Argument(help="none, to-exchange, to-crm or both.")],
    *,
    as_json: Json = False,
) -> None:
    """Set which way a field goes."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import syncfields

        changed = syncfields.change(kind, {column: direction})
        if output.as_json:
            output.json([asdict(row) for row in syncfields.find_all(kind) if row.column == column])
        else:
            output.say(f"{column} of a {kind} goes {direction}." if changed else "Nothing was changed.")
