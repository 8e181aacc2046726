"""What the standard library reads from a message, to hold what was tracked or shown against it."""

import re
from email.message import EmailMessage
from pathlib import Path

CORPUS = Path(__file__).parents[2] / "shared" / "mail-corpus"
FILES = sorted(CORPUS.rglob("*.eml"))
BETTER = {
    "utf8_headers": "the standard library drops letters beyond ASCII from addresses",
    "raw_email_with_binary_encoded": "the standard library does not see the parts behind the boundary ----",
    "attachment_with_unquoted_name": "the standard library stops at the first blank of the name",
    "attachment_with_base64_encoded_name": "the standard library does not decode a name that is one encoded word",
}
"""Where more can be read than the standard library's newer interface does; ``test_what_is_read_better`` says what."""
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legal(value: str) -> str:
    """What can be said in XML."""
    return ILLEGAL.sub("", value)


def header(message: EmailMessage, name: str) -> str:
    """A header's value as text, empty where it cannot be read."""
    try:
        return str(message[name] or "")
    except (IndexError, AttributeError):
        return ""


def addresses(message: EmailMessage, name: str) -> list[str]:
    try:
        found = message[name].addresses if message[name] is not None else ()
    except (IndexError, AttributeError):
        return []
    return [legal(one.addr_spec) for one in found if one.addr_spec not in ("", "<>")]


def body_of(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    charset = part.get_content_charset() if part is not None else None
    if part is None or charset is None:
        return None
    try:
        return part.get_payload(decode=True).decode(charset, "replace")
    except LookupError:
        return None


def leaves(message: EmailMessage) -> list[EmailMessage]:
    """All parts that are no containers; an attached message counts as one."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        return [leaf for part in message.get_payload() for leaf in leaves(part)]
    if message.get_content_maintype() == "multipart":
        return []
    return [message]
