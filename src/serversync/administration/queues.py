"""Queues: shared addresses, such as support, whose mail several people work on."""

from django.db import transaction
from django.db.models import Q

from serversync.administration import audit, entries, people, privileges
from serversync.core.errors import InputInvalid
from serversync.crm.models import Queue
from serversync.crm.privileges import Privilege


def add(name: str, *, address: str, owner: str | None = None, description: str | None = None) -> Queue:
    """Add a queue, with a mailbox that has the organization's defaults.

    Args:
        name: What people call it.
        address: Its e-mail address.
        owner: Log-in name or address of the user it belongs to.
        description: What it is for.

    Raises:
        InputInvalid: a value cannot be used, or the name or the address is taken.
        RecordNotFound: there is no such owner.
        PrivilegeMissing: the actor may not make queues.
    """
    privileges.require_organization(Privilege.CREATE_QUEUE)
    given = entries.text(name, "Queue name", longest=200)
    mail = entries.address(address, "E-mail address")
    if Queue.objects.filter(name__iexact=given).exists():
        raise InputInvalid(field="Queue name", reason=f"there is a queue called {given} already")
    people.refuse_taken_address(mail)
    queue = Queue(
        name=given,
        emailaddress=mail,
        description=description or None,
        ownerid=people.find(owner) if owner else None,
    )
    with transaction.atomic():
        queue.save()
        audit.created("queue.add", queue)
    return queue


def find_all(search: str | None = None) -> list[Queue]:
    """Return the queues, by name; only those with ``search`` in name or address where it is given."""
    queues = privileges.reach(
        Privilege.READ_QUEUE, Queue.objects.select_related("defaultmailbox").order_by("name")
    )
    if search:
        queues = queues.filter(Q(name__icontains=search) | Q(emailaddress__icontains=search))
    return list(queues)
