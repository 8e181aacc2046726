"""exchangelib, which knows nothing of us, reads the simulator as it reads a real server."""

import email
from collections.abc import Iterator

import exchangelib
import pytest
from exchangelib.errors import ErrorImpersonateUserDenied, ErrorNonExistentMailbox, UnauthorizedError

from serversync.simulator import Exchange
from tests.simulator.conftest import CORPUS, MAILBOX, SCHEMAS, Serve, account, make_exchange, plain

FILES = sorted(CORPUS.rglob("*.eml"))
MIXED = (
    b"From: Grace Hopper <grace@example.com>\r\nTo: Ada <ada@example.org>, b@example.com\r\nCc: c@example.com\r\n"
    b"Subject: =?utf-8?q?Pl=C3=A4ne?=\r\nDate: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <2@example.com>\r\n"
    b"In-Reply-To: <1@example.com>\r\nReferences: <0@example.com> <1@example.com>\r\nImportance: high\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n'
    b'<p>See <img src="cid:logo@1"></p>\r\n--x\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo@1>\r\n'
    b"Content-Disposition: inline; filename=logo.png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nFrom: d@example.com\r\nSubject: Inner\r\n\r\nnested text\r\n--x--\r\n"
)


@pytest.fixture(params=[exchangelib.BASIC, exchangelib.NTLM])
def reader(
    request: pytest.FixtureRequest, exchange: Exchange, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Iterator[exchangelib.Account]:
    """The same mailbox over Basic, and over NTLM; Extended Protection is required, requests are validated."""
    schema_dir = SCHEMAS if SCHEMAS.is_dir() else None
    with (
        serve(exchange, extended_protection="require", schema_dir=schema_dir) as simulator,
        account(simulator, monkeypatch, request.param, user="EXAMPLE\\svc-crm") as opened,
    ):
        yield opened


def test_it_finds_the_folders_of_a_mailbox(exchange: Exchange, reader: exchangelib.Account) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    assert reader.inbox.total_count == 1
    assert reader.inbox.unread_count == 1
    names = {folder.name for folder in reader.msg_folder_root.children}
    assert {"Inbox", "Sent Items", "Drafts", "Deleted Items", "Calendar", "Contacts", "Tasks"} <= names
    assert type(reader.calendar).__name__ == "Calendar"
    assert type(reader.contacts).__name__ == "Contacts"
    assert reader.inbox.parent == reader.msg_folder_root


def test_it_reads_a_message_in_full(exchange: Exchange, reader: exchangelib.Account) -> None:
    exchange.deliver(MIXED, [MAILBOX])
    (item,) = reader.inbox.all()
    assert item.subject == "Pläne"
    assert (item.author.name, item.author.email_address) == ("Grace Hopper", "grace@example.com")
    assert [one.email_address for one in item.to_recipients] == [MAILBOX, "b@example.com"]
    assert [one.email_address for one in item.cc_recipients] == ["c@example.com"]
    assert isinstance(item.body, exchangelib.HTMLBody)
    assert "cid:logo@1" in item.body
    assert item.message_id == "<2@example.com>"
    assert item.in_reply_to == "<1@example.com>"
    assert item.references == "<0@example.com> <1@example.com>"
    assert item.importance == "High"
    assert item.datetime_sent.isoformat() == "2026-01-05T09:00:00+00:00"
    assert item.has_attachments
    assert not item.is_read
    assert item.mime_content == MIXED
    assert {header.name: header.value for header in item.headers}["Importance"] == "high"
    logo, inner = sorted(item.attachments, key=lambda attachment: attachment.name, reverse=True)
    assert (logo.name, logo.content_id, logo.is_inline, logo.content) == (
        "logo.png",
        "logo@1",
        True,
        b"hello",
    )
    assert (inner.name, inner.item.subject) == ("Inner", "Inner")
    assert "nested text" in inner.item.body


def test_it_pages_through_the_inbox_from_the_newest_to_the_oldest(
    exchange: Exchange, reader: exchangelib.Account
) -> None:
    for number in range(25):
        exchange.deliver(plain(number), [MAILBOX])
    query = reader.inbox.all().order_by("-datetime_received").only("subject")
    query.page_size = 10
    assert [item.subject for item in query] == [f"Compiler {number}" for number in range(24, -1, -1)]


def test_it_follows_the_changes_of_a_folder(exchange: Exchange, reader: exchangelib.Account) -> None:
    ids = [exchange.deliver(plain(number), [MAILBOX])[0] for number in range(3)]
    first = list(reader.inbox.sync_items(max_changes_returned=2))
    assert [(kind, item.subject) for kind, item in first] == [
        ("create", "Compiler 2"),
        ("create", "Compiler 1"),
        ("create", "Compiler 0"),
    ]
    exchange.edit(ids[0], subject="Linker")
    exchange.mark_read(ids[1])
    exchange.delete(ids[2])
    second = list(reader.inbox.sync_items())
    assert [kind for kind, _ in second] == ["update", "read_flag_change", "delete"]
    assert second[0][1].subject == "Linker"
    assert (second[1][1][0].id, second[1][1][1]) == (ids[1], True)
    assert second[2][1].id == ids[2]
    assert list(reader.inbox.sync_items()) == []


def test_it_follows_the_folder_hierarchy(exchange: Exchange, reader: exchangelib.Account) -> None:
    assert "Inbox" in {folder.name for _, folder in reader.msg_folder_root.sync_hierarchy()}
    assert list(reader.msg_folder_root.sync_hierarchy()) == []
    exchange.mailbox(MAILBOX).create_folder("Projects", parent="inbox")
    assert [(kind, folder.name) for kind, folder in reader.msg_folder_root.sync_hierarchy()] == [
        ("create", "Projects")
    ]


@pytest.mark.skipif(not FILES, reason="../shared/mail-corpus is not here")
def test_it_reads_every_message_of_the_corpus(exchange: Exchange, reader: exchangelib.Account) -> None:
    for path in FILES:
        exchange.deliver(path.read_bytes(), [MAILBOX])
    items = list(reader.inbox.all().order_by("datetime_received"))
    assert len(items) == len(FILES)
    for item in items:
        assert not isinstance(item, Exception)
        parts = [
            attachment
            for attachment in item.attachments
            if isinstance(attachment, exchangelib.FileAttachment)
        ]
        payloads = [
            part.get_payload(decode=True)
            for part in email.message_from_bytes(item.mime_content).walk()
            if not part.is_multipart()
        ]
        for attachment in parts:
            assert attachment.content_type == "message/delivery-status" or attachment.content in payloads


@pytest.mark.parametrize("auth_type", [exchangelib.BASIC, exchangelib.NTLM])
def test_a_wrong_password_is_its_unauthorized_error(
    exchange: Exchange, serve: Serve, monkeypatch: pytest.MonkeyPatch, auth_type: str
) -> None:
    with (
        serve(exchange) as simulator,
        account(simulator, monkeypatch, auth_type, password="wrong") as opened,
        pytest.raises(UnauthorizedError),
    ):
        opened.inbox.refresh()


def test_a_missing_impersonation_right_is_its_own_error(
    exchange: Exchange, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add_account("plain@example.org", password="p")
    with (
        serve(exchange) as simulator,
        account(simulator, monkeypatch, user="plain@example.org", password="p") as opened,
        pytest.raises(ErrorImpersonateUserDenied),
    ):
        opened.root.refresh()


def test_an_unknown_mailbox_is_its_own_error(
    exchange: Exchange, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serve(exchange) as simulator,
        account(simulator, monkeypatch, address="nobody@example.org") as opened,
        pytest.raises(ErrorNonExistentMailbox),
    ):
        opened.root.refresh()


@pytest.mark.parametrize(
    "version", ["Exchange2010_SP3", "Exchange2013_SP1", "Exchange2016", "Exchange2019", "ExchangeSE"]
)
def test_it_works_out_the_version_of_each_product(
    version: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = make_exchange(version)
    exchange.deliver(plain(1), [MAILBOX])
    with serve(exchange) as simulator, account(simulator, monkeypatch) as opened:
        assert [item.subject for item in opened.inbox.all()] == ["Compiler 1"]
        build = opened.version.build
        assert (
            build.major_version,
            build.minor_version,
            build.major_build,
            build.minor_build,
        ) == exchange.version.build
