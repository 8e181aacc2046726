"""``serversync email``: the mail that is tracked."""

from typing import Annotated, Any

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="The mail that is tracked.", no_args_is_help=True)

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
        from serversync.administration import emails, mailboxes
        from serversync.administration.records import plain

        chosen = mailboxes.find(mailbox) if mailbox else None
        rows = emails.find_all(search=search, mailbox=chosen, limit=limit)
        columns = ("activityid", "subject", "sender", "torecipients", "receivedon", "senton", "messageid")
        numbers = ("attachmentcount", "statecode", "statuscode", "directioncode")
        output.rows(
            [{name: plain(getattr(one, name)) for name in (*columns, *numbers)} for one in rows],
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
        from serversync.administration import emails
        from serversync.administration.records import as_dict

        found = emails.show(reference)
        row: dict[str, Any] = as_dict(found.email)
        parties = [as_dict(one) for one in found.parties]
        files = [as_dict(one) for one in found.attachments]
        if output.as_json:
            output.json({**row, "activityparties": parties, "activitymimeattachments": files})
            return
        row["description"] = f"{len(found.email.description or '')} characters of HTML (--json shows it)"
        output.record(row)
        for one in parties:
            record = f"{one['partyobjecttypecode']} {one['partyid']}" if one["partyid"] else "unresolved"
            name = one["unresolvedpartyname"]
            who = f"{name} <{one['addressused']}>" if name else one["addressused"]
            output.say(f"{one['participationtypemaskname']}: {who} ({record})")
        for one in files:
            output.say(f"Attachment: {one['filename']} ({one['mimetype']}, {one['filesize']} bytes)")
