"""Stored passwords cannot be read without the key, and nowhere but in their own row."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import serializers
from django.db import connection

from serversync.core.errors import SecretKeyExposed, SecretKeyUnusable
from serversync.crm import secrets
from serversync.crm.models import EmailServerProfile, Mailbox

PASSWORD = "Tr0ub4dor&3 ünïcode"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SERVERSYNC_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "secret.key"


def test_what_was_sealed_is_unsealed(key: Path) -> None:
    sealed = secrets.seal(PASSWORD, "here")
    assert PASSWORD.encode() not in sealed
    assert secrets.unseal(memoryview(sealed), "here") == PASSWORD
    assert secrets.seal(PASSWORD, "here") != sealed, "equal passwords cannot be told"


def test_the_key_file_is_made_once_and_for_its_owner_only(key: Path) -> None:
    assert not secrets.exists()
    secrets.ensure()
    made = key.read_bytes()
    secrets.ensure()
    assert key.read_bytes() == made
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key.parent.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_file_that_others_may_read_or_write_is_refused(key: Path, mode: int) -> None:
    sealed = secrets.seal(PASSWORD, "here")
    key.chmod(mode)
    for use in (lambda: secrets.unseal(sealed, "here"), lambda: secrets.seal(PASSWORD, "here")):
        with pytest.raises(SecretKeyExposed, match=rf"secret\.key.*mode {mode:03o}"):
            use()
    key.chmod(0o600)
    assert secrets.unseal(sealed, "here") == PASSWORD


def test_processes_that_make_the_key_at_once_agree_on_one(key: Path) -> None:
    program = "from serversync.crm import secrets; print(secrets.session_key())"
    running = [
        subprocess.Popen([sys.executable, "-c", program], env=dict(os.environ), stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1


def test_another_key_opens_nothing_and_says_so(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = secrets.seal(PASSWORD, "here")
    monkeypatch.setenv("SERVERSYNC_SECRET_KEY", "another key, long enough")
    with pytest.raises(SecretKeyUnusable, match="SERVERSYNC_SECRET_KEY"):
        secrets.unseal(sealed, "here")
    monkeypatch.delenv("SERVERSYNC_SECRET_KEY")
    key.write_text("a key file of another installation")
    with pytest.raises(SecretKeyUnusable, match=r"secret\.key"):
        secrets.unseal(sealed, "here")


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x02" + b"x" * 60, b"\x01" + b"x" * 60])
def test_damaged_secrets_are_refused(key: Path, damage: bytes) -> None:
    with pytest.raises(SecretKeyUnusable):
        secrets.unseal(damage, "here")


def test_a_sealed_password_does_not_open_in_another_place(key: Path) -> None:
    with pytest.raises(SecretKeyUnusable):
        secrets.unseal(secrets.seal(PASSWORD, "one row"), "another row")


def test_a_short_key_is_refused(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERSYNC_SECRET_KEY", "short")
    with pytest.raises(SecretKeyUnusable):
        secrets.ensure()


def test_sessions_are_signed_with_another_key_than_passwords_are_sealed_with(key: Path) -> None:
    session = secrets.session_key()
    assert session == secrets.session_key()
    assert session not in key.read_text()


@pytest.mark.django_db
def test_no_password_is_readable_in_the_tables_or_in_what_is_shown(key: Path) -> None:
    profile = EmailServerProfile(name="Exchange", incomingusername="svc")
    profile.set_incomingpassword(PASSWORD)
    profile.set_outgoingpassword(PASSWORD)
    profile.set_proxypassword(PASSWORD)
    profile.save()
    mailbox = Mailbox(name="Forward")
    mailbox.set_password(PASSWORD)
    mailbox.save()
    with connection.cursor() as cursor:
        cursor.execute(
            "select emailserverprofile::text from emailserverprofile union all select mailbox::text from mailbox"
        )
        rows = "".join(row for (row,) in cursor.fetchall())
    shown = (
        rows + repr(profile) + str(profile) + json.dumps(serializers.serialize("json", [profile, mailbox]))
    )
    for form in (PASSWORD, PASSWORD.encode().hex(), "Tr0ub4dor"):
        assert form not in shown
    profile.refresh_from_db()
    assert profile.isincomingpasswordset
    assert profile.isoutgoingpasswordset
    assert profile.incomingpassword is not None
    place = secrets.purpose("emailserverprofile", profile.emailserverprofileid, "incomingpassword")
    assert secrets.unseal(profile.incomingpassword, place) == PASSWORD
    profile.set_incomingpassword(None)
    assert not profile.isincomingpasswordset
