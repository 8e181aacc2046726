"""``serversync contact``: people outside, whose mail is found to be theirs by its address."""

from typing import Annotated

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="People outside.", no_args_is_help=True)

_COLUMNS = {
    "fullname": "Name",
    "company": "Company",
    "emailaddress1": "E-mail address",
    "telephone1": "Business phone",
}
Text = str | None


@app.command("add")
def add(
    lastname: Annotated[str, typer.Argument(help="Last name.")],
    *,
    firstname: Annotated[Text, typer.Option("--first-name", help="First name.")] = None,
    company: Annotated[Text, typer.Option("--company", help="Where the person works.")] = None,
    address: Annotated[Text, typer.Option("--email", help="First e-mail address.")] = None,
    second: Annotated[Text, typer.Option("--email2", help="Second e-mail address.")] = None,
    third: Annotated[Text, typer.Option("--email3", help="Third e-mail address.")] = None,
    phone: Annotated[Text, typer.Option("--phone", help="Business phone.")] = None,
    as_json: Json = False,
) -> None:
    """Add a contact."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import customers
        from serversync.administration.records import as_dict

        given = {
            "lastname": lastname,
            "firstname": firstname,
            "company": company,
            "emailaddress1": address,
            "emailaddress2": second,
            "emailaddress3": third,
            "telephone1": phone,
        }
        made = customers.add(customers.CONTACT, {name: value for name, value in given.items() if value})
        if output.as_json:
            output.json(as_dict(made))
            return
        output.say(f"Added the contact {made}.")


@app.command("list")
def find_all(
    *,
    search: Annotated[Text, typer.Option("--search", help="Words in name, company or address.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List contacts, the newest first."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import customers
        from serversync.administration.records import as_dict

        output.rows(
            map(as_dict, customers.newest(customers.CONTACT, search or "", limit=limit)),
            _COLUMNS,
            empty="There are no contacts. Add one: serversync contact add LASTNAME --email ADDRESS",
        )
