"""``serversync audit``: what people have done."""

from typing import Annotated

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="What people have done, with the values before and after.", no_args_is_help=True)

_COLUMNS = {
    "createdon": "When",
    "actorname": "Who",
    "act": "What",
    "objectname": "Of",
    "told": "Changes",
}


@app.command("list")
def find_all(
    *,
    search: Annotated[
        str | None, typer.Option("--search", help="Part of an act, a person, an object.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List what was done, latest first."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import audit
        from serversync.administration.records import as_dict

        output.rows(
            [{**as_dict(one), "told": audit.told(one)} for one in audit.find_all(search=search, limit=limit)],
            _COLUMNS,
            empty="Nothing was done yet.",
        )
