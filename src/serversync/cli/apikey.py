"""``serversync user key``: keys with which programs use the API as a user."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli.session import Json, with_database

if TYPE_CHECKING:
    from serversync.crm.models import ApiKey

app = typer.Typer(help="Keys with which programs use the API as a user.", no_args_is_help=True)

_COLUMNS = {
    "domainname": "User",
    "name": "Name",
    "firstcharacters": "Begins with",
    "createdon": "Made",
    "lastusedon": "Last used",
    "expireson": "Expires",
    "apikeyid": "Id",
}


def _row(key: "ApiKey") -> dict[str, Any]:
    from serversync.administration.records import as_dict

    return {**as_dict(key), "domainname": key.systemuserid.domainname}


@app.command("add")
def add(
    login: Annotated[str, typer.Argument(help="User name or address of whom the program acts as.")],
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    *,
    days: Annotated[int, typer.Option("--days", help="So long it is in force, 1 to 3650.")] = 365,
    as_json: Json = False,
) -> None:
    """Make a key; it is shown this once and kept nowhere."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import apikeys

        row, key = apikeys.add(login, name, days=days)
        if output.as_json:
            output.json({**_row(row), "key": key})
            return
        output.say(key)
        output.say(f"This is the only time that the key is shown. It acts as {row.systemuserid}.")


@app.command("list")
def find_all(
    login: Annotated[str | None, typer.Argument(help="Only those of this user.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List keys, without what is secret in them."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import apikeys

        output.rows(
            map(_row, apikeys.find_all(login)),
            _COLUMNS,
            empty="There are no keys. Make one: serversync user key add LOGIN NAME",
        )


@app.command("remove")
def remove(
    reference: Annotated[str, typer.Argument(metavar="ID", help="Id of the key, from the list.")],
    *,
    as_json: Json = False,
) -> None:
    """Remove a key: from now on it is refused."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import apikeys

        row = apikeys.remove(reference)
        if output.as_json:
            output.json(_row(row))
        else:
            output.say(f"Removed the key {row} of {row.systemuserid}.")
