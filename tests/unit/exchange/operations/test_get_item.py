"""GetItem, from a whole answer."""

from datetime import UTC, datetime

import pytest

from serversync.core.errors import AnswerUnreadable, ItemGone, ItemUnreadable, MailboxUnavailable, ServerBusy
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.outcome import Failure, Success, Warned
from serversync.exchange.types.attachment import FileAttachment, ItemAttachment, ReferenceAttachment
from serversync.exchange.types.calendar_item import CalendarItem
from serversync.exchange.types.contact import Contact
from serversync.exchange.types.fields import ExtendedFieldURI
from serversync.exchange.types.ids import AttachmentId, FolderId, ItemId
from serversync.exchange.types.item import Body, Importance, InternetMessageHeader, Item, Sensitivity
from serversync.exchange.types.message import Mailbox, Message
from serversync.exchange.types.shapes import BodyType
from serversync.exchange.types.task import Task
from tests.unit.exchange import answers


def ask(count: int) -> GetItem:
    return GetItem(tuple(ItemId(str(number)) for number in range(count)))


@pytest.fixture(scope="module")
def outcomes() -> list[Success[Item] | Warned[Item] | Failure]:
    return answers.read(ask(3), answers.canned("get_item/full_message.xml"))


@pytest.fixture(scope="module")
def message(outcomes: list[Success[Item]]) -> Message:
    value = outcomes[0].value
    assert isinstance(value, Message)
    return value


def test_ids_and_plain_properties(message: Message) -> None:
    assert message.item_id == ItemId("AAMkAGI1+Qab/=", "CQAAABYA")
    assert message.change_key == "CQAAABYA"
    assert message.parent_folder_id == FolderId("AAMkInbox", "AQAAAA==")
    assert (message.element, message.item_class) == ("Message", "IPM.Note")
    assert message.subject == "Offer for Müller & Söhne <urgent>"
    assert message.size == 20480
    assert (message.is_read, message.is_draft, message.is_from_me, message.has_attachments) == (
        True,
        False,
        False,
        True,
    )
    assert (message.importance, message.sensitivity) == (Importance.HIGH, Sensitivity.CONFIDENTIAL)
    assert message.categories == ("Customer", "Red")
    assert message.mime_content == b"Subject: Offer\r\n"


def test_body_comes_with_its_type(message: Message) -> None:
    assert message.body == Body("<p>Dear Ada</p>", BodyType.HTML)


def test_times_are_utc(message: Message) -> None:
    assert message.date_time_received == datetime(2026, 11, 20, 9, 30, 1, tzinfo=UTC)
    assert message.date_time_sent == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert message.date_time_created == datetime(2026, 11, 20, 9, 30, 1, 123456, tzinfo=UTC)


def test_parties(message: Message) -> None:
    assert message.sender == Mailbox("Cleo", "cleo@example.org", "SMTP", "OneOff")
    assert message.from_ == Mailbox("Sales", "sales@example.org", "SMTP")
    assert [each.routing_type for each in message.to_recipients] == ["SMTP", "EX"]
    assert message.cc_recipients == (Mailbox("undisclosed"),)
    assert message.bcc_recipients == ()
    assert message.reply_to == (Mailbox(email_address="reply@example.org"),)


def test_threading(message: Message) -> None:
    assert message.internet_message_id == "<second@example.org>"
    assert message.in_reply_to == message.references == "<first@example.org>"
    assert message.conversation_index == b"\x01\x01\xdb;\x16\x19"
    assert message.conversation_topic == "Offer"
    assert message.conversation_id == ItemId("conversation", "")


def test_internet_headers_keep_order_and_repetition(message: Message) -> None:
    assert message.internet_message_headers == (
        InternetMessageHeader("Received", "by one"),
        InternetMessageHeader("Received", "by two"),
    )


def test_attachments_of_all_kinds_are_listed(message: Message) -> None:
    picture, mail, link = message.attachments
    assert picture == FileAttachment(
        element="FileAttachment",
        attachment_id=AttachmentId("att-1", "AAMkAGI1+Qab/=", "CQAAABYA"),
        name="logo.png",
        content_type="image/png",
        content_id="logo@example.org",
        content_location="http://example.org/logo.png",
        size=1523,
        last_modified_time=datetime(2026, 11, 20, 8, tzinfo=UTC),
        is_inline=True,
        is_contact_photo=False,
    )
    assert isinstance(mail, ItemAttachment)
    assert mail.name == "earlier mail"
    assert isinstance(link, ReferenceAttachment)
    assert link.element == "ReferenceAttachment"


def test_extended_properties_are_found_by_meaning(message: Message) -> None:
    assert message.extended_properties == {
        ExtendedFieldURI(property_type="Binary", property_tag=0x0FFF): b"\x00\x01\x02\x03",
        ExtendedFieldURI(
            property_type="Boolean", property_set_id="00062008-0000-0000-c000-000000000046", property_id=34070
        ): True,
        ExtendedFieldURI(
            property_type="StringArray",
            distinguished_property_set_id="PublicStrings",
            property_name="Keywords",
        ): ("Customer", "Red"),
    }


def test_a_missing_item_fails_alone(outcomes: list[Failure]) -> None:
    assert isinstance(outcomes[1].error, ItemGone)
    assert outcomes[1].code == "ErrorItemNotFound"
    with pytest.raises(ItemGone):
        outcomes[1].unwrap()


