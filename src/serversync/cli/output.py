"""How the command line talks: tables for people, JSON for programs, errors with their remedy.

Results go to standard output, errors to standard error. Text that came from outside (subjects, names) is shown
without control characters, so that a message cannot steer the terminal.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from serversync.core.errors import (
    AddressInvalid,
    InputInvalid,
    InsecureAddress,
    Misconfigured,
    RecordNotFound,
    ServiceError,
    Transient,
)

if TYPE_CHECKING:
    from rich.console import Console

_UNLIMITED: Final = 100_000
_USAGE: Final = (InputInvalid, AddressInvalid, InsecureAddress)


class ExitCode(IntEnum):
    """What the exit code of every command means."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    MISCONFIGURED = 3
    TRANSIENT = 4
    NOT_FOUND = 5


def exit_code(error: ServiceError) -> ExitCode:
    """Return the exit code that stands for an error."""
    if isinstance(error, RecordNotFound):
        return ExitCode.NOT_FOUND
    if isinstance(error, _USAGE):
        return ExitCode.USAGE
    if isinstance(error, Misconfigured):
        return ExitCode.MISCONFIGURED
    return ExitCode.TRANSIENT if isinstance(error, Transient) else ExitCode.SOME_FAILED


def exit_code_of_many(errors: Sequence[ServiceError | None]) -> ExitCode:
    """Return the exit code of work on several things: theirs where all failed alike, otherwise 1."""
    failed = [error for error in errors if error is not None]
    if not failed:
        return ExitCode.DONE
    codes = {exit_code(error) for error in failed}
    return codes.pop() if len(failed) == len(errors) and len(codes) == 1 else ExitCode.SOME_FAILED


def as_dict(error: ServiceError | None) -> dict[str, str] | None:
    """Return an error as JSON holds it."""
    if error is None:
        return None
    return {"code": error.code, "sentence": str(error), "remedy": error.remedy_text}


class Output:
    """Where a command writes, as a person or a program wants it."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def rows(
        self,
        rows: Iterable[Mapping[str, Any]],
        columns: Mapping[str, str],
        *,
        empty: str,
    ) -> None:
        """Write a listing.

        Args:
            rows: Every key of each goes into the JSON.
            columns: The keys that the table shows, with their headings.
            empty: What to say, and to do first, where there are no rows.
        """
        listed = list(rows)
        if self.as_json:
            self.json(listed)
        elif not listed:
            self.say(empty)
        else:
            self._table(listed, columns)

    def record(self, row: Mapping[str, Any], *, lines: Sequence[str] = ()) -> None:
        """Write one record, a line for each key that has a value; ``lines`` follow for people."""
        if self.as_json:
            self.json(row)
            return
        width = max((len(key) for key in row), default=0)
        for key, value in row.items():
            if value is not None and not isinstance(value, list | dict):
                self.say(f"{key:<{width}}  {_text(value)}")
        for line in lines:
            self.say(line)

    def json(self, value: object) -> None:
        """Write a value as JSON."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def say(self, line: str) -> None:
        """Write a line to people."""
        sys.stdout.write(visible(line) + "\n")

    def text(self, text: str) -> None:
        """Write a text of several lines to people."""
        for line in text.splitlines():
            self.say(line)

    def error(self, error: ServiceError, *, about: str = "", remedy: str = "") -> None:
        """Write an error and what to do about it to standard error; ``remedy`` may be more exact than the error's."""
        remedy = remedy or error.remedy_text
        if self.as_json:
            document = {"about": about} if about else {}
            told = {**(as_dict(error) or {}), "remedy": remedy}
            sys.stderr.write(json.dumps({"error": {**document, **told}}) + "\n")
            return
        where = f"{about}: " if about else ""
        sys.stderr.write(visible(f"{where}Error {error.code}: {error}") + "\n")
        sys.stderr.write(visible(f"What to do: {remedy}") + "\n")

    def _table(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        written = console()
        table = Table(box=box.SIMPLE_HEAD if written.is_terminal else None, pad_edge=False)
        for heading in columns.values():
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(Text(visible(_text(row.get(key)))) for key in columns))
        written.print(table)


def visible(text: str) -> str:
    r"""Return a text without characters that cannot be seen.

    >>> visible("Hello\x1b[31m")
    'Hello [31m'
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def console() -> "Console":
    """Return a console as wide as the terminal; in a pipe nothing is ever wrapped or cut."""
    from rich.console import Console

    found = Console(file=sys.stdout, highlight=False)
    return found if found.is_terminal else Console(file=sys.stdout, highlight=False, width=_UNLIMITED)
