"""SOAP faults that name no code of Exchange: WCF's, IIS's and proxies' own, by ``faultcode`` or by text.

Exchange puts its code into ``detail/ResponseCode``. A fault without one comes from the layers around it
(Windows Communication Foundation), whose codes carry a namespace prefix that says nothing.
"""

import re

from serversync.core.errors import (
    AuthenticationFailed,
    MailboxAccessDenied,
    NotExchange,
    RequestRefused,
    ServerBusy,
)
from serversync.exchange.codes.rule import Retry, Rule, table

FAULTS = table(
    (
        Rule(ServerBusy, Retry.LATER),
        """
        InternalServiceFault ServerTooBusy Server Receiver EndpointUnavailable ServiceTooBusy ServiceUnavailable
        """,
    ),
    (
        Rule(NotExchange),
        "ActionNotSupported DestinationUnreachable EndpointNotFound AddressFilterMismatch",
    ),
    (Rule(AuthenticationFailed), "FailedAuthentication InvalidSecurity InvalidSecurityToken BadContextToken"),
    (Rule(MailboxAccessDenied), "AccessDenied"),
    (
        Rule(RequestRefused),
        """
        Client Sender VersionMismatch MustUnderstand DeserializationFailed InvalidMessageInformationHeader
        MessageAddressingHeaderRequired
        """,
    ),
)
"""``faultcode`` without its prefix."""

TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"specified server version is invalid", re.IGNORECASE), "ErrorInvalidServerVersion"),
    (
        re.compile(
            r"'Version' attribute is invalid|\bExchangeVersionType\b|RequestServerVersion.{0,400}Enumeration",
            re.IGNORECASE | re.DOTALL,
        ),
        "ErrorInvalidServerVersion",
    ),
    (re.compile(r"cannot service this request right now", re.IGNORECASE), "ErrorServerBusy"),
)
"""What the text means where the code does not say it: schema validation hides a version that is not known."""

SPEAKING = frozenset({"ErrorSchemaValidation", "ErrorInvalidRequest", "ErrorInternalServerError", ""})
"""Codes behind which the text may know better."""


def rule_of_fault(code: str) -> Rule | None:
    """Return what a ``faultcode`` without its prefix means; sub-codes stand behind a dot."""
    return FAULTS.get(code) or FAULTS.get(code.partition(".")[0])


def code_behind(code: str, text: str) -> str:
    """Return the code that a fault means.

    Args:
        code: What it names, or ``""``.
        text: Its sentence.
    """
    if code in SPEAKING or code in FAULTS:
        for pattern, meant in TEXTS:
            if pattern.search(text):
                return meant
    return code
