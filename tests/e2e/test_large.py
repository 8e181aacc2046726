"""Large bodies and files pass through in pieces, in and out: less memory than one of them takes."""

import json
import os
import subprocess
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.e2e.place import company

ROOT = Path(__file__).parents[2]
HUNDRED_MEGABYTES = 100 * 1024 * 1024


def message(subject):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "grete@harbour.example", "ada@example.org", subject
    mail["Message-ID"], mail["Date"] = f"<{subject}@harbour.example>", "Mon, 02 Mar 2026 08:00:00 +0000"
    return mail


def with_a_large_attachment():
    mail = message("attachment")
    mail.set_content("See the file.")
    block = bytes(range(256)) * 4096
    mail.add_attachment(
        block * (HUNDRED_MEGABYTES // len(block)), "application", "octet-stream", filename="big.bin"
    )
    return mail.as_bytes()


def with_a_large_body():
    line = "Ein Satz mit Umlauten äöü & < > und so weiter, immer weiter.\n"
    text = line * (HUNDRED_MEGABYTES // len(line.encode()))
    head = (
        message("body").as_bytes().rstrip()
        + b"\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    )
    return head + text.encode()


def in_a_process(dsn, what, which):
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.large_pass", what, str(which)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("mime", "length"),
    [
        (with_a_large_attachment, "select length(body) from attachment"),
        (with_a_large_body, "select octet_length(description) from email"),
    ],
)
def test_a_hundred_megabytes_pass_in_pieces(database_dsn, mime, length):
    from serversync.crm.models import Organization

    with company(database_dsn) as place:
        Organization.objects.update(maxuploadfilesize=200 << 20)
        place.exchange.deliver(mime(), ["ada@example.org"])
        told = in_a_process(database_dsn, "read", place.mailboxes["ada@example.org"])
        assert (told["error"], told["processed"]) == ("None", 1)
        ((stored,),) = place.query(length)
        assert stored >= HUNDRED_MEGABYTES - 1024
        assert told["grown"] < 80


def test_a_file_of_25_megabytes_leaves_in_pieces(database_dsn):
    from serversync.administration import composing, organization, sending
    from serversync.crm.models import Mailbox
    from serversync.crm.models.email import EmailStatus

    with company(database_dsn) as place:
        organization.change("allowunresolvedpartiesonemailsend", "yes")
        organization.change("maxuploadfilesize", str(30 << 20))
        Mailbox.objects.update(outgoingemaildeliverymethod=2)
        content = bytes(range(256)) * (25 << 12)
        file = composing.NewFile("plans.bin", content, "application/octet-stream")
        email = sending.send(
            composing.compose(
                {
                    "sender": "ada@example.org",
                    "to": ["grete@harbour.example"],
                    "subject": "Plans",
                    "body": "",
                    "files": [file],
                }
            )
        )
        told = in_a_process(database_dsn, "send", email.pk)
        email.refresh_from_db()
        assert email.statuscode == EmailStatus.SENT, sending.state(email)
        (left,) = place.exchange.outbox
        sent = message_from_bytes(left.mime, policy=policy.default)
        assert [part.get_content() for part in sent.iter_attachments()] == [content]
        assert told["grown"] < 25, "less than what was sent"
