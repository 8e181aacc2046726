"""What the program writes to its log: one line an event, plain for a terminal, JSON for a machine.

``SERVERSYNC_LOG`` is the level (debug, info, warning, error; info without it), ``SERVERSYNC_LOG_FORMAT`` is
``plain`` or ``json`` (plain for a terminal, JSON otherwise). Values under names of secrets never get out.
"""

import logging
import os
import sys
from typing import Any

import structlog
from structlog.typing import EventDict

from serversync.core.errors import InputInvalid

SECRET_NAMES = frozenset(
    {"password", "incomingpassword", "outgoingpassword", "secret", "authorization", "token", "key"}
)
"""Names whose values are replaced, whoever logs them."""
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
FORMATS = ("plain", "json")


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace the values of secrets by their names."""
    for name in event:
        if name.lower() in SECRET_NAMES:
            event[name] = "(not logged)"
    return event


def configure() -> None:
    """Set up logging for a process that keeps running; everything goes to standard error.

    Raises:
        InputInvalid: one of the two variables has a value that is none of its choices.
    """
    level = os.environ.get("SERVERSYNC_LOG", "info").lower()
    if level not in LEVELS:
        raise InputInvalid(field="SERVERSYNC_LOG", reason=f"{level} is none of {', '.join(LEVELS)}")
    style = os.environ.get("SERVERSYNC_LOG_FORMAT") or ("plain" if sys.stderr.isatty() else "json")
    if style not in FORMATS:
        raise InputInvalid(field="SERVERSYNC_LOG_FORMAT", reason=f"{style} is none of {', '.join(FORMATS)}")
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if style == "plain" else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=max(LEVELS[level], logging.WARNING),
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",
    )
