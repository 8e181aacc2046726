"""Commands to a simulator that runs: ``serversync simulator break``, ``clear``, ``deliver``, ``status`` and others.

Where it is and its token come from the JSON that it wrote at its start: ``--about FILE``, or the environment variable
``SERVERSYNC_SIMULATOR`` with that text. Answers are JSON on standard output.
"""

import argparse
import base64
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serversync.simulator.breaking import ACTIONS, FAULT_FIELDS

_VARIABLE = "SERVERSYNC_SIMULATOR"


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the commands."""
    parser = argparse.ArgumentParser(
        prog="serversync simulator", description="Commands to a simulator that runs."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    about = argparse.ArgumentParser(add_help=False)
    about.add_argument(
        "--about", type=Path, metavar="FILE", help=f"the first line that it wrote; otherwise ${_VARIABLE}"
    )
    breaks = commands.add_parser("break", parents=[about], help="let something go wrong from now on")
    for name, kind in FAULT_FIELDS.items():
        option = f"--{name.replace('_', '-')}"
        if kind is bool:
            breaks.add_argument(option, action="store_true", default=None)
        else:
            breaks.add_argument(option, type=kind)
    breaks.add_argument("--always", action="store_true", help="as often as it can, instead of once")
    happens = commands.add_parser("do", parents=[about], help="let something happen once")
    happens.add_argument("action", choices=sorted(ACTIONS))
    for name in sorted({need for needs in ACTIONS.values() for need in needs}):
        happens.add_argument(f"--{name.replace('_', '-')}", type=float if name == "seconds" else str)
    deliver = commands.add_parser("deliver", parents=[about], help="deliver the message in a file")
    deliver.add_argument("file", type=Path)
    deliver.add_argument("to", nargs="+")
    bounce = commands.add_parser("bounce", parents=[about], help="let mail of the outbox come back")
    bounce.add_argument("number", type=int)
    bounce.add_argument("--status", default="5.1.1")
    bounce.add_argument("--diagnostic", default="user unknown")
    for name, text in (
        ("list", "the faults that wait to happen"),
        ("clear", "nothing goes wrong any more"),
        ("status", "counts of what it holds"),
        ("outbox", "mail that left for other servers"),
        ("snapshot", "write the state to its file"),
    ):
        commands.add_parser(name, parents=[about], help=text)
    return parser


COMMANDS = ("bounce", "break", "clear", "deliver", "do", "list", "outbox", "snapshot", "status")
"""The commands; anything else starts a simulator."""


def control(argv: Sequence[str]) -> int:
    """Carry out a command.

    Returns:
        0, or 1 where the simulator refused it, or 2 where there is none to ask.
    """
    options = arguments().parse_args(argv)
    text = os.environ.get(_VARIABLE, "") if options.about is None else options.about.read_text()
    if not text.strip():
        sys.stderr.write(f"Say with --about FILE or ${_VARIABLE} which simulator is meant.\n")
        return 2
    method, path, body = _request(options)
    try:
        status, answer = _ask(json.loads(text.splitlines()[0]), method, path, body)
    except urllib.error.URLError as problem:
        sys.stderr.write(f"The simulator does not answer: {problem.reason}.\n")
        return 2
    sys.stdout.write(json.dumps(answer, indent=1) + "\n")
    return 0 if status == 200 else 1


def _request(options: argparse.Namespace) -> tuple[str, str, dict[str, Any]]:
    """Return method, path and body of a command."""
    given = {name: value for name, value in vars(options).items() if value is not None}
    command = options.command
    if command == "break":
        wanted = {name: given[name] for name in FAULT_FIELDS if name in given}
        return "POST", "/faults", wanted | ({"times": None} if options.always else {})
    if command == "do":
        wanted = {name: given[name] for name in ACTIONS[options.action] if name in given}
        return "POST", f"/actions/{options.action}", wanted
    if command == "deliver":
        mime = base64.b64encode(options.file.read_bytes()).decode()
        return "POST", "/deliver", {"mime": mime, "to": options.to}
    if command == "bounce":
        said = {"status": options.status, "diagnostic": options.diagnostic}
        return "POST", f"/outbox/{options.number}/bounce", said
    return *_PLAIN[command], {}


_PLAIN = {
    "clear": ("DELETE", "/faults"),
    "list": ("GET", "/faults"),
    "outbox": ("GET", "/outbox"),
    "snapshot": ("POST", "/snapshot"),
    "status": ("GET", "/status"),
}


def _ask(about: dict[str, Any], method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310 - the address is that of the simulator
        about["admin_url"] + path,
        data=json.dumps(body).encode() if method == "POST" else None,
        method=method,
        headers={"Authorization": f"Bearer {about['admin_token']}", "Content-Type": "application/json"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)
