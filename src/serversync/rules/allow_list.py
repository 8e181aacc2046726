"""Which mailboxes a profile may touch, by our own list beside the management scope of Exchange.

An entry is an address (``ada@example.org``) or a whole domain (``example.org`` or ``@example.org``; its subdomains
are others). An empty list allows every mailbox.
"""

from collections.abc import Collection


def allows(allowed: Collection[str], address: str) -> bool:
    """Tell whether a mailbox may be touched.

    >>> allows(["example.org", "cleo@example.com"], "Ada@Example.org")
    True
    >>> allows(["example.org"], "ada@sub.example.org")
    False
    """
    if not allowed:
        return True
    wanted = address.strip().lower()
    domain = wanted.rpartition("@")[2] if "@" in wanted else None
    entries = {entry.strip().lower().removeprefix("@") for entry in allowed}
    return domain is not None and (wanted in entries or domain in entries)
