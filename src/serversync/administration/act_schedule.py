"""When appointments, contacts and tasks of mailboxes are due, as people and Test & Enable set it."""

from collections.abc import Iterable
from typing import Final

from django.db import connection, transaction

from serversync.administration.locking import lock
from serversync.core import clock
from serversync.crm.models import ExchangeSyncIdMapping, ExchangeSyncMailbox, Mailbox, Organization
from serversync.crm.models.exchangesyncidmapping import SyncStage
from serversync.crm.models.options import ActDeliveryMethod

ACT_CHANNEL: Final = "serversync_act"
"""NOTIFY on this channel tells sleeping workers that a mailbox was made due by hand."""


def uses(mailbox: Mailbox) -> bool:
    """Tell whether appointments, contacts and tasks of a mailbox are to be kept in step at all."""
    return (
        mailbox.actdeliverymethod == ActDeliveryMethod.SERVER_SIDE_SYNCHRONIZATION
        and mailbox.regardingobjecttypecode == "systemuser"
    )


def schedule_of(mailbox: Mailbox) -> ExchangeSyncMailbox:
    """Return the schedule of a mailbox; an unsaved one where nothing was ever enabled."""
    return ExchangeSyncMailbox.objects.filter(pk=mailbox.pk).first() or ExchangeSyncMailbox(mailboxid=mailbox)


def make_due(chosen: Iterable[Mailbox]) -> None:
    """Let the workers take mailboxes now, as far as they were enabled."""
    rows = ExchangeSyncMailbox.objects.filter(pk__in=[one.pk for one in chosen if uses(one)])
    if Organization.objects.current().actplanfirst:  # nothing is done before somebody has looked at the plan
        rows = rows.exclude(nextpasson=None, isplanapproved=False)
    with transaction.atomic():
        if lock(rows.exclude(nextpasson=None, plan=None)).update(nextpasson=clock.now()):
            wake_workers()


def enable(mailbox: Mailbox) -> None:
    """Let the workers take a mailbox that has been tested; to be used in a transaction."""
    ExchangeSyncMailbox.objects.update_or_create(
        mailboxid=mailbox, defaults={"nextpasson": clock.now(), "failures": 0}
    )
    wake_workers()


def note_replaced(mailbox: Mailbox) -> None:
    """Note that a mailbox had no marker of ours; where items of it are linked, it is another one than it was."""
    if ExchangeSyncIdMapping.objects.filter(mailboxid=mailbox, stage=SyncStage.LINKED).exists():
        ExchangeSyncMailbox.objects.filter(pk=mailbox.pk).update(isreplaced=True)


def wake_workers() -> None:
    """Tell sleeping workers to look for due mailboxes."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, '')", [ACT_CHANNEL])
