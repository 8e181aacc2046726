"""The files of an appointment or task on its page: attached, saved as downloads, removed, each by whom it may be."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from serversync.administration import activity_files
from serversync.crm.models import Appointment, Organization, Task
from tests.web.company import Company, logged_in

pytestmark = pytest.mark.django_db(transaction=True)
NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


@pytest.fixture(params=["appointment", "task"])
def made(request: pytest.FixtureRequest, company: Company) -> Appointment | Task:
    if request.param == "task":
        return Task.objects.create(subject="Call", ownerid=company.ada)
    return Appointment.objects.create(
        subject="Tea", scheduledstart=NINE, scheduledend=NINE, ownerid=company.ada
    )


def address(act: str, row: Appointment | Task, *of: Any) -> str:
    return reverse(f"{activity_files.KINDS[type(row)].word}-{act}", args=[row.pk, *of])


def send(client: Any, row: Appointment | Task, name: str, content: bytes) -> Any:
    file = SimpleUploadedFile(name, content, content_type="text/html")
    return client.post(address("attach", row), {"files": [file]}, follow=True)


def test_a_file_is_attached_seen_saved_and_removed(company: Company, made: Appointment | Task) -> None:
    ada = logged_in(company.ada)
    page = send(ada, made, "plan.html", b"<script>").content.decode()
    file = activity_files.of(made).get()
    saved = address("file", made, file.pk)
    assert f'href="{saved}"' in page
    assert "Attached 1 file." in page
    answer = ada.get(saved)
    assert answer["Content-Disposition"] == 'attachment; filename="plan.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Length"] == "8"
    answer.close()
    page = ada.post(address("detach", made, file.pk), follow=True).content.decode()
    assert "Removed plan.html." in page
    assert not activity_files.of(made).exists()


def test_what_the_settings_block_is_refused_with_its_reason(
    company: Company, made: Appointment | Task
) -> None:
    Organization.objects.update(blockedattachments="exe")
    page = send(logged_in(company.ada), made, "setup.exe", b"MZ").content.decode()
    assert "setup.exe is of a kind that the settings block" in page
    assert not activity_files.of(made).exists()


def test_nobody_gets_a_file_of_an_appointment_that_is_not_seen(
    company: Company, made: Appointment | Task
) -> None:
    send(logged_in(company.ada), made, "plan.txt", b"plan")
    file, ben = activity_files.of(made).get(), logged_in(company.ben)
    assert ben.get(address("file", made, file.pk)).status_code == 404
    assert ben.post(address("detach", made, file.pk)).status_code == 404
    assert send(ben, made, "more.txt", b"x").status_code == 404
    assert activity_files.of(made).count() == 1
