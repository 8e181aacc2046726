"""``serversync``: the program.

Each group of commands is a module that imports what it needs when a command runs, so that ``--help`` is immediate.
"""

from typing import Annotated

import typer

from serversync import __version__
from serversync.cli import (
    account,
    alert,
    appointment,
    audit,
    check,
    contact,
    correspondence,
    email,
    folder,
    job,
    mailbox,
    profile,
    queue,
    running,
    secret,
    series,
    service,
    session,
    settings,
    simulator,
    syncfilter,
    task,
    user,
)
from serversync.cli.session import EXIT_CODES

app = typer.Typer(
    name="serversync",
    help="Server-side synchronization between a CRM and Exchange Server on-premises.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

GROUPS = {
    "user": user.app,
    "queue": queue.app,
    "contact": contact.app,
    "account": account.app,
    "profile": profile.app,
    "settings": settings.app,
    "secrets": secret.app,
    "mailbox": mailbox.app,
    "folder": folder.app,
    "filter": syncfilter.app,
    "email": email.app,
    "appointment": appointment.app,
    "series": series.app,
    "service": service.app,
    "task": task.app,
    "phonecall": correspondence.phonecall,
    "letter": correspondence.letter,
    "fax": correspondence.fax,
    "alert": alert.app,
    "job": job.app,
    "audit": audit.app,
}
"""Commands of two words, by their first."""

COMMANDS = (running.register, check.register, simulator.register)
"""Commands of one word; each entry adds some."""

for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name, epilog=EXIT_CODES)
for _register in COMMANDS:
    _register(app)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"serversync {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=lambda value: _version(wanted=value), is_eager=True)
    ] = False,
    acting_as: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="USER", help="Act as this user, with the privileges of the user's roles."
        ),
    ] = None,
) -> None:
    """Server-side synchronization between a CRM and Exchange Server on-premises."""
    del version  # its callback has answered already
    session.acting_as[:] = [acting_as] if acting_as else []


def main() -> None:
    """Run the command that the arguments name."""
    app()
