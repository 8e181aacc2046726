"""The embedded PostgreSQL is up while somebody uses it, and down afterwards, whatever happens in between."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from serversync.core.errors import DatabaseStartFailed
from serversync.database.cluster import binaries
from serversync.database.embedded import Lease
from tests.database.embedded_programs import Installation, installation, wait_until

ORDINARY_USER = (
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)
"""An ordinary user who may read the interpreter wherever the tests have it, and write his own folder only."""


@pytest.fixture
def place() -> Iterator[Installation]:
    with installation() as made:
        yield made


def test_the_first_start_makes_a_private_database_and_the_end_stops_it(place: Installation) -> None:
    with Lease(place.data) as lease:
        assert place.query(lease.dsn, "select current_database()") == "serversync"
        assert place.query(lease.dsn, "show listen_addresses") == ""
        assert place.query(lease.dsn, "show timezone") == "UTC"
        assert place.query(lease.dsn, "show fsync") == "on"
        assert (
            place.query(lease.dsn, "select pg_encoding_to_char(encoding) from pg_database limit 1") == "UTF8"
        )
    assert place.is_down()
    assert place.data.stat().st_mode & 0o077 == 0


def test_what_was_written_is_there_at_the_next_start(place: Installation) -> None:
    with Lease(place.data) as lease:
        place.remember(lease.dsn, 42)
    with Lease(place.data) as lease:
        assert place.query(lease.dsn, "select value from kept") == 42


def test_a_second_process_uses_the_running_server(place: Installation) -> None:
    first, second = place.program(), place.program()
    assert first.dsn == second.dsn
    server = place.postmaster
    assert first.leave() == 0
    assert place.query(second.dsn) == 1
    assert place.postmaster == server
    assert second.leave() == 0
    assert place.is_down(), "the last one out waits until the server is down"


def test_two_first_starters_at_once_make_one_database(place: Installation) -> None:
    programs = [place.program() for _ in range(4)]
    assert len({program.dsn for program in programs}) == 1
    numbers = {
        place.query(program.dsn, "select system_identifier from pg_control_system()") for program in programs
    }
    assert len(numbers) == 1
    assert not list(place.data.glob("initdb-*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_server_stops_when_its_only_user_is_ended(place: Installation, number: signal.Signals) -> None:
    program = place.program()
    assert place.query(program.dsn) == 1
    program.signal(number)
    wait_until(place.is_down)
    with Lease(place.data) as lease:
        assert place.query(lease.dsn) == 1


def test_one_killed_user_does_not_disturb_another(place: Installation) -> None:
    victim, survivor = place.program(), place.program()
    server = (victim.dsn, survivor.dsn, place.postmaster)[2]
    victim.signal(signal.SIGKILL)
    assert place.query(survivor.dsn) == 1
    assert place.postmaster == server


def test_a_killed_server_is_started_again(place: Installation) -> None:
    program = place.program()
    place.remember(program.dsn, 42)
    killed = place.postmaster
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: _answers(program.dsn) and place.postmaster != killed)
    assert place.query(program.dsn, "select value from kept") == 42


def test_a_killed_supervisor_is_replaced_by_those_who_use_the_server(place: Installation) -> None:
    program = place.program()
    assert place.query(program.dsn) == 1
    killed, server = place.supervisor, place.postmaster
    os.kill(killed, signal.SIGKILL)
    wait_until(
        lambda: (
            place.supervisor not in {0, killed}
            and _answers(program.dsn)
            and place.postmaster not in {0, server}
        )
    )
    assert program.leave() == 0
    assert place.is_down()


def test_supervisor_and_server_killed_together_with_the_user_leave_nothing_in_the_way(
    place: Installation,
) -> None:
    program = place.program()
    place.remember(program.dsn, 42)
    for process in (place.supervisor, place.postmaster):
        os.kill(process, signal.SIGKILL)
    program.signal(signal.SIGKILL)
    with Lease(place.data) as lease:
        assert place.query(lease.dsn, "select value from kept") == 42


def test_a_supervisor_that_is_asked_to_stop_stops_the_server_for_good(place: Installation) -> None:
    program = place.program()
    dsn = program.dsn
    os.kill(place.supervisor, signal.SIGTERM)
    wait_until(place.is_down)
    assert not _answers(dsn)
    assert program.leave() == 0
    with Lease(place.data) as lease:
        assert place.query(lease.dsn) == 1


def test_a_stale_process_id_that_a_stranger_has_now_is_not_believed(place: Installation) -> None:
    with Lease(place.data):
        stale = (place.cluster.folder / "postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        stale[0] = str(stranger.pid)
        (place.cluster.folder / "postmaster.pid").write_text("\n".join(stale) + "\n")
        with Lease(place.data) as lease:
            assert place.query(lease.dsn) == 1
        assert stranger.poll() is None, "the stranger was left alone"
        stranger.kill()


def test_a_socket_that_was_left_behind_is_not_in_the_way(place: Installation) -> None:
    with Lease(place.data):
        pass
    folder = place.data / "socket"
    folder.mkdir(mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / ".s.PGSQL.5432"))
    (folder / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with Lease(place.data) as lease:
        assert place.query(lease.dsn) == 1


def test_an_unfinished_initdb_is_begun_anew(place: Installation) -> None:
    unfinished = place.data / "initdb-half"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with Lease(place.data) as lease:
        assert place.query(lease.dsn) == 1
    assert not unfinished.exists()


@pytest.mark.parametrize("name", ["with space", 'quote " and é', "comma, here", "long" * 40])
def test_the_data_folder_may_have_any_name(name: str) -> None:
    with installation(name) as place:
        with Lease(place.data) as lease:
            assert place.query(lease.dsn) == 1
            elsewhere = place.cluster.socket_folder
        assert elsewhere.is_relative_to(place.data) == (len(name) < 100 and "," not in name)
        assert not elsewhere.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test runs as an ordinary user already")
def test_it_works_as_an_ordinary_user_too(place: Installation) -> None:
    place.data.mkdir()
    shutil.chown(place.data.parent, "nobody")
    shutil.chown(place.data, "nobody")
    program = place.program(prefix=ORDINARY_USER)
    assert place.query(program.dsn) == 1
    assert place.cluster.folder.owner() == "nobody"
    killed = place.supervisor
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: place.supervisor not in {0, killed} and _answers(program.dsn))
    assert program.leave() == 0
    assert place.is_down()


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root the server runs as another user")
def test_for_root_the_server_runs_as_nobody_and_nothing_outside_is_opened_up(place: Installation) -> None:
    parent = place.data.parent.stat().st_mode
    with Lease(place.data):
        assert Path(f"/proc/{place.postmaster}").owner() == "nobody"
    assert place.data.parent.stat().st_mode == parent
    assert place.data.owner() == "root"


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root the server runs as another user")
def test_for_root_everything_may_lie_where_only_root_can_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clone in /root, which is closed to everybody else: the programs of PostgreSQL and the data lie in it.
    tmp_path.chmod(0o700)
    package = binaries().parents[1]
    for part in package.parent.glob(f"{package.name}*"):
        if part.suffix != ".dist-info":
            shutil.copytree(part, tmp_path / part.name)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with installation() as place:
        place.data.parent.chmod(0o700)
        program = place.program()
        assert place.query(program.dsn) == 1
        running = Path(f"/proc/{place.postmaster}/exe").readlink()
        assert running.is_relative_to(tmp_path)
        assert program.leave() == 0


def test_a_start_that_fails_says_why_and_shows_the_log(place: Installation) -> None:
    place.cluster.folder.mkdir(parents=True)
    with pytest.raises(DatabaseStartFailed) as failure:
        Lease(place.data)
    assert "right after its start" in str(failure.value)
    assert "could not access the server configuration file" in str(failure.value.details["log_tail"])


def test_a_data_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseStartFailed, match="Not a directory"):
        Lease(tmp_path / "file" / "data")


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True
