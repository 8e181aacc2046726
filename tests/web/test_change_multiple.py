"""Change Multiple Records: what was chosen is changed for every selected mailbox, what was left stays."""

import re

from django.urls import reverse

from serversync.crm.models import Audit, EmailServerProfile, Mailbox
from serversync.crm.models.options import (
    ActDeliveryMethod,
    IncomingEmailDeliveryMethod,
    OutgoingEmailDeliveryMethod,
)
from tests.web.company import Company, logged_in, mailbox_of

METHODS = ("incomingemaildeliverymethod", "outgoingemaildeliverymethod", "actdeliverymethod")


def choices(page: str, name: str) -> dict[str, str]:
    """The values of a select by their words."""
    (inside,) = re.findall(rf'<select name="{name}".*?</select>', page, re.DOTALL)
    return {
        word.strip(): value for value, word in re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)<', inside)
    }


def test_profile_and_methods_are_set_for_all_that_were_selected(company: Company) -> None:
    profile = EmailServerProfile.objects.create(name="Exchange")
    boxes = [mailbox_of(company.ada), mailbox_of(company.ben)]
    Mailbox.objects.update(
        emailserverprofile=None,
        incomingemaildeliverymethod=0,
        outgoingemaildeliverymethod=0,
        actdeliverymethod=2,
    )
    client = logged_in(company.dora)
    selected = {"mailbox": [str(box.pk) for box in boxes]}
    page = client.post(reverse("mailboxes-confirm"), selected | {"act": "edit"}).content.decode()
    assert "<h1>Change Multiple Records</h1>" in page
    assert "Synchronization Method" in page
    chosen = {
        "emailserverprofile": choices(page, "emailserverprofile")["Exchange"],
        METHODS[0]: choices(page, METHODS[0])["Server-Side Synchronization or Email Router"],
        METHODS[1]: choices(page, METHODS[1])["Server-Side Synchronization or Email Router"],
        METHODS[2]: choices(page, METHODS[2])["Server-Side Synchronization"],
    }
    client.post(reverse("mailboxes-act", args=["edit"]), selected | chosen)
    assert set(
        Mailbox.objects.filter(pk__in=selected["mailbox"]).values_list("emailserverprofile", *METHODS)
    ) == {
        (
            profile.pk,
            IncomingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
            OutgoingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
            ActDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION,
        )
    }
    other = mailbox_of(company.dora)
    assert (other.emailserverprofile, other.actdeliverymethod) == (None, ActDeliveryMethod.NONE)
    noted = Audit.objects.filter(act="mailbox.edit")
    assert {one.objectid for one in noted} == {box.pk for box in boxes}


def test_what_is_left_stays(company: Company) -> None:
    box = mailbox_of(company.ada)
    Mailbox.objects.filter(pk=box.pk).update(incomingemaildeliverymethod=0, outgoingemaildeliverymethod=2)
    client = logged_in(company.dora)
    page = client.post(reverse("mailboxes-confirm"), {"mailbox": str(box.pk), "act": "edit"}).content.decode()
    act = choices(page, METHODS[2])["Server-Side Synchronization"]
    client.post(reverse("mailboxes-act", args=["edit"]), {"mailbox": str(box.pk), METHODS[2]: act})
    box.refresh_from_db()
    assert [getattr(box, name) for name in METHODS] == [0, 2, ActDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION]
