"""Handing e-mails over to be sent.

``Send`` checks everything that can be checked, writes the tracking token, and hands the e-mail over in one
transaction with the word that wakes the workers. From then on the workers have it (see ``engine.outgoing``).
"""

from dataclasses import fields
from datetime import datetime
from typing import Final

from django.db import IntegrityError, connection, transaction

from serversync.adapters.deliveries import SEND_CHANNEL
from serversync.administration import audit, emails, privileges, senders
from serversync.administration.sentences import Sentence
from serversync.core import clock
from serversync.core.errors import InputInvalid
from serversync.crm.models import Email, EmailDelivery, EmailHash, Organization, SystemUser
from serversync.crm.models.activityparty import ParticipationTypeMask
from serversync.crm.models.email import EmailState, EmailStatus
from serversync.crm.models.emaildelivery import DeliveryStage
from serversync.crm.models.emaildeliveryreport import DeliveryFate
from serversync.crm.privileges import Privilege
from serversync.rules.email.correlation import hashes_to_store
from serversync.rules.email.sending import subject_with_token
from serversync.rules.email.settings import EmailSettings
from serversync.rules.email.token import issue

SENT: Final = EmailStatus.SENT
_UNSENT: Final = (EmailStatus.DRAFT, EmailStatus.FAILED)
_TOKEN_ATTEMPTS: Final = 1000
_MOST_NAMED: Final = 3


def send(email: Email, *, to_strangers: bool = False) -> Email:
    """Hand a draft, or an e-mail that has failed, over to be sent.

    Args:
        email: What to send.
        to_strangers: Addresses that belong to no record are no obstacle, whatever the settings say.

    Raises:
        InputInvalid: it cannot be sent as it is; the reason says what is missing.
        PrivilegeMissing: who acts may not send as this sender.
    """
    acting = privileges.require_for(Privilege.WRITE_ACTIVITY, [email])
    organization = Organization.objects.current()
    settings = _settings_of(organization)
    with transaction.atomic():
        row = Email.objects.select_for_update().get(pk=email.pk)
        if row.statuscode not in _UNSENT or not row.directioncode:
            raise InputInvalid(
                field="E-mail", reason=f"it is {row.get_statuscode_display()}, only a draft can be sent"
            )
        sender = senders.of_email(row)
        senders.require_may_send_as(acting, sender)
        _require_recipients(row, to_strangers=to_strangers or organization.allowunresolvedpartiesonemailsend)
        through = senders.through(acting, sender, organization)
        _give_token(row, acting.user or senders.person_behind(sender), organization, settings.prefixes[0])
        now = clock.now()
        row.statecode, row.statuscode = EmailState.COMPLETED, EmailStatus.PENDING_SEND
        row.sendermailboxid, row.submittedby = through, acting.name[:250]
        row.deliveryattempts, row.postponeemailprocessinguntil = 0, None
        with audit.changes("email.send", [row]):
            row.save()
        _write_hashes(row, settings)
        due = max(row.delayedemailsendtime or now, now)
        delivery, is_new = EmailDelivery.objects.get_or_create(
            activityid=row, defaults={"mailboxid": through, "dueon": due}
        )
        if not is_new:
            # What was begun before is looked up first, through the mailbox in which it was begun.
            if delivery.stage == DeliveryStage.WAITING:
                delivery.mailboxid = through
            delivery.dueon, delivery.lasterror = due, None
            delivery.save(update_fields=["mailboxid", "dueon", "lasterror", "modifiedon"])
        with connection.cursor() as cursor:
            cursor.execute("select pg_notify(%s, '')", [SEND_CHANNEL])
    return row


def take_back(email: Email) -> Email:
    """Make an e-mail that waits to be sent a draft again.

    Raises:
        InputInvalid: it does not wait any more: a worker has it already, or it has left.
        PrivilegeMissing: who acts may not change it.
    """
    privileges.require_for(Privilege.WRITE_ACTIVITY, [email])
    with transaction.atomic():
        row = Email.objects.select_for_update().get(pk=email.pk)
        delivery = EmailDelivery.objects.select_for_update().filter(pk=email.pk).first()
        if row.statuscode != EmailStatus.PENDING_SEND or (
            delivery is not None and delivery.stage > DeliveryStage.PREPARING
        ):
            raise InputInvalid(field="E-mail", reason="it has left already, or is just being sent")
        if delivery is not None and delivery.leaseuntil and delivery.leaseuntil > clock.now():
            raise InputInvalid(field="E-mail", reason="it is just being sent")
        if delivery is not None:
            delivery.dueon = None
            delivery.save(update_fields=["dueon", "modifiedon"])
        row.statecode, row.statuscode = EmailState.OPEN, EmailStatus.DRAFT
        with audit.changes("email.take-back", [row]):
            row.save(update_fields=["statecode", "statuscode", "modifiedon"])
    return row


