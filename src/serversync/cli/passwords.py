"""Where passwords come from: a hidden prompt, standard input, a file, or the environment; never an argument."""

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from serversync.core.errors import InputInvalid

VARIABLE: Final = "SERVERSYNC_PASSWORD"
_LONGEST: Final = 4096

FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, its first line.")
]
FromFile = Annotated[
    Path | None, typer.Option("--password-file", help="Read the password from a file, its first line.")
]


def given(*, stdin: bool, file: Path | None, environment: bool = True) -> str | None:
    """Return the password that was given without asking, or ``None`` where none was.

    Raises:
        InputInvalid: given in two ways, empty, or the file cannot be read.
    """
    if stdin and file:
        raise InputInvalid(field="Password", reason="give --password-stdin or --password-file, not both")
    if stdin:
        return _first_line(sys.stdin.readline(_LONGEST))
    if file:
        try:
            with file.expanduser().open(encoding="utf-8") as text:
                return _first_line(text.readline(_LONGEST))
        except (OSError, UnicodeDecodeError) as error:
            raise InputInvalid(field="Password", reason=f"{file} cannot be read") from error
    return os.environ.get(VARIABLE) or None if environment else None


def ask(what: str) -> str:
    """Return a password that a person types twice without seeing it.

    Raises:
        InputInvalid: nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise InputInvalid(
            field="Password",
            reason=f"nobody can be asked here; give --password-stdin, --password-file or {VARIABLE}",
        )
    return str(typer.prompt(what, hide_input=True, confirmation_prompt=True, err=True))


def _first_line(line: str) -> str:
    password = line.rstrip("\r\n")
    if not password:
        raise InputInvalid(field="Password", reason="it is empty")
    return password
