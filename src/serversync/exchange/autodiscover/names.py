"""Which names a search may use: the domain of an address, hosts that were allowed, and Exchange Online's.

A domain is asked only if it has two labels or more and is not a registry's own suffix, so that nothing ever goes to
``autodiscover.com`` or ``autodiscover.co.uk``; and no parent domain is ever asked. In 2021 clients that went up to the
top-level domain gave away passwords to whoever had registered ``autodiscover.<top-level domain>``.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from serversync.core.errors import AutodiscoverDomainUnusable, InputInvalid

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_REGISTRY_LABELS = frozenset(
    {
        "ac",
        "co",
        "com",
        "edu",
        "gob",
        "gouv",
        "gov",
        "gv",
        "ltd",
        "mil",
        "mod",
        "net",
        "nhs",
        "nom",
        "or",
        "org",
        "plc",
        "sch",
    }
)
"""Second-level labels under which the registries of countries give out names: ``co.uk``, ``com.br``, ``or.jp``."""
_ONLINE = (
    "onmicrosoft.com",
    "onmicrosoft.us",
    "onmicrosoft.cn",
    "onmicrosoft.de",
    "outlook.com",
    "outlook.de",
    "outlook.cn",
    "office365.com",
    "office365.us",
    "office.com",
    "cloud.microsoft",
)


def domain_of(address: str) -> str:
    """Return the domain of a mail address as DNS knows it, lower case.

    Raises:
        AutodiscoverDomainUnusable: the address has none that may be asked.
    """
    _, at, text = address.strip().rpartition("@")
    domain = ascii_name(text.rstrip("."))
    if not at or domain is None:
        raise AutodiscoverDomainUnusable(mailbox=address, domain=text or "-", reason="it is no domain name")
    if reason := _why_unusable(domain):
        raise AutodiscoverDomainUnusable(mailbox=address, domain=domain, reason=reason)
    return domain


def _why_unusable(domain: str) -> str | None:
    labels = domain.split(".")
    if len(labels) < 2:
        return "it has a single label"
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit() or len(domain) > 240:
        return "it is no domain name"
    if len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRY_LABELS:
        return "it belongs to a registry"
    return None


def ascii_name(text: str) -> str | None:
    """Return a host name in the letters of DNS, lower case, or ``None`` where it has no such form."""
    try:
        name = text if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        return None
    return name.lower() or None


def host_of(url: str) -> str:
    """Return the host of a URL, lower case; empty where there is none."""
    try:
        return ascii_name((urlsplit(url).hostname or "").rstrip(".")) or ""
    except ValueError:
        return ""


def is_online(name: str) -> bool:
    """Whether a host or a mail domain is one of Microsoft's cloud, where this product has no business."""
    return any(name == one or name.endswith(f".{one}") for one in _ONLINE)


def parse_hosts(text: str) -> tuple[str, ...]:
    """Return the hosts that an administrator allows: ``mail.example.org``, or ``*.example.org`` for all below.

    Args:
        text: Names, separated by spaces, commas or line ends.

    Raises:
        InputInvalid: one of them is no name, or would allow a whole registry.
    """
    found: dict[str, None] = {}
    for word in re.split(r"[\s,;]+", text.strip()):
        if not word:
            continue
        bare = word.removeprefix("*.")
        name = ascii_name(bare.rstrip("."))
        reason = "it is no host name" if name is None else _why_unusable(name)
        if name is None or (reason and not (name == "localhost" and bare == word)):
            raise InputInvalid(field="Autodiscover Hosts", reason=f"{word}: {reason}")
        found[f"*.{name}" if bare != word else name] = None
    return tuple(found)


def is_allowed(host: str, allowed: Iterable[str]) -> bool:
    """Whether a host is one of ``parse_hosts``; ``*.example.org`` does not cover ``example.org`` itself."""
    return any(host.endswith(one[1:]) if one.startswith("*.") else host == one for one in allowed)
