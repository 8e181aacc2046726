"""exchangelib writes, sends, answers, moves and deletes messages as on a real server."""

import email
from email.policy import default

import exchangelib
import pytest
from exchangelib import FileAttachment, HTMLBody, ItemAttachment, Mailbox, Message
from exchangelib.errors import ErrorIrresolvableConflict, ErrorItemNotFound, ErrorSendAsDenied
from exchangelib.items import PostItem

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, plain

GRACE = "grace@example.org"


@pytest.fixture(autouse=True)
def grace(exchange: Exchange) -> None:
    exchange.add_mailbox(GRACE, display_name="Grace Hopper")


def inbox_of(exchange: Exchange, address: str) -> list[email.message.EmailMessage]:
    mailbox = exchange.mailbox(address)
    mimes = [mailbox.mime(mailbox.item(number)) for number in mailbox.inbox.items]
    return [email.message_from_bytes(mime, policy=default) for mime in mimes]


def test_a_draft_keeps_everything_that_was_written(ada: exchangelib.Account) -> None:
    draft = Message(
        account=ada,
        folder=ada.drafts,
        subject="Plän",
        body=HTMLBody("<p>Dear Grace</p>"),
        to_recipients=[Mailbox(name="Grace Hopper", email_address=GRACE)],
        cc_recipients=["c@example.com"],
        bcc_recipients=["hidden@example.com"],
        reply_to=["office@example.org"],
        importance="High",
        sensitivity="Private",
        categories=["Red", "Blue"],
        is_read_receipt_requested=True,
        references="<r@example.com>",
        in_reply_to="<q@example.com>",
    ).save()
    (found,) = ada.drafts.all()
    assert found.id == draft.id
    assert (found.subject, found.importance, found.sensitivity) == ("Plän", "High", "Private")
    assert found.body == "<p>Dear Grace</p>"
    assert isinstance(found.body, HTMLBody)
    assert found.text_body.strip() == "Dear Grace"
    assert [one.email_address for one in found.to_recipients] == [GRACE]
    assert [one.email_address for one in found.cc_recipients] == ["c@example.com"]
    assert [one.email_address for one in found.bcc_recipients] == ["hidden@example.com"]
    assert [one.email_address for one in found.reply_to] == ["office@example.org"]
    assert found.categories == ["Red", "Blue"]
    assert (found.is_draft, found.is_read, found.is_read_receipt_requested) == (True, False, True)
    assert (found.references, found.in_reply_to) == ("<r@example.com>", "<q@example.com>")
    assert (found.display_to, found.display_cc) == ("Grace Hopper", "c@example.com")


def test_a_message_is_changed_and_its_change_key_with_it(ada: exchangelib.Account) -> None:
    draft = Message(account=ada, folder=ada.drafts, subject="One", body="x", categories=["Red"]).save()
    before = draft.changekey
    draft.subject, draft.body, draft.categories = "Two", "y", None
    draft.save(update_fields=["subject", "body", "categories"])
    assert draft.changekey != before
    draft.refresh()
    assert (draft.subject, draft.body, draft.categories) == ("Two", "y", None)


def test_a_change_of_an_older_state_is_a_conflict(ada: exchangelib.Account) -> None:
    draft = Message(account=ada, folder=ada.drafts, subject="One").save()
    stale = ada.drafts.get(id=draft.id, changekey=draft.changekey)
    draft.subject = "Two"
    draft.save()
    stale.subject = "Three"
    with pytest.raises(ErrorIrresolvableConflict):
        stale.save(update_fields=["subject"], conflict_resolution="NeverOverwrite")
    stale.save(update_fields=["subject"], conflict_resolution="AlwaysOverwrite")
    draft.refresh()
    assert draft.subject == "Three"


