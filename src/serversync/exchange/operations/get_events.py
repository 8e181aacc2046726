"""GetEvents: fetches what a pull subscription has kept since a watermark."""

from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.events import Notification, read_notification
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import escape

_NOTIFICATION = m("Notification")


def _read(message: _Element) -> Notification | None:
    found = message.find(_NOTIFICATION)
    return None if found is None else read_notification(found)


class GetEvents(Struct, frozen=True, gc=False):
    """Asks for the next events; one ``Notification``, with a ``StatusEvent`` alone where nothing happened.

    Any failure means that the subscription is of no use any more: subscribe anew without the old watermark,
    and read the folders once.
    """

    subscription_id: str
    watermark: str

    name: ClassVar[str] = "GetEvents"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        return (
            f"<m:GetEvents><m:SubscriptionId>{escape(self.subscription_id)}</m:SubscriptionId>"
            f"<m:Watermark>{escape(self.watermark)}</m:Watermark></m:GetEvents>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Notification]]:
        """Return one outcome: the events.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
