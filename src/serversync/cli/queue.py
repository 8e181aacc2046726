"""``serversync queue``: shared addresses."""

from typing import Annotated

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="Shared addresses, such as support.", no_args_is_help=True)

_COLUMNS = {
    "name": "Name",
    "emailaddress": "E-mail address",
    "emailrouteraccessapprovalname": "Address status",
    "incomingemailfilteringmethodname": "Converts",
}


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    address: Annotated[str, typer.Option("--address", help="Its e-mail address.")],
    owner: Annotated[str | None, typer.Option("--owner", help="User name or address of its owner.")] = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    as_json: Json = False,
) -> None:
    """Add a queue with a mailbox."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import queues
        from serversync.administration.records import as_dict

        queue = queues.add(name, address=address, owner=owner, description=description)
        if output.as_json:
            output.json(as_dict(queue))
            return
        output.say(f"Added the queue {queue.name} ({queue.emailaddress}).")
        output.say(f"Next: serversync mailbox approve {queue.emailaddress}")


@app.command("options")
def options(
    name: Annotated[str, typer.Argument(help="Name or e-mail address.")],
    *,
    track: Annotated[
        str,
        typer.Option(
            "--track", help="Which mail becomes activities: all, responses, customers, records, none."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Choose which mail of a queue becomes activities."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import filters
        from serversync.administration.records import as_dict

        output.record(as_dict(filters.set_for_queue(name, track=track)))


@app.command("list")
def find_all(
    *,
    search: Annotated[str | None, typer.Option("--search", help="Part of a name or address.")] = None,
    as_json: Json = False,
) -> None:
    """List the queues."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import queues
        from serversync.administration.records import as_dict

        output.rows(
            map(as_dict, queues.find_all(search)),
            _COLUMNS,
            empty="There are no queues. Add one: serversync queue add Support --address support@example.org",
        )
