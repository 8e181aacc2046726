"""``serversync series``: recurring appointments; they are made in Outlook, and seen and ended here."""

from typing import Any

import typer

from serversync.cli import activity

app = typer.Typer(help="Recurring appointments.", no_args_is_help=True)


def _occurrences(row: Any) -> dict[str, Any]:
    from serversync.administration import occurrences
    from serversync.administration.records import plain

    return {"pattern": occurrences.pattern(row), "next": plain(occurrences.upcoming(row))}


activity.register(
    app,
    "series",
    {"subject": "Subject", "pattern": "Pattern", "timezone": "Time zone", "statuscodename": "Status"},
    _occurrences,
)
