"""Messages that nobody should send and somebody does: by what is strange about them, as they come over the wire."""

import base64

HEAD = (
    b"From: Grete <grete@harbour.example>\r\nTo: ada@example.org\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
)
LONG_SUBJECT = "endless " * 12_000
RECIPIENTS = 5_000
BODY_BYTES = 10 * 1024 * 1024
DEPTH = 8


def simple(name: str, *headers: bytes, body: bytes = b"Hello", head: bytes = HEAD) -> bytes:
    """A message of one part."""
    more = b"".join(header + b"\r\n" for header in headers)
    return head + b"Message-ID: <%s@strange.example>\r\n" % name.encode() + more + b"\r\n" + body + b"\r\n"


def mixed(name: str, *parts: bytes, headers: tuple[bytes, ...] = ()) -> bytes:
    """A message with a text and further parts, each with its own headers."""
    line = b"--of-" + name.encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in (b"\r\nHello\r\n", *parts)) + line + b"--\r\n"
    return simple(name, b'Content-Type: multipart/mixed; boundary="%s"' % line[2:], *headers, body=body)


def nested(depth: int) -> bytes:
    """A message in a message in a message."""
    inner = simple("innermost", b"Subject: innermost", body=b"the treasure")
    for level in range(depth):
        inner = mixed(f"level{level}", b"Content-Type: message/rfc822\r\n\r\n" + inner)
    return inner


def deep_multipart(depth: int) -> bytes:
    """Parts in parts; the text is the innermost."""
    part = b"Content-Type: text/plain\r\n\r\nat the bottom\r\n"
    for level in range(depth):
        name = b"b%d" % level
        part = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n%s\r\n--%s--\r\n' % (
            name,
            name,
            part,
            name,
        )
    return HEAD + b"Message-ID: <deep@strange.example>\r\n" + part


def file_part(headers: bytes, content: bytes) -> bytes:
    """An attachment in base64."""
    return headers + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content)


