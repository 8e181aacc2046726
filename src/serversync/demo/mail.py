"""A week of mail between the company and its customers, the same in every demonstration.

Messages are real MIME: plain text and HTML, replies in threads, several recipients, attachments, inline
pictures, names outside ASCII.
"""

import struct
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple

from serversync.demo.company import ADA, BEN, CLEO, CUSTOMERS, QUEUE, Customer, Person


class Delivery(NamedTuple):
    """A message on its way: when it arrives, in which mailboxes, and its MIME."""

    received: datetime
    to: tuple[str, ...]
    mime: bytes


class _Topic(NamedTuple):
    subject: str
    question: str
    answer: str


_TOPICS = (
    _Topic(
        "Delivery on Thursday",
        "could the delivery come before nine on Thursday? Our loading bay is closed later that day.",
        "Nine is fine, the driver will call half an hour before.",
    ),
    _Topic(
        "Offer for 40 city bikes",
        "please send us an offer for 40 city bikes, frame sizes as in the attached list, with and without lights.",
        "The offer is on its way. With lights the price stays the same until the end of the month.",
    ),
    _Topic(
        "Lantern catalogue",
        "the new catalogue is ready. The cover is below; do you want it as a reference customer again?",
        "Gladly. Please use the name Paper & Light, with the ampersand.",
    ),
    _Topic(
        "Invoice 4711",
        "line 3 of invoice 4711 charges for two pallets, but only one arrived. Could you look into it?",
        "You are right, the second pallet went back. A corrected invoice follows today.",
    ),
    _Topic(
        "Logo drafts",
        "three drafts of the logo are attached. I like the second one best; what does everybody think?",
        "The second one, with the darker blue of the first.",
    ),
    _Topic(
        "Opening hours",
        "are you open on the bank holiday? I could not find it on the web site.",
        "We are open from ten to two.",
    ),
)


def _picture(width: int, height: int, shade: int) -> bytes:
    """Return a small PNG, a gradient."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + b"".join(bytes((x * 255 // width, shade, y * 255 // height)) for x in range(width))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _compose(
    number: int,
    sent: datetime,
    sender: Person | Customer,
    to: tuple[Person | Customer, ...],
    cc: tuple[Person | Customer, ...],
    subject: str,
    text: str,
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"{sender.name} <{sender.address}>"
    message["To"] = ", ".join(f"{p.name} <{p.address}>" for p in to)
    if cc:
        message["Cc"] = ", ".join(f"{p.name} <{p.address}>" for p in cc)
    message["Subject"] = subject
    message["Date"] = format_datetime(sent)
    message["Message-ID"] = f"<{number:06d}.{int(sent.timestamp())}@{sender.address.partition('@')[2]}>"
    message.set_content(text)
    return message


def _decorate(message: EmailMessage, number: int, text: str) -> None:
    """Add what the message's number asks for: an HTML side, a picture in it, files."""
    if number % 3 == 1:
        escaped = text.strip().replace("&", "&amp;").replace("\n\n", "</p><p>").replace("\n", "<br>")
        paragraphs = f"<p>{escaped}</p>"
        picture = '<p><img src="cid:cover@picture" alt="cover"></p>' if number % 2 else ""
        message.add_alternative(f"<html><body>{paragraphs}{picture}</body></html>", subtype="html")
        if picture:
            html = message.get_payload(1)
            if isinstance(html, EmailMessage):
                html.add_related(
                    _picture(48, 32, number * 7 % 256),
                    "image",
                    "png",
                    cid="<cover@picture>",
                    filename="cover.png",
                )
    if number % 4 == 1:
        rows = "\r\n".join(f"{n};frame {48 + n % 12} cm;{n * 3 % 7}" for n in range(1, 30))
        message.add_attachment(
            f"no;frame;pieces\r\n{rows}\r\n".encode(), "text", "csv", filename=f"list-{number}.csv"
        )
    if number % 5 == 4:
        message.add_attachment(
            _picture(96, 64, number * 31 % 256), "image", "png", filename=f"Entwürfe {number}.png"
        )


def conversation(number: int, start: datetime, *, pace: float = 1.0) -> Iterator[Delivery]:
    """Yield one customer's question and what follows from it within hours; ``pace`` stretches them."""
    topic = _TOPICS[number % len(_TOPICS)]
    customer = CUSTOMERS[number % len(CUSTOMERS)]
    owner = (ADA, BEN, CLEO)[number % 3]
    to: tuple[Person, ...] = (owner,)
    cc: tuple[Person, ...] = ()
    if number % 4 == 2:
        to = (QUEUE,)
    elif number % 4 == 3:
        to, cc = (ADA, BEN, CLEO), (QUEUE,)
    text = f"Hello {to[0].name.split()[0]},\n\n{topic.question}\n\nKind regards\n{customer.name}\n"
    question = _compose(number * 10, start, customer, to, cc, f"{topic.subject} ({number})", text)
    _decorate(question, number, text)
    yield Delivery(start, tuple(p.address for p in (*to, *cc)), question.as_bytes())

    if number % 2 == 0:
        colleague = (BEN, CLEO, ADA)[number % 3]
        later = start + pace * timedelta(minutes=47)
        note = f"{topic.answer}\n\nCan you take it from here, {colleague.name.split()[0]}?\n\n{owner.name}\n"
        reply = _compose(
            number * 10 + 1,
            later,
            owner,
            (colleague,),
            (QUEUE,) if number % 4 == 0 else (),
            f"FW: {topic.subject} ({number})",
            note,
        )
        reply["References"] = question["Message-ID"]
        yield Delivery(
            later,
            tuple(p.address for p in ((colleague, QUEUE) if number % 4 == 0 else (colleague,))),
            reply.as_bytes(),
        )
    if number % 3 == 0:
        thanks_at = start + pace * timedelta(hours=5, minutes=12)
        thanks = _compose(
            number * 10 + 2,
            thanks_at,
            customer,
            to,
            cc,
            f"Re: {topic.subject} ({number})",
            f"Thank you!\n\n{customer.name}\n",
        )
        thanks["In-Reply-To"] = question["Message-ID"]
        thanks["References"] = question["Message-ID"]
        yield Delivery(thanks_at, tuple(p.address for p in (*to, *cc)), thanks.as_bytes())


def week_of_mail(until: datetime) -> list[Delivery]:
    """Return the mail of the seven days before ``until``, in the order of arrival."""
    start = until - timedelta(days=7)
    step = timedelta(hours=4, minutes=37)
    found = [d for n in range(36) for d in conversation(n, start + n * step) if d.received < until]
    return sorted(found)
