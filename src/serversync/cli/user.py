"""``serversync user``: the people whose mail is synchronized, and what each may do."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli import apikey, passwords
from serversync.cli.session import Json, with_database
from serversync.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serversync.crm.models import SystemUser

app = typer.Typer(help="The people whose mail is synchronized, and what each may do.", no_args_is_help=True)
app.add_typer(apikey.app, name="key")

_COLUMNS = {
    "fullname": "Name",
    "domainname": "User name",
    "internalemailaddress": "E-mail address",
    "emailrouteraccessapprovalname": "Address status",
    "roletext": "Roles",
    "isdisabled": "Disabled",
}

Login = Annotated[str, typer.Argument(help="User name or address.")]
Roles = Annotated[
    list[str] | None, typer.Option("--role", help="Name of a role; may be given several times.")
]


def rows(users: "Sequence[SystemUser]") -> list[dict[str, Any]]:
    """Return users with the names of their roles as a listing shows them."""
    from serversync.administration import people
    from serversync.administration.records import as_dict

    roles = people.roles_of(users)
    return [
        {
            **as_dict(user),
            "roles": roles.get(str(user.pk), []),
            "roletext": ", ".join(roles.get(str(user.pk), [])) or None,
        }
        for user in users
    ]


Track = Annotated[
    str | None,
    typer.Option("--track", help="Which mail becomes activities: all, responses, customers, records, none."),
]


@app.command("add")
def add(  # noqa: PLR0913 - Typer makes an option of each parameter
    login: Annotated[str, typer.Argument(help="User name; an e-mail address is the mailbox's address too.")],
    *,
    name: Annotated[str | None, typer.Option("--name", help="Full name.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="Primary e-mail address.")] = None,
    track: Track = None,
    admin: Annotated[bool, typer.Option("--admin", help="Gets the role System Administrator.")] = False,
    role: Roles = None,
    ask_password: Annotated[bool, typer.Option("--ask-password", help="Ask for a log-in password.")] = False,
    password_stdin: passwords.FromStdin = False,
    password_file: passwords.FromFile = None,
    as_json: Json = False,
) -> None:
    """Add a user with a mailbox; without a password the user cannot log in to the pages."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import filters, people

        if track is not None:
            filters.method_of(track)
        password = passwords.given(stdin=password_stdin, file=password_file, environment=False)
        if password is None and ask_password:
            password = passwords.ask("Log-in password")
        user = people.add(
            login, fullname=name, address=address, password=password, administrator=admin, roles=role
        )
        filters.set_for_user(user, track=track)
        if output.as_json:
            output.json(rows([user])[0])
            return
        output.say(f"Added {user.fullname} ({user.internalemailaddress or 'no e-mail address'}).")
        if user.internalemailaddress:
            output.say(f"Next: serversync mailbox approve {user.internalemailaddress}")


@app.command("edit")
def edit(  # noqa: PLR0913 - Typer makes an option of each parameter
    login: Login,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Full name.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="Primary e-mail address.")] = None,
    role: Roles = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether the user may log in and has mail.")
    ] = None,
    ask_password: Annotated[bool, typer.Option("--ask-password", help="Ask for a new password.")] = False,
    password_stdin: passwords.FromStdin = False,
    password_file: passwords.FromFile = None,
    as_json: Json = False,
) -> None:
    """Change what is given of a user; --role replaces all roles."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import people

        password = passwords.given(stdin=password_stdin, file=password_file, environment=False)
        if password is None and ask_password:
            password = passwords.ask("New log-in password")
        if all(one is None for one in (name, address, role, disabled, password)):
            raise InputInvalid(field="Change", reason="nothing to change was given")
        user = people.edit(
            people.find(login),
            fullname=name,
            address=address,
            password=password,
            disabled=disabled,
            roles=role,
        )
        if output.as_json:
            output.json(rows([user])[0])
        else:
            output.say(f"Changed {user.fullname}.")


@app.command("unlock")
def unlock(login: Login, *, as_json: Json = False) -> None:
    """Lift the pause after too many failed log-ins."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import logon, people

        user = people.find(login)
        lifted = logon.unlock(user)
        if output.as_json:
            output.json({"domainname": user.domainname, "lifted": lifted})
        else:
            output.say(f"{user.fullname} may log in{'' if lifted else '; there was no pause'}.")


@app.command("options")
def options(
    login: Login,
    *,
    track: Track = None,
    new_senders: Annotated[
        str | None,
        typer.Option("--new-senders", help="What unknown senders become: nothing, contact, lead."),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="IANA or Windows name; '' for the organization's.")
    ] = None,
    company: Annotated[
        bool | None,
        typer.Option(
            "--company/--no-company",
            help="Whether the company of contacts in Outlook is kept as the name of their parent.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Choose the personal options of a user, such as which mail becomes activities; show all."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import companies, filters, people, timezones
        from serversync.administration.records import as_dict

        user = people.find(login)
        filters.set_for_user(user, track=track, new_senders=new_senders)
        if time_zone is not None:
            timezones.choose(user, time_zone)
        if company is not None:
            companies.choose(user, are_updated=company)
        output.record(as_dict(filters.options_of(user)))


@app.command("list")
def find_all(
    *,
    search: Annotated[str | None, typer.Option("--search", help="Part of a name or address.")] = None,
    as_json: Json = False,
) -> None:
    """List the users with their roles."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import people

        output.rows(
            rows(people.find_all(search)),
            _COLUMNS,
            empty="There are no users. Add the first: serversync user add ada@example.org --name 'Ada Lovelace'",
        )
