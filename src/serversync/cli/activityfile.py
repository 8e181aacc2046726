"""What the commands for files of appointments and of tasks have in common: listing, attaching, saving, removing."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli.activity import Key
from serversync.cli.session import Json, with_database
from serversync.core.errors import InputInvalid

if TYPE_CHECKING:
    from serversync.administration.activities import Activity
    from serversync.crm.models import ActivityMimeAttachment

File = Annotated[str, typer.Argument(help="Id or name of the file.")]
_COLUMNS = {"activitymimeattachmentid": "Id", "filename": "Name", "filesize": "Bytes", "mimetype": "Type"}


@dataclass(slots=True)
class FromDisk:
    """A file of this machine, to be attached."""

    path: Path
    name: str | None
    size: int | None
    content_type: str | None

    def read(self) -> bytes:
        """Return all of it."""
        return self.path.read_bytes()


def register(app: typer.Typer, word: str) -> None:
    """Give an application the commands ``file list``, ``attach``, ``save`` and ``remove`` of a kind."""
    files = typer.Typer(help=f"Files of a {word}." if word == "task" else f"Files of an {word}.")
    app.add_typer(files, name="file", no_args_is_help=True)

    def activity(key: str) -> "Activity":
        from serversync.administration import activities, activity_files

        kinds = {kind.word: kind for kind in activity_files.KINDS.values()}
        return activities.find(kinds[word], key)

    @files.command("list")
    def find_all(key: Key, *, as_json: Json = False) -> None:
        """List the files of one."""
        with with_database(as_json=as_json) as output:
            from serversync.administration import activity_files

            rows = map(_shown, activity_files.of(activity(key)))
            output.rows(rows, _COLUMNS, empty="It has no files.")

    @files.command("attach")
    def attach(
        key: Key,
        paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of this machine.")],
        *,
        as_json: Json = False,
    ) -> None:
        """Attach files; where a setting says so they go to Exchange."""
        with with_database(as_json=as_json) as output:
            from serversync.administration import activity_files

            row = activity(key)
            for path in paths:
                count = activity_files.attach(row, [_from_disk(path)])
                if not output.as_json:
                    output.say(f"Attached {path.name}." if count else f"{path.name} is attached already.")
            if output.as_json:
                output.json([_shown(each) for each in activity_files.of(row)])

    @files.command("save")
    def save(
        key: Key,
        file: File,
        *,
        to: Annotated[
            Path | None, typer.Option("--to", help="Where to; otherwise under its name in this folder.")
        ] = None,
    ) -> None:
        """Save a file; one that is there already is never overwritten."""
        with with_database(as_json=False) as output:
            from serversync.administration import activity_files
            from serversync.rules.attachments import safe_name

            found = activity_files.find(activity(key), file)
            target = to or Path(safe_name(found.filename))
            _write(target, found)
            output.say(f"Saved {target}.")

    @files.command("remove")
    def remove(key: Key, file: File) -> None:
        """Take a file away; where a setting says so it goes from Exchange, too."""
        with with_database(as_json=False) as output:
            from serversync.administration import activity_files

            row = activity(key)
            output.say(f"Removed {activity_files.remove(row, activity_files.find(row, file).pk)}.")


def _shown(file: "ActivityMimeAttachment") -> dict[str, Any]:
    from serversync.administration.records import as_dict

    return as_dict(file)


def _from_disk(path: Path) -> FromDisk:
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputInvalid(field="FILE", reason=f"{path} cannot be read ({error.strerror})") from error
    kind, _ = mimetypes.guess_type(path.name)
    return FromDisk(path, path.name, size, kind or "application/octet-stream")


def _write(target: Path, file: "ActivityMimeAttachment") -> None:
    from serversync.administration import activity_files

    try:
        with target.open("xb") as written:
            for piece in activity_files.pieces(file):
                written.write(piece)
    except OSError as error:
        raise InputInvalid(field="--to", reason=f"{target} cannot be written ({error.strerror})") from error
