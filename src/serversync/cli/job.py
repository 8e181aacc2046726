"""``serversync job``: long work in the background."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli.session import Json, with_database

if TYPE_CHECKING:
    from serversync.administration.jobs import JobState

app = typer.Typer(help="Long work in the background.", no_args_is_help=True)

_COLUMNS = {
    "asyncoperationid": "Id",
    "createdon": "Begun",
    "name": "What",
    "statuscodename": "Status",
    "done": "Done",
    "total": "Of",
    "failed": "Failed",
    "secondsleft": "Seconds left",
}
_FAILURES = {"emailaddress": "Mailbox", "itemstatename": "State", "attempts": "Attempts", "message": "What"}

Id = Annotated[str, typer.Argument(help="Id of the job.")]


def row(state: "JobState") -> dict[str, Any]:
    """Return a job with its progress as a listing shows it."""
    from serversync.administration import records

    progress = state.progress
    return {
        **records.as_dict(state.job),
        "done": progress.done,
        "total": progress.total,
        "succeeded": progress.succeeded,
        "failed": progress.failed,
        "canceled": progress.canceled,
        "again": progress.again,
        "secondsleft": progress.seconds_left,
    }


@app.command("list")
def find_all(
    *,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List jobs with their progress, latest first."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import jobs

        output.rows(
            map(row, jobs.find_all(open_only=open_only, limit=limit)), _COLUMNS, empty="There are no jobs."
        )


@app.command("show")
def show(job: Id, *, as_json: Json = False) -> None:
    """Show a job, and the mailboxes of it that failed or are tried again."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import jobs, records

        found = jobs.find(job)
        (state,) = jobs.states([found])
        failures = [
            {**records.as_dict(item), "emailaddress": item.mailboxid.emailaddress}
            for item in jobs.failures(found)
        ]
        if output.as_json:
            output.json({**row(state), "failures": failures})
            return
        output.record(row(state))
        output.rows(failures, _FAILURES, empty="No mailbox of it failed.")


@app.command("cancel")
def cancel(job: Id, *, as_json: Json = False) -> None:
    """Stop a job: mailboxes that wait are left out, those under way come to their end."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import jobs

        (state,) = jobs.states([jobs.cancel(jobs.find(job))])
        if output.as_json:
            output.json(row(state))
        else:
            output.say(f"{state.job.name}: {state.job.get_statuscode_display()}.")
