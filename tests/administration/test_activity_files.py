"""Files of appointments and tasks: stored once, refused where the settings say so, and gone when nothing has them any more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from serversync.administration import activities, activity_files, pictures
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
    RecurringAppointmentMaster,
    SystemUser,
    Task,
)

pytestmark = pytest.mark.django_db
NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


def owner() -> SystemUser:
    return SystemUser.objects.filter(domainname="ada").first() or SystemUser.objects.create_user("ada")


def task() -> Task:
    return Task.objects.create(subject="Call", ownerid=owner())


def appointment(**columns: object) -> Appointment:
    return Appointment.objects.create(
        subject="Tea", scheduledstart=NINE, scheduledend=NINE, ownerid=owner(), **columns
    )


Make = Callable[[], Appointment | Task]


@pytest.fixture(params=[appointment, task])
def make(request: pytest.FixtureRequest) -> Make:
    made: Make = request.param
    return made


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/plain")


def test_a_file_is_stored_once_and_attached_once_under_a_name(make: Make):
    one, other = make(), make()
    assert activity_files.attach(one, [upload("plan.txt", b"plan"), upload("copy.txt", b"plan")]) == 2
    assert activity_files.attach(one, [upload("plan.txt", b"plan")]) == 0
    assert activity_files.attach(other, [upload("plan.txt", b"plan")]) == 1
    assert Attachment.objects.values_list("pk", "mimetype").get() == (content_id(b"plan"), "text/plain")
    assert list(activity_files.of(one).values_list("filename", "attachmentnumber", "filesize")) == [
        ("plan.txt", 1, 4),
        ("copy.txt", 2, 4),
    ]
    assert Audit.objects.filter(act=f"{make.__name__}.attach").count() == 3


def test_what_the_settings_forbid_is_refused_and_nothing_is_attached(make: Make):
    Organization.objects.current()
    Organization.objects.update(maxuploadfilesize=4, blockedattachments="exe")
    one = make()
    for name, content in (("setup.exe", b"MZ"), ("plan.txt", b"plans")):
        with pytest.raises(InputInvalid):
            activity_files.attach(one, [upload("fine.txt", b"x"), upload(name, content)])
    assert not activity_files.of(one).exists()


def test_what_is_over_or_of_a_series_takes_no_file():
    over, done = appointment(), task()
    activities.set_state(activities.APPOINTMENT, over, "complete")
    activities.set_state(activities.TASK, done, "complete")
    occurrence = appointment(instancetypecode=3, seriesid=uuid4(), originalstartdate=NINE)
    series = RecurringAppointmentMaster.objects.create(
        subject="Watch",
        starttime=NINE,
        endtime=NINE,
        patternstartdate=NINE.date(),
        recurrencepatterntype=0,
        ownerid=owner(),
    )
    for row in (over, done, occurrence, series):
        with pytest.raises(InputInvalid):
            activity_files.attach(row, [upload("plan.txt", b"plan")])


def test_a_change_of_a_file_is_a_change_of_what_has_it(make: Make):
    one = make()
    long_ago = NINE - timedelta(days=3650)
    for act in (
        lambda: activity_files.attach(one, [upload("plan.txt", b"plan")]),
        lambda: activity_files.remove(one, activity_files.of(one)[0].pk),
    ):
        type(one).objects.filter(pk=one.pk).update(modifiedon=long_ago)
        act()
        one.refresh_from_db()
        assert one.modifiedon > long_ago


def test_a_file_of_another_one_is_not_removed(make: Make):
    one, other = make(), make()
    activity_files.attach(one, [upload("plan.txt", b"plan")])
    with pytest.raises(RecordNotFound):
        activity_files.remove(other, activity_files.of(one)[0].pk)


def test_a_file_is_found_by_its_id_or_by_a_name_that_no_other_has(make: Make):
    one = make()
    activity_files.attach(one, [upload("plan.txt", b"plan"), upload("plan.txt", b"other"), upload("x", b"")])
    first = activity_files.of(one)[0]
    assert activity_files.find(one, str(first.pk)) == first
    assert b"".join(activity_files.pieces(activity_files.find(one, "x"))) == b""
    assert b"".join(activity_files.pieces(first)) == b"plan"
    with pytest.raises(InputInvalid):
        activity_files.find(one, "plan.txt")
    with pytest.raises(RecordNotFound):
        activity_files.find(one, "y")


def test_files_go_with_their_activity_and_their_bytes_a_day_later(make: Make):
    one, other = make(), make()
    for row in (one, other):
        activity_files.attach(row, [upload("plan.txt", b"plan")])
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
