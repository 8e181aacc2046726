"""Every user and every queue has exactly one mailbox, and both always agree."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from serversync.crm.models import EmailServerProfile, Mailbox, Organization, Queue, SystemUser, UserSettings

pytestmark = pytest.mark.django_db


def ada(**columns: object) -> SystemUser:
    return SystemUser.objects.create_user("ada", fullname="Ada Lovelace", **columns)


def test_a_user_comes_with_a_mailbox_and_settings() -> None:
    user = ada(internalemailaddress="ada@example.org")
    mailbox = Mailbox.objects.get(regardingobjectid=user.systemuserid)
    assert user.defaultmailbox == mailbox
    assert (mailbox.name, mailbox.emailaddress) == ("Ada Lovelace", "ada@example.org")
    assert (mailbox.regardingobjecttypecode, mailbox.isforwardmailbox) == ("systemuser", False)
    assert UserSettings.objects.get(systemuserid=user).incomingemailfilteringmethod == 1


def test_a_queue_made_by_plain_sql_comes_with_a_mailbox() -> None:
    with connection.cursor() as cursor:
        cursor.execute("insert into queue (name, emailaddress) values ('Support', 'support@example.org')")
    queue = Queue.objects.get()
    assert queue.defaultmailbox is not None
    assert queue.defaultmailbox.emailaddress == "support@example.org"
    assert queue.defaultmailbox.regardingobjectid == queue.queueid


def test_a_new_mailbox_takes_the_defaults_of_the_organization() -> None:
    profile = EmailServerProfile.objects.create(name="Exchange")
    settings = Organization.objects.current()
    settings.defaultemailserverprofileid = profile
    settings.defaultactdeliverymethod = 1
    settings.defaultincomingemaildeliverymethod = 1
    settings.save()
    box, of_queue = ada().defaultmailbox, Queue.objects.create(name="Support").defaultmailbox
    assert box is not None
    assert of_queue is not None
    assert (box.emailserverprofile, box.actdeliverymethod) == (profile, 1)
    assert (box.incomingemaildeliverymethod, box.outgoingemaildeliverymethod) == (1, 2)
    assert of_queue.incomingemaildeliverymethod == 0, "a queue has no Outlook"


def test_a_second_mailbox_of_a_user_is_refused() -> None:
    user = ada()
    with pytest.raises(IntegrityError, match="mailbox_one_a_user_or_queue"), transaction.atomic():
        Mailbox.objects.create(
            name="Second",
            isforwardmailbox=False,
            regardingobjectid=user.systemuserid,
            regardingobjecttypecode="systemuser",
        )


def test_a_mailbox_of_nobody_is_refused_unless_it_forwards() -> None:
    stranger = Mailbox(name="Stray", isforwardmailbox=False, regardingobjecttypecode="queue")
    stranger.regardingobjectid = stranger.mailboxid
    with pytest.raises(IntegrityError, match="belongs to a user or queue"), transaction.atomic():
        stranger.save()
    Mailbox.objects.create(name="Forward", emailaddress="forward@example.org")


def test_a_mailbox_cannot_change_hands() -> None:
    box = ada().defaultmailbox
    assert box is not None
    box.regardingobjectid = box.mailboxid
    with pytest.raises(DatabaseError, match="for good"), transaction.atomic():
        box.save()


def test_a_mailbox_of_a_user_cannot_be_deleted_alone() -> None:
    box = ada().defaultmailbox
    assert box is not None
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate; delete from mailbox")


def test_a_mailbox_goes_with_its_queue() -> None:
    Queue.objects.create(name="Support").delete()
    assert not Mailbox.objects.exists()


def test_a_new_address_of_the_user_is_the_address_of_the_mailbox_and_must_be_approved_again() -> None:
    user = ada(internalemailaddress="ada@example.org", emailrouteraccessapproval=1)
    assert user.emailrouteraccessapproval == 1
    user.internalemailaddress = "lovelace@example.org"
    user.save()
    box = Mailbox.objects.get()
    assert (box.emailaddress, box.emailrouteraccessapproval) == ("lovelace@example.org", 2)


def test_what_is_changed_on_the_mailbox_is_changed_on_the_user() -> None:
    user = ada(internalemailaddress="ada@example.org")
    Mailbox.objects.update(
        emailaddress="new@example.org", emailrouteraccessapproval=1, incomingemaildeliverymethod=0
    )
    user.refresh_from_db()
    assert (user.internalemailaddress, user.emailrouteraccessapproval) == ("new@example.org", 1)
    assert user.incomingemaildeliverymethod == 0


def test_what_is_changed_on_the_mailbox_is_changed_on_the_queue() -> None:
    queue = Queue.objects.create(name="Support", emailaddress="support@example.org")
    Mailbox.objects.update(emailaddress="help@example.org", outgoingemaildeliverymethod=0)
    queue.refresh_from_db()
    assert (queue.emailaddress, queue.outgoingemaildeliverymethod) == ("help@example.org", 0)
    assert queue.emailrouteraccessapproval == 2


def test_a_user_without_an_address_has_nothing_to_approve() -> None:
    user = ada()
    assert user.emailrouteraccessapproval == 0
    user.internalemailaddress = "ada@example.org"
    user.save()
    assert Mailbox.objects.get().emailrouteraccessapproval == 2


def test_disabling_a_user_deactivates_the_mailbox_and_back() -> None:
    user = ada()
    for disabled in (True, False):
        user.isdisabled = disabled
        user.save()
        box = Mailbox.objects.get()
        assert (box.statecode, box.statuscode) == (int(disabled), 1 + int(disabled))


def test_deactivating_a_queue_deactivates_the_mailbox() -> None:
    Queue.objects.create(name="Support")
    Queue.objects.update(statecode=1, statuscode=2)
    assert Mailbox.objects.get().statecode == 1


def test_a_stale_instance_does_not_take_the_mailbox_away() -> None:
    user = ada()
    SystemUser.objects.update(defaultmailbox=None)
    user.refresh_from_db()
    assert user.defaultmailbox is not None
