"""The files of an appointment on its page: attached, saved as downloads, removed, each by whom it may be."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from serversync.administration import appointment_files
from serversync.crm.models import Appointment, Organization
from tests.web.company import Company, logged_in

pytestmark = pytest.mark.django_db(transaction=True)
NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


def tea(company: Company) -> Appointment:
    return Appointment.objects.create(
        subject="Tea", scheduledstart=NINE, scheduledend=NINE, ownerid=company.ada
    )


def send(client: Any, key: Any, name: str, content: bytes) -> Any:
    file = SimpleUploadedFile(name, content, content_type="text/html")
    return client.post(reverse("appointment-attach", args=[key]), {"files": [file]}, follow=True)


def test_a_file_is_attached_seen_saved_and_removed(company: Company) -> None:
    ada, made = logged_in(company.ada), tea(company)
    page = send(ada, made.pk, "plan.html", b"<script>").content.decode()
    file = appointment_files.of(made).get()
    address = reverse("appointment-file", args=[made.pk, file.pk])
    assert f'href="{address}"' in page
    assert "Attached 1 file." in page
    answer = ada.get(address)
    assert answer["Content-Disposition"] == 'attachment; filename="plan.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Length"] == "8"
    answer.close()
    page = ada.post(reverse("appointment-detach", args=[made.pk, file.pk]), follow=True).content.decode()
    assert "Removed plan.html." in page
    assert not appointment_files.of(made).exists()


def test_what_the_settings_block_is_refused_with_its_reason(company: Company) -> None:
    Organization.objects.update(blockedattachments="exe")
    made = tea(company)
    page = send(logged_in(company.ada), made.pk, "setup.exe", b"MZ").content.decode()
    assert "setup.exe is of a kind that the settings block" in page
    assert not appointment_files.of(made).exists()


def test_nobody_gets_a_file_of_an_appointment_that_is_not_seen(company: Company) -> None:
    made = tea(company)
    send(logged_in(company.ada), made.pk, "plan.txt", b"plan")
    file, ben = appointment_files.of(made).get(), logged_in(company.ben)
    assert ben.get(reverse("appointment-file", args=[made.pk, file.pk])).status_code == 404
    assert ben.post(reverse("appointment-detach", args=[made.pk, file.pk])).status_code == 404
    assert send(ben, made.pk, "more.txt", b"x").status_code == 404
    assert appointment_files.of(made).count() == 1
