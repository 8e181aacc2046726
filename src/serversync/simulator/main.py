"""``serversync simulator``: an Exchange to try things out with, until Ctrl-C.

The first line of output is one line of JSON that says where it is and how to log in; nothing else follows.
"""

import argparse
import asyncio
import json
import secrets
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from serversync.simulator.administration import Administration
from serversync.simulator.control import COMMANDS, control
from serversync.simulator.exchange import Exchange
from serversync.simulator.seed import SeededMail
from serversync.simulator.server import SimulatorServer
from serversync.simulator.smtp import SmtpListener
from serversync.simulator.snapshot import load, save
from serversync.simulator.userconfiguration import open_in_browser
from serversync.simulator.versions import SERVER_VERSIONS


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="serversync simulator", description="An Exchange Server that fits in a process."
    )
    parser.add_argument(
        "--port", type=int, default=0, help="TCP port on the loopback interface; 0 takes a free one"
    )
    parser.add_argument(
        "--smtp-port",
        type=int,
        metavar="PORT",
        help="take mail by SMTP on this port of loopback; 0 takes a free one",
    )
    parser.add_argument(
        "--admin-port",
        type=int,
        default=0,
        metavar="PORT",
        help="port of the administration interface; 0 takes a free one",
    )
    parser.add_argument(
        "--snapshot",
        type=Path,
        metavar="FILE",
        help="begin with the state in FILE if it is there, and write it at the end",
    )
    parser.add_argument(
        "--version", choices=sorted(SERVER_VERSIONS), default="Exchange2016", help="product to imitate"
    )
    parser.add_argument("--domain", default="example.org", help="mail domain of the mailboxes")
    parser.add_argument("--mailboxes", type=int, default=3, metavar="N", help="number of mailboxes")
    parser.add_argument(
        "--messages", type=int, default=0, metavar="M", help="generated messages in each mailbox"
    )
    parser.add_argument(
        "--attachments", action="store_true", help="every fifth generated message carries an attachment"
    )
    parser.add_argument("--archives", action="store_true", help="each mailbox has an archive")
    parser.add_argument("--public-folders", action="store_true", help="there are public folders")
    parser.add_argument("--seed", type=int, default=0, help="another number makes other identifiers and mail")
    parser.add_argument(
        "--mail", type=Path, metavar="DIR", help="deliver every .eml below DIR to the first mailbox"
    )
    parser.add_argument(
        "--extended-protection",
        choices=("off", "allow", "require"),
        default="off",
        help="channel binding of NTLM",
    )
    parser.add_argument(
        "--schema-dir", type=Path, metavar="DIR", help="validate requests against the schemas in DIR"
    )
    return parser


def build(options: argparse.Namespace, password: str) -> Exchange:
    """Return an Exchange with the account, mailboxes and mail that the options ask for, or that of the snapshot."""
    if options.snapshot is not None and options.snapshot.exists():
        restored = load(options.snapshot)
        service = restored.directory.find(f"svc-crm@{restored.domain}")
        if service is not None:
            service.password = password
        return restored
    exchange = Exchange(options.version, domain=options.domain, seed=options.seed)
    exchange.add_account(f"svc-crm@{options.domain}", password=password, impersonation=True)
    source = SeededMail(options.seed, attachments=options.attachments)
    for number in range(1, options.mailboxes + 1):
        address = f"user{number:05d}@{options.domain}"
        mailbox = exchange.add_mailbox(address, display_name=f"User {number:05d}")
        if options.messages:
            exchange.seed_mailbox(address, source, options.messages)
        open_in_browser(mailbox, "UTC")
        if options.archives:
            exchange.enable_archive(address)
    if options.public_folders:
        exchange.add_public_folders()
    if options.mail and exchange.mailboxes:
        first = exchange.mailboxes[0].primary_smtp_address
        for path in sorted(options.mail.rglob("*.eml")):
            exchange.deliver(path.read_bytes(), [first], datetime.now(UTC))
    return exchange


async def _serve(options: argparse.Namespace) -> None:
    password = secrets.token_urlsafe(12)
    exchange = build(options, password)
    server = SimulatorServer(
        exchange,
        port=options.port,
        extended_protection=options.extended_protection,
        schema_dir=options.schema_dir,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    administration = Administration(exchange, port=options.admin_port, snapshot=options.snapshot)
    async with server, administration, AsyncExitStack() as stack:
        smtp = None
        if options.smtp_port is not None:
            smtp = await stack.enter_async_context(SmtpListener(exchange, options.smtp_port))
        about = {
            "url": server.url,
            "ca_file": str(server.ca_file),
            "account": f"svc-crm@{exchange.domain}",
            "password": password,
            "mailboxes": [mailbox.primary_smtp_address for mailbox in exchange.mailboxes],
            "admin_url": administration.url,
            "admin_token": administration.token,
            "smtp_port": None if smtp is None else smtp.port,
        }
        sys.stdout.write(json.dumps(about) + "\n")
        sys.stdout.flush()
        await stop.wait()
    if options.snapshot is not None:
        save(exchange, options.snapshot)


def run(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; or carry out a command such as ``break`` on a simulator that runs.

    Args:
        argv: Arguments without the program's name; those of the process where ``None``.

    Returns:
        The exit code; 0 unless a command to a running simulator failed.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    if given and given[0] in COMMANDS:
        return control(given)
    asyncio.run(_serve(arguments().parse_args(given)))
    return 0
