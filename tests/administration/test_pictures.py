"""Photos of contacts are pictures of a known kind and size, and go when no contact has them any more."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from serversync.administration import pictures
from serversync.core.errors import InputInvalid
from serversync.core.ids import content_id
from serversync.crm.models import Attachment, AttachmentInQuestion, Audit, Contact, Organization

pytestmark = pytest.mark.django_db
JPEG, PNG = b"\xff\xd8\xff a face", b"\x89PNG\r\n\x1a\n a face"


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("face", content, content_type="text/html")


def contact(name: str = "Hopper") -> Contact:
    return Contact.objects.create(lastname=name)


def a_day_later() -> None:
    long_ago = AttachmentInQuestion.objects.values_list("createdon", flat=True).first()
    assert long_ago is not None
    AttachmentInQuestion.objects.update(createdon=long_ago - pictures.KEPT_FOR - timedelta(hours=1))


def test_a_photo_is_stored_once_as_the_kind_that_its_bytes_say():
    one, other = contact(), contact("Lovelace")
    pictures.replace(one, upload(JPEG))
    pictures.replace(other, upload(JPEG))
    assert Attachment.objects.values_list("pk", "mimetype", "filesize").get() == (
        content_id(JPEG),
        "image/jpeg",
        len(JPEG),
    )
    assert set(Contact.objects.values_list("entityimageid", flat=True)) == {content_id(JPEG)}
    assert Audit.objects.filter(act="contact.edit").count() == 2


@pytest.mark.parametrize("content", [b"<svg/>", b"", b"%PDF-1.7", b"GIF88a"])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(InputInvalid, match="must be a picture"):
        pictures.replace(contact(), upload(content))
    assert not Attachment.objects.exists()


def test_a_picture_that_is_too_large_is_refused():
    Organization.objects.current()
    Organization.objects.update(maxuploadfilesize=len(JPEG) - 1)
    with pytest.raises(InputInvalid, match="maxuploadfilesize"):
        pictures.replace(contact(), upload(JPEG))


def test_a_photo_goes_a_day_after_the_last_contact_has_left_it():
    one, other = contact(), contact("Lovelace")
    pictures.replace(one, upload(JPEG))
    pictures.replace(other, upload(JPEG))
    pictures.replace(one, upload(PNG))
    assert pictures.clear_away() == 0
    a_day_later()
    assert pictures.clear_away() == 0
    pictures.remove(other)
    assert pictures.clear_away() == 0
    a_day_later()
    assert pictures.clear_away() == 1
    assert Attachment.objects.values_list("pk", flat=True).get() == content_id(PNG)
    one.delete()
    a_day_later()
    assert pictures.clear_away() == 1
    assert not Attachment.objects.exists()
    assert not AttachmentInQuestion.objects.exists()
