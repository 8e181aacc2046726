"""A process starts on an empty data folder, with its tables, and leaves nothing running."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.database.embedded_programs import Installation, installation, wait_until

START = """
from serversync import bootstrap
with bootstrap.start() as environment:
    from serversync.crm.models import Organization, SystemUser
    from serversync.database import address
    assert environment.dsn == address.dsn()
    SystemUser.objects.create_user("ada", internalemailaddress="ada@example.org")
    print(Organization.objects.current(), SystemUser.objects.count())
"""


@pytest.fixture
def place() -> Iterator[Installation]:
    with installation() as made:
        yield made


def environment(place: Installation, **variables: str) -> dict[str, str]:
    return os.environ | {"SERVERSYNC_DATA": str(place.data), **variables}


def run(place: Installation, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env=environment(place, **variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_process_starts_from_nothing_and_leaves_nothing_running(place: Installation) -> None:
    done = run(place, "-c", START)
    assert (done.returncode, done.stdout, done.stderr) == (0, "serversync 1\n", "")
    assert place.is_down()
    assert (place.data / "secret.key").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_at_once_migrate_once(place: Installation) -> None:
    start = START.replace('"ada"', "str(__import__('os').getpid())")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", start],
            env=environment(place),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert ends == [(b"", 0)] * 3


def test_a_process_that_forgets_to_close_closes_at_its_end(place: Installation) -> None:
    done = run(place, "-c", "from serversync import bootstrap; bootstrap.start(migrate=False)")
    assert (done.returncode, done.stderr) == (0, "")
    assert place.is_down()


def test_models_and_migrations_agree(place: Installation) -> None:
    done = run(place, "-m", "serversync.manage", "makemigrations", "--check", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "No changes detected\n"), done.stderr
    wait_until(place.is_down)


def test_a_database_that_does_not_answer_is_said_to_be_unavailable(place: Installation) -> None:
    done = run(place, "-c", START, DATABASE_URL=f"postgresql://x@/x?host={place.data}")
    assert "DatabaseUnavailable: The database did not answer" in done.stderr
    assert done.returncode == 1


def test_importing_the_settings_starts_no_server_and_makes_no_file(place: Installation) -> None:
    done = run(place, "-c", "import serversync.settings")
    assert (done.returncode, done.stderr) == (0, "")
    assert not place.data.exists()
