"""``serversync folder``: sub-folders of a user's Inbox of which every message is tracked."""

from typing import Annotated

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="Tracked folders of a user.", no_args_is_help=True)

_COLUMNS = {"path": "Folder", "tracked": "Tracked", "regarding": "Regarding", "status": "Status"}
_Address = Annotated[str, typer.Argument(help="Address of the mailbox.")]
_Folder = Annotated[str, typer.Argument(help="Path below the Inbox, such as Projects/Lighthouse.")]


@app.command("list")
def find_all(address: _Address, *, as_json: Json = False) -> None:
    """List the folders below the Inbox, and which of them are tracked."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import mailboxes, tracked_folders

        mailbox = mailboxes.find(address)
        tracked = {one.folder.exchangefolderid: one for one in tracked_folders.find_all(mailbox)}
        rows = []
        for one in tracked_folders.offered(mailbox):
            mine = tracked.pop(one.id, None)
            rows.append(_row(one.path, mine))
        rows += [_row(one.folder.exchangefoldername or "", one) for one in tracked.values()]
        output.rows(rows, _COLUMNS, empty="There is no folder below the Inbox. Make one in Outlook.")


def _row(path: str, tracked: object) -> dict[str, object]:
    from serversync.administration.tracked_folders import Tracked
    from serversync.crm.models.mailboxtrackingfolder import FolderOnboardingStatus

    if not isinstance(tracked, Tracked):
        return {"path": path, "tracked": False, "regarding": None, "status": None}
    status = FolderOnboardingStatus(tracked.folder.folderonboardingstatus).label
    return {"path": path, "tracked": True, "regarding": tracked.regarding or None, "status": str(status)}


@app.command("add")
def add(
    address: _Address,
    folder: _Folder,
    *,
    regarding: Annotated[
        str,
        typer.Option(
            "--regarding", help="What its mail is about: an e-mail address, contact:ID or account:ID."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Track a folder from now on."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import mailboxes, tracked_folders
        from serversync.administration.records import as_dict

        made = tracked_folders.add(mailboxes.find(address), folder, regarding=regarding)
        output.record(as_dict(made))


@app.command("remove")
def remove(address: _Address, folder: _Folder, *, as_json: Json = False) -> None:
    """Track a folder no longer; what was tracked stays."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import mailboxes, tracked_folders

        tracked_folders.remove(mailboxes.find(address), folder)
        if output.as_json:
            output.json({"removed": folder})
            return
        output.say(f"{folder} is not tracked any more.")
