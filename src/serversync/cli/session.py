"""What every command does around its work: the database where it needs one, errors and exit codes."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated

import typer

from serversync.cli.output import ExitCode, Output, exit_code
from serversync.core.errors import DatabaseUnavailable, ServiceError

Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table; keys are logical names.")]
"""The option that every command with a result has."""

EXIT_CODES = (
    "Exit codes: 0 done; 1 some of it failed; 2 usage or bad input; 3 misconfigured, a person must act; "
    "4 transient, try again; 5 not found."
)


def _start() -> AbstractContextManager[object]:
    from serversync import bootstrap

    return bootstrap.start()


acting_as: list[str] = []
"""Log-in name of the user that ``--as`` names; empty for the installation's administrator."""

start_database: Callable[[], AbstractContextManager[object]] = _start
"""Leases the database and sets up the models; tests that have one put theirs here."""


@contextmanager
def answering(*, as_json: bool) -> Iterator[Output]:
    """Give the output; an expected error is written with its remedy and ends the command.

    Raises:
        typer.Exit: with the exit code of the error.
    """
    output = Output(as_json=as_json)
    try:
        yield output
    except ServiceError as error:
        output.error(error)
        raise typer.Exit(exit_code(error)) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(ExitCode.SOME_FAILED) from error


@contextmanager
def with_database(*, as_json: bool) -> Iterator[Output]:
    """Give the output while the database is held; errors as in ``answering``.

    Raises:
        typer.Exit: with the exit code of the error.
    """
    with answering(as_json=as_json) as output, start_database():
        from django.db import InterfaceError, OperationalError

        try:
            with acting():
                yield output
        except (OperationalError, InterfaceError) as reason:
            raise DatabaseUnavailable(reason=str(reason).strip()) from reason


@contextmanager
def acting() -> Iterator[None]:
    """Let the user of ``--as`` act, otherwise the installation.

    Raises:
        RecordNotFound: there is no such user.
    """
    from serversync.administration import actor, people

    with actor.acting(actor.INSTALLATION):
        user = people.find(acting_as[0]) if acting_as else None
    with actor.acting(actor.Actor(user, channel="command line")):
        yield


@contextmanager
def own_words() -> Iterator[None]:
    """Keep the log quiet while a pass runs whose result the command tells itself; ``SERVERSYNC_LOG`` wins."""
    import structlog

    from serversync import logs

    before = structlog.get_config()
    if os.environ.get("SERVERSYNC_LOG"):
        logs.configure()
    else:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
