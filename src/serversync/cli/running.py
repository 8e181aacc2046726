"""Commands that keep running: the demonstration, the pages, a worker."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from serversync.cli import session

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (demo, serve, worker):
        app.command(command.__name__, epilog=session.EXIT_CODES)(command)


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Do the whole job, print a summary, end; 1 if anything was lost.")
    ] = False,
    mail: Annotated[
        Path | None, typer.Option("--mail", metavar="DIR", help="Deliver every .eml below DIR as well.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where the pages listen.")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option(help="Their port; 0 takes a free one.")] = DEFAULT_PORT,
) -> None:
    """Show the main job: a simulated Exchange, a week of mail, and what becomes of it in the CRM."""
    from serversync.demo.run import run

    with session.answering(as_json=False):
        try:
            code = run(Console(), once=once, mail=mail, host=host, port=port)
        except KeyboardInterrupt:
            code = 0
    raise typer.Exit(code)


def serve(
    *,
    host: Annotated[str, typer.Option(help="Where the pages listen.")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option(help="Their port; 0 takes a free one.")] = DEFAULT_PORT,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Worker processes to run along.")] = 1,
) -> None:
    """Serve the pages and run workers, until SIGTERM or Ctrl-C."""
    from serversync import bootstrap, logs

    with session.answering(as_json=False):
        logs.configure()
        with bootstrap.start(), _workers(workers):
            from serversync.administration import people
            from serversync.web.server import serve as serve_pages

            if first := people.ensure_administrator():
                typer.echo(
                    f"First administrator: {first[0]}, one-time password {first[1]}"
                    " (to be changed at the first log-in; it is not shown again)"
                )
            asyncio.run(serve_pages(host, port, started=lambda address: typer.echo(f"Pages: {address}")))


def worker(
    *,
    until_input_ends: Annotated[
        bool,
        typer.Option(
            "--until-input-ends", help="End when standard input does; for a process that started us."
        ),
    ] = False,
) -> None:
    """Run passes over mailboxes as they fall due, until SIGTERM or Ctrl-C."""
    from serversync import bootstrap, logs

    with session.answering(as_json=False):
        logs.configure()
        with bootstrap.start() as environment:
            from serversync.jobs import loop

            loop.run(_work(environment.dsn, until_input_ends=until_input_ends))


async def _work(dsn: str, *, until_input_ends: bool) -> None:
    from serversync.jobs.worker import Worker

    running = Worker(dsn)
    if until_input_ends:
        _when_input_ends(asyncio.get_running_loop(), running.stop)
    await running.run(handle_signals=True)


def _when_input_ends(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call ``stop`` once standard input is at its end; a process that is killed closes its pipes."""

    def read_to_the_end() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(stop)

    threading.Thread(target=read_to_the_end, name="input", daemon=True).start()


@contextmanager
def _workers(count: int) -> Iterator[None]:
    """Run worker processes beside the pages; one that ends by itself is started again."""
    command = [sys.executable, "-m", "serversync", "worker", "--until-input-ends"]
    stopping = threading.Event()
    keepers = []

    def keep() -> None:
        while not stopping.is_set():
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
                while process.poll() is None and not stopping.wait(0.2):
                    pass
                if process.poll() is None:
                    process.terminate()
            stopping.wait(1.0)

    for _ in range(count):
        keeper = threading.Thread(target=keep, name="worker-keeper")
        keeper.start()
        keepers.append(keeper)
    try:
        yield
    finally:
        stopping.set()
        for keeper in keepers:
            keeper.join()
