"""exchangelib, which knows nothing of us, is told by the simulator what happens, by pull, stream and push."""

import threading
from collections.abc import Iterator

import exchangelib
import pytest
from exchangelib.errors import ErrorSubscriptionNotFound
from exchangelib.properties import (
    CreatedEvent,
    DeletedEvent,
    ModifiedEvent,
    MovedEvent,
    NewMailEvent,
    StatusEvent,
)
from exchangelib.services import SendNotification

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, SCHEMAS, Serve, account, plain
from tests.simulator.test_notifications import listener


@pytest.fixture
def reader(
    exchange: Exchange, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Iterator[exchangelib.Account]:
    schema_dir = SCHEMAS if SCHEMAS.is_dir() else None
    with serve(exchange, schema_dir=schema_dir) as simulator, account(simulator, monkeypatch) as opened:
        yield opened


def test_it_pulls_what_happened(exchange: Exchange, reader: exchangelib.Account) -> None:
    with reader.inbox.pull_subscription() as (subscription, watermark):
        assert [type(e) for n in reader.inbox.get_events(subscription, watermark) for e in n.events] == [
            StatusEvent
        ]
        (item,) = exchange.deliver(plain(1), [MAILBOX])
        exchange.edit(item, subject="Other")
        moved = exchange.move(item, "deleteditems")
        (notification,) = reader.inbox.get_events(subscription, watermark)
        about_items = [e for e in notification.events if e.item_id is not None]
        assert [type(e) for e in about_items] == [CreatedEvent, NewMailEvent, ModifiedEvent, MovedEvent]
        assert about_items[0].item_id.id == item
        assert (about_items[3].item_id.id, about_items[3].old_item_id.id) == (moved, item)
        (notification,) = reader.inbox.get_events(subscription, notification.events[-1].watermark)
        assert [type(e) for e in notification.events] == [StatusEvent]
    with pytest.raises(ErrorSubscriptionNotFound):
        list(reader.inbox.get_events(subscription, watermark))


def test_it_streams_what_happens(exchange: Exchange, reader: exchangelib.Account) -> None:
    with reader.inbox.streaming_subscription() as subscription:
        deliveries = threading.Timer(0.2, lambda: exchange.deliver(plain(1), [MAILBOX]))
        deliveries.start()
        found = []
        for notification in reader.inbox.get_streaming_events(
            subscription, connection_timeout=1, max_notifications_returned=1
        ):
            found += [type(e) for e in notification.events]
        deliveries.join()
    assert found
    assert set(found) <= {CreatedEvent, NewMailEvent, ModifiedEvent}
    assert len(exchange.subscriptions) == 0


def test_it_streams_a_whole_mailbox(exchange: Exchange, reader: exchangelib.Account) -> None:
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    with reader.streaming_subscription() as subscription:
        exchange.delete(item)
        (notification,) = reader.root.get_streaming_events(
            subscription, connection_timeout=1, max_notifications_returned=1
        )
    assert DeletedEvent in {type(e) for e in notification.events}


def test_it_reads_a_push(exchange: Exchange, reader: exchangelib.Account) -> None:
    with (
        listener(["OK", "Unsubscribe"]) as (url, came),
        reader.inbox.push_subscription(callback_url=url) as (subscription, _),
    ):
        exchange.deliver(plain(1), [MAILBOX])
        found: list[type] = []
        while NewMailEvent not in found:
            message = SendNotification(protocol=None).parse(came.get(timeout=10))
            found = [type(event) for notification in message for event in notification.events]
        assert subscription
