"""Choosing tracked folders, from the page and the command line, out of what Exchange has."""

from urllib.parse import quote

import pytest

from serversync.administration import actor, tracked_folders
from serversync.core.errors import InputInvalid, PrivilegeMissing, RecordNotFound
from serversync.crm.models import Account, Contact, Mailbox, MailboxTrackingFolder, SystemUser
from tests.e2e.place import PEOPLE, company
from tests.e2e.test_mail_rules import letter, sync

ADA = PEOPLE[0]


@pytest.fixture
def place(database_dsn):
    with company(database_dsn) as place:
        mailbox = place.exchange.mailbox(ADA)
        with place.exchange.lock:
            projects = mailbox.create_folder("Projects", parent="inbox")
            mailbox.create_folder("Lighthouse", parent=projects)
        yield place


def box(place):
    return Mailbox.objects.get(pk=place.mailboxes[ADA])


def test_folders_are_offered_by_their_path(place):
    assert [one.path for one in tracked_folders.offered(box(place))] == ["Projects", "Projects/Lighthouse"]


def test_mail_of_a_chosen_folder_is_tracked_and_about_the_record(place):
    Account.objects.create(name="Harbour Coffee", emailaddress1="office@harbour.example")
    made = tracked_folders.add(box(place), "Projects/Lighthouse", regarding="office@harbour.example")
    (item,) = place.exchange.deliver(letter("Offer"), [ADA])
    mailbox = place.exchange.mailbox(ADA)
    with place.exchange.lock:
        folder = next(one for one in mailbox.folders.values() if one.display_name == "Lighthouse")
    place.exchange.move(item, folder)
    sync(place, ADA)
    assert place.query("select subject, regardingobjecttypecode from email") == [("Offer", "account")]
    (tracked,) = tracked_folders.find_all(box(place))
    assert (tracked.folder.pk, tracked.regarding) == (made.pk, "Harbour Coffee")
    assert tracked.folder.folderonboardingstatus == 1


def test_what_cannot_be_chosen_is_refused_with_its_reason(place):
    ada = box(place)
    with pytest.raises(InputInvalid, match="no folder Nothing"):
        tracked_folders.add(ada, "Nothing")
    with pytest.raises(RecordNotFound):
        tracked_folders.add(ada, "Projects", regarding="nobody@example.org")
    tracked_folders.add(ada, "Projects")
    with pytest.raises(InputInvalid, match="tracked already"):
        tracked_folders.add(ada, "Projects")
    for number in range(24):
        MailboxTrackingFolder.objects.create(mailboxid=ada, exchangefolderid=str(number))
    with pytest.raises(InputInvalid, match="there are 25 already"):
        tracked_folders.add(ada, "Projects/Lighthouse")


def test_a_folder_that_is_chosen_anew_replaces_the_one_that_has_gone(place):
    ada = box(place)
    MailboxTrackingFolder.objects.create(
        mailboxid=ada, exchangefolderid="gone", exchangefoldername="Projects", folderonboardingstatus=2
    )
    tracked_folders.add(ada, "Projects")
    (only,) = MailboxTrackingFolder.objects.all()
    assert only.folderonboardingstatus == 0


def test_nobody_chooses_for_a_foreign_mailbox(place):
    from serversync.administration import people

    with actor.acting(actor.INSTALLATION):
        other = people.add("cleo@elsewhere.example")
    with actor.acting(actor.Actor(SystemUser.objects.get(pk=other.pk), channel="test")):
        for act in (
            lambda: tracked_folders.offered(box(place)),
            lambda: tracked_folders.add(box(place), "Projects"),
            lambda: tracked_folders.remove(box(place), "Projects"),
            lambda: tracked_folders.find_all(box(place)),
        ):
            with pytest.raises(PrivilegeMissing):
                act()


def test_the_page_chooses_a_folder_and_gives_it_up(place):
    from django.test import Client

    contact = Contact.objects.create(fullname="Grete Sørensen", emailaddress1="grete@harbour.example")
    client = Client(headers={"host": "localhost"})
    client.force_login(SystemUser.objects.create_superuser("page-administrator"))
    page = f"/mailboxes/{place.mailboxes[ADA]}/folders/"
    assert "No folder is tracked" in client.get(page).content.decode()
    shown = client.get(f"{page}?choose=1&record={quote('grete')}")
    folder = next(one for one in shown.context["offered"] if one.path == "Projects/Lighthouse")
    assert f"contact:{contact.pk}" in shown.content.decode()
    answer = client.post(
        f"{page}add/", {"folder": folder.id, "regarding": f"contact:{contact.pk}"}, follow=True
    )
    assert "Grete Sørensen" in answer.content.decode()
    made = MailboxTrackingFolder.objects.get()
    assert (made.exchangefoldername, made.regardingobjectid) == ("Projects/Lighthouse", contact.pk)
    client.post(f"{page}{made.pk}/remove/")
    assert not MailboxTrackingFolder.objects.exists()
