"""From whom an e-mail comes, who may send in whose name, and through which mailbox it leaves."""

from serversync.administration import actor as actors
from serversync.administration import addresses, privileges
from serversync.core.errors import InputInvalid
from serversync.crm.models import Email, Mailbox, Organization, Queue, SystemUser, UserSettings
from serversync.crm.models.options import OutgoingEmailDeliveryMethod, StateCode
from serversync.crm.privileges import Privilege


def find(address: str, acting: actors.Actor) -> Mailbox:
    """Return the mailbox with this address, or that of who acts."""
    if not address.strip():
        own = acting.user.defaultmailbox if acting.user else None
        if own is None or not own.emailaddress:
            raise InputInvalid(field="From", reason="say from whom: the address of a user or queue")
        return own
    _, wanted = addresses.parse(address)
    found = Mailbox.objects.filter(emailaddress__iexact=wanted, isforwardmailbox=False).first()
    if found is None:
        raise InputInvalid(field="From", reason=f"{wanted} is the address of no user and of no queue")
    return found


def choices() -> list[tuple[str, str]]:
    """Return address and name of everybody as whom the actor may send: the own one first, then queues and users."""
    acting = privileges.require(Privilege.CREATE_ACTIVITY)
    own = acting.user.defaultmailbox if acting.user else None
    queues = privileges.reach(Privilege.READ_QUEUE, Queue.objects.filter(statecode=StateCode.ACTIVE))
    allowing = UserSettings.objects.filter(issendasallowed=True).values("pk")
    others = privileges.reach(
        Privilege.SEND_AS_USER, SystemUser.objects.filter(isdisabled=False, pk__in=allowing)
    )
    found = {own.emailaddress: own.name} if own and own.emailaddress else {}
    for address, name in (
        *queues.order_by("name").values_list("emailaddress", "name"),
        *others.order_by("fullname").values_list("internalemailaddress", "fullname"),
    ):
        if address:
            found.setdefault(address, name)
    return list(found.items())


def of_email(email: Email) -> Mailbox:
    """Return the mailbox of the sender of a draft.

    Raises:
        InputInvalid: it names no sender, or one that is no user and no queue any more.
    """
    if email.sender is None:
        raise InputInvalid(field="From", reason="it is empty")
    return find(email.sender, actors.current())


def record_of(mailbox: Mailbox) -> addresses.Found | None:
    """Return the user or queue of a mailbox."""
    if mailbox.regardingobjectid is None or mailbox.regardingobjecttypecode is None:
        return None
    return addresses.Found(mailbox.regardingobjecttypecode, mailbox.regardingobjectid)


def person_behind(mailbox: Mailbox) -> SystemUser | None:
    """Return the user of a mailbox, or the owner of its queue."""
    if mailbox.regardingobjecttypecode == "systemuser":
        return SystemUser.objects.filter(defaultmailbox=mailbox).first()
    return mailbox.ownerid


def require_may_send_as(acting: actors.Actor, sender: Mailbox) -> None:
    """Refuse to send in the name of somebody who did not allow it.

    Raises:
        PrivilegeMissing: it takes prvSendAsUser for the other user, or prvReadQueue for the queue.
        InputInvalid: the other user lets nobody send in his name.
    """
    if sender.regardingobjecttypecode == "queue":
        queue = Queue.objects.filter(defaultmailbox=sender).first()
        if queue is not None:
            privileges.require_for(Privilege.READ_QUEUE, [queue])
        return
    if acting.user is None or sender.regardingobjectid == acting.user.pk:
        return
    other = person_behind(sender)
    if other is None:
        raise InputInvalid(field="From", reason=f"{sender.emailaddress} belongs to nobody any more")
    privileges.require_for(Privilege.SEND_AS_USER, [other])
    if not UserSettings.objects.filter(pk=other.pk, issendasallowed=True).exists():
        raise InputInvalid(
            field="From",
            reason=f"{other} does not let others send e-mail in the own name; it is one of the personal options of {other}",
        )


def through(acting: actors.Actor, sender: Mailbox, organization: Organization) -> Mailbox:
    """Return the mailbox through which it is sent: the submitter's where it acts on behalf, if this one can send."""
    user = SystemUser.objects.filter(pk=acting.user.pk).first() if acting.user else None
    own = user.defaultmailbox if user else None
    if own is None or own.pk == sender.pk or not organization.enablemailboxdelegationforoutgoingemail:
        return sender
    return sender if obstacle_of(own) else own


def obstacle_of(mailbox: Mailbox) -> str:
    """Return what keeps a mailbox from sending, as a sentence with its remedy, or nothing."""
    organization = Organization.objects.current()
    name = mailbox.emailaddress or mailbox.name
    profile = mailbox.emailserverprofile
    is_queue = mailbox.regardingobjecttypecode == "queue"
    needs_approval = (
        organization.requireapprovalforqueueemail if is_queue else organization.requireapprovalforuseremail
    )
    if mailbox.statecode != StateCode.ACTIVE:
        return f"{name} is deactivated; activate it."
    if mailbox.outgoingemaildeliverymethod != OutgoingEmailDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION:
        return f"Outgoing Email of {name} is not Server-Side Synchronization; choose it: serversync mailbox edit {name} --outgoing server-side."
    if profile is None or profile.statecode != StateCode.ACTIVE:
        return f"{name} has no active Server Profile; choose one."
    if needs_approval and mailbox.emailrouteraccessapproval != 1:
        return f"the address {name} is not approved; approve it: serversync mailbox approve {name}."
    if not mailbox.enabledforoutgoingemail:
        return f"outgoing e-mail of {name} was switched off; remove the cause, then Test & Enable it."
    return ""