def state(email: Email) -> str:
    """Return in a sentence what becomes of an outgoing e-mail, and why it has not left yet."""
    if email.statuscode == EmailStatus.SENT:
        missed = [one for one in emails.reports_on(email) if one.fate == DeliveryFate.NOT_DELIVERED]
        if not missed:
            return "It was sent."
        whom = ", ".join([one.address or "a recipient" for one in missed[:_MOST_NAMED]])
        more = len(missed) - _MOST_NAMED
        return f"It was sent, but did not reach {whom}{f' and {more} more' if more > 0 else ''}."
    delivery = (
        EmailDelivery.objects.select_related("mailboxid__emailserverprofile").filter(pk=email.pk).first()
    )
    trouble = (delivery.lasterror or "").rstrip(".") if delivery else ""
    if email.statuscode == EmailStatus.FAILED:
        return f"It was not sent: {trouble or 'the reason is not known any more'}."
    if delivery is None or delivery.dueon is None or email.statuscode == EmailStatus.DRAFT:
        return "It is a draft."
    return _waiting(delivery, delivery.dueon, trouble)


def _waiting(delivery: EmailDelivery, due: datetime, trouble: str) -> str:
    if obstacle := senders.obstacle_of(delivery.mailboxid):
        return f"It waits: {obstacle}"
    if trouble:
        return Sentence("It is tried again at {due}, after {trouble}.", due=due, trouble=trouble)
    if due > clock.now():
        return Sentence("It leaves at {due}.", due=due)
    return "It is about to be sent; if nothing happens, see whether a worker runs: serversync doctor."


def _require_recipients(email: Email, *, to_strangers: bool) -> None:
    parties = list(email.activityparties.exclude(participationtypemask=ParticipationTypeMask.SENDER))
    if not parties:
        raise InputInvalid(field="To", reason="it has no recipient")
    blocked = [p.addressused or str(p) for p in parties if p.donotemail]
    if blocked:
        raise InputInvalid(field="To", reason=f"{', '.join(blocked)} does not want e-mail")
    unresolved = [p.addressused or str(p) for p in parties if p.partyid is None]
    if unresolved and not to_strangers:
        raise InputInvalid(
            field="To",
            reason=f"{', '.join(unresolved)} belongs to no record; make a contact of it, or allow it in the "
            "settings (allowunresolvedpartiesonemailsend)",
        )


def _settings_of(organization: Organization) -> EmailSettings:
    """Return the settings that the rules about mail ask for."""
    return EmailSettings(**{one.name: getattr(organization, one.name) for one in fields(EmailSettings)})


def _write_hashes(email: Email, settings: EmailSettings) -> None:
    """Write what smart matching finds answers by; those of an earlier attempt are replaced."""
    EmailHash.objects.filter(activityid=email).delete()
    if settings.makes_hashes:
        keys = hashes_to_store(email.subject or "", settings)
        EmailHash.objects.bulk_create([EmailHash(activityid=email, hash=key) for key in keys])


def _give_token(email: Email, person: SystemUser | None, organization: Organization, prefix: str) -> None:
    """Put the next tracking token at the end of the subject; one that was issued before stays."""
    longest = organization.maximumsubjectlengthonmailserver
    if not organization.istrackingtokenenabled:
        email.subject = (email.subject or "")[:longest]
        return
    for _ in range(_TOKEN_ATTEMPTS):
        if not email.trackingtoken:
            user, number = _next_number(person)
            email.trackingtoken = issue(
                prefix,
                base=organization.trackingtokenidbase,
                user=user,
                message=number,
                user_digits=organization.trackingtokeniddigits,
                message_digits=organization.trackingtokencounterdigits,
            )
        try:
            with transaction.atomic():
                Email.objects.filter(pk=email.pk).update(trackingtoken=email.trackingtoken)
        except IntegrityError:
            email.trackingtoken = None  # issued already, under other numbers of digits: take the next one
            continue
        email.subject = subject_with_token(email.subject or "", email.trackingtoken, longest=longest)
        return
    raise InputInvalid(field="Tracking token", reason="no number is free; choose more digits in the settings")


def _next_number(person: SystemUser | None) -> tuple[int, int]:
    """Return the number of a user among all that send, and the next number of the user's messages."""
    with connection.cursor() as cursor:
        if person is None:
            cursor.execute("select nextval('trackingtokencounter')")
            (number,) = cursor.fetchone()
            return 0, number
        cursor.execute(
            "update usersettings set trackingtokencounter = trackingtokencounter + 1,"
            " trackingtokenid = coalesce(trackingtokenid, nextval('trackingtokenid'))"
            " where systemuserid = %s returning trackingtokenid, trackingtokencounter",
            [person.pk],
        )
        user, number = cursor.fetchone()
        return user, number


def find(reference: str) -> Email:
    """Return an e-mail by activity id or message id, if it may be read.

    Raises:
        RecordNotFound: there is none.
    """
    return emails.show(reference).email
