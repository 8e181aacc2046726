"""The change of the key is killed at every point: every password opens, and the next try ends the change."""

import os
import subprocess
import sys

import pytest

from serversync.core.errors import SecretKeyUnusable
from serversync.core.faults import KEY_CHANGE
from serversync.crm import secrets

PASSWORDS = {"incomingpassword": "planted-Secret-1", "outgoingpassword": "planted-Secret-2"}


@pytest.fixture
def data(monkeypatch, tmp_path):
    folder = tmp_path / "data"
    monkeypatch.setenv("SERVERSYNC_DATA", str(folder))
    return folder


@pytest.fixture
def profile(database_dsn, data):
    from serversync.crm.models import EmailServerProfile, Mailbox, Organization

    Organization.objects.current()
    made = EmailServerProfile(name="Exchange")
    made.set_incomingpassword(PASSWORDS["incomingpassword"])
    made.set_outgoingpassword(PASSWORDS["outgoingpassword"])
    made.save()
    mailbox = Mailbox(name="Own")
    mailbox.set_password("planted-Secret-3")
    mailbox.save()
    return made


def rotate(dsn, **environment):
    return subprocess.run(
        [sys.executable, "-c", "from serversync.cli.main import main; main()", "secrets", "rotate"],
        env=os.environ | {"DATABASE_URL": dsn} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def opened(profile):
    from serversync.crm.models import Mailbox

    profile.refresh_from_db()
    found = {
        column: secrets.unseal(
            getattr(profile, column), secrets.purpose("emailserverprofile", profile.pk, column)
        )
        for column in PASSWORDS
    }
    mailbox = Mailbox.objects.get(name="Own")
    found["mailbox"] = secrets.unseal(
        mailbox.password, secrets.purpose("mailbox", mailbox.mailboxid, "password")
    )
    return found


@pytest.mark.parametrize("point", KEY_CHANGE)
def test_killed_at_any_point_every_password_opens_and_the_next_try_ends_it(
    database_dsn, data, profile, point
):
    old = (data / "secret.key").read_text()
    killed = rotate(database_dsn, SERVERSYNC_FAULT=f"{point}=kill")
    assert killed.returncode == -9, killed.stderr
    everything = {**PASSWORDS, "mailbox": "planted-Secret-3"}
    assert opened(profile) == everything

    profile.set_incomingpassword("entered meanwhile")
    profile.save()
    everything["incomingpassword"] = "entered meanwhile"
    assert opened(profile) == everything

    done = rotate(database_dsn)
    assert done.returncode == 0, done.stderr
    assert opened(profile) == everything
    assert (data / "secret.key").read_text() != old
    assert sorted(path.name for path in data.iterdir() if path.name.startswith("secret")) == ["secret.key"]
    assert "planted" not in done.stdout + done.stderr + killed.stdout + killed.stderr
    (data / "secret.key").write_text(old)
    with pytest.raises(SecretKeyUnusable):
        opened(profile)


def test_a_secret_that_neither_key_opens_stops_the_change_and_changes_nothing(database_dsn, data, profile):
    from serversync.crm.models import EmailServerProfile

    lost = EmailServerProfile.objects.create(name="Lost", incomingpassword=b"\x01" + b"x" * 60)
    before = EmailServerProfile.objects.get(name="Exchange").incomingpassword
    refused = rotate(database_dsn)
    assert refused.returncode == 3
    assert "secrets.key-unusable" in refused.stderr
    assert bytes(EmailServerProfile.objects.get(name="Exchange").incomingpassword) == bytes(before)
    assert opened(profile)["incomingpassword"] == PASSWORDS["incomingpassword"]
    lost.delete()
    assert rotate(database_dsn).returncode == 0


def test_a_key_of_the_environment_is_changed_by_giving_both(database_dsn, data, profile, monkeypatch):
    old, new = "the old key, long enough", "the new key, long enough"
    monkeypatch.setenv("SERVERSYNC_SECRET_KEY", old)
    profile.set_incomingpassword("under the old")
    profile.set_outgoingpassword(None)
    profile.save()
    from serversync.crm.models import Mailbox

    Mailbox.objects.update(password=None)
    assert "SERVERSYNC_SECRET_KEY_NEXT" in rotate(database_dsn).stderr
    monkeypatch.setenv("SERVERSYNC_SECRET_KEY_NEXT", new)
    assert "1 secrets were sealed anew" in rotate(database_dsn).stdout
    assert "0 secrets were sealed anew" in rotate(database_dsn).stdout
    monkeypatch.delenv("SERVERSYNC_SECRET_KEY_NEXT")
    place = secrets.purpose("emailserverprofile", profile.pk, "incomingpassword")
    profile.refresh_from_db()
    with pytest.raises(SecretKeyUnusable):
        secrets.unseal(profile.incomingpassword, place)
    monkeypatch.setenv("SERVERSYNC_SECRET_KEY", new)
    assert secrets.unseal(profile.incomingpassword, place) == "under the old"
