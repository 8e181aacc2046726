"""``serversync mailbox``: the mailboxes that are synchronized, and the commands of their page."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli import passwords
from serversync.cli.output import ExitCode, Output, as_dict, exit_code_of_many
from serversync.cli.session import Json, own_words, with_database
from serversync.core.errors import ServiceError

if TYPE_CHECKING:
    from serversync.administration.mailboxes import MailboxState
    from serversync.crm.models import Mailbox

app = typer.Typer(help="The mailboxes that are synchronized.", no_args_is_help=True)

_COLUMNS = {
    "name": "Name",
    "emailaddress": "E-mail address",
    "emailserverprofilename": "Server profile",
    "emailrouteraccessapprovalname": "Address status",
    "incomingemailstatusname": "Incoming",
    "state": "State",
    "sentence": "What happens next",
}
_EMPTY = "There are no mailboxes here. They come with users and queues: serversync user add ada@example.org"

Addresses = Annotated[
    list[str] | None, typer.Argument(metavar="ADDRESS...", help="Addresses or ids of mailboxes.")
]
One = Annotated[str, typer.Argument(metavar="ADDRESS", help="Address or id of the mailbox.")]
Everything = Annotated[bool, typer.Option("--all", help="All active mailboxes.")]


def row(state: "MailboxState") -> dict[str, Any]:
    """Return a mailbox with its state as a listing shows it."""
    from serversync.administration import documents

    return documents.of_mailbox(state)


def _write(output: Output, states: "Iterable[MailboxState]") -> None:
    output.rows(map(row, states), _COLUMNS, empty=_EMPTY)


def _change(
    addresses: list[str] | None,
    what: "Callable[[list[Mailbox]], list[MailboxState]]",
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Do something to the mailboxes that are meant, and write how they are then."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import mailboxes

        _write(output, what(mailboxes.choose(addresses or [], everything=everything)))


@app.command("list")
def find_all(
    *,
    search: Annotated[str | None, typer.Option("--search", help="Part of a name or address.")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="Name of a profile.")] = None,
    approval: Annotated[
        str | None, typer.Option("--approval", help="empty, approved, pending or rejected.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List mailboxes, each with when it synchronizes next or why not."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import mailboxes

        _write(output, mailboxes.find_all(search=search, profile=profile, approval=approval))


@app.command("show")
def show(address: One, *, as_json: Json = False) -> None:
    """Show everything about a mailbox."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import mailboxes

        output.record(row(mailboxes.show(address)))


@app.command("apply-defaults")
def apply_defaults(
    addresses: Addresses = None, *, everything: Everything = False, as_json: Json = False
) -> None:
    """Give mailboxes the organization's default profile and delivery methods."""

    def what(chosen: "list[Mailbox]") -> "list[MailboxState]":
        from serversync.administration import mailboxes

        return mailboxes.apply_defaults(chosen)

    _change(addresses, what, everything=everything, as_json=as_json)


@app.command("approve")
def approve(addresses: Addresses = None, *, everything: Everything = False, as_json: Json = False) -> None:
    """Approve the addresses of mailboxes."""

    def what(chosen: "list[Mailbox]") -> "list[MailboxState]":
        from serversync.administration import mailboxes

        return mailboxes.approve(chosen)

    _change(addresses, what, everything=everything, as_json=as_json)


@app.command("reject")
def reject(addresses: Addresses, *, as_json: Json = False) -> None:
    """Reject the addresses of mailboxes: their mail is not processed."""

    def what(chosen: "list[Mailbox]") -> "list[MailboxState]":
        from serversync.administration import mailboxes

        return mailboxes.reject(chosen)

    _change(addresses, what, everything=False, as_json=as_json)


