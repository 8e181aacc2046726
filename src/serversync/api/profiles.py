"""Email server profiles: all, one, and Test Connection with its tree of steps."""

import msgspec
from django.http import HttpRequest

from serversync.administration import connection_report, connection_test, documents, profiles
from serversync.api import parameters


class _Test(msgspec.Struct, forbid_unknown_fields=True):
    """What a test takes: the mailbox to open, and one that Exchange has to deny."""

    mailbox: str | None = None
    outside: str | None = None


def list_all(request: HttpRequest) -> object:
    """Answer with the profiles, by name."""
    parameters.of(request)
    return [documents.of_profile(profile, count) for profile, count in profiles.find_all()]


def show(request: HttpRequest, *, name: str) -> object:
    """Answer with one profile."""
    parameters.of(request)
    wanted = profiles.find(name)
    counts = {profile.pk: count for profile, count in profiles.find_all()}
    return documents.of_profile(wanted, counts.get(wanted.pk, 0))


def test(request: HttpRequest, *, name: str) -> object:
    """Test the connection and answer once every step is over, also where one of them failed."""
    parameters.of(request)
    asked = parameters.body(request, _Test)
    done = connection_test.examine(name, sample=asked.mailbox or None, outside=asked.outside or None)
    return connection_report.as_document(done)
