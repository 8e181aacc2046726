"""All 103 real messages from Exchange to the CRM: what is tracked is what the standard library reads."""

import asyncio
import email
import html
import re
from datetime import UTC, datetime
from email.policy import compat32, default

import pytest

from serversync.jobs.single import sync_now
from tests.e2e.place import QUEUE, company
from tests.stdlib_mail import BETTER, FILES, addresses, body_of, header, leaves, legal

pytestmark = [
    pytest.mark.skipif(not FILES, reason="../shared/mail-corpus is not here"),
    pytest.mark.django_db,  # so that the test database is there for the fixture
]


@pytest.fixture(scope="module")
def tracked(django_db_setup, django_db_blocker, postgresql):
    """Every message of the corpus as it stands in the CRM, by file name; read once for all tests."""
    from django.core.management import call_command
    from django.db import connection
    from psycopg.conninfo import conninfo_to_dict

    from serversync.database import address

    with django_db_blocker.unblock():
        dsn = address.socket_dsn(
            str(conninfo_to_dict(postgresql)["host"]), str(connection.settings_dict["NAME"])
        )
        address.use(dsn)
        with company(dsn, extended_protection="require", protocol=2) as place:
            now = datetime.now(UTC)
            ids = {path.stem: place.exchange.deliver(path.read_bytes(), [QUEUE], now)[0] for path in FILES}
            result, error = asyncio.run(sync_now(place.mailboxes[QUEUE]))
            assert error is None
            rows = {}
            for stem, item_id in ids.items():
                rows[stem] = read(place.query, item_id)
        call_command("flush", interactive=False, verbosity=0)
        address.use(postgresql)
    return result, rows


def read(query, item_id):
    ((outcome, activityid, reason),) = query(
        "select outcome, activityid, reasoncode from messagetrace where exchangeentryid = %s", item_id
    )
    ((subject, description, messageid),) = query(
        "select subject, description, messageid from email where activityid = %s", activityid
    )
    parties = query(
        "select participationtypemask, addressused from activityparty where activityid = %s order by ctid",
        activityid,
    )
    files = query(
        "select m.filename, m.mimetype, a.body from activitymimeattachment m join attachment a using (attachmentid)"
        " where activityid = %s order by attachmentnumber",
        activityid,
    )
    return {
        "outcome": outcome,
        "reason": reason,
        "subject": subject,
        "description": description,
        "messageid": messageid,
        "parties": parties,
        "files": files,
    }


def text_of(description):
    return html.unescape(
        description.removeprefix('<div style="white-space: pre-wrap">').removesuffix("</div>")
    )


def test_every_message_is_tracked_or_a_copy_of_one_that_is(tracked):
    """A copy is held against its own file as well, below: a different message would not pass as one."""
    result, rows = tracked
    assert len(rows) == 103
    assert {row["outcome"] for row in rows.values()} <= {1, 2}
    assert result.processed == 103


@pytest.mark.parametrize("path", [p for p in FILES if p.stem not in BETTER], ids=lambda path: path.stem)
def test_what_is_tracked_is_what_the_standard_library_reads(tracked, path):
    row = tracked[1][path.stem]
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert row["subject"] == legal(header(message, "subject")).strip()[:800]
    for mask, name in ((2, "to"), (3, "cc")):
        assert [a for m, a in row["parties"] if m == mask] == addresses(message, name)
    assert [a for m, a in row["parties"] if m == 1] == addresses(message, "from")[:1]
    compare_bodies(row, message)
    compare_attachments(row, message)


def compare_bodies(row, message):
    wanted = body_of(message, "html")
    if message.get_body(("html",)) is not None:
        if wanted is not None:
            assert row["description"] == legal(wanted)
    elif (wanted := body_of(message, "plain")) is not None:
        assert text_of(row["description"]) == legal(wanted)


def compare_attachments(row, message):
    bodies = [id(part) for kind in ("plain", "html") if (part := message.get_body((kind,))) is not None]
    expected = [part for part in leaves(message) if id(part) not in bodies]
    assert len(row["files"]) == len(expected)
    for (name, mimetype, content), part in zip(row["files"], expected, strict=True):
        assert mimetype == part.get_content_type()
        if part.get_content_type() == "message/rfc822":
            assert name.endswith(".eml")
            inner = part.get_payload(0)
            assert email.message_from_bytes(content, policy=compat32).items() == list(inner.raw_items())
        elif not part.is_multipart():
            assert content == part.get_payload(decode=True)
            if part.get_filename():
                assert name == legal(part.get_filename())
            else:
                assert re.fullmatch(r"ATT\d{5}\.(txt|htm|bin)", name)
