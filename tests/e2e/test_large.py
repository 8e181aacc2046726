"""Bodies and attachments of 100 MB pass through in pieces: less memory than one of them takes."""

import json
import os
import subprocess
import sys
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
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.large_pass", str(place.mailboxes["ada@example.org"])],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_dsn},
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout.splitlines()[-1])
        assert (told["error"], told["processed"]) == ("None", 1)
        ((stored,),) = place.query(length)
        assert stored >= HUNDRED_MEGABYTES - 1024
        assert told["grown"] < 80