def test_a_message_arrives_at_its_recipients_without_the_blind_copy(
    exchange: Exchange, ada: exchangelib.Account
) -> None:
    Message(
        account=ada,
        subject="Hello",
        body="Text",
        to_recipients=[GRACE, "out@example.com"],
        bcc_recipients=[MAILBOX],
    ).send_and_save()
    (arrived,) = inbox_of(exchange, GRACE)
    assert (arrived["Subject"], arrived["From"]) == ("Hello", "Ada Lovelace <ada@example.org>")
    assert arrived["Bcc"] is None
    assert arrived["Message-ID"]
    assert arrived.get_content().strip() == "Text"
    assert len(inbox_of(exchange, MAILBOX)) == 1
    (outgoing,) = exchange.outbox
    assert (outgoing.sender, outgoing.recipients) == (MAILBOX, ("out@example.com",))
    (kept,) = ada.sent.all()
    assert (kept.subject, kept.is_draft, kept.is_read) == ("Hello", False, True)
    assert [one.email_address for one in kept.bcc_recipients] == [MAILBOX]
    assert kept.message_id == arrived["Message-ID"]


def test_a_saved_draft_is_sent_and_its_copy_has_a_new_id(
    exchange: Exchange, ada: exchangelib.Account
) -> None:
    draft = Message(account=ada, folder=ada.drafts, subject="Hello", to_recipients=[GRACE]).save()
    before = draft.id
    draft.send(save_copy=True)
    assert ada.drafts.all().count() == 0
    (kept,) = ada.sent.all()
    assert kept.id != before
    assert [one["Subject"] for one in inbox_of(exchange, GRACE)] == ["Hello"]


def test_nobody_sends_in_the_name_of_another(ada: exchangelib.Account) -> None:
    forged = Message(account=ada, subject="x", author=Mailbox(email_address=GRACE), to_recipients=[GRACE])
    with pytest.raises(ErrorSendAsDenied):
        forged.send()


def test_attachments_go_along_files_pictures_and_messages(
    exchange: Exchange, ada: exchangelib.Account
) -> None:
    draft = Message(
        account=ada,
        folder=ada.drafts,
        subject="Files",
        body=HTMLBody('<img src="cid:logo">'),
        to_recipients=[GRACE],
    )
    draft.attach(FileAttachment(name="a.txt", content=b"alpha", content_type="text/plain"))
    draft.attach(FileAttachment(name="logo.png", content=b"png", is_inline=True, content_id="logo"))
    draft.save()
    draft.attach(FileAttachment(name="b.bin", content=bytes(range(256))))
    draft.attach(ItemAttachment(name="Inner", item=Message(account=ada, subject="Inner", body="deep")))
    draft.refresh()
    by_name = {one.name: one for one in draft.attachments}
    assert by_name["a.txt"].content == b"alpha"
    assert by_name["b.bin"].content == bytes(range(256))
    assert (by_name["logo.png"].is_inline, by_name["logo.png"].content_id) == (True, "logo")
    assert by_name["Inner"].item.subject == "Inner"
    draft.detach(by_name["b.bin"])
    draft.refresh()
    assert sorted(one.name for one in draft.attachments) == ["Inner", "a.txt", "logo.png"]
    draft.send()
    (arrived,) = inbox_of(exchange, GRACE)
    parts = {part.get_filename(): part for part in arrived.walk() if part.get_filename()}
    assert parts["a.txt"].get_content() == "alpha"
    assert parts["logo.png"]["Content-ID"] == "<logo>"
    assert [part["Subject"] for part in arrived.walk() if part["Subject"]] == ["Files", "Inner"]


def test_mime_is_taken_as_it_is(exchange: Exchange, ada: exchangelib.Account) -> None:
    saved = Message(account=ada, folder=ada.inbox, mime_content=plain(7)).save()
    saved.refresh()
    assert (saved.subject, saved.mime_content) == ("Compiler 7", plain(7))
    assert saved.author.email_address == "grace@example.com"


