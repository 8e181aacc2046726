"""``serversync email``: the mail that is tracked, and mail to be sent."""

import asyncio
import html
import mimetypes
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli.output import ExitCode
from serversync.cli.session import Json, own_words, with_database
from serversync.core.errors import InputInvalid

if TYPE_CHECKING:
    from serversync.administration.composing import MessageEntries

app = typer.Typer(help="The mail that is tracked, and mail to be sent.", no_args_is_help=True)

_COLUMNS = {
    "receivedon": "Received",
    "sender": "From",
    "torecipients": "To",
    "subject": "Subject",
    "attachmentcount": "Files",
    "activityid": "Id",
}


@app.command("list")
def find_all(
    *,
    search: Annotated[
        str | None, typer.Option("--search", help="Part of subject, sender, recipients or message id.")
    ] = None,
    mailbox: Annotated[str | None, typer.Option("--mailbox", help="Only mail of this mailbox.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List tracked mail, latest first."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import documents, emails, mailboxes

        chosen = mailboxes.find(mailbox) if mailbox else None
        rows = emails.find_all(search=search, mailbox=chosen, limit=limit)
        output.rows(
            [documents.of_listed_email(one) for one in rows],
            _COLUMNS,
            empty="No tracked mail fits. See what the mailboxes do: serversync mailbox list",
        )


@app.command("show")
def show(
    reference: Annotated[str, typer.Argument(metavar="ID", help="Activity id or message id.")],
    *,
    as_json: Json = False,
) -> None:
    """Show one message with its parties and attachments."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import documents, emails

        found = emails.show(reference)
        row = documents.of_email(found)
        if output.as_json:
            output.json(row)
            return
        row["description"] = f"{len(found.email.description or '')} characters of HTML (--json shows it)"
        output.record(row)
        for one in row["activityparties"]:
            record = f"{one['partyobjecttypecode']} {one['partyid']}" if one["partyid"] else "unresolved"
            name = one["unresolvedpartyname"]
            who = f"{name} <{one['addressused']}>" if name else one["addressused"]
            output.say(f"{one['participationtypemaskname']}: {who} ({record})")
        for report in found.reports:
            fate = report.get_fate_display()
            output.say(f"{fate}: {report.address or 'a recipient'} ({report.reason or 'no reason is given'})")
        for one in row["activitymimeattachments"]:
            output.say(f"Attachment: {one['filename']} ({one['mimetype']}, {one['filesize']} bytes)")


Addresses = list[str]


@app.command("send")
def send(  # noqa: PLR0913 - Typer makes an option of each parameter
    *,
    sender: Annotated[
        str | None, typer.Option("--from", help="Address of a user or queue. [default: one's own]")
    ] = None,
    to: Annotated[Addresses | None, typer.Option("--to", help="A recipient; may be given again.")] = None,
    cc: Annotated[Addresses | None, typer.Option("--cc", help="One who gets a copy.")] = None,
    bcc: Annotated[Addresses | None, typer.Option("--bcc", help="One who gets a copy unseen.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="The subject.")] = None,
    body: Annotated[str | None, typer.Option("--body", help="The text; - reads it from stdin.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="A file with the body as HTML.")] = None,
    attach: Annotated[
        list[Path] | None, typer.Option("--attach", help="A file to go along; may be given again.")
    ] = None,
    importance: Annotated[str, typer.Option("--importance", help="low, normal or high.")] = "normal",
    reply_to: Annotated[
        str | None,
        typer.Option("--reply-to", metavar="ID", help="Answer this e-mail: activity or message id."),
    ] = None,
    reply_all: Annotated[bool, typer.Option("--reply-all", help="Answer all of its recipients.")] = False,
    forward: Annotated[
        str | None, typer.Option("--forward", metavar="ID", help="Pass this e-mail on, with its files.")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Leave it a draft; do not send it.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Send it in this process, and wait for it.")] = False,
    as_json: Json = False,
) -> None:
    """Write an e-mail and send it; or answer one, or pass one on."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import composing, sending
        from serversync.administration.records import as_dict

        if reply_to and forward:
            raise InputInvalid(
                field="--forward", reason="an e-mail either answers another one or passes it on"
            )
        given: dict[str, Any] = {
            "sender": sender,
            "to": to,
            "cc": cc,
            "bcc": bcc,
            "subject": subject,
            "body": _body(body, html_file),
            "files": [_file(path) for path in attach or ()],
            "importance": importance,
        }
        values: MessageEntries = {key: value for key, value in given.items() if value}  # type: ignore[assignment]  # the keys are those of the options
        if reply_to:
            email = composing.reply(reply_to, values, to_all=reply_all)
        elif forward:
            email = composing.forward(forward, values)
        else:
            email = composing.compose(values)
        if not draft:
            email = sending.send(email)
            if wait:
                from serversync.jobs.single import deliver_now

                with own_words():
                    asyncio.run(deliver_now(email.pk))
                email.refresh_from_db()
        sentence = sending.state(email)
        if output.as_json:
            output.json({**as_dict(email), "state": sentence})
        else:
            output.say(f"{email.subject}: {sentence}")
            output.say(f"Id: {email.pk}")
        if wait and email.statuscode != sending.SENT:
            raise typer.Exit(ExitCode.SOME_FAILED)


def _body(text: str | None, html_file: Path | None) -> str:
    if html_file is not None:
        try:
            return html_file.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise InputInvalid(field="--html", reason=f"{html_file} cannot be read ({error})") from error
    plain = sys.stdin.read() if text == "-" else text or ""
    return "".join(f"<p>{html.escape(line)}</p>" for line in plain.splitlines())


def _file(path: Path) -> Any:
    from serversync.administration.composing import NewFile

    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputInvalid(field="--attach", reason=f"{path} cannot be read ({error.strerror})") from error
    kind, _ = mimetypes.guess_type(path.name)
    return NewFile(path.name, content, kind or "application/octet-stream")
