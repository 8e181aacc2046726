"""``serversync simulator``: an Exchange to try things out with."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command; its options are those of the simulator's own program."""

    @app.command(
        "simulator",
        context_settings={
            "allow_extra_args": True,
            "ignore_unknown_options": True,
            "help_option_names": [],
        },
        add_help_option=False,
    )
    def simulator(context: typer.Context) -> None:
        """Serve an imitated Exchange on loopback until Ctrl-C; simulator --help lists its options."""
        from serversync.simulator.main import run

        raise typer.Exit(run(context.args))
