"""Whatever bytes are attached to a message that was forwarded, or stand in a report: reading them ends well.

One message that cannot be taken apart must never stop a mailbox, and what is read can be kept by a database.
"""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.rules.email.forwarding import unpack
from serversync.rules.email.headers import addresses_by_name
from serversync.rules.email.message import Attachment, ReceivedMessage
from serversync.rules.email.reports import read_report
from tests.e2e.strange_messages import strange_messages

STRANGE = [mime[:20_000] for mime in strange_messages().values()]
CHARSETS = [
    b"undefined",
    b"idna",
    b"punycode",
    b"rot13",
    b"zlib",
    b"hex",
    b'"utf-8\0"',
    b"\xff",
    b"unicode_escape",
]
HEADERS = [
    *(b"Content-Type: text/plain; charset=" + one for one in CHARSETS),
    b"Content-Transfer-Encoding: uuencode",
    b"Content-Disposition: attachment; filename*0*=utf-8''%ff; filename*1=x",
    b"Date: Fri, 31 Dec 9999 23:59:59 -1200",
    b"From: =?utf-8?q?=ff?= <a@b>",
    b'To: "',
    b"Message-ID: <[@@]>",
    b"Subject: =?utf-16?b?/w==?=",
    b"Content-ID: \r\n <\xff>",
    b"Content-Type: text/pl\xffain",
    b"Content-Type: message/rfc822",
    b"Content-Type: message/delivery-status",
    b"Content-Type: multipart/report; boundary=b",
]
BOUNDARY = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n"


def wrapper(data: bytes) -> ReceivedMessage:
    attached = Attachment("a", "x.eml", "message/rfc822", "", len(data), False, True, data)
    return ReceivedMessage(
        "i",
        uuid4(),
        "IPM.Note",
        None,
        None,
        None,
        b"",
        "FW",
        "",
        False,
        None,
        [],
        [],
        [],
        None,
        None,
        1,
        1,
        [attached],
    )


def texts_of(message: ReceivedMessage) -> list[str]:
    people = [*([message.sender] if message.sender else []), *message.to, *message.cc]
    return [
        message.subject,
        *(one or "" for one in (message.message_id, message.in_reply_to, message.references)),
        str(message.body),
        *(text for one in people for text in (one.name, one.address)),
        *(text for one in message.attachments for text in (one.name, one.content_type, one.content_id)),
    ]


def check(data: bytes) -> None:
    found = unpack(wrapper(data))
    report = read_report(data)
    told = [report.subject, *report.message_ids]
    told += [text for one in report.recipients for text in (one.address, one.status, one.reason)]
    for text in (*(texts_of(found) if found else ()), *told):
        text.encode()
        assert "\0" not in text
    addresses_by_name(data.decode("utf-8", "replace"))


@pytest.mark.parametrize("header", HEADERS)
def test_every_odd_header_is_survived_at_the_top_and_in_a_part(header: bytes) -> None:
    check(header + b"\r\nFrom: a@b.example\r\n\r\n\xff\xfebody=41\r\n")
    check(BOUNDARY + header + b"\r\n\r\n\xff\xfebody=41\r\n--q--\r\n")


@given(
    st.sampled_from(STRANGE),
    st.lists(st.sampled_from(HEADERS), max_size=4),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 30), st.binary(max_size=8)), max_size=8),
)
def test_damaged_messages_are_survived(
    mime: bytes, headers: list[bytes], damages: list[tuple[int, int, bytes]]
) -> None:
    data = b"".join(one + b"\r\n" for one in headers) + mime
    for where, length, other in damages:
        data = data[:where] + other + data[where + length :]
    check(data)


@pytest.mark.parametrize(
    "charset", [b"unicode_escape", b"Unicode-Escape", b"raw_unicode_escape", b"idna", b"punycode"]
)
def test_what_only_python_calls_a_charset_changes_no_text(charset: bytes) -> None:
    head = b"From: a@b.example\r\nContent-Type: text/plain; charset=" + charset
    found = unpack(wrapper(head + b"\r\n\r\nC:\\8 and \\x41\r\n"))
    assert found is not None
    assert "C:\\8 and \\x41" in str(found.body)


@pytest.mark.parametrize("depth", [50, 1000, 3000])
@pytest.mark.parametrize("kind", [b"Content-Type: message/rfc822\r\n\r\n", None])
def test_any_depth_is_survived(depth: int, kind: bytes | None) -> None:
    part = b"x"
    if kind is None:
        for level in range(depth):
            part = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s" % (level, level, part)
    else:
        part = kind * depth + part
    check(b"From: a@b.example\r\n" + part)
