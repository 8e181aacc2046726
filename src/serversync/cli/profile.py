"""``serversync profile``: how Exchange servers are reached."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serversync.cli import passwords, steps
from serversync.cli.output import exit_code
from serversync.cli.session import Json, with_database
from serversync.core.errors import InputInvalid

if TYPE_CHECKING:
    from serversync.administration.profiles import ProfileEntries

app = typer.Typer(help="How Exchange servers are reached, and with which account.", no_args_is_help=True)

_COLUMNS = {
    "name": "Name",
    "incomingserverlocation": "Server location",
    "incomingusername": "User name",
    "incomingauthenticationprotocolname": "Authentication",
    "incominguseimpersonation": "Impersonation",
    "mailboxes": "Mailboxes",
    "lasttestexecutionstatusname": "Last test",
}

Name = Annotated[str, typer.Argument(help="Name of the profile.")]
EwsUrl = Annotated[
    str | None,
    typer.Option(
        "--ews-url", help="Server location: https://mail.example.org/EWS/Exchange.asmx, or the host."
    ),
]
Autodiscover = Annotated[
    bool,
    typer.Option("--autodiscover", help="Find the server location by itself; the default without --ews-url."),
]
AutodiscoverUrl = Annotated[
    str | None,
    typer.Option("--autodiscover-url", help="Autodiscover address to ask first; - for none."),
]
AutodiscoverHosts = Annotated[
    str | None,
    typer.Option(
        "--autodiscover-hosts",
        help="Hosts that a redirect or record may lead to: mail.example.org, *.example.org; - for none.",
    ),
]
Username = Annotated[
    str | None, typer.Option("--username", help="Account: svc-crm@example.org, or DOMAIN\\user for NTLM.")
]
Auth = Annotated[
    str | None,
    typer.Option(
        "--auth", help="auto (NTLM or Negotiate, never Basic), ntlm, negotiate or basic. [default: auto]"
    ),
]
Authorities = Annotated[
    Path | None, typer.Option("--ca", help="PEM file of your own certificate authority; - for none.")
]
Impersonation = Annotated[
    bool | None,
    typer.Option("--impersonation/--no-impersonation", help="Act as each mailbox. [default: impersonation]"),
]
Description = Annotated[str | None, typer.Option("--description", help="What it is for.")]
ProcessFrom = Annotated[
    str | None, typer.Option("--process-email-from", help="Only mail since then (ISO 8601); - for all.")
]
Polling = Annotated[
    int | None, typer.Option("--min-polling-interval", help="Minimum polling interval in minutes, 0 to 1440.")
]
Connections = Annotated[
    int | None, typer.Option("--max-connections", help="Maximum concurrent connections, 1 to 300.")
]
Streaming = Annotated[
    bool | None,
    typer.Option("--streaming/--no-streaming", help="Let Exchange tell of changes, or only poll."),
]
Proxy = Annotated[str | None, typer.Option("--proxy", help="Outgoing HTTP proxy; - for none.")]
ServerType = Annotated[
    str | None, typer.Option("--type", help="exchange or hybrid (Exchange Server). [default: exchange]")
]
Using = Annotated[
    str | None,
    typer.Option(
        "--authenticate-using",
        help="profile (one account for all) or mailbox (each mailbox's own). [default: profile]",
    ),
]
Outgoing = Annotated[
    str | None,
    typer.Option(
        "--outgoing-url", help="Server location for sending, where it is another one; - for the same."
    ),
]
ProxyPassword = Annotated[
    Path | None, typer.Option("--proxy-password-file", help="File whose first line is the proxy's password.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", help="Address or domain that may be touched, repeatedly; - for all again."),
]
Disallow = Annotated[
    list[str] | None, typer.Option("--disallow", help="Take an address or domain from the allowed ones.")
]
Outside = Annotated[
    str | None, typer.Option("--outside", help="Mailbox that Exchange has to deny, for tests; - for none.")
]
Undeliverable = Annotated[
    bool | None,
    typer.Option(
        "--undeliverable/--no-undeliverable", help="Move Failed Emails to Undeliverable Folder. [default: no]"
    ),
]
AlertOwner = Annotated[
    bool | None,
    typer.Option(
        "--alert-owner/--no-alert-owner",
        help="Tell the owner when more than half of the mailboxes fail. [default: no]",
    ),
]
Timeout = Annotated[
    int | None, typer.Option("--timeout", help="Time-out of a request in seconds, 1 to 100. [default: 100]")
]


def _entries(**given: Any) -> "ProfileEntries":
    """Return what was given, under logical names; ``-`` clears a value."""
    from serversync.administration import entries

    values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    since = values.get("processemailsreceivedafter")
    if since is not None:
        values["processemailsreceivedafter"] = (
            None if since == "-" else entries.moment(since, "Process Email From")
        )
    if str(values.get("cafile", "")) == "-":
        values["cafile"] = None
    for text in (
        "proxyurl",
        "outsidemailbox",
        "autodiscoverurl",
        "autodiscoverhosts",
        "outgoingserverlocation",
    ):
        if values.get(text) == "-":
            values[text] = ""
    return values  # type: ignore[return-value]  # the keys are those of the options below


@app.command("add")
def add(  # noqa: PLR0913 - Typer makes an option of each parameter
    name: Name,
    *,
    ews_url: EwsUrl = None,
    autodiscover: Autodiscover = False,
    autodiscover_url: AutodiscoverUrl = None,
    autodiscover_hosts: AutodiscoverHosts = None,
    username: Username = None,
    password_stdin: passwords.FromStdin = False,
    password_file: passwords.FromFile = None,
    auth: Auth = None,
    ca: Authorities = None,
    impersonation: Impersonation = None,
    description: Description = None,
    process_email_from: ProcessFrom = None,
    min_polling_interval: Polling = None,
    max_connections: Connections = None,
    streaming: Streaming = None,
    proxy: Proxy = None,
    server_type: ServerType = None,
    authenticate_using: Using = None,
    outgoing_url: Outgoing = None,
    proxy_password_file: ProxyPassword = None,
    allow: Allow = None,
    outside: Outside = None,
    undeliverable: Undeliverable = None,
    alert_owner: AlertOwner = None,
    timeout: Timeout = None,
    as_json: Json = False,
) -> None:
    """Add a profile; the password comes from stdin, a file, SERVERSYNC_PASSWORD, or is asked for."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import profiles
        from serversync.administration.records import as_dict

        if ews_url is None and not autodiscover:
            autodiscover = True
        own = authenticate_using == "mailbox"
        if username is None and not own:
            raise InputInvalid(field="User Name", reason="give --username")
        values = _entries(
            incomingserverlocation=ews_url,
            useautodiscover=autodiscover or None,
            autodiscoverurl=autodiscover_url,
            autodiscoverhosts=autodiscover_hosts,
            incomingusername=username,
            incomingauthenticationprotocol=auth,
            cafile=ca,
            incominguseimpersonation=impersonation,
            description=description,
            processemailsreceivedafter=process_email_from,
            minpollingintervalinminutes=min_polling_interval,
            maxconcurrentconnections=max_connections,
            usestreamingnotifications=streaming,
            proxyurl=proxy,
            servertype=server_type,
            incomingcredentialretrieval=authenticate_using,
            outgoingserverlocation=outgoing_url,
            proxypassword=passwords.given(stdin=False, file=proxy_password_file, environment=False),
            allow=allow,
            outsidemailbox=outside,
            moveundeliveredemails=undeliverable,
            sendemailalert=alert_owner,
            timeoutmailboxconnectionafteramount=None if timeout is None else timeout * 1000,
        )
        profiles.check(name, values)
        password = passwords.given(stdin=password_stdin, file=password_file)
        if username is not None:
            values["incomingpassword"] = password or passwords.ask(f"Password of {username}")
        profile = profiles.add(name, values)
        if output.as_json:
            output.json(as_dict(profile))
            return
        where = (
            "its server is found by autodiscover"
            if profile.useautodiscover
            else profile.incomingserverlocation
        )
        output.say(f"Added the profile {profile.name}: {where}")
        output.say(f"Next: serversync profile test '{profile.name}' --mailbox ADDRESS")
        output.say(f"and:  serversync settings set defaultemailserverprofileid '{profile.name}'")


