"""Writing, answering and handing over e-mails: what is checked, what is written, what is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from serversync.administration import actor, composing, emails, organization, people, queues, sending
from serversync.core.errors import InputInvalid, PrivilegeMissing
from serversync.crm.models import Contact, Email, EmailDelivery, Mailbox, SystemUser
from serversync.crm.models.email import EmailStatus
from serversync.crm.models.emaildelivery import DeliveryStage

pytestmark = pytest.mark.django_db

GRETE = "Grete Hansen <grete@harbour.example>"


@pytest.fixture
def ada() -> SystemUser:
    Contact.objects.create(firstname="Grete", lastname="Hansen", emailaddress1="Grete@Harbour.example")
    made = people.add("ada@example.org", fullname="Ada Winter")
    ready(made.defaultmailbox_id)
    made.usersettings.trackingtokenid = 1  # a number of a sequence, which no test rolls back
    made.usersettings.save()
    return made


def ready(mailboxid) -> None:
    Mailbox.objects.filter(pk=mailboxid).update(
        outgoingemaildeliverymethod=2, emailrouteraccessapproval=1, enabledforoutgoingemail=True
    )


def offer(**more) -> Email:
    return composing.compose(
        {
            "sender": "ada@example.org",
            "to": [GRETE],
            "subject": "Offer",
            "body": "<p>Dear Grete</p>",
            **more,
        }  # type: ignore[typeddict-item]
    )


def as_user(user: SystemUser):
    return actor.acting(actor.Actor(SystemUser.objects.get(pk=user.pk), channel="test"))


def test_a_draft_has_its_parties_resolved_and_its_files(ada) -> None:
    file = composing.NewFile("offer.pdf", b"%PDF", "application/pdf")
    found = emails.show(str(offer(cc=["nobody@example.net"], files=[file]).pk))
    assert (found.email.statuscode, found.email.sender) == (EmailStatus.DRAFT, "ada@example.org")
    parties = {(p.participationtypemask, p.addressused, p.partyobjecttypecode) for p in found.parties}
    assert parties == {
        (1, "ada@example.org", "systemuser"),
        (2, "grete@harbour.example", "contact"),
        (3, "nobody@example.net", None),
    }
    assert [(f.filename, f.filesize) for f in found.attachments] == [("offer.pdf", 4)]
    assert found.email.attachmentcount == 1


def test_sending_hands_the_email_over_with_its_token(ada) -> None:
    sent = sending.send(offer())
    assert sent.statuscode == EmailStatus.PENDING_SEND
    assert sent.subject == f"Offer {sent.trackingtoken}"
    assert sent.trackingtoken == "CRM:0001001"
    delivery = EmailDelivery.objects.get(pk=sent.pk)
    assert (delivery.stage, delivery.mailboxid_id) == (DeliveryStage.WAITING, ada.defaultmailbox_id)
    second = sending.send(offer())
    assert second.trackingtoken == "CRM:0001002"


def test_without_tokens_the_subject_stays_as_it_is(ada) -> None:
    organization.change("istrackingtokenenabled", "no")
    sent = sending.send(offer())
    assert (sent.subject, sent.trackingtoken) == ("Offer", None)


def test_an_answer_is_tied_to_what_it_answers(ada) -> None:
    received = Email.objects.create(
        subject="Question",
        directioncode=False,
        statecode=1,
        statuscode=4,
        messageid="<q@harbour.example>",
        sender="grete@harbour.example",
        receivingmailboxid_id=ada.defaultmailbox_id,
        description="<p>How much?</p>",
    )
    received.activityparties.create(
        participationtypemask=1, addressused="grete@harbour.example", unresolvedpartyname="Grete Hansen"
    )
    received.activityparties.create(participationtypemask=2, addressused="ada@example.org")
    received.activityparties.create(participationtypemask=2, addressused="ben@example.net")
    answer = composing.reply(str(received.pk), {"body": "<p>Much.</p>"}, to_all=True)
    assert (answer.subject, answer.inreplyto, answer.parentactivityid) == (
        "Re: Question",
        "<q@harbour.example>",
        received,
    )
    to = {p.addressused for p in answer.activityparties.filter(participationtypemask=2)}
    assert to == {"grete@harbour.example", "ben@example.net"}, "everybody but oneself"
    assert answer.description.startswith("<p>Much.</p>")
    assert "<p>How much?</p>" in answer.description
    passed_on = composing.forward(str(received.pk), {"to": [GRETE]})
    assert (passed_on.subject, passed_on.inreplyto) == ("Fw: Question", None)


def test_a_forward_takes_the_files_along(ada) -> None:
    first = offer(files=[composing.NewFile("a.txt", b"a", "text/plain")])
    second = composing.forward(str(first.pk), {"sender": "ada@example.org", "to": [GRETE]})
    assert [f.filename for f in emails.show(str(second.pk)).attachments] == ["a.txt"]
    assert [f.filename for f in emails.show(str(first.pk)).attachments] == ["a.txt"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"to": ["not an address"]}, "is not an e-mail address"),
        ({"to": ["a@example.net, b@example.net"]}, "is not an e-mail address"),
        ({"sender": "stranger@example.net"}, "no user and of no queue"),
        ({"importance": "urgent"}, "is not one of low, normal, high"),
        ({"subject": "two\r\nlines"}, "control characters"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_its_reason(ada, values, reason) -> None:
    with pytest.raises(InputInvalid, match=reason):
        offer(**values)
    assert not Email.objects.exists()


def test_what_cannot_be_sent_stays_a_draft(ada) -> None:
    nobody = offer(to=[])
    with pytest.raises(InputInvalid, match="it has no recipient"):
        sending.send(nobody)
    stranger = offer(to=["stranger@example.net"])
    with pytest.raises(InputInvalid, match="allowunresolvedpartiesonemailsend"):
        sending.send(stranger)
    organization.change("allowunresolvedpartiesonemailsend", "yes")
    assert sending.send(stranger).statuscode == EmailStatus.PENDING_SEND
    Contact.objects.update(donotemail=True)
    with pytest.raises(InputInvalid, match="does not want e-mail"):
        sending.send(offer())
    with pytest.raises(InputInvalid, match="it is Pending Send"):
        sending.send(stranger)


def test_nobody_sends_in_the_name_of_somebody_who_did_not_allow_it(ada) -> None:
    ben = people.add("ben@example.org", fullname="Ben Okafor")
    with as_user(ben):
        with pytest.raises(PrivilegeMissing, match="prvSendAsUser"):
            sending.send(offer())
        assert sending.send(offer(sender="ben@example.org")).statuscode == EmailStatus.PENDING_SEND
    people.edit(ben, roles=["System Administrator"])
    with as_user(ben):
        with pytest.raises(InputInvalid, match="does not let others send"):
            sending.send(offer())
        ada.usersettings.issendasallowed = True
        ada.usersettings.save()
        assert sending.send(offer()).statuscode == EmailStatus.PENDING_SEND


def test_on_behalf_it_leaves_through_the_mailbox_of_who_sends(ada) -> None:
    ben = people.add("ben@example.org", fullname="Ben Okafor", roles=["System Administrator"])
    ada.usersettings.issendasallowed = True
    ada.usersettings.save()
    with as_user(ben):
        assert sending.send(offer()).sendermailboxid_id == ada.defaultmailbox_id, "Ben's own cannot send"
        ready(ben.defaultmailbox_id)
        set_up_profile(ben.defaultmailbox_id)
        assert sending.send(offer()).sendermailboxid_id == ben.defaultmailbox_id
        organization.change("enablemailboxdelegationforoutgoingemail", "no")
        assert sending.send(offer()).sendermailboxid_id == ada.defaultmailbox_id


def set_up_profile(mailboxid) -> None:
    from serversync.administration import profiles

    profile = profiles.add(
        "Exchange",
        {
            "incomingserverlocation": "mail.example.org",
            "incomingusername": "svc-crm@example.org",
            "incomingpassword": "planted-Secret-4711",
        },
    )
    Mailbox.objects.filter(pk=mailboxid).update(emailserverprofile=profile)


def test_a_queue_sends_too(ada) -> None:
    queues.add("Support", address="support@example.org", owner="ada@example.org")
    sent = sending.send(offer(sender="support@example.org"))
    assert sent.sender == "support@example.org"
    assert sent.trackingtoken == "CRM:0001001", "the numbers are its owner's"


def test_what_waits_can_be_taken_back_and_what_is_being_sent_cannot(ada) -> None:
    email = sending.send(offer())
    assert sending.take_back(email).statuscode == EmailStatus.DRAFT
    assert sending.state(email) == "It is a draft."
    again = sending.send(email)
    assert again.subject == email.subject, "the token is not put twice"
    EmailDelivery.objects.update(leaseuntil=datetime.now(UTC) + timedelta(minutes=1))
    with pytest.raises(InputInvalid, match="just being sent"):
        sending.take_back(email)
    EmailDelivery.objects.update(leaseuntil=None, stage=DeliveryStage.SENDING)
    with pytest.raises(InputInvalid, match="has left already"):
        sending.take_back(email)


def test_a_sentence_says_why_it_has_not_left(ada) -> None:
    email = sending.send(offer())
    assert "no active Server Profile" in sending.state(email)
    set_up_profile(ada.defaultmailbox_id)
    assert "about to be sent" in sending.state(email)
    EmailDelivery.objects.update(lasterror="exchange.busy: Exchange asked to slow down.")
    assert "tried again at" in sending.state(email)
    Mailbox.objects.filter(pk=ada.defaultmailbox_id).update(enabledforoutgoingemail=False)
    assert "was switched off" in sending.state(email)
    Email.objects.filter(pk=email.pk).update(statecode=0, statuscode=8)
    email.refresh_from_db()
    assert sending.state(email).startswith("It was not sent: exchange.busy")


def test_what_failed_half_way_is_looked_up_in_the_mailbox_where_it_began(ada) -> None:
    email = sending.send(offer())
    Email.objects.filter(pk=email.pk).update(statecode=0, statuscode=8)
    other = people.add("ben@example.org").defaultmailbox_id
    EmailDelivery.objects.filter(pk=email.pk).update(stage=DeliveryStage.SENDING, dueon=None, mailboxid=other)
    email.refresh_from_db()
    sending.send(email)
    delivery = EmailDelivery.objects.get(pk=email.pk)
    assert (delivery.stage, delivery.mailboxid_id) == (DeliveryStage.SENDING, other)
    assert delivery.dueon is not None


def test_later_means_not_before(ada) -> None:
    then = datetime.now(UTC) + timedelta(days=1)
    email = sending.send(offer(send_later=then))
    assert EmailDelivery.objects.get(pk=email.pk).dueon == then


def test_a_token_that_was_issued_already_is_passed_over(ada) -> None:
    Email.objects.create(subject="old", trackingtoken="CRM:0001001")
    assert sending.send(offer()).trackingtoken == "CRM:0001002"
