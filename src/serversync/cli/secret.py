"""``serversync secrets``: the key that seals stored passwords."""

from dataclasses import asdict

import typer

from serversync.cli.session import Json, with_database

app = typer.Typer(help="The key that seals stored passwords.", no_args_is_help=True)


@app.command("status")
def status(*, as_json: Json = False) -> None:
    """Say where the key is, and whether it opens every stored password."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import secret_keys

        output.record(asdict(secret_keys.state()))


@app.command("rotate")
def rotate(*, as_json: Json = False) -> None:
    """Change the key: seal every stored password anew; go on with a change that was stopped."""
    with with_database(as_json=as_json) as output:
        from serversync.administration import secret_keys

        done = secret_keys.rotate()
        if output.as_json:
            output.json(asdict(done))
            return
        output.say(f"{done.resealed} secrets were sealed anew.")
        if done.is_finished:
            output.say("The new key is in its place. Back it up, and start serve and workers again.")
        else:
            output.say(
                "Now give SERVERSYNC_SECRET_KEY the value of SERVERSYNC_SECRET_KEY_NEXT, take the latter away, and start "
                "every process again."
            )
