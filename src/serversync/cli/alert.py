"""``serversync alert``: what went wrong, and what to do about it."""

from typing import Annotated

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="What went wrong, and what to do about it.", no_args_is_help=True)

_COLUMNS = {
    "laston": "Last",
    "levelname": "Level",
    "emailaddress": "Mailbox",
    "occurrences": "Times",
    "text": "What",
    "errordetails": "What to do",
}


@app.command("list")
def find_all(
    *,
    mailbox: Annotated[str | None, typer.Option("--mailbox", help="Only those of this mailbox.")] = None,
    level: Annotated[str | None, typer.Option("--level", help="information, warning or error.")] = None,
    healed: Annotated[bool, typer.Option("--healed", help="Also those that are over.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List alerts, latest first."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import alerts, documents, mailboxes

        chosen = mailboxes.find(mailbox) if mailbox else None
        found = alerts.find_all(mailbox=chosen, level=level, healed=healed, limit=limit)
        output.rows(documents.of_alerts(found), _COLUMNS, empty="There are no alerts.")
