"""Which database is meant, and what is said when its address cannot be used."""

import os
from pathlib import Path

import pytest
from django.db import connections

from serversync.core.errors import DatabaseMisconfigured
from serversync.database import address
from serversync.database.django import database_settings
from serversync.database.leasing import take_lease


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://localhost/x", "does not begin with postgresql"),
        ("postgresql://localhost", "names no database"),
        ("postgresql://localhost:port/x", "ort"),
        ("host=localhost", "does not begin with postgresql"),
    ],
)
def test_a_database_url_that_cannot_be_used_says_why(
    monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(DatabaseMisconfigured, match=reason):
        address.external_dsn()


def test_a_database_of_yours_is_leased_without_starting_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SERVERSYNC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://crm:secret@db.example.org:5433/crm")
    lease = take_lease()
    assert lease.dsn == "postgresql://crm:secret@db.example.org:5433/crm"
    lease.close()
    assert not (tmp_path / "data").exists()


def test_the_data_folder_is_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SERVERSYNC_DATA", str(tmp_path))
    assert address.data_folder() == tmp_path
    monkeypatch.delenv("SERVERSYNC_DATA")
    assert address.data_folder().name == "serversync"


def test_django_gets_every_part_of_the_address() -> None:
    settings = database_settings("postgresql://crm:p%40ss@db:5433/name?sslmode=require&application_name=x")
    assert (settings["USER"], settings["PASSWORD"], settings["NAME"]) == ("crm", "p@ss", "name")
    assert (settings["HOST"], settings["PORT"]) == ("db", "5433")
    assert settings["OPTIONS"] == {"sslmode": "require", "application_name": "x"}


def test_an_address_that_libpq_cannot_read_is_a_misconfiguration() -> None:
    with pytest.raises(DatabaseMisconfigured):
        database_settings("postgresql://localhost/x?nonsense=1")


def test_a_socket_folder_survives_quoting() -> None:
    dsn = address.socket_dsn(Path('/srv/a b"%é'), "name")
    assert database_settings(dsn)["HOST"] == '/srv/a b"%é'


def test_tests_never_touch_the_database_of_the_developer() -> None:
    assert "serversync-tests-" in str(address.data_folder())
    assert "DATABASE_URL" not in os.environ
    assert connections["default"].settings_dict["NAME"] != "postgres"
