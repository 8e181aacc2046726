"""Queues: shared addresses, such as support, whose mail several people work on."""

from django.db import transaction
from django.db.models import QuerySet

from serversync.administration import audit, entries, filters, people, privileges, searching
from serversync.core.errors import InputInvalid
from serversync.crm.models import Queue
from serversync.crm.models.options import StateCode, StatusCode
from serversync.crm.privileges import Privilege


def add(
    name: str,
    *,
    address: str,
    owner: str | None = None,
    description: str | None = None,
    track: str | None = None,
) -> Queue:
    """Add a queue, with a mailbox that has the organization's defaults.

    Args:
        name: What people call it.
        address: Its e-mail address.
        owner: Log-in name or address of the user it belongs to.
        description: What it is for.
        track: What mail becomes activities, a word of ``filters.METHODS``; all where it is missing.

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
    if track is not None:
        queue.incomingemailfilteringmethod = filters.method_of(track)
    with transaction.atomic():
        queue.save()
        audit.created("queue.add", queue)
    return queue


def find_all(search: str | None = None) -> list[Queue]:
    """Return the queues, by name; only those with ``search`` in name or address where it is given."""
    return list(rows(search).order_by("name"))


def rows(search: str | None = None) -> QuerySet[Queue]:
    """Return the queues that may be read as a query, for lists with pages."""
    found = privileges.reach(Privilege.READ_QUEUE, Queue.objects.select_related("defaultmailbox", "ownerid"))
    return searching.narrow(found, search)


def edit(
    queue: Queue,
    *,
    name: str | None = None,
    address: str | None = None,
    owner: str | None = None,
    description: str | None = None,
    track: str | None = None,
) -> Queue:
    """Change what is given of a queue; everything else stays.

    Args:
        queue: Which.
        name: What people call it from now on.
        address: Another address; its approval begins anew.
        owner: Log-in name or address of the user it belongs to; empty: nobody.
        description: What it is for.
        track: What mail becomes activities, a word of ``filters.METHODS``.

    Raises:
        InputInvalid: a value cannot be used, or the name or the address is taken.
        RecordNotFound: there is no such owner.
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_QUEUE, [queue])
    with transaction.atomic(), audit.changes("queue.edit", [queue]):
        if name is not None:
            given = entries.text(name, "Queue name", longest=200)
            if Queue.objects.filter(name__iexact=given).exclude(pk=queue.pk).exists():
                raise InputInvalid(field="Queue name", reason=f"there is a queue called {given} already")
            queue.name = given
        if address is not None and address.lower() != (queue.emailaddress or "").lower():
            mail = entries.address(address, "E-mail address")
            people.refuse_taken_address(mail)
            queue.emailaddress = mail
        if owner is not None:
            queue.ownerid = people.find(owner) if owner else None
        if description is not None:
            queue.description = description or None
        if track is not None:
            queue.incomingemailfilteringmethod = filters.method_of(track)
        queue.save()
        queue.refresh_from_db()
    return queue


def set_state(queue: Queue, *, active: bool) -> Queue:
    """Activate or deactivate a queue.

    Raises:
        PrivilegeMissing: the actor may not change it.
    """
    privileges.require_for(Privilege.WRITE_QUEUE, [queue])
    act = "queue.activate" if active else "queue.deactivate"
    with transaction.atomic(), audit.changes(act, [queue]):
        queue.statecode = StateCode.ACTIVE if active else StateCode.INACTIVE
        queue.statuscode = StatusCode.ACTIVE if active else StatusCode.INACTIVE
        queue.save()
        queue.refresh_from_db()
    return queue
