"""``serversync phonecall``, ``letter`` and ``fax``: those in a user's filters stand in the user's mailbox, as tasks."""

from typing import Annotated, Any, Final

import typer

from serversync.cli import activity
from serversync.cli.activity import Importance, Key, Owner
from serversync.cli.session import Json, with_database
from serversync.cli.task import DAYS, Body, Due, Remind, Start
from serversync.core.errors import InputInvalid

Began = Annotated[str | None, typer.Option("--began", help="The day on which it was begun; '' for none.")]
Direction = Annotated[str | None, typer.Option("--direction", help="outgoing or incoming.")]
To = Annotated[str | None, typer.Option("--to", help="Telephone or fax number, or address; '' for none.")]
_DAYS: Final = {**DAYS, "began": "Began"}


def application(word: str, noun: str, plural: str, column: str) -> typer.Typer:
    """Return the commands of one of the three.

    Args:
        word: The word for it.
        noun: What people call one of them.
        plural: What people call many.
        column: The column with where it goes to or comes from.
    """
    app = typer.Typer(help=f"{plural.capitalize()}.", no_args_is_help=True)
    shown = {"subject": "Subject", column: "To", "scheduledend": "Due", "statuscodename": "Status"}
    activity.register(app, word, shown, lambda _: {})

    def added(
        output: Any,
        *,
        subject: str,
        owner: str | None,
        importance: str | None,
        body: str | None,
        **given: Any,
    ) -> None:
        from serversync.administration import activities, correspondence
        from serversync.administration.records import as_dict

        whose = activities.owner_of_new(owner)
        entered: Any = activity.dated(
            whose, _DAYS, subject=subject, importance=importance, description=body, **given
        )
        made = correspondence.add(activity.kind_of(word), entered, owner=owner)
        if output.as_json:
            output.json(as_dict(made))
        else:
            output.say(f"Added the {noun} {made}.")

    def edited(output: Any, key: str, *, body: str | None, **given: Any) -> None:
        from serversync.administration import activities, correspondence
        from serversync.administration.records import as_dict

        kind = activity.kind_of(word)
        row: Any = activities.find(kind, key)
        entered: Any = activity.dated(row.ownerid, _DAYS, description=body, **given)
        if not entered:
            raise InputInvalid(field="Change", reason="nothing to change was given")
        changed = correspondence.edit(kind, row, entered)
        if output.as_json:
            output.json(as_dict(changed))
        else:
            output.say(f"Changed {changed}.")

    _register(app, noun, added, edited)
    return app


def _register(app: typer.Typer, noun: str, added: Any, edited: Any) -> None:
    @app.command("add", help=f"Add a {noun}.")
    def add(  # noqa: PLR0913 - Typer makes an option of each parameter
        subject: Annotated[str, typer.Argument(help="Subject.")],
        *,
        owner: Owner = None,
        to: To = None,
        direction: Direction = None,
        start: Start = None,
        due: Due = None,
        began: Began = None,
        remind: Remind = None,
        importance: Importance = None,
        body: Body = None,
        as_json: Json = False,
    ) -> None:
        with with_database(as_json=as_json) as output:
            added(
                output,
                subject=subject,
                owner=owner,
                destination=to,
                direction=direction,
                start=start,
                due=due,
                began=began,
                reminder=remind,
                importance=importance,
                body=body,
            )

    @app.command("edit", help=f"Change what is given of a {noun}.")
    def edit(  # noqa: PLR0913 - Typer makes an option of each parameter
        key: Key,
        *,
        subject: Annotated[str | None, typer.Option("--subject", help="Subject.")] = None,
        to: To = None,
        direction: Direction = None,
        start: Start = None,
        due: Due = None,
        began: Began = None,
        remind: Remind = None,
        importance: Importance = None,
        body: Body = None,
        as_json: Json = False,
    ) -> None:
        with with_database(as_json=as_json) as output:
            edited(
                output,
                key,
                subject=subject,
                destination=to,
                direction=direction,
                start=start,
                due=due,
                began=began,
                reminder=remind,
                importance=importance,
                body=body,
            )


phonecall = application("phonecall", "phone call", "phone calls", "phonenumber")
letter = application("letter", "letter", "letters", "address")
fax = application("fax", "fax", "faxes", "faxnumber")
