"""GetAttachment, from a whole answer."""

from serversync.exchange.operations.get_attachment import GetAttachment
from serversync.exchange.types.attachment import FileAttachment, ItemAttachment, ReferenceAttachment
from serversync.exchange.types.ids import AttachmentId
from tests.unit.exchange import answers

BOTH = GetAttachment((AttachmentId("att-1"), AttachmentId("att-2")))


def test_a_file_comes_decoded() -> None:
    outcome = answers.read(BOTH, answers.canned("get_attachment/file_and_item.xml"))[0]
    assert isinstance(outcome.value, FileAttachment)
    assert (outcome.value.name, outcome.value.content) == ("notes.txt", b"Hello")


def test_an_item_comes_as_mime() -> None:
    outcome = answers.read(BOTH, answers.canned("get_attachment/file_and_item.xml"))[1]
    assert isinstance(outcome.value, ItemAttachment)
    assert (outcome.value.subject, outcome.value.mime_content) == ("inner", b"Subject: inner\r\n")


def test_a_link_says_where_the_file_lies() -> None:
    link = (
        "<m:Attachments><t:ReferenceAttachment><t:AttachmentId Id='a'/><t:Name>plan.docx</t:Name>"
        "<t:AttachLongPathName>https://files.example.org/a?b=1&amp;c=2</t:AttachLongPathName>"
        "<t:ProviderType>OneDrivePro</t:ProviderType></t:ReferenceAttachment></m:Attachments>"
    )
    asked = GetAttachment((AttachmentId("a"),))
    whole = answers.answer("GetAttachment", answers.success("GetAttachment", link))
    (outcome,) = answers.read(asked, whole)
    assert isinstance(outcome.value, ReferenceAttachment)
    assert (outcome.value.name, outcome.value.attach_long_path_name) == (
        "plan.docx",
        "https://files.example.org/a?b=1&c=2",
    )