def test_replies_and_forwards_keep_the_conversation(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.deliver(plain(1).replace(b"grace@example.com", GRACE.encode()), [MAILBOX])
    (item,) = ada.inbox.all()
    item.reply(subject="RE: Compiler 1", body="Thanks")
    item.reply_all(subject="RE: all", body="Thanks all")
    item.forward(subject="FW: Compiler 1", body="See below", to_recipients=["out@example.com"])
    first, second = inbox_of(exchange, GRACE)
    assert (first["Subject"], first["In-Reply-To"]) == ("RE: Compiler 1", "<1@example.com>")
    assert "Hello Ada" in first.get_body().get_content()
    assert second["Subject"] == "RE: all"
    assert exchange.outbox[0].recipients == ("out@example.com",)
    kept = list(ada.sent.all())
    assert {one.conversation_topic for one in kept} == {"Compiler 1"}
    assert {one.conversation_id.id for one in kept} == {item.conversation_id.id}


def test_a_reply_can_be_saved_as_a_draft(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    (item,) = ada.inbox.all()
    item.create_reply(subject="RE: Compiler 1", body="Later").save(ada.drafts)
    (draft,) = ada.drafts.all()
    assert (draft.subject, draft.is_draft) == ("RE: Compiler 1", True)
    assert [one.email_address for one in draft.to_recipients] == ["grace@example.com"]


def test_messages_are_moved_copied_and_deleted(exchange: Exchange, ada: exchangelib.Account) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    (item,) = ada.inbox.all()
    first = item.id
    item.copy(ada.junk)
    item.move(ada.drafts)
    assert item.id != first
    assert (ada.inbox.all().count(), ada.junk.all().count(), ada.drafts.all().count()) == (0, 1, 1)
    item.move_to_trash()
    assert ada.trash.all().count() == 1
    (binned,) = ada.trash.all()
    binned.soft_delete()
    (recoverable,) = ada.recoverable_items_deletions.all()
    recoverable.delete()
    assert ada.recoverable_items_deletions.all().count() == 0
    (gone,) = ada.fetch(ids=[(first, None)])
    assert isinstance(gone, ErrorItemNotFound)


def test_items_are_made_changed_and_deleted_in_bulk(ada: exchangelib.Account) -> None:
    drafts = [Message(account=ada, folder=ada.drafts, subject=f"Draft {number}") for number in range(25)]
    ids = ada.bulk_create(folder=ada.drafts, items=drafts)
    assert len({one.id for one in ids}) == 25
    items = list(ada.drafts.all())
    for item in items:
        item.subject = item.subject.upper()
    ada.bulk_update(items=[(item, ["subject"]) for item in items])
    assert all(item.subject.startswith("DRAFT") for item in ada.fetch(ids=ids))
    moved = ada.bulk_move(ids=[(one.id, None) for one in ids[:5]], to_folder=ada.inbox)
    assert len(moved) == 5
    assert ada.bulk_delete(ids=[(one.id, None) for one in ids[5:]]) == [True] * 20
    assert ada.drafts.all().count() == 0


def test_a_message_is_marked_as_read_and_the_feed_says_only_that(
    exchange: Exchange, ada: exchangelib.Account
) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    (item,) = ada.inbox.all()
    list(ada.inbox.sync_items())
    item.is_read = True
    item.save(update_fields=["is_read"])
    assert [(kind, found[1]) for kind, found in ada.inbox.sync_items()] == [("read_flag_change", True)]


def test_posts_are_items_of_their_own(ada: exchangelib.Account) -> None:
    made = PostItem(account=ada, folder=ada.inbox, subject="Notice", body="To all").save()
    (found,) = ada.inbox.all()
    assert isinstance(found, PostItem)
    assert (found.id, found.subject, found.body, found.item_class) == (
        made.id,
        "Notice",
        "To all",
        "IPM.Post",
    )
    made.refresh()
    assert made.posted_time is not None
    assert found.author.email_address == MAILBOX
