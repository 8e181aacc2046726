"""All 103 real messages come in and are passed on: text, structure and files leave as they were tracked."""

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from django.db.models.functions import Length

from serversync.administration import composing, organization, sending
from serversync.crm.models import ActivityMimeAttachment, Email, EmailDelivery, Mailbox
from serversync.crm.models.email import EmailStatus
from serversync.jobs.single import sync_now
from tests.e2e.place import QUEUE, company
from tests.fault.workers import until, worker
from tests.stdlib_mail import FILES

pytestmark = pytest.mark.skipif(not FILES, reason="../shared/mail-corpus is not here")


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as made:
        organization.change("allowunresolvedpartiesonemailsend", "yes")
        Mailbox.objects.update(outgoingemaildeliverymethod=2)
        yield made


def files_of(email) -> list[tuple[str, bytes, str | None]]:
    rows = ActivityMimeAttachment.objects.filter(activityid=email).select_related("attachmentid")
    return [
        (row.filename or "", bytes(row.attachmentid.body or b""), row.attachmentcontentid)
        for row in rows.order_by("attachmentnumber")
    ]


def test_what_came_in_goes_out_again(place, database_dsn):
    now = datetime.now(UTC)
    for path in FILES:
        place.exchange.deliver(path.read_bytes(), [QUEUE], now)
    asyncio.run(sync_now(place.mailboxes[QUEUE]))
    tracked = list(Email.objects.filter(directioncode=False).annotate(length=Length("description")))
    assert len(tracked) > 90
    forwards = {}
    for number, email in enumerate(tracked):
        passed_on = composing.forward(str(email.pk), {"sender": QUEUE, "to": [f"s{number}@quay.example"]})
        forwards[f"s{number}@quay.example"] = (email, sending.send(passed_on))
    with worker(database_dsn):
        until(lambda: not EmailDelivery.objects.exists(), seconds=200)
    assert Email.objects.filter(statuscode=EmailStatus.SENT).count() == len(tracked)
    for left in place.exchange.outbox:
        email, passed_on = forwards[left.recipients[0]]
        expect_kept(email, passed_on, message_from_bytes(left.mime, policy=policy.default))
    assert len(place.exchange.outbox) == len(tracked)


def expect_kept(email, passed_on, mime) -> None:
    what = email.subject
    assert mime["Subject"].split() == passed_on.subject.split(), what
    body = mime.get_body(("html",)).get_content()
    assert lines(email.description) in lines(body), what
    bodies = {id(mime.get_body((kind,))) for kind in ("html", "plain")}
    parts = [part for part in leaves(mime) if id(part) not in bodies]
    wanted = files_of(email)
    assert [content_of(part) for part in parts] == [content for _, content, _ in wanted], what
    assert [part["Content-ID"] and part["Content-ID"].strip("<> ") for part in parts] == [
        cid for _, _, cid in wanted
    ], what
    names = [(part.get_filename() or "").strip() for part in parts]
    assert names == [printable(name) for name, _, _ in wanted], what


def printable(name: str) -> str:
    return "".join(sign for sign in name if sign.isprintable()).strip()


def leaves(part):
    """The parts that are no containers; an attached message is one part."""
    if part.get_content_type() == "message/rfc822" or not part.is_multipart():
        return [part]
    return [leaf for inner in part.iter_parts() for leaf in leaves(inner)]


def content_of(part) -> bytes:
    if part.get_content_type() == "message/rfc822":
        return part.get_payload(0).as_bytes() if part.is_multipart() else part.get_payload(decode=True)
    return part.get_payload(decode=True)


def lines(text: str) -> str:
    """Transport may change line ends, and nothing else."""
    return "\n".join((text or "").split("\r\n")).replace("\r", "\n").strip("\n")