@app.command("edit")
def edit(  # noqa: PLR0913 - Typer makes an option of each parameter
    name: Name,
    *,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    ews_url: EwsUrl = None,
    autodiscover: Autodiscover = False,
    autodiscover_url: AutodiscoverUrl = None,
    autodiscover_hosts: AutodiscoverHosts = None,
    username: Username = None,
    ask_password: Annotated[bool, typer.Option("--ask-password", help="Ask for a new password.")] = False,
    password_stdin: passwords.FromStdin = False,
    password_file: passwords.FromFile = None,
    auth: Auth = None,
    ca: Authorities = None,
    impersonation: Impersonation = None,
    description: Description = None,
    process_email_from: ProcessFrom = None,
    min_polling_interval: Polling = None,
    max_connections: Connections = None,
    streaming: Streaming = None,
    proxy: Proxy = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether its mailboxes are synchronized.")
    ] = None,
    server_type: ServerType = None,
    authenticate_using: Using = None,
    outgoing_url: Outgoing = None,
    proxy_password_file: ProxyPassword = None,
    allow: Allow = None,
    disallow: Disallow = None,
    outside: Outside = None,
    undeliverable: Undeliverable = None,
    alert_owner: AlertOwner = None,
    timeout: Timeout = None,
    as_json: Json = False,
) -> None:
    """Change what is given of a profile; everything else stays."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import profiles
        from serversync.administration.records import as_dict

        values = _entries(
            incomingserverlocation=ews_url,
            useautodiscover=autodiscover or None,
            autodiscoverurl=autodiscover_url,
            autodiscoverhosts=autodiscover_hosts,
            incomingusername=username,
            incomingauthenticationprotocol=auth,
            cafile=ca,
            incominguseimpersonation=impersonation,
            description=description,
            processemailsreceivedafter=process_email_from,
            minpollingintervalinminutes=min_polling_interval,
            maxconcurrentconnections=max_connections,
            usestreamingnotifications=streaming,
            proxyurl=proxy,
            servertype=server_type,
            incomingcredentialretrieval=authenticate_using,
            outgoingserverlocation=outgoing_url,
            proxypassword=passwords.given(stdin=False, file=proxy_password_file, environment=False),
            allow=allow,
            disallow=disallow,
            outsidemailbox=outside,
            moveundeliveredemails=undeliverable,
            sendemailalert=alert_owner,
            timeoutmailboxconnectionafteramount=None if timeout is None else timeout * 1000,
        )
        password = passwords.given(stdin=password_stdin, file=password_file, environment=False)
        if password is None and ask_password:
            password = passwords.ask("New password")
        if password is not None:
            values["incomingpassword"] = password
        if not values and new_name is None and active is None:
            raise InputInvalid(field="Change", reason="nothing to change was given")
        profile = profiles.edit(name, values, new_name=new_name)
        if active is not None:
            profile = profiles.set_state(profile.name, active=active)
        if output.as_json:
            output.json(as_dict(profile))
        else:
            output.say(f"Changed the profile {profile.name}.")


@app.command("list")
def find_all(*, as_json: Json = False) -> None:
    """List the profiles."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import documents, profiles

        output.rows(
            [documents.of_profile(profile, count) for profile, count in profiles.find_all()],
            _COLUMNS,
            empty="There are no profiles. Add the first: "
            "serversync profile add Exchange --ews-url mail.example.org --username svc-crm@example.org",
        )


@app.command("test")
def try_out(
    name: Name,
    *,
    mailbox: Annotated[
        str | None, typer.Option("--mailbox", help="Address of the mailbox to open; the first by default.")
    ] = None,
    outside: Annotated[
        str | None, typer.Option("--outside", help="Address of a mailbox that Exchange has to deny.")
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="The whole outcome as Markdown, to copy.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Test the connection step by step: each with its result, evidence and remedy."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import connection_report, connection_test

        told = None if as_json or as_markdown else steps.tell
        done = connection_test.examine(name, sample=mailbox, outside=outside, tell=told)
        if output.as_json:
            output.json(connection_report.as_document(done))
        elif as_markdown:
            output.text(connection_report.as_markdown(done))
        else:
            steps.end(done)
        if done.failure is not None and (error := done.failure.finding.error) is not None:
            output.error(error, about=done.failure.step.title, remedy=done.failure.finding.remedy)
            raise typer.Exit(exit_code(error))
