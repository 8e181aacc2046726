"""``serversync account``: companies outside."""

from typing import Annotated

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="Companies outside.", no_args_is_help=True)

_COLUMNS = {
    "name": "Name",
    "accountnumber": "Number",
    "emailaddress1": "E-mail address",
    "telephone1": "Main phone",
}
Text = str | None


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the company is called.")],
    *,
    number: Annotated[Text, typer.Option("--number", help="Account number.")] = None,
    address: Annotated[Text, typer.Option("--email", help="First e-mail address.")] = None,
    second: Annotated[Text, typer.Option("--email2", help="Second e-mail address.")] = None,
    third: Annotated[Text, typer.Option("--email3", help="Third e-mail address.")] = None,
    phone: Annotated[Text, typer.Option("--phone", help="Main phone.")] = None,
    as_json: Json = False,
) -> None:
    """Add an account."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import customers
        from serversync.administration.records import as_dict

        given = {
            "name": name,
            "accountnumber": number,
            "emailaddress1": address,
            "emailaddress2": second,
            "emailaddress3": third,
            "telephone1": phone,
        }
        made = customers.add(customers.ACCOUNT, {column: value for column, value in given.items() if value})
        if output.as_json:
            output.json(as_dict(made))
            return
        output.say(f"Added the account {made}.")


@app.command("list")
def find_all(
    *,
    search: Annotated[Text, typer.Option("--search", help="Words in name, number or address.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List accounts, the newest first."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import customers
        from serversync.administration.records import as_dict

        output.rows(
            map(as_dict, customers.newest(customers.ACCOUNT, search or "", limit=limit)),
            _COLUMNS,
            empty="There are no accounts. Add one: serversync account add NAME --email ADDRESS",
        )