def test_a_meeting_request_is_read_like_a_message(outcomes: list[Success[Item]]) -> None:
    meeting = outcomes[2].value
    assert isinstance(meeting, Message)
    assert (meeting.element, meeting.subject, meeting.from_) == ("MeetingRequest", "Kick-off", Mailbox("Ben"))


@pytest.mark.parametrize(
    "element",
    ["Message", "MeetingMessage", "MeetingResponse", "MeetingCancellation", "PostItem", "Item", "Surprise"],
)
def test_what_looks_like_mail_is_a_message(element: str) -> None:
    payload = (
        f'<m:Items><t:{element}><t:ItemId Id="1"/><t:Unknown><t:Deep/></t:Unknown></t:{element}></m:Items>'
    )
    (outcome,) = answers.read(ask(1), answers.answer("GetItem", answers.success("GetItem", payload)))
    assert type(outcome.value) is Message
    assert outcome.value.element == element


@pytest.mark.parametrize(
    ("element", "kind"),
    [("CalendarItem", CalendarItem), ("Contact", Contact), ("DistributionList", Item), ("Task", Task)],
)
def test_other_kinds_are_items(element: str, kind: type[Item]) -> None:
    payload = f'<m:Items><t:{element}><t:ItemId Id="1"/><t:Subject>x</t:Subject></t:{element}></m:Items>'
    (outcome,) = answers.read(ask(1), answers.answer("GetItem", answers.success("GetItem", payload)))
    assert type(outcome.value) is kind
    assert (outcome.value.element, outcome.value.subject) == (element, "x")


def test_malformed_values_become_nothing_and_spoil_nothing() -> None:
    payload = (
        "<m:Items><t:Message><t:ItemId/><t:Subject/><t:Body/><t:DateTimeSent>9999-99-99</t:DateTimeSent>"
        "<t:DateTimeReceived>0001-01-01T00:00:00+14:00</t:DateTimeReceived><t:Size>1e9</t:Size>"
        "<t:Importance>Huge</t:Importance><t:Sender/><t:ToRecipients><t:Mailbox/></t:ToRecipients>"
        "<t:ConversationIndex>*</t:ConversationIndex><t:IsRead>maybe</t:IsRead><t:ExtendedProperty/>"
        '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="x" PropertyType="Integer"/><t:Value>many</t:Value>'
        "</t:ExtendedProperty></t:Message></m:Items>"
    )
    (outcome,) = answers.read(ask(1), answers.answer("GetItem", answers.success("GetItem", payload)))
    message = outcome.value
    assert message.item_id is message.date_time_sent is message.date_time_received is message.size is None
    assert message.importance is message.sender is message.is_read is None
    assert (message.subject, message.body) == ("", Body("", None))
    assert message.to_recipients == (Mailbox(),)
    assert message.extended_properties == {ExtendedFieldURI(property_type="Integer"): "many"}


def test_a_success_without_an_item_is_an_unreadable_item() -> None:
    (outcome,) = answers.read(ask(1), answers.answer("GetItem", answers.success("GetItem", "<m:Items/>")))
    assert isinstance(outcome.error, ItemUnreadable)


def test_an_unknown_code_sets_the_item_aside() -> None:
    (outcome,) = answers.read(
        ask(1), answers.answer("GetItem", answers.failure("GetItem", "ErrorFromTheFuture"))
    )
    assert isinstance(outcome.error, ItemUnreadable)
    assert outcome.code == "ErrorFromTheFuture"


def test_the_rest_of_a_stopped_batch_may_be_asked_again() -> None:
    stopped = answers.failure("GetItem", "ErrorBatchProcessingStopped", response_class="Warning")
    outcomes = answers.read(ask(2), answers.answer("GetItem", answers.message(0), stopped))
    assert isinstance(outcomes[0], Success)
    assert isinstance(outcomes[1].error, ServerBusy)


def test_a_remark_comes_with_the_value() -> None:
    text = answers.message(0).replace('"Success"', '"Warning"').replace("NoError", "ErrorSomething")
    (outcome,) = answers.read(ask(1), answers.answer("GetItem", text))
    assert isinstance(outcome, Warned)
    assert (outcome.code, outcome.unwrap().subject) == ("ErrorSomething", "Hello")


def test_throttling_inside_another_error_is_seen() -> None:
    inner = (
        '<m:MessageXml><t:Value Name="InnerErrorResponseCode">ErrorMailboxFailover</t:Value>'
        '<t:Value Name="BackOffMilliseconds">300</t:Value></m:MessageXml>'
    )
    (outcome,) = answers.read(
        ask(1), answers.answer("GetItem", answers.failure("GetItem", "ErrorInternalServerError", inner))
    )
    assert isinstance(outcome.error, MailboxUnavailable)
    assert outcome.error.details["back_off"].total_seconds() == 0.3


@pytest.mark.parametrize("answered", [0, 1, 3])
def test_another_number_of_outcomes_is_never_accepted(answered: int) -> None:
    document = answers.answer("GetItem", *[answers.message(number) for number in range(answered)])
    with pytest.raises(AnswerUnreadable, match=f"{answered} outcomes for 2"):
        answers.read(ask(2), document)


def test_the_answer_to_another_question_is_not_accepted() -> None:
    with pytest.raises(AnswerUnreadable, match="GetFolderResponse"):
        answers.read(ask(1), answers.inbox())
