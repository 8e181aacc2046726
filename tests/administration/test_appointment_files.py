"""Files of appointments: stored once, refused where the settings say so, and gone when nothing has them any more."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from serversync.administration import activities, appointment_files, pictures
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.core.ids import content_id
from serversync.crm.models import (
    ActivityMimeAttachment,
    Appointment,
    Attachment,
    AttachmentInQuestion,
    Audit,
    Email,
    Organization,
    SystemUser,
)

pytestmark = pytest.mark.django_db
NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


def appointment(**columns: object) -> Appointment:
    owner = SystemUser.objects.filter(domainname="ada").first() or SystemUser.objects.create_user("ada")
    return Appointment.objects.create(
        subject="Tea", scheduledstart=NINE, scheduledend=NINE, ownerid=owner, **columns
    )


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/plain")


def test_a_file_is_stored_once_and_attached_once_under_a_name():
    one, other = appointment(), appointment()
    assert appointment_files.attach(one, [upload("plan.txt", b"plan"), upload("copy.txt", b"plan")]) == 2
    assert appointment_files.attach(one, [upload("plan.txt", b"plan")]) == 0
    assert appointment_files.attach(other, [upload("plan.txt", b"plan")]) == 1
    assert Attachment.objects.values_list("pk", "mimetype").get() == (content_id(b"plan"), "text/plain")
    assert list(appointment_files.of(one).values_list("filename", "attachmentnumber", "filesize")) == [
        ("plan.txt", 1, 4),
        ("copy.txt", 2, 4),
    ]
    assert Audit.objects.filter(act="appointment.attach").count() == 3


def test_what_the_settings_forbid_is_refused_and_nothing_is_attached():
    Organization.objects.current()
    Organization.objects.update(maxuploadfilesize=4, blockedattachments="exe")
    one = appointment()
    for name, content in (("setup.exe", b"MZ"), ("plan.txt", b"plans")):
        with pytest.raises(InputInvalid):
            appointment_files.attach(one, [upload("fine.txt", b"x"), upload(name, content)])
    assert not appointment_files.of(one).exists()


def test_what_is_over_or_of_a_series_takes_no_file():
    over = appointment()
    activities.set_state(activities.APPOINTMENT, over, "complete")
    occurrence = appointment(instancetypecode=3, seriesid=uuid4(), originalstartdate=NINE)
    for row in (over, occurrence):
        with pytest.raises(InputInvalid):
            appointment_files.attach(row, [upload("plan.txt", b"plan")])


def test_a_change_of_a_file_is_a_change_of_its_appointment():
    one = appointment()
    long_ago = NINE - timedelta(days=3650)
    for act in (
        lambda: appointment_files.attach(one, [upload("plan.txt", b"plan")]),
        lambda: appointment_files.remove(one, appointment_files.of(one)[0].pk),
    ):
        Appointment.objects.filter(pk=one.pk).update(modifiedon=long_ago)
        act()
        one.refresh_from_db()
        assert one.modifiedon > long_ago


def test_a_file_of_another_appointment_is_not_removed():
    one, other = appointment(), appointment()
    appointment_files.attach(one, [upload("plan.txt", b"plan")])
    with pytest.raises(RecordNotFound):
        appointment_files.remove(other, appointment_files.of(one)[0].pk)


def test_files_go_with_their_activity_and_their_bytes_a_day_later():
    one, other = appointment(), appointment()
    for row in (one, other):
        appointment_files.attach(row, [upload("plan.txt", b"plan")])
    mail = Email.objects.create(subject="Hello")
    ActivityMimeAttachment.objects.create(
        activityid=mail, attachmentid=Attachment.objects.create(body=b"x"), filename="x.txt"
    )
    one.delete()
    mail.delete()
    assert [each.activityid_id for each in ActivityMimeAttachment.objects.all()] == [other.pk]
    AttachmentInQuestion.objects.update(createdon=NINE - timedelta(days=3650))
    assert pictures.clear_away() == 0
    other.delete()
    AttachmentInQuestion.objects.update(createdon=NINE - timedelta(days=3650))
    assert pictures.clear_away() == 1
    assert not Attachment.objects.filter(pk=content_id(b"plan")).exists()
