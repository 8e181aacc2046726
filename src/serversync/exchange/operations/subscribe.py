"""Subscribe: asks the server to say when something happens in a mailbox.

There are three ways to be told: to ask now and then (pull), to listen (streaming, since Exchange 2010 SP1),
and to be called (push). A subscription belongs to one mailbox and to the account that made it, lives on one
server, and ends by itself when nobody asks for it.
"""

from datetime import timedelta
from typing import ClassVar

from lxml.etree import _Element
from msgspec import Struct

from serversync.exchange.namespaces import m
from serversync.exchange.operations.operation import read_answers
from serversync.exchange.outcome import Outcome
from serversync.exchange.response_codes import AnswerContext
from serversync.exchange.types.events import EventType
from serversync.exchange.types.ids import AnyFolderId
from serversync.exchange.version import RequestServerVersion
from serversync.exchange.xml_text import escape

NEWS = (EventType.CREATED, EventType.NEW_MAIL, EventType.MODIFIED, EventType.MOVED, EventType.COPIED)
"""What may bring something new into a folder."""


def _minutes(duration: timedelta) -> int:
    """Return whole minutes within what the schema allows, 1 to 1440."""
    return min(max(1, round(duration.total_seconds() / 60)), 1440)


def _opening(
    element: str,
    folder_ids: tuple[AnyFolderId, ...],
    event_types: tuple[EventType, ...],
    watermark: str | None,
) -> str:
    """Return the opening tag and what all kinds of request begin with."""
    everywhere = "" if folder_ids else ' SubscribeToAllFolders="true"'
    folders = (
        f"<t:FolderIds>{''.join([each.to_xml() for each in folder_ids])}</t:FolderIds>" if folder_ids else ""
    )
    types = "".join([f"<t:EventType>{each.value}</t:EventType>" for each in event_types])
    mark = f"<t:Watermark>{escape(watermark)}</t:Watermark>" if watermark else ""
    return f"<m:{element}{everywhere}>{folders}<t:EventTypes>{types}</t:EventTypes>{mark}"


class PullSubscriptionRequest(Struct, frozen=True, gc=False, kw_only=True):
    """Events are kept until ``GetEvents`` asks; nobody asking for ``timeout`` ends the subscription.

    Without folders all of the mailbox is meant; ``watermark`` goes on after an earlier subscription.
    """

    folder_ids: tuple[AnyFolderId, ...] = ()
    event_types: tuple[EventType, ...] = NEWS
    timeout: timedelta = timedelta(minutes=30)
    watermark: str | None = None

    def to_xml(self) -> str:
        """Return the element inside ``m:Subscribe``."""
        start = _opening("PullSubscriptionRequest", self.folder_ids, self.event_types, self.watermark)
        return f"{start}<t:Timeout>{_minutes(self.timeout)}</t:Timeout></m:PullSubscriptionRequest>"


class PushSubscriptionRequest(Struct, frozen=True, gc=False, kw_only=True):
    """The server calls ``url``, with events and, where there are none, every ``status_frequency``."""

    url: str
    folder_ids: tuple[AnyFolderId, ...] = ()
    event_types: tuple[EventType, ...] = NEWS
    status_frequency: timedelta = timedelta(minutes=5)
    watermark: str | None = None

    def to_xml(self) -> str:
        """Return the element inside ``m:Subscribe``."""
        start = _opening("PushSubscriptionRequest", self.folder_ids, self.event_types, self.watermark)
        frequency = f"<t:StatusFrequency>{_minutes(self.status_frequency)}</t:StatusFrequency>"
        return f"{start}{frequency}<t:URL>{escape(self.url)}</t:URL></m:PushSubscriptionRequest>"


class StreamingSubscriptionRequest(Struct, frozen=True, gc=False, kw_only=True):
    """Events come over the answer of ``GetStreamingEvents`` while it is open, and are kept in between."""

    folder_ids: tuple[AnyFolderId, ...] = ()
    event_types: tuple[EventType, ...] = NEWS

    def to_xml(self) -> str:
        """Return the element inside ``m:Subscribe``."""
        start = _opening("StreamingSubscriptionRequest", self.folder_ids, self.event_types, None)
        return f"{start}</m:StreamingSubscriptionRequest>"


SubscriptionRequest = PullSubscriptionRequest | PushSubscriptionRequest | StreamingSubscriptionRequest


class Subscription(Struct, frozen=True, gc=False):
    """A subscription that was made; ``watermark`` is where its events begin, ``None`` for a streaming one."""

    subscription_id: str
    watermark: str | None = None


_ID, _WATERMARK = m("SubscriptionId"), m("Watermark")


def _read(message: _Element) -> Subscription | None:
    subscription_id = (message.findtext(_ID) or "").strip()
    return Subscription(subscription_id, message.findtext(_WATERMARK) or None) if subscription_id else None


class Subscribe(Struct, frozen=True, gc=False):
    """Asks for one subscription; one ``Subscription``."""

    request: SubscriptionRequest

    name: ClassVar[str] = "Subscribe"
    time_zone_context: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False

    @property
    def asked(self) -> int:
        """How many outcomes the answer must have."""
        return 1

    def to_xml(self, version: RequestServerVersion) -> str:  # noqa: ARG002 - the same in all versions
        """Return the request as the content of the SOAP body."""
        return f"<m:Subscribe>{self.request.to_xml()}</m:Subscribe>"

    def from_xml(self, response: _Element, context: AnswerContext) -> list[Outcome[Subscription]]:
        """Return one outcome: the subscription.

        Raises:
            AnswerUnreadable: the answer is not one to this request.
        """
        return read_answers(self, response, context, _read)
