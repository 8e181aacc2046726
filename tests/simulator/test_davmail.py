"""DavMail in front of the simulator: its own IMAP, SMTP, CalDAV and CardDAV clients are those of the standard library."""

import base64
import contextlib
import hashlib
import http.client
import imaplib
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import icalendar
import pytest

from serversync.simulator import Exchange, SimulatorThread
from tests.simulator.conftest import SCHEMAS, Serve
from tests.simulator.test_icalendar import PUT

JAR = Path("/usr/share/davmail/davmail.jar")
JAVA = shutil.which("java")
pytestmark = [
    pytest.mark.skipif(
        not (JAR.is_file() and JAVA), reason="needs DavMail and Java: apt-get install davmail"
    ),
    pytest.mark.timeout(180),
]
USER, PASSWORD = "ada@example.org", "a password"
CARD = (
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c1\r\nFN:Grace Hopper\r\nN:Hopper;Grace;;;\r\n"
    b"EMAIL;TYPE=work:grace@example.com\r\nTEL;TYPE=cell:+1 2\r\nORG:Navy\r\nEND:VCARD\r\n"
)
ANSWER = b"From: ada@example.org\r\nTo: grace@example.com\r\nSubject: Answer\r\n\r\nHello\r\n"
SETTINGS = """davmail.server=true
davmail.mode=EWS
davmail.url={url}
davmail.bindAddress=127.0.0.1
davmail.allowRemote=false
davmail.disableUpdateCheck=true
davmail.imapPort={imap}
davmail.smtpPort={smtp}
davmail.caldavPort={caldav}
davmail.ldapPort=
davmail.popPort=
davmail.ssl.nosecureimap=true
davmail.ssl.nosecuresmtp=true
davmail.ssl.nosecurecaldav=true
davmail.enableKerberos=false
davmail.server.certificate.hash={fingerprint}
davmail.logFilePath={folder}/davmail.log
log4j.rootLogger=WARN
log4j.logger.davmail=DEBUG
"""


@dataclass
class DavMail:
    """A DavMail that runs."""

    exchange: Exchange
    imap: int
    smtp: int
    caldav: int

    def http(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        login = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.caldav, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, f"/users/{USER}{path}", body, {"Authorization": login, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()


def free_ports(number: int) -> list[int]:
    """Ports that nobody listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def fingerprint(simulator: SimulatorThread) -> str:
    """The SHA-1 of the simulator's certificate, which DavMail is told to accept."""
    pem = ssl.get_server_certificate(("localhost", simulator.server.port))
    digest = hashlib.sha1(ssl.PEM_cert_to_DER_cert(pem), usedforsecurity=False).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, 40, 2))


@pytest.fixture
def davmail(serve: Serve, tmp_path: Path) -> Iterator[DavMail]:
    exchange = Exchange()
    exchange.add_mailbox(USER, display_name="Ada Lovelace", password=PASSWORD)
    imap, smtp, caldav = free_ports(3)
    with serve(exchange, schema_dir=SCHEMAS if SCHEMAS.is_dir() else None) as simulator:
        settings = tmp_path / "davmail.properties"
        settings.write_text(
            SETTINGS.format(
                url=simulator.url,
                imap=imap,
                smtp=smtp,
                caldav=caldav,
                folder=tmp_path,
                fingerprint=fingerprint(simulator),
            )
        )
        command = [str(JAVA), "-jar", str(JAR), "-server", str(settings)]
        environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env=environment,
        ) as process:
            try:
                await_ports(process, imap, smtp, caldav)
                drain = threading.Thread(target=process.stdout.read)
                drain.start()
                yield DavMail(exchange, imap, smtp, caldav)
            finally:
                process.terminate()
                process.wait(timeout=60)


def await_ports(process: subprocess.Popen[str], *ports: int) -> None:
    """Wait until DavMail listens on all ports; its log on standard output says when something happened."""
    assert process.stdout is not None
    missing = set(ports)
    while missing:
        line = process.stdout.readline()
        assert line, "DavMail ended before it listened"
        for port in sorted(missing):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                missing.discard(port)


def test_a_series_goes_through_caldav_and_comes_back(davmail: DavMail) -> None:
    path = "/calendar/series-1.ics"
    kind = {"Content-Type": "text/calendar"}
    assert davmail.http("PUT", path, PUT, **kind)[0] == 201
    mailbox = davmail.exchange.mailbox(USER)
    (number,) = mailbox.distinguished_folder("calendar").items
    stored = mailbox.item(number)
    assert stored.properties["calendar:UID"] == "series-1@example.com"
    assert sorted(one is None for one in stored.exceptions.values()) == [False, True]
    status, body = davmail.http("GET", path)
    assert status == 200
    master, changed = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert (master["SUMMARY"], master["RRULE"]["COUNT"]) == ("Stand-up, daily", [10])
    assert [one.dt.day for one in master["EXDATE"].dts] == [25]
    assert (changed["SUMMARY"], changed.decoded("DTSTART").hour) == ("Late stand-up", 11)
    assert davmail.http("DELETE", path)[0] == 200
    assert not mailbox.distinguished_folder("calendar").items


def test_a_contact_goes_through_carddav_and_comes_back(davmail: DavMail) -> None:
    assert davmail.http("PUT", "/contacts/c1.vcf", CARD, **{"Content-Type": "text/vcard"})[0] == 201
    mailbox = davmail.exchange.mailbox(USER)
    (number,) = mailbox.distinguished_folder("contacts").items
    stored = mailbox.item(number).properties
    assert (stored["contacts:Surname"], stored["contacts:CompanyName"]) == ("Hopper", "Navy")
    status, body = davmail.http("GET", "/contacts/c1.vcf")
    assert status == 200
    assert {b"FN:Grace Hopper", b"EMAIL;TYPE=work:grace@example.com", b"TEL;TYPE=cell:+1 2"} <= set(
        body.split(b"\r\n") if b"\r\n" in body else body.split(b"\n")
    )


def test_mail_is_listed_appended_fetched_and_sent(davmail: DavMail) -> None:
    message = b"From: grace@example.com\r\nTo: ada@example.org\r\nSubject: Compiler\r\n\r\nHello\r\n"
    client = imaplib.IMAP4("127.0.0.1", davmail.imap, timeout=60)
    client.login(USER, PASSWORD)
    assert any(b'"INBOX"' in line for line in client.list()[1])
    assert client.append("INBOX", "(\\Seen)", None, message)[0] == "OK"
    assert client.select("INBOX")[1] == [b"1"]
    (found, *_) = client.fetch("1", "(UID FLAGS BODY.PEEK[])")[1]
    assert b"Subject: Compiler" in found[1]
    assert client.search(None, "SUBJECT", "Compiler")[1] == [b"1"]
    client.logout()
    with smtplib.SMTP("127.0.0.1", davmail.smtp, timeout=60) as sender:
        sender.login(USER, PASSWORD)
        sender.sendmail(USER, ["grace@example.com"], ANSWER)
    (mail,) = davmail.exchange.outbox
    assert mail.recipients == ("grace@example.com",)
    assert b"Subject: Answer" in mail.mime
