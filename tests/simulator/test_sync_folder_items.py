"""SyncFolderItems: nothing is lost, nothing is told twice, and a state works only where it was made."""

import base64
import random
from datetime import UTC, datetime

import pytest

from serversync.simulator import Exchange, Mailbox
from serversync.simulator.syncstate import SyncChange, SyncState, changes_since
from tests.simulator.conftest import MAILBOX, Client, Reply, plain

CHANGES = ".//m:Changes/*"


def state_of(reply: Reply) -> str:
    return reply.texts(".//m:SyncState")[0]


def is_last(reply: Reply) -> bool:
    return reply.texts(".//m:IncludesLastItemInRange") == ["true"]


def kinds(reply: Reply) -> list[str]:
    return [element.tag.partition("}")[2] for element in reply.xml.iterfind(CHANGES, {"m": NS_M})]


NS_M = "http://schemas.microsoft.com/exchange/services/2006/messages"


def ids(reply: Reply) -> list[str]:
    return reply.attributes(".//m:Changes//t:ItemId", "Id")


def test_first_sync_tells_the_newest_message_first(exchange: Exchange, client: Client) -> None:
    delivered = [exchange.deliver(plain(number), [MAILBOX])[0] for number in range(3)]
    reply = client.sync()
    assert ids(reply) == delivered[::-1]
    assert kinds(reply) == ["Create"] * 3
    assert is_last(reply)


def test_pages_cover_everything_once(exchange: Exchange, client: Client) -> None:
    delivered = {exchange.deliver(plain(number), [MAILBOX])[0] for number in range(11)}
    seen: list[str] = []
    state, done = "", False
    while not done:
        reply = client.sync(state, limit=4)
        assert len(ids(reply)) <= 4
        seen += ids(reply)
        state, done = state_of(reply), is_last(reply)
    assert len(seen) == 11
    assert set(seen) == delivered


def test_nothing_new_gives_no_changes_and_stays_last(exchange: Exchange, client: Client) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    again = client.sync(state_of(client.sync()))
    assert ids(again) == []
    assert is_last(again)


def test_edits_deletions_and_read_flags_have_their_own_kinds(exchange: Exchange, client: Client) -> None:
    edited, deleted, read, moved = (exchange.deliver(plain(number), [MAILBOX])[0] for number in range(4))
    state = state_of(client.sync())
    exchange.edit(edited, subject="Edited")
    exchange.delete(deleted)
    exchange.mark_read(read)
    exchange.move(moved, "deleteditems")
    reply = client.sync(state)
    assert list(zip(kinds(reply), ids(reply), strict=True)) == [
        ("Update", edited),
        ("Delete", deleted),
        ("ReadFlagChange", read),
        ("Delete", moved),
    ]
    assert reply.texts(".//t:IsRead") == ["true"]


def test_a_moved_message_arrives_under_a_new_id(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    state = state_of(client.sync(folder="deleteditems"))
    moved = exchange.move(item, "deleteditems")
    assert moved != item
    assert ids(client.sync(state, folder="deleteditems")) == [moved]
    assert client.get_items(item).codes == ["ErrorItemNotFound"]


def test_a_message_edited_and_read_is_told_once_as_update(exchange: Exchange, client: Client) -> None:
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    state = state_of(client.sync())
    exchange.mark_read(item)
    exchange.edit(item, subject="Edited")
    exchange.mark_read(item, is_read=False)
    assert kinds(client.sync(state)) == ["Update"]


def test_ignored_items_are_left_out(exchange: Exchange, client: Client) -> None:
    first, second = (exchange.deliver(plain(number), [MAILBOX])[0] for number in range(2))
    assert ids(client.sync(ignore=(second,))) == [first]


@pytest.mark.parametrize("damage", ["not base64!", base64.b64encode(b"SFI\x01" + bytes(60)).decode(), "AAAA"])
def test_a_damaged_state_is_refused(client: Client, damage: str) -> None:
    assert client.sync(damage).codes == ["ErrorInvalidSyncStateData"]


def test_a_state_of_another_folder_or_mailbox_is_refused(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox("grace@example.org")
    state = state_of(client.sync())
    assert client.sync(state, folder="sentitems").codes == ["ErrorInvalidSyncStateData"]
    other = client.call(
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        f'<m:SyncFolderId><t:DistinguishedFolderId Id="inbox"/></m:SyncFolderId><m:SyncState>{state}</m:SyncState>'
        "<m:MaxChangesReturned>5</m:MaxChangesReturned></m:SyncFolderItems>",
        mailbox="grace@example.org",
    )
    assert other.codes == ["ErrorInvalidSyncStateData"]


def test_states_can_be_made_invalid_as_after_a_restore(exchange: Exchange, client: Client) -> None:
    state = state_of(client.sync())
    exchange.mailbox(MAILBOX).invalidate_sync_states()
    assert client.sync(state).codes == ["ErrorInvalidSyncStateData"]
    assert client.sync().codes == ["NoError"]


@pytest.mark.parametrize("limit", [0, 513])
def test_more_than_512_changes_or_none_are_refused(client: Client, limit: int) -> None:
    reply = client.sync(limit=limit)
    assert (reply.status, reply.codes) == (500, ["ErrorSchemaValidation"])


def test_mime_content_cannot_be_had_from_the_feed(client: Client) -> None:
    reply = client.call(
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>"
        '</m:ItemShape><m:SyncFolderId><t:DistinguishedFolderId Id="inbox"/></m:SyncFolderId>'
        "<m:MaxChangesReturned>5</m:MaxChangesReturned></m:SyncFolderItems>"
    )
    assert reply.codes == ["ErrorInvalidPropertyForOperation"]


def something_happens(chance: random.Random, mailbox: Mailbox) -> None:
    """Up to three things that a person or the transport does."""
    for _ in range(chance.randrange(4)):
        items = mailbox.inbox.items
        if not items or chance.random() < 0.4:
            mailbox.put(plain(1), datetime(2026, 1, 1, tzinfo=UTC))
            continue
        item = chance.choice(items)
        match chance.randrange(4):
            case 0:
                mailbox.delete(item)
            case 1:
                mailbox.edit(item, properties={"item:Subject": str(chance.random())})
            case 2:
                mailbox.mark_read(item, is_read=chance.random() < 0.5)
            case 3:
                mailbox.move(item, mailbox.distinguished_folder("deleteditems"))


@pytest.mark.parametrize("seed", range(40))
def test_a_client_that_follows_the_feed_ends_with_the_folder_as_it_is(seed: int) -> None:
    """Anything happens between any two pages; what the client believes must come out right."""
    chance = random.Random(seed)  # noqa: S311 - no secret depends on it
    mailbox = Exchange(seed=seed).add_mailbox(MAILBOX)
    inbox = mailbox.inbox
    believed: dict[int, tuple[bool, object]] = {}
    state: SyncState | None = None
    step, finished = 0, False
    while step < 50 or not finished:
        if step < 50:
            something_happens(chance, mailbox)
        changes, state, finished = changes_since(state, mailbox, inbox, chance.randrange(1, 5))
        assert finished or changes
        for change in changes:
            assert (change.item in believed) == (change.kind is not SyncChange.CREATE)
            if change.stored is None:
                del believed[change.item]
            else:
                believed[change.item] = (change.stored.is_read, change.stored.properties)
        step += 1
    real = {item: (mailbox.item(item).is_read, mailbox.item(item).properties) for item in inbox.items}
    assert believed == real
