"""What reports say, in the forms in which servers write them."""

from pathlib import Path

import pytest

from serversync.rules.email.reports import Fate, is_of_failure, read_report

CORPUS = Path(__file__).parents[3].parent / "shared" / "mail-corpus" / "multipart_report_emails"
ONE = "Final-Recipient: rfc822;g@h.example\nAction: failed\nStatus: 5.1.1 (no such user)\n"


def a_report(blocks: str, kind: str = "message/delivery-status", last: str = "") -> bytes:
    return (
        f"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\ntext\n--b\n"
        f"Content-Type: {kind}\n\nReporting-MTA: dns;x\n\n{blocks}\n{last}--b--\n"
    ).encode()


@pytest.mark.parametrize("kind", ["message/delivery-status", "message/global-delivery-status"])
def test_each_recipient_has_a_block(kind: str) -> None:
    two = "Final-Recipient: rfc822; j@h.example\nAction: Delayed\nDiagnostic-Code: smtp;452 4.2.2 full\n"
    found = read_report(a_report(f"{ONE}\n{two}", kind)).recipients
    assert [(one.address, one.fate, one.status, one.reason) for one in found] == [
        ("g@h.example", Fate.NOT_DELIVERED, "5.1.1", ""),
        ("j@h.example", Fate.DELAYED, "", "452 4.2.2 full"),
    ]


def test_addresses_in_utf_8_are_read() -> None:
    block = "Final-Recipient: utf-8; jürgen@müller.example\nAction: failed\n"
    (found,) = read_report(a_report(block, "message/global-delivery-status")).recipients
    assert found.address == "jürgen@müller.example"


def test_the_address_that_was_written_to_counts_more_than_where_it_was_forwarded() -> None:
    found = read_report(a_report(f"Original-Recipient: rfc822;was@h.example\n{ONE}")).recipients
    assert [one.address for one in found] == ["was@h.example"]


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822", "message/global-headers"])
def test_the_message_that_came_back_names_itself(kind: str) -> None:
    last = f"--b\nContent-Type: {kind}\n\nMessage-ID: <1@x>\nSubject: =?utf-8?q?=C3=84?= CRM:0001001\n\n"
    found = read_report(a_report(ONE, last=last))
    assert (found.message_ids, found.subject) == (("<1@x>",), "Ä CRM:0001001")


def test_a_report_inside_the_message_that_came_back_is_not_this_one() -> None:
    inner = a_report(ONE.replace("g@h", "inner@h")).decode().replace("=b", "=q").replace("--b", "--q")
    last = f"--b\nContent-Type: message/rfc822\n\nMessage-ID: <1@x>\n{inner}\n"
    assert [one.address for one in read_report(a_report(ONE, last=last)).recipients] == ["g@h.example"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        a_report(""),
        a_report("Action: failed\n"),
        a_report("Final-Recipient: x400;/S=G/\nAction: failed\n"),
    ],
)
def test_what_names_nobody_tells_nothing(data: bytes) -> None:
    assert read_report(data).recipients == ()


def test_parts_in_parts_by_the_thousand_tell_nothing() -> None:
    part = b"x"
    for level in range(3000):
        part = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s" % (level, level, part)
    assert read_report(part).recipients == ()


def test_the_class_tells_what_was_not_delivered() -> None:
    assert is_of_failure("REPORT.IPM.Note.NDR")
    assert is_of_failure("report.ipm.note.ndr")
    assert not any(is_of_failure(f"REPORT.IPM.Note.{kind}") for kind in ("DR", "Delayed", "IPNRN"))


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/mail-corpus is not here")
@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.eml")), ids=lambda path: path.stem)
def test_real_reports_name_whom_they_are_about(path: Path) -> None:
    found = read_report(path.read_bytes())
    assert found.recipients
    assert all("@" in one.address for one in found.recipients)