def strange_messages() -> dict[str, bytes]:
    """Return them all; the key is the left part of the Message-ID where there is one."""
    many = b", ".join(b"Person %d <person%d@list.example>" % (n, n) for n in range(RECIPIENTS))
    return {
        "unknown-charset": simple(
            "unknown-charset",
            b"Content-Type: text/plain; charset=x-martian-9",
            body=b"na\xefve",
        ),
        "wrong-charset": simple(
            "wrong-charset", b"Content-Type: text/plain; charset=utf-8", body=b"Gr\xfc\xdfe"
        ),
        "utf-7": simple("utf-7", b"Content-Type: text/plain; charset=utf-7", body=b"Hi Mom +Jjo--!"),
        "iso-2022-jp": simple(
            "iso-2022-jp",
            b"Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=",
            b"Content-Type: text/plain; charset=iso-2022-jp",
            body="日本語".encode("iso-2022-jp"),
        ),
        "gb18030": simple(
            "gb18030", b"Content-Type: text/plain; charset=gb18030", body="价格表€".encode("gb18030")
        ),
        "raw-utf-8-headers": simple("raw-utf-8-headers", "Subject: Übergröße 😀".encode()),
        "half-an-emoji": simple("half-an-emoji", b"Subject: =?utf-16-be?B?2D0=?= end"),
        "nul": mixed(
            "nul",
            file_part(b'Content-Disposition: attachment; filename="a\x00b.txt"\r\n', b"1\x002"),
            headers=(b"Subject: before\x00after \x01\x0b\x1f\xef\xbf\xbe",),
        ),
        "nul-in-body": simple(
            "nul-in-body", b"Content-Type: text/html", body=b"<p>before\x00after\x0b\x1f</p>"
        ),
        "nul-encoded": simple("nul-encoded", b"Subject: =?utf-8?Q?a=00b=0Bc?="),
        "huge-subject": simple("huge-subject", b"Subject: " + LONG_SUBJECT.encode()),
        "huge-name": simple(
            "huge-name",
            head=b"From: " + b"N" * 50_000 + b" <long@harbour.example>\r\nTo: ada@example.org\r\n",
        ),
        "long-address": simple(
            "long-address",
            head=b"From: "
            + b"l" * 400
            + b"@harbour.example\r\nTo: ada@example.org, "
            + b"m" * 900
            + b"@x.example\r\n",
        ),
        "many-recipients": simple(
            "many-recipients", head=b"From: grete@harbour.example\r\nTo: ada@example.org, " + many + b"\r\n"
        ),
        "huge-body": simple(
            "huge-body",
            b"Content-Type: text/html",
            body=b"<p>" + b"0123456789abcde\n" * (BODY_BYTES // 16) + b"</p>",
        ),
        "nested": nested(DEPTH),
        "deep": deep_multipart(90),
        "winmail": mixed(
            "winmail",
            file_part(
                b'Content-Type: application/ms-tnef; name="winmail.dat"\r\n'
                b'Content-Disposition: attachment; filename="winmail.dat"\r\n',
                b"\x78\x9f\x3e\x22" + bytes(range(256)),
            ),
        ),
        "broken-base64": mixed(
            "broken-base64",
            b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\nJVBE%%!!Ri0\x80x=A==zz",
        ),
        "broken-boundary": simple(
            "broken-boundary", b'Content-Type: multipart/mixed; boundary="never"', body=b"There is no part."
        ),
        "no-boundary": simple("no-boundary", b"Content-Type: multipart/alternative", body=b"--\r\n\r\nx"),
        "names-of-files": mixed(
            "names-of-files",
            file_part(b'Content-Disposition: attachment; filename="../../etc/passwd"\r\n', b"1"),
            file_part(b'Content-Disposition: attachment; filename=""\r\n', b"2"),
            file_part(b'Content-Disposition: attachment; filename="' + b"n" * 900 + b'.pdf"\r\n', b"3"),
            file_part(
                b"Content-Type: ;;;\r\nContent-Disposition: attachment; filename*=utf-8''%E2%82%AC.txt\r\n",
                b"4",
            ),
            file_part(b'Content-Disposition: attachment; filename="empty.txt"\r\n', b""),
        ),
        "groups": simple(
            "groups",
            b"Cc: undisclosed-recipients:;, Team: ben@example.org, cleo@example.org;",
            head=b"From: grete@harbour.example\r\nTo: Friends: ada@example.org, pat@x.example;\r\n",
        ),
        "idn": simple(
            "idn",
            head="From: Jürgen <jürgen@müller.example>\r\nTo: ada@example.org, x@xn--mller-kva.example\r\n".encode(),
        ),
        "odd-addresses": simple(
            "odd-addresses",
            b'Cc: <>, @, a@, "quoted, with comma"@x.example, <<two@x.example>>, no-at-all, a@b@c.example',
        ),
        "several-authors": simple(
            "several-authors",
            b"Sender: secretary@harbour.example",
            head=b"From: a@harbour.example, b@harbour.example\r\nTo: ada@example.org\r\n",
        ),
        "only-a-sender": simple(
            "only-a-sender", head=b"Sender: secretary@harbour.example\r\nTo: ada@example.org\r\n"
        ),
        "no-sender": simple("no-sender", head=b"To: ada@example.org\r\nSubject: from a scanner\r\n"),
        "no-recipient": simple("no-recipient", head=b"From: grete@harbour.example\r\n"),
        "no-date": simple("no-date", head=b"From: grete@harbour.example\r\nTo: ada@example.org\r\n"),
        "year-one": simple(
            "year-one",
            b"Subject: old",
            head=b"From: g@h.example\r\nTo: ada@example.org\r\nDate: Mon, 1 Jan 0001 00:00:00 +1400\r\n",
        ),
        "year-9999": simple(
            "year-9999",
            head=b"From: g@h.example\r\nTo: ada@example.org\r\nDate: Fri, 31 Dec 9999 23:59:59 -1200\r\n",
        ),
        "no-such-date": simple(
            "no-such-date",
            head=b"From: g@h.example\r\nTo: ada@example.org\r\nDate: Someday, 99 Foo 2026 25:61:61 +9999\r\n",
        ),
        "twice": simple("twice", b"Subject: one", body=b"one"),
        "odd-threads": simple(
            "odd-threads",
            b"In-Reply-To: " + b"<x" + b"y" * 5_000 + b"@z>",
            b"References: " + b" ".join(b"<r%d@strange.example>" % n for n in range(2_000)) + b" \x00<",
            b"Thread-Index: this is not base64!!",
            b"Subject: Re: CRM:999999999999999999999 CRM:",
        ),
        "long-thread-index": simple(
            "long-thread-index", b"Thread-Index: " + base64.b64encode(bytes(3_000)).replace(b"\n", b"")
        ),
        "duplicate-headers": simple(
            "duplicate-headers",
            b"Subject: one",
            b"Subject: two",
            b"To: ben@example.org",
            b"Message-ID: <other@x>",
        ),
        "no-headers": b"\r\nThere is nothing but a body.\r\n",
        "nothing": b"\r\n",
        "empty-message-id": HEAD + b"Message-ID: \r\nSubject: empty id\r\n\r\nHello\r\n",
        "blank-message-id": HEAD + b"Message-ID: <>\r\nSubject: blank id\r\n\r\nHello\r\n",
        "long-message-id": HEAD
        + b"Message-ID: <"
        + b"i" * 4_000
        + b"@x>\r\nSubject: long id\r\n\r\nHello\r\n",
    }