@app.command("edit")
def edit(  # noqa: PLR0913 - Typer makes an option of each parameter
    addresses: Addresses = None,
    *,
    everything: Everything = False,
    profile: Annotated[str | None, typer.Option("--profile", help="Name of a profile; - for none.")] = None,
    incoming: Annotated[str | None, typer.Option("--incoming", help="none, server-side or forward.")] = None,
    outgoing: Annotated[str | None, typer.Option("--outgoing", help="none or server-side.")] = None,
    act: Annotated[
        str | None, typer.Option("--act", help="Appointments, contacts and tasks: none or server-side.")
    ] = None,
    process_email_from: Annotated[
        str | None, typer.Option("--process-email-from", help="Only mail since then (ISO 8601); - for all.")
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Incoming e-mail on or off, without a test.")
    ] = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="State of the mailbox.")] = None,
    username: Annotated[
        str | None,
        typer.Option("--username", help="Account of its own: ada@example.org, or DOMAIN\\user for NTLM."),
    ] = None,
    password_stdin: passwords.FromStdin = False,
    password_file: passwords.FromFile = None,
    use_credentials: Annotated[
        bool | None,
        typer.Option("--use-credentials/--no-use-credentials", help="Whether its own account may be used."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is given of mailboxes; everything else stays."""

    def what(chosen: "list[Mailbox]") -> "list[MailboxState]":
        from serversync.administration import entries, mailboxes

        password = passwords.given(stdin=password_stdin, file=password_file, environment=False)
        given = {
            "emailserverprofile": profile,
            "incomingemaildeliverymethod": incoming,
            "outgoingemaildeliverymethod": outgoing,
            "actdeliverymethod": act,
            "processemailreceivedafter": process_email_from,
            "enabledforincomingemail": enabled,
            "active": active,
            "username": username,
            "password": password,
            "allowemailconnectortousecredentials": use_credentials,
        }
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if profile == "-":
            values["emailserverprofile"] = None
        if process_email_from is not None:
            values["processemailreceivedafter"] = (
                None
                if process_email_from == "-"
                else entries.moment(process_email_from, "Process Email From")
            )
        return mailboxes.edit(chosen, values)  # type: ignore[arg-type]  # the keys are those of the options above

    _change(addresses, what, everything=everything, as_json=as_json)


@app.command("test-enable")
def enable(
    addresses: Addresses = None,
    *,
    everything: Everything = False,
    primary: Annotated[
        bool,
        typer.Option(
            "--primary",
            help="Sync items with Exchange from this org only, even if Exchange was set to sync with a different org.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Open the Inbox of mailboxes; those that answer are enabled and synchronized at once."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import connection, mailboxes

        chosen = mailboxes.choose(addresses or [], everything=everything)
        if primary:
            mailboxes.mark_primary(chosen, primary=True)
        results = connection.enable(chosen)
        errors = [result.trial.error for result in results]
        if output.as_json:
            output.json([{**row(one.state), "error": as_dict(one.trial.error)} for one in results])
        else:
            for one in results:
                address = one.state.mailbox.emailaddress or one.state.mailbox.name
                if one.trial.error is None:
                    output.say(f"{address}: OK, opened in {one.trial.milliseconds} ms and enabled.")
                else:
                    output.error(one.trial.error, about=address)
        _end(errors)


@app.command("sync")
def sync(
    addresses: Addresses = None,
    *,
    everything: Everything = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Run one pass here, now, and say what it did.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print what would be done to contacts and tasks; neither side is written."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make mailboxes due now; with --wait run one pass over each in this process."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import mailboxes
        from serversync.cli import synchronizing

        chosen = mailboxes.choose(addresses or [], everything=everything)
        mailboxes.require_synchronization(chosen, shows_content=dry_run)
        if dry_run:
            _end(synchronizing.plan_all(output, chosen))
            return
        if not wait:
            _write(output, mailboxes.make_due(chosen))
            return
        with own_words():
            done = [synchronizing.run_now(mailbox) for mailbox in chosen]
        if output.as_json:
            output.json([synchronizing.pass_row(*one) for one in zip(chosen, done, strict=True)])
        else:
            for mailbox, one in zip(chosen, done, strict=True):
                synchronizing.tell(output, mailbox, one)
        _end([one.error for one in done])


@app.command("approve-plan")
def approve_plan(addresses: Addresses = None, *, everything: Everything = False) -> None:
    """Let happen what the first plan for contacts and tasks says, from now on."""
    with with_database(as_json=False) as output:
        from serversync.administration import mailboxes, synchronization

        chosen = mailboxes.choose(addresses or [], everything=everything)
        synchronization.approve_plan(chosen)
        for one in chosen:
            output.say(f"{one.emailaddress}: {synchronization.state_of(one).sentence}")


@app.command("held")
def held(
    address: One,
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Let the deletions happen.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep what is left, and part the pairs.")] = False,
    fill: Annotated[
        bool, typer.Option("--fill", help="Make in a replaced mailbox again what it lacks, from the CRM.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List deletions and partings that wait for a person, let them happen, or keep or make again what is left."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import mailboxes, synchronization
        from serversync.core.errors import InputInvalid
        from serversync.crm.models.exchangesyncmailbox import SyncAnswer

        mailbox = mailboxes.find(address)
        answers = {SyncAnswer.DELETE: delete, SyncAnswer.KEEP: keep, SyncAnswer.FILL: fill}
        given = [answer for answer, is_given in answers.items() if is_given]
        if len(given) > 1:
            raise InputInvalid(field="Answer", reason="give only one of --delete, --keep and --fill")
        for answer in given:
            synchronization.answer(mailbox, answer)
        rows = [
            {**one, "titles": ", ".join(one["titles"])}
            for one in synchronization.overview(mailbox).held or ()
        ]
        columns = {
            "kind": "Kind",
            "step": "What",
            "deletions": "How many",
            "linked": "Of",
            "titles": "Such as",
        }
        output.rows(rows, columns, empty="No deletions wait.")


@app.command("items")
def items(
    address: One,
    *,
    retry: Annotated[
        list[str] | None, typer.Option("--retry", metavar="ID", help="Try this one again.")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="ID", help="Leave this one alone until it is retried."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List contacts and tasks that could not be synchronized, retry them, or ignore them."""
    with with_database(as_json=as_json) as output:
        from dataclasses import asdict

        from serversync.administration import entries, mailboxes, records, unsynchronized

        mailbox = mailboxes.find(address)
        if retry:
            unsynchronized.retry(mailbox, [entries.key(one) for one in retry])
        if ignore:
            unsynchronized.ignore(mailbox, [entries.key(one) for one in ignore])
        rows = [
            {
                **asdict(one),
                "key": str(one.key),
                "failed_on": records.iso(one.failed_on) if one.failed_on else None,
                "next_try": records.iso(one.next_try) if one.next_try else "ignored",
            }
            for one in unsynchronized.find_all(mailbox)
        ]
        columns = {"key": "Id", "kind": "Kind", "title": "Title", "reason": "Reason", "remedy": "What to do"}
        output.rows(
            rows, {**columns, "retries": "Tries", "next_try": "Next"}, empty="Everything is synchronized."
        )


@app.command("conflicts")
def conflicts(
    address: One,
    *,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="Forget the values that did not stay.")] = False,
    as_json: Json = False,
) -> None:
    """List fields that both sides had changed, with both values."""
    with with_database(as_json=as_json) as output:
        from dataclasses import asdict

        from serversync.administration import mailboxes, unsynchronized

        mailbox = mailboxes.find(address)
        found = unsynchronized.conflicts(mailbox)
        if dismiss:
            unsynchronized.dismiss_conflicts(mailbox, {one.key for one in found})
            found = unsynchronized.conflicts(mailbox)
        columns = {
            "kind": "Kind",
            "title": "Title",
            "field": "Field",
            "crm": "The CRM",
            "exchange": "Exchange",
        }
        rows = [{**asdict(one), "key": str(one.key)} for one in found]
        output.rows(rows, {**columns, "stayed": "What stayed"}, empty="No field was changed on both sides.")


@app.command("why")
def why(
    address: One,
    *,
    message_id: Annotated[str | None, typer.Option("--message-id", help="Internet message id.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Part of the subject.")] = None,
    as_json: Json = False,
) -> None:
    """Say why a message was tracked, or why not."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import documents, mailboxes, records, traces

        found = traces.why(mailboxes.find(address), message_id=message_id, subject=subject)
        if output.as_json:
            output.json([documents.of_explanation(one) for one in found])
            return
        for one in found:
            if one.trace is not None:
                when = records.iso(one.trace.receivedon) if one.trace.receivedon else "-"
                output.say(f"{when}  {one.trace.senderaddress or '-'}  {one.trace.subject or '(no subject)'}")
            output.say(f"  {one.sentence}" if one.trace else one.sentence)
            for reason in one.reasons:
                output.say(f"    {reason}")


def _end(errors: list[ServiceError | None]) -> None:
    code = exit_code_of_many(errors)
    if code is not ExitCode.DONE:
        raise typer.Exit(code)
