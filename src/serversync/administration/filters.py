"""What mail users and queues take, and what becomes of senders that nobody knows."""

from django.db import transaction

from serversync.administration import actor as actors
from serversync.administration import audit, privileges
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import Organization, Queue, SystemUser, UserSettings
from serversync.crm.models.options import IncomingEmailFilteringMethod, NewSender
from serversync.crm.privileges import Privilege

METHODS = {
    "all": IncomingEmailFilteringMethod.ALL,
    "responses": IncomingEmailFilteringMethod.RESPONSES,
    "customers": IncomingEmailFilteringMethod.LEADS_CONTACTS_ACCOUNTS,
    "records": IncomingEmailFilteringMethod.EMAIL_ENABLED_RECORDS,
    "none": IncomingEmailFilteringMethod.NONE,
}
"""The words for the filtering methods."""
NEW_SENDERS = {"nothing": NewSender.NOTHING, "contact": NewSender.CONTACT, "lead": NewSender.LEAD}
"""The words for what an unknown sender becomes."""


def method_of(word: str) -> IncomingEmailFilteringMethod:
    """Return the filtering method that a word stands for.

    Raises:
        InputInvalid: it is none, or the organization does not offer it.
    """
    method = METHODS.get(word.strip().lower())
    if method is None:
        raise InputInvalid(field="Track", reason=f"{word} is none of {', '.join(METHODS)}")
    if method is IncomingEmailFilteringMethod.NONE and not Organization.objects.current().donotautotrackemail:
        raise InputInvalid(field="Track", reason="the setting donotautotrackemail does not offer 'none'")
    return method


def set_for_user(user: SystemUser, *, track: str | None = None, new_senders: str | None = None) -> None:
    """Choose what mail of a user is tracked, and what unknown senders become.

    Raises:
        InputInvalid: a word stands for nothing, or the organization does not offer it.
        PrivilegeMissing: it is somebody else, whom the actor may not change.
    """
    changes: dict[str, int] = {}
    if track is not None:
        changes["incomingemailfilteringmethod"] = method_of(track)
    if new_senders is not None:
        becomes = NEW_SENDERS.get(new_senders.strip().lower())
        if becomes is None:
            raise InputInvalid(
                field="New senders", reason=f"{new_senders} is none of {', '.join(NEW_SENDERS)}"
            )
        changes["autocreatecontactonpromote"] = becomes
    if not changes:
        return
    if actors.current().user != user:
        privileges.require_for(Privilege.WRITE_USER, [user])
    chosen = options_of(user)
    with transaction.atomic(), audit.changes("user.options", [chosen]):
        for column, value in changes.items():
            setattr(chosen, column, value)
        chosen.save(update_fields=[*changes, "modifiedon"])


def options_of(user: SystemUser) -> UserSettings:
    """Return the personal options of a user."""
    return UserSettings.objects.get(pk=user.pk)


def set_for_queue(name: str, *, track: str) -> Queue:
    """Choose what mail of a queue is tracked; found by its name or address.

    Raises:
        InputInvalid: the word stands for nothing, or the organization does not offer it.
        RecordNotFound: there is no such queue.
        PrivilegeMissing: the actor may not change it.
    """
    wanted = name.strip()
    queue = (
        Queue.objects.filter(name__iexact=wanted).first()
        or Queue.objects.filter(emailaddress__iexact=wanted).first()
    )
    if queue is None:
        raise RecordNotFound(kind="queue", name=wanted)
    method = method_of(track)
    privileges.require_for(Privilege.WRITE_QUEUE, [queue])
    with transaction.atomic(), audit.changes("queue.options", [queue]):
        queue.incomingemailfilteringmethod = method
        queue.save(update_fields=["incomingemailfilteringmethod", "modifiedon"])
    return queue
