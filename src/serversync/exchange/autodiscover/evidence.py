"""Picks out of a reply what a person wants to see of it."""

from typing import Final

from serversync.core.errors import ServiceError
from serversync.exchange.autodiscover.steps import Reply

_HEADERS: Final = ("server", "x-feserver", "request-id")
_DETAILS: Final = ("title", "error_code")
_LONGEST: Final = 500


def evidence_of(
    reply: Reply, error: ServiceError | None, seen: tuple[str, str] | None = None
) -> tuple[tuple[str, str], ...]:
    """Return what was seen, by name.

    Args:
        reply: What came back.
        error: What it was taken for.
        seen: The most important thing, which stands first.
    """
    found: list[tuple[str, object]] = [seen] if seen else []
    found.append(("certificate", ", ".join(reply.certificate_names)))
    found.append(("offered authentication", reply.offered))
    found += [(name, reply.headers.get(name)) for name in _HEADERS]
    if error is not None:
        found += [(name.replace("_", " "), error.details.get(name)) for name in _DETAILS]
    return tuple([(name, str(value)[:_LONGEST]) for name, value in found if value])
