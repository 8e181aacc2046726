"""The one place that may say "now".

Everything that decides takes the time as an argument; only the outermost callers ask here.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)
