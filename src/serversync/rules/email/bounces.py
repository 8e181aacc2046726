r"""Reports on delivery that are written in words, by mail servers that always write the same ones.

qmail and Postfix begin with who they are and have a paragraph ``<address>: reason`` for each recipient; Exim names the
recipients in a header of its own; Exchange ends its text with a section for administrators, and wrote *did not reach
some or all of the intended recipients* before. After that follows the message that came back, or its headers. Only what
has this form is understood, and only in English, which is all that these servers write unless somebody translated them.

Source: D. J. Bernstein, "The qmail-send Bounce Message Format"; Exim, "Bounce messages"; Postfix, "bounce(5)".
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_SERVERS = ("mailer-daemon@", "postmaster@", "microsoftexchange")
_BREAK = re.compile(r"\n[ \t]*\n(?:-[^\n]*\n\s*)+")
_RECIPIENT = re.compile(r"<([^<>\s]+@[^<>\s]+)>(?: \(expanded from <[^<>]*>\))?:\s*(.*)", re.DOTALL)
_LINE = re.compile(r"[ \t]*[<'\"]*([^\s<>'\"@]+@[^\s<>'\"@]+)[>'\"]*(?: on .*)?[ \t]*")
_SUBJECT = re.compile(r"^[ \t]*Subject:[ \t]*(.*)$", re.MULTILINE)
_UNREACHED = re.compile(r"The following recipient\(s\) (?:could not|cannot) be reached:\s*\n")


class Unreached(NamedTuple):
    """A recipient whom a message did not reach; ``is_waiting``: the server goes on trying."""

    address: str
    reason: str
    is_waiting: bool = False


class Bounce(NamedTuple):
    """What a report in words says: of whom, what came back (a message or its headers), and its subject."""

    unreached: tuple[Unreached, ...] = ()
    returned: str = ""
    subject: str = ""


NO_BOUNCE = Bounce()


def is_mail_server(address: str) -> bool:
    """Tell whether an address is one under which mail servers write themselves.

    >>> is_mail_server("MAILER-DAEMON@mx.example"), is_mail_server("grete@harbour.example")
    (True, False)
    """
    return address.lower().startswith(_SERVERS)


def read_bounce(text: str, failed: str = "") -> Bounce:
    """Return what a report in words says; nothing where it has none of the known forms.

    Args:
        text: Its first part of plain text.
        failed: Its header ``X-Failed-Recipients``.
    """
    text = text.replace("\r\n", "\n").lstrip()
    for form in (_by_paragraphs(text), _by_header(text, failed), _for_administrators(text), _by_list(text)):
        if form.unreached:
            return form
    return NO_BOUNCE


def _by_paragraphs(text: str) -> Bounce:
    """Read what qmail and Postfix write."""
    is_qmail = text.startswith("Hi. This is the ")
    if not is_qmail and not text.startswith(
        ("This is the mail system at ", "This is the Postfix program at ")
    ):
        return NO_BOUNCE
    report, returned = _split(text)
    introduction, *paragraphs = re.split(r"\n[ \t]*\n(?=<)", report)
    is_waiting = "THIS IS A WARNING ONLY" in introduction
    if not is_qmail and "could not be delivered" not in _line(introduction):
        return NO_BOUNCE
    found = [match for one in paragraphs if (match := _RECIPIENT.match(one))]
    return Bounce(tuple([Unreached(one[1], _line(one[2]), is_waiting) for one in found]), returned)


def _by_header(text: str, failed: str) -> Bounce:
    """Read what Exim writes: each recipient on a line of its own, the reason further indented below."""
    addresses = [match[1] for one in failed.split(",") if (match := _LINE.fullmatch(one))]
    if not addresses:
        return NO_BOUNCE
    report, returned = _split(text)
    reasons: dict[str, str] = {}
    for paragraph in re.split(r"\n[ \t]*\n", report):
        for address, reason in _blocks(paragraph):
            reasons[address.lower()] = reason
    return Bounce(tuple([Unreached(one, reasons.get(one.lower(), "")) for one in addresses]), returned)


def _for_administrators(text: str) -> Bounce:
    """Read the section that Exchange writes for administrators."""
    introduction, found, section = text.partition("\nDiagnostic information for administrators:")
    if not found:
        return NO_BOUNCE
    report, _, returned = section.partition("\nOriginal message headers:")
    is_waiting = "Delivery is delayed to these recipients" in introduction
    found_here = [Unreached(*block, is_waiting) for block in _blocks(report)]
    return Bounce(tuple(found_here), returned.lstrip("\n"))


def _by_list(text: str) -> Bounce:
    """Read what Exchange wrote before, and others after it; nothing comes back, but the subject is named."""
    if not text.startswith("Your message did not reach some or all of the intended recipients."):
        return NO_BOUNCE
    parts = _UNREACHED.split(text, maxsplit=1)
    subject = _SUBJECT.search(parts[0])
    if len(parts) < 2 or subject is None:
        return NO_BOUNCE
    return Bounce(tuple([Unreached(*block) for block in _blocks(parts[1])]), subject=subject[1].strip())


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield each line that is an address alone, with the lines up to the next one or the next paragraph."""
    address = ""
    reason: list[str] = []
    for line in [*text.split("\n"), ""]:
        if match := _LINE.fullmatch(line):
            if address:
                yield address, _line(" ".join(reason))
            address, reason = match[1], []
        elif line.strip():
            reason.append(line)
        elif address and reason:
            yield address, _line(" ".join(reason))
            address = ""
    if address:
        yield address, _line(" ".join(reason))


def _split(text: str) -> tuple[str, str]:
    """Part the report from what came back: below a paragraph that begins with a hyphen."""
    parts = _BREAK.split(text, maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def _line(text: str) -> str:
    return " ".join(text.split())
