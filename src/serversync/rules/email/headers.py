"""What the headers of a message say, as it came over the wire."""

from email.errors import MessageError
from email.header import decode_header, make_header
from email.parser import HeaderParser
from email.utils import getaddresses

MOST_HEADERS = 512 * 1024
"""Characters of headers that are looked at."""
PARSER_ERRORS = (
    MessageError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    AssertionError,
    OverflowError,
    RecursionError,
)
"""What the standard library's parsers and generators raise on hostile messages; such a message is read as far as it goes."""
_PEOPLE = ("From", "Sender", "To", "Cc", "Reply-To")


def decoded(text: str) -> str:
    """Return a header's text without encoded words; what cannot be decoded stays as it is."""
    try:
        return str(make_header(decode_header(text)))
    except PARSER_ERRORS:
        return text


def addresses_by_name(headers: str) -> dict[str, str]:
    r"""Return the SMTP addresses in a header section by the names beside them, case folded.

    A name that stands beside different addresses is nobody's.

    >>> addresses_by_name('From: "Hal" <hal@example.org>\r\nTo: Ada <ada@example.org>, Hal <HAL@example.org>\r\n')
    {'hal': 'hal@example.org', 'ada': 'ada@example.org'}
    """
    parsed = HeaderParser().parsestr(headers[:MOST_HEADERS])
    found: dict[str, str] = {}
    ambiguous: set[str] = set()
    for header in _PEOPLE:
        for name, address in getaddresses([str(value) for value in parsed.get_all(header, [])]):
            key = decoded(name).strip().casefold()
            if not key or "@" not in address or address.upper().startswith("IMCEAEX-"):
                continue
            if found.setdefault(key, address).lower() != address.lower():
                ambiguous.add(key)
    return {key: address for key, address in found.items() if key not in ambiguous}
