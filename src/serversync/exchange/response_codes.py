"""What each answer code of Exchange means for us: ONE table, put together from its families in ``codes``.

A code that is not in the table is judged by where it stands: with one item of a batch it sets this item
aside, with a whole request it refuses the request. ``docs/reference/response-codes.md`` is the table for people.

Source: ``ResponseCodeType`` of ``messages.xsd`` of all versions; Microsoft's descriptions of the codes.
"""

from datetime import timedelta

from msgspec import Struct

from serversync.core.errors import Permanent, RequestRefused, ServiceError
from serversync.exchange.codes import access, features, items, requests, server
from serversync.exchange.codes.rule import Retry, Rule
from serversync.exchange.codes.soap_faults import rule_of_fault

__all__ = ["RULES", "AnswerContext", "Retry", "Rule", "error_for", "rule_for"]

FAMILIES = (server.TABLE, access.TABLE, items.TABLE, requests.TABLE, features.TABLE)

RULES: dict[str, Rule] = {code: rule for family in FAMILIES for code, rule in family.items()}
"""Every code of every schema but ``NoError``."""


def rule_for(code: str, *, unknown: type[Permanent] = RequestRefused) -> Rule:
    """Return what a code means; ``unknown`` decides about one that is not in the table."""
    return RULES.get(code) or rule_of_fault(code) or Rule(unknown)


class AnswerContext(Struct, frozen=True, gc=False, kw_only=True):
    """Where an answer came from; goes into the details of every error. Holds nothing secret."""

    operation: str
    host: str
    account: str
    mailbox: str | None = None
    request_id: str | None = None
    product: str | None = None
    build: str | None = None

    def details(self) -> dict[str, object]:
        """Return the details that every error of this answer carries."""
        return {
            "operation": self.operation,
            "host": self.host,
            "account": self.account,
            "mailbox": self.mailbox or self.account,
            "request_id": self.request_id,
            "build": self.build,
            "product": self.product or "The server, which does not know the version that was asked for,",
        }


def error_for(
    code: str,
    text: str,
    context: AnswerContext,
    *,
    unknown: type[Permanent] = RequestRefused,
    back_off: timedelta | None = None,
    folder: str = "the folder",
    **more: object,
) -> ServiceError:
    """Return the error that a response code stands for, with all details filled in.

    Args:
        code: The ``ResponseCode``.
        text: The server's own sentence.
        context: Where the answer came from.
        unknown: The class for a code that the table does not know.
        back_off: How long the server asked to wait.
        folder: What a lost sync state belonged to.
        **more: Further details.
    """
    rule = rule_for(code, unknown=unknown)
    if rule.remedy:
        more["remedy"] = rule.remedy
    return rule.error(
        **context.details(),
        **more,
        response_code=code,
        message=text,
        back_off=back_off,
        folder=folder,
        scheme=code,
        reason=f"it answered {code}",
        address=context.host,
        retry=rule.retry.value,
    )
