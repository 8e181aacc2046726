"""Unsubscribe: gives a subscription back, so that it does not count against the account until it expires."""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import escape


class Unsubscribe(Struct, frozen=True, gc=False):
    """Ends one subscription; ``True``. One that is gone already fails with ``SubscriptionLost``."""

    subscription_id: str

    name: ClassVar[str] = "Unsubscribe"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        return f"<m:Unsubscribe><m:SubscriptionId>{escape(self.subscription_id)}</m:SubscriptionId></m:Unsubscribe>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[bool]]:
        """Return one outcome.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, lambda _: True)
