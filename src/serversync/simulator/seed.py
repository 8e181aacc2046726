"""Business mail out of nothing: the same for the same seed, made only when somebody reads it.

A message has a text and an HTML body and is about 8.9 KB long, as mail in an office is on average. It costs
no memory until it is read, so that a million of them can be held.
"""

import base64
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

_START = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
_TEXT_SIZE = 3250
_HTML_SIZE = 5000
_ATTACHMENT_EVERY = 5

_PEOPLE = (
    ("Grace Hopper", "grace.hopper@contoso.example"),
    ("Alan Turing", "alan@bombe.example"),
    ("Katherine Johnson", "k.johnson@orbit.example"),
    ("Edsger Dijkstra", "edsger@shortest.example"),
    ("Barbara Liskov", "liskov@substitute.example"),
    ("Dennis Ritchie", "dmr@northwind.example"),
    ("Margaret Hamilton", "margaret@apollo.example"),
    ("Tim Berners-Lee", "tim@fabrikam.example"),
    ("Radia Perlman", "radia@spanning.example"),
    ("Niklaus Wirth", "wirth@adatum.example"),
)
_TOPICS = (
    "Offer for the second production line",
    "Delivery dates for week {week}",
    "Minutes of our call on Tuesday",
    "Question about invoice {number}",
    "Service contract, renewal for next year",
    "Complaint: parts damaged in transit",
    "Drawings of the pump housing, revision {week}",
    "Visit of our engineers on site",
    "Price list valid from next quarter",
    "Order {number}: change of quantity",
)
_SENTENCES = (
    "thank you for your message and for the documents that came with it",
    "we have checked the quantities against the order and found no difference",
    "the carrier has confirmed that the goods leave the warehouse on Thursday",
    "please let us know by the end of the week whether the date suits you",
    "our technician needs access to the control cabinet for about two hours",
    "the price includes packing & freight, but not the installation on site",
    "as agreed on the phone, the warranty is extended by another twelve months",
    "tolerances < 0.05 mm can be kept with the tools that we have ordered",
    "I have put my colleague from purchasing in copy, who will take over from here",
    "the drawing in the attachment replaces the one that you received last month",
    "two of the seven pallets arrived with visible damage, photographs follow",
    "could you send us the certificate of origin together with the invoice",
    "the terms of payment stay as they are: thirty days net, two per cent within ten",
    "we look forward to welcoming you and your team in our new building",
)
_WRITTEN = tuple(f"{one[0].upper()}{one[1:]}." for one in _SENTENCES)


class SeededMail:
    """A source of generated messages, see ``mailsource.MailSource``.

    Args:
        seed: Another number makes other mail.
        attachments: Whether every fifth message carries a small attachment.
    """

    def __init__(self, seed: int = 0, *, attachments: bool = False) -> None:
        self.seed = seed
        self.attachments = attachments

    def received(self, mailbox: str, number: int) -> datetime:  # noqa: ARG002 - all mailboxes share the timetable
        """Return when a message arrived: one every seven minutes."""
        return _START + timedelta(minutes=7 * number)

    def mime(self, mailbox: str, number: int) -> bytes:
        """Return the MIME of a message; numbers count from 1."""
        chance = random.Random(f"{self.seed}:{mailbox}:{number}")  # noqa: S311 - no secret depends on it
        name, address = chance.choice(_PEOPLE)
        subject = chance.choice(_TOPICS).format(week=1 + number % 52, number=70000 + number)
        sentences = self._sentences(chance)
        text = _text_body(sentences, name)
        html = _html_body(sentences, name)
        boundary = "=_alternative_4f1c"
        date = format_datetime(self.received(mailbox, number) - timedelta(seconds=chance.randrange(5, 90)))
        domain = address.partition("@")[2]
        message_id = f"<{number}.{chance.getrandbits(64):016x}@{domain}>"
        user = mailbox.partition("@")[0]
        head = (
            f"Received: from mail.{domain} (192.0.2.{number % 250 + 1}) by EXCH01 with ESMTPS; {date}\r\n"
            f'From: "{name}" <{address}>\r\nTo: "{user.title()}" <{mailbox}>\r\n'
            f"Subject: {subject}\r\nDate: {date}\r\nMessage-ID: {message_id}\r\n"
            f"Thread-Topic: {subject}\r\nX-Mailer: Business Mail 4.2\r\nMIME-Version: 1.0\r\n"
        )
        alternative = (
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
            f'--{boundary}\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n'
            f'--{boundary}\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{html}\r\n'
            f"--{boundary}--\r\n"
        )
        if not self.attachments or number % _ATTACHMENT_EVERY:
            return (head + alternative).encode()
        outer = "=_mixed_8a20"
        data = base64.encodebytes(chance.randbytes(1500)).decode().replace("\n", "\r\n")
        return (
            f'{head}Content-Type: multipart/mixed; boundary="{outer}"\r\n\r\n--{outer}\r\n{alternative}'
            f'--{outer}\r\nContent-Type: application/pdf; name="drawing-{number}.pdf"\r\n'
            f'Content-Disposition: attachment; filename="drawing-{number}.pdf"\r\n'
            f"Content-Transfer-Encoding: base64\r\n\r\n{data}--{outer}--\r\n"
        ).encode()

    @staticmethod
    def _sentences(chance: random.Random) -> list[str]:
        sentences: list[str] = []
        size = 0
        draw, most = chance.getrandbits, len(_SENTENCES)
        bits = most.bit_length()
        while size < _TEXT_SIZE - 200:
            index = draw(bits)
            if index < most:  # as random.choice does it, without its calls
                sentences.append(_WRITTEN[index])
                size += len(_WRITTEN[index]) + 2
        return sentences


def _text_body(sentences: list[str], name: str) -> str:
    paragraphs = (" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4))
    return "Dear customer,\r\n\r\n" + "\r\n\r\n".join(paragraphs) + f"\r\n\r\nKind regards\r\n{name}"


def _html_body(sentences: list[str], name: str) -> str:
    escaped = [sentence.replace("&", "&amp;").replace("<", "&lt;") for sentence in sentences]
    paragraphs = "\r\n".join(
        f'<p class="MsoNormal" style="margin:0 0 10pt 0;font-family:Calibri,sans-serif">{" ".join(escaped[start : start + 3])}</p>'
        for start in range(0, len(escaped), 3)
    )
    body = f"<p>Dear customer,</p>\r\n{paragraphs}\r\n<p>Kind regards<br>{name}</p>"
    style = "p.MsoNormal { font-size: 11.0pt; line-height: 115%; }\r\n"
    padding = style * max(0, (_HTML_SIZE - len(body)) // len(style))
    return f'<html><head><meta charset="utf-8"><style>\r\n{padding}</style></head>\r\n<body lang="EN-GB">\r\n{body}\r\n</body></html>'
