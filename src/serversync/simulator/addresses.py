"""Names and addresses out of From, To and their relatives, also where they are broken.

Well-formed addresses take a fast way; anything else goes through the standard library's header parser, then
through its older, more forgiving one. Members of a group count as recipients.
"""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import AddressHeader
from email.policy import default as default_policy
from email.utils import getaddresses

PARSER_ERRORS = (
    MessageError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    AssertionError,
    RecursionError,
)
"""What the standard library's parsers have been seen to raise on hostile headers."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
_SIMPLE = re.compile(
    rf'\s*(?:(?:"([^"\\]*)"|((?!=\?)[^\s"(),:;<>@\[\]\\][^"(),:;<>@\[\]\\]*?))?\s*<({_ATOM}@[A-Za-z0-9.-]+)>'
    rf"|({_ATOM}@[A-Za-z0-9.-]+))\s*(?:,|$)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A name and an address; either may be empty, but not both."""

    name: str
    address: str


def parse_addresses(value: str) -> tuple[Address, ...]:
    """Return the addresses of a header's value, with the members of groups, in order."""
    if not value.strip():
        return ()
    simple = _parse_simple(value) if "=?" not in value and value.isascii() else None
    return simple if simple is not None else _parse_any(value)


def _parse_simple(value: str) -> tuple[Address, ...] | None:
    found: list[Address] = []
    position = 0
    while position < len(value):
        match = _SIMPLE.match(value, position)
        if match is None or match.end() == position:
            return None
        quoted, plain, bracketed, bare = match.groups()
        found.append(Address(" ".join((quoted or plain or "").split()), bracketed or bare))
        position = match.end()
    return tuple(found)


def _parse_any(value: str) -> tuple[Address, ...]:
    pairs: list[tuple[str, str]] = []
    try:
        header = default_policy.header_factory("to", value)
        if isinstance(header, AddressHeader):
            pairs = [(found.display_name, found.addr_spec) for found in header.addresses]
    except PARSER_ERRORS:
        pairs = []
    pairs = [(name, "" if address == "<>" else address) for name, address in pairs]
    if not any(name or address for name, address in pairs):
        try:
            pairs = getaddresses([value])
        except PARSER_ERRORS:
            pairs = []
    return tuple(
        Address(name.strip(), address.strip()) for name, address in pairs if name.strip() or address.strip()
    )
