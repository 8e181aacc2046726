"""``serversync task``: tasks; those in a user's filters stand in the user's mailbox."""

from typing import Annotated, Any, Final

import typer

from serversync.cli import activity, activityfile
from serversync.cli.activity import Importance, Key, Owner
from serversync.cli.session import Json, with_database
from serversync.core.errors import InputInvalid

app = typer.Typer(help="Tasks.", no_args_is_help=True)

Start = Annotated[str | None, typer.Option("--start", help="Start date, such as 2026-01-31; '' for none.")]
Due = Annotated[str | None, typer.Option("--due", help="Due date; '' for none.")]
Remind = Annotated[
    str | None,
    typer.Option(
        "--remind", help="When Outlook reminds, such as 2026-01-31T09:00, in the owner's zone; '' for never."
    ),
]
Percent = Annotated[int | None, typer.Option("--percent", min=0, max=100, help="How much of it is done.")]
Status = Annotated[
    str | None, typer.Option("--status", help="not-started, in-progress, waiting or deferred.")
]
Body = Annotated[str | None, typer.Option("--body", help="Description.")]
DAYS: Final = {"start": "Start Date", "due": "Due Date"}
"""What is a day without a time, by the names of the entries."""

activity.register(
    app,
    "task",
    {
        "subject": "Subject",
        "scheduledend": "Due",
        "percentcomplete": "% complete",
        "statuscodename": "Status",
    },
    lambda _: {},
)
activityfile.register(app, "task")


def _entries(owner: Any, **given: Any) -> Any:
    """Return what was given."""
    from serversync.administration import tasks

    return tasks.TaskEntries(**activity.dated(owner, DAYS, **given))  # type: ignore[typeddict-item]


@app.command("add")
def add(  # noqa: PLR0913 - Typer makes an option of each parameter
    subject: Annotated[str, typer.Argument(help="Subject.")],
    *,
    owner: Owner = None,
    start: Start = None,
    due: Due = None,
    remind: Remind = None,
    percent: Percent = None,
    status: Status = None,
    importance: Importance = None,
    body: Body = None,
    as_json: Json = False,
) -> None:
    """Add a task."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import activities, tasks
        from serversync.administration.records import as_dict

        given = _entries(
            activities.owner_of_new(owner),
            subject=subject,
            start=start,
            due=due,
            reminder=remind,
            percent=percent,
            status=status,
            importance=importance,
            description=body,
        )
        made = tasks.add(given, owner=owner)
        if output.as_json:
            output.json(as_dict(made))
        else:
            output.say(f"Added the task {made}.")


@app.command("edit")
def edit(  # noqa: PLR0913 - Typer makes an option of each parameter
    key: Key,
    *,
    subject: Annotated[str | None, typer.Option("--subject", help="Subject.")] = None,
    start: Start = None,
    due: Due = None,
    remind: Remind = None,
    percent: Percent = None,
    status: Status = None,
    importance: Importance = None,
    body: Body = None,
    as_json: Json = False,
) -> None:
    """Change what is given of a task."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import activities, tasks
        from serversync.administration.records import as_dict
        from serversync.crm.models import Task

        row = activities.find(activities.TASK, key)
        if not isinstance(row, Task):
            raise TypeError("tasks are rows of their table")
        given = _entries(
            row.ownerid,
            subject=subject,
            start=start,
            due=due,
            reminder=remind,
            percent=percent,
            status=status,
            importance=importance,
            description=body,
        )
        if not given:
            raise InputInvalid(field="Change", reason="nothing to change was given")
        changed = tasks.edit(row, given)
        if output.as_json:
            output.json(as_dict(changed))
        else:
            output.say(f"Changed {changed}.")
