"""``serversync doctor``: a check-up of the whole installation."""

from dataclasses import asdict

import typer

from serversync.cli import session
from serversync.cli.output import ExitCode, Output
from serversync.cli.session import Json
from serversync.core.errors import ServiceError

_COLUMNS = {"result": "Result", "name": "Check", "evidence": "Evidence", "remedy": "What to do"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", epilog=session.EXIT_CODES)(doctor)


def doctor(*, as_json: Json = False) -> None:
    """Check database, migrations, secret key, profiles, mailboxes and workers; 3 where something failed."""
    output = Output(as_json=as_json)
    try:
        with session.start_database():
            from serversync.administration.doctor import examine

            with session.acting():
                checks = [asdict(check) for check in examine()]
    except ServiceError as error:
        remedy = error.remedy_text
        checks = [{"name": "start", "result": "failed", "evidence": str(error), "remedy": remedy}]
    output.rows(checks, _COLUMNS, empty="Nothing was checked.")
    if any(check["result"] == "failed" for check in checks):
        raise typer.Exit(ExitCode.MISCONFIGURED)
