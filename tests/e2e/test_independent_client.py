"""exchangelib, which knows nothing of us, and our client read the same messages from the same mailbox."""

import asyncio
import logging
from datetime import UTC, datetime

import exchangelib
import pytest

from serversync.demo.mail import week_of_mail
from serversync.exchange.client import Credentials, Endpoint, EwsClient, Scheme
from serversync.exchange.operations.get_attachment import GetAttachment
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.sync_folder_items import SyncFolderItems
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.exchange.types.message import MESSAGE_FIELDS
from serversync.exchange.types.shapes import BodyType, ItemShape
from serversync.simulator import Exchange, SimulatorThread
from tests.e2e.place import PASSWORD, SERVICE
from tests.stdlib_mail import FILES

ADA = "ada@example.org"
AS_STORED = ItemShape(body_type=BodyType.BEST, additional_properties=MESSAGE_FIELDS)


@pytest.fixture(params=["basic", "ntlm"])
def simulator(request):
    exchange = Exchange("Exchange2016")
    exchange.add_account(SERVICE, password=PASSWORD, impersonation=True)
    for address in (ADA, "ben@example.org", "cleo@example.org", "service@example.org"):
        exchange.add_mailbox(address)
    for delivery in week_of_mail(datetime(2026, 3, 2, tzinfo=UTC)):
        exchange.deliver(delivery.mime, delivery.to, delivery.received)
    for path in FILES:
        exchange.deliver(path.read_bytes(), [ADA])
    with SimulatorThread(exchange, extended_protection="require") as simulator:
        yield simulator, request.param


def read_by_exchangelib(url, scheme):
    logging.getLogger("exchangelib").setLevel(logging.CRITICAL)
    account = exchangelib.Account(
        ADA,
        access_type=exchangelib.IMPERSONATION,
        config=exchangelib.Configuration(
            service_endpoint=url,
            credentials=exchangelib.Credentials(SERVICE, PASSWORD),
            auth_type={"basic": exchangelib.BASIC, "ntlm": exchangelib.NTLM}[scheme],
            retry_policy=exchangelib.FailFast(),
            max_connections=1,
        ),
    )
    try:
        ids = [(i.id, i.changekey) for _, i in account.inbox.sync_items(only_fields=["id", "changekey"])]
        return {item.id: said_by_exchangelib(item) for item in account.fetch(ids)}
    finally:
        account.protocol.close()
        exchangelib.close_connections()


def said_by_exchangelib(item):
    def addresses(boxes):
        return [(b.name, b.email_address) for b in boxes or ()]

    return {
        "subject": item.subject or "",
        "message_id": item.message_id,
        "in_reply_to": item.in_reply_to or None,
        "sent": datetime.fromisoformat(item.datetime_sent.isoformat()),
        "received": datetime.fromisoformat(item.datetime_received.isoformat()),
        "from": addresses([item.author] if item.author else []),
        "to": addresses(item.to_recipients),
        "cc": addresses(item.cc_recipients),
        "body": str(item.body or ""),
        "index": item.conversation_index,
        "files": [(a.name, a.content) for a in item.attachments if isinstance(a, exchangelib.FileAttachment)],
    }


def read_by_us(url, ca_file, scheme):
    async def read():
        credentials = Credentials(username=SERVICE, password=PASSWORD, scheme=Scheme(scheme))
        async with EwsClient(Endpoint(url=url, ca_file=ca_file), credentials) as client:
            found, state, last = {}, None, False
            while not last:
                request = SyncFolderItems(DistinguishedFolderId("inbox"), state, max_changes=50)
                (outcome,) = await client.call(request, mailbox=ADA)
                page = outcome.unwrap()
                state, last = page.sync_state, page.includes_last
                ids = tuple(change.item_id for change in page.changes)
                for item in await client.call(GetItem(ids, AS_STORED), mailbox=ADA):
                    message = item.unwrap()
                    found[message.item_id.id] = await said_by_us(client, message)
            return found

    return asyncio.run(read())


async def said_by_us(client, message):
    def addresses(boxes):
        return [(b.name, b.email_address) for b in boxes]

    ids = tuple(a.attachment_id for a in message.attachments if a.element == "FileAttachment")
    files = [o.unwrap() for o in await client.call(GetAttachment(ids), mailbox=ADA)] if ids else []
    return {
        "subject": message.subject or "",
        "message_id": message.internet_message_id,
        "in_reply_to": message.in_reply_to or None,
        "sent": message.date_time_sent,
        "received": message.date_time_received,
        "from": addresses([message.from_] if message.from_ else []),
        "to": addresses(message.to_recipients),
        "cc": addresses(message.cc_recipients),
        "body": message.body.text,
        "index": message.conversation_index,
        "files": [(f.name, f.content) for f in files],
    }


def test_both_read_the_same_messages(simulator, monkeypatch):
    server, scheme = simulator
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca_file))
    theirs = read_by_exchangelib(server.url, scheme)
    ours = read_by_us(server.url, server.ca_file, scheme)
    assert len(ours) >= 30
    assert ours.keys() == theirs.keys()
    for item_id, message in ours.items():
        assert message == theirs[item_id]
