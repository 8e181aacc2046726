"""GetStreamingEvents: one answer that stays open and brings the events of many subscriptions as they happen.

The answer holds complete envelopes back to back (see ``notifications``); this module reads one of them.
"""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.core.errors import AnswerUnreadable
from serversync.exchange.namespaces import local_name, m, t
from serversync.exchange.operations.operation import inner_code
from serversync.exchange.outcome import Failure, Outcome, Success
from serversync.exchange.response_codes import AnswerContext, error_for
from serversync.exchange.types.events import Notification, read_notification
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import escape

MOST_SUBSCRIPTIONS = 200
"""Subscriptions in one request (Microsoft, "Maintain affinity between a group of subscriptions")."""


class ConnectionStatus(StrEnum):
    """What the server says about the stream itself: a sign of life, or that it ends here."""

    OK = "OK"
    CLOSED = "Closed"


class StreamedAnswer(Struct, frozen=True, gc=False):
    """One envelope of a stream."""

    notifications: tuple[Notification, ...] = ()
    connection_status: ConnectionStatus | None = None


_MESSAGES, _CODE, _TEXT, _XML = m("ResponseMessages"), m("ResponseCode"), m("MessageText"), m("MessageXml")
_NOTIFICATIONS, _STATUS, _LOST = m("Notifications"), m("ConnectionStatus"), m("ErrorSubscriptionIds")


class GetStreamingEvents(Struct, frozen=True, gc=False):
    """Asks for the events of up to 200 subscriptions; many ``StreamedAnswer`` until the time is up.

    Attributes:
        subscription_ids: Subscriptions of mailboxes on one server.
        connection_timeout: After which the server closes the stream, 1 to 30 minutes.
    """

    subscription_ids: tuple[str, ...]
    connection_timeout: timedelta = timedelta(minutes=29)

    name: ClassVar[str] = "GetStreamingEvents"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True

    @property
    def asked(self) -> int:
        """How many outcomes each envelope must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        ids = "".join(
            [f"<t:SubscriptionId>{escape(each)}</t:SubscriptionId>" for each in self.subscription_ids]
        )
        minutes = min(max(1, round(self.connection_timeout.total_seconds() / 60)), 30)
        return (
            f"<m:GetStreamingEvents><m:SubscriptionIds>{ids}</m:SubscriptionIds>"
            f"<m:ConnectionTimeout>{minutes}</m:ConnectionTimeout></m:GetStreamingEvents>"
        )

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[StreamedAnswer]]:
        """Return one outcome; a failure names the subscriptions it is about in ``subscription_ids``, if any.

        Raises:
            AnswerUnreadable: the envelope is not one of this stream.
        """
        messages = response.find(_MESSAGES)
        if response.tag != m("GetStreamingEventsResponse") or messages is None or len(messages) != 1:
            raise AnswerUnreadable(**context.details(), reason=f"it holds {local_name(response.tag)}")
        message = messages[0]
        if message.get("ResponseClass") == "Error":
            return [_failure(message, context)]
        found = message.find(_NOTIFICATIONS)
        read = [read_notification(each) for each in (() if found is None else found)]
        notifications = tuple([each for each in read if each is not None])
        if len(notifications) != len(read):
            raise AnswerUnreadable(**context.details(), reason="it holds events of no subscription")
        status = (message.findtext(_STATUS) or "").strip()
        known = ConnectionStatus(status) if status in ("OK", "Closed") else None
        return [Success(StreamedAnswer(notifications, known))]


def _failure(message: _Element, context: AnswerContext) -> Failure:
    code, back_off = inner_code((message.findtext(_CODE) or "").strip(), message.find(_XML))
    text = message.findtext(_TEXT) or ""
    error = error_for(code or "NoContent", text, context, back_off=back_off)
    lost = message.find(_LOST)
    ids = [(each.text or "").strip() for each in (() if lost is None else lost.iter(t("SubscriptionId")))]
    error.details["subscription_ids"] = tuple([each for each in ids if each])
    return Failure(error, code, text)
