"""``serversync user``: the people whose mail is synchronized."""

from typing import Annotated

import typer

from serversync.cli import passwords
from serversync.cli.session import Json, with_database

app = typer.Typer(help="The people whose mail is synchronized.", no_args_is_help=True)

_COLUMNS = {
    "fullname": "Name",
    "domainname": "User name",
    "internalemailaddress": "E-mail address",
    "emailrouteraccessapprovalname": "Address status",
    "isdisabled": "Disabled",
}


@app.command("add")
def add(
    login: Annotated[str, typer.Argument(help="User name; an e-mail address is the mailbox's address too.")],
    *,
    name: Annotated[str | None, typer.Option("--name", help="Full name.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="Primary e-mail address.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="May do everything.")] = False,
    ask_password: Annotated[bool, typer.Option("--ask-password", help="Ask for a log-in password.")] = False,
    password_stdin: passwords.FromStdin = False,
    password_file: passwords.FromFile = None,
    as_json: Json = False,
) -> None:
    """Add a user with a mailbox; without a password the user cannot log in to the pages."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import people
        from serversync.administration.records import as_dict

        password = passwords.given(stdin=password_stdin, file=password_file, environment=False)
        if password is None and ask_password:
            password = passwords.ask("Log-in password")
        user = people.add(login, fullname=name, address=address, password=password, administrator=admin)
        if output.as_json:
            output.json(as_dict(user))
            return
        output.say(f"Added {user.fullname} ({user.internalemailaddress or 'no e-mail address'}).")
        if user.internalemailaddress:
            output.say(f"Next: serversync mailbox approve {user.internalemailaddress}")


@app.command("list")
def find_all(
    *,
    search: Annotated[str | None, typer.Option("--search", help="Part of a name or address.")] = None,
    as_json: Json = False,
) -> None:
    """List the users."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import people
        from serversync.administration.records import as_dict

        output.rows(
            map(as_dict, people.find_all(search)),
            _COLUMNS,
            empty="There are no users. Add the first: serversync user add ada@example.org --name 'Ada Lovelace'",
        )
