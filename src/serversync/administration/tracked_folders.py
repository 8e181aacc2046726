"""Tracked folders: sub-folders of a user's Inbox of which every message is tracked, each with a record it is about."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from serversync.administration import audit, by_hand, customers, mailboxes, privileges, searching
from serversync.administration.customers import Customer
from serversync.administration.enabling import ANEW
from serversync.core.errors import InputInvalid, RecordNotFound
from serversync.crm.models import Account, Contact, Mailbox, MailboxTrackingFolder, Organization
from serversync.crm.models.mailboxtrackingfolder import MOST_FOLDERS, FolderOnboardingStatus
from serversync.crm.privileges import Privilege
from serversync.exchange.operations.find_folder import FindFolder, FolderTraversal
from serversync.exchange.types.folder import Folder
from serversync.exchange.types.ids import DistinguishedFolderId
from serversync.exchange.types.shapes import BaseShape, FolderShape

_KINDS: Final = (customers.CONTACT, customers.ACCOUNT)
_MOST_OFFERED: Final = 10


@dataclass(frozen=True, slots=True)
class Offered:
    """A folder below the Inbox: its id in Exchange and its path, such as ``Projects/Lighthouse``."""

    id: str
    path: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """A tracked folder, and the name of the record that its mail is about, empty for none."""

    folder: MailboxTrackingFolder
    regarding: str


def find_all(mailbox: Mailbox) -> list[Tracked]:
    """Return the tracked folders of a mailbox, in the order in which they were chosen.

    Raises:
        PrivilegeMissing: the actor may not read the mailbox.
    """
    privileges.require_for(Privilege.READ_MAILBOX, [mailbox])
    rows = list(MailboxTrackingFolder.objects.filter(mailboxid=mailbox).order_by("createdon", "pk"))
    keys = [row.regardingobjectid for row in rows if row.regardingobjectid]
    names = dict(Contact.objects.filter(pk__in=keys).values_list("pk", "fullname"))
    names |= dict(Account.objects.filter(pk__in=keys).values_list("pk", "name"))
    return [
        Tracked(row, names.get(row.regardingobjectid) or "" if row.regardingobjectid else "") for row in rows
    ]


def offered(mailbox: Mailbox) -> list[Offered]:
    """Return the folders below the Inbox as Exchange has them now, by path.

    Raises:
        PrivilegeMissing: the actor may not work with the mailbox.
        ServiceError: Exchange does not answer, or refuses.
    """
    privileges.require_for(Privilege.WRITE_MAILBOX, [mailbox])
    if mailbox.emailserverprofile_id is None:
        raise InputInvalid(field=f"Mailbox {mailbox.emailaddress}", reason="it has no Server Profile")
    return asyncio.run(_below_the_inbox(mailbox.emailserverprofile_id, mailbox.emailaddress))


async def _below_the_inbox(profileid: UUID, address: str | None) -> list[Offered]:
    request = FindFolder(
        parent_folder=DistinguishedFolderId("inbox"),
        traversal=FolderTraversal.DEEP,
        folder_shape=FolderShape(base_shape=BaseShape.ALL_PROPERTIES),  # parents and classes too
    )
    async with by_hand.database() as pool, by_hand.connection_slots(pool) as slots:
        connections = by_hand.connections(pool, slots)
        try:
            async with connections.client(profileid, address=address) as (client, anchor):
                (outcome,) = await client.call(request, mailbox=anchor)
                return _paths(outcome.unwrap())
        finally:
            await connections.close()


def _paths(folders: tuple[Folder, ...]) -> list[Offered]:
    by_id = {folder.folder_id.id: folder for folder in folders if folder.folder_id is not None}

    def path(folder: Folder) -> str:
        parent = by_id.get(folder.parent_folder_id.id) if folder.parent_folder_id is not None else None
        name = folder.display_name or "(no name)"
        return f"{path(parent)}/{name}" if parent is not None else name

    mail = [one for one in by_id.items() if (one[1].folder_class or "IPF.Note").startswith("IPF.Note")]
    return sorted((Offered(key, path(folder)) for key, folder in mail), key=lambda one: one.path.lower())


def records(text: str) -> list[tuple[str, Customer]]:
    """Return contacts and accounts that may be read and have the words of a text, at most ten of each."""
    if not text.strip():
        return []
    found: list[tuple[str, Customer]] = []
    for kind in _KINDS:
        rows = searching.narrow(customers.rows(kind), text).order_by("-createdon")
        found += [(kind.word, row) for row in rows[:_MOST_OFFERED]]
    return found


def find_record(reference: str) -> tuple[str, Customer] | None:
    """Return the record that ``contact:ID`` or ``account:ID`` names, or an address; ``None`` for an empty text.

    Raises:
        RecordNotFound: there is none that may be read.
        InputInvalid: several have the address.
    """
    text = reference.strip()
    if not text:
        return None
    word, _, key = text.partition(":")
    found: list[tuple[str, Customer]] = []
    for kind in _KINDS:
        rows = customers.rows(kind)
        if word == kind.word:
            try:
                found += [(kind.word, row) for row in rows.filter(pk=UUID(key.strip()))]
            except ValueError as reason:
                raise RecordNotFound(kind=kind.word, name=key) from reason
        elif "@" in text:
            found += [(kind.word, row) for row in rows.filter(emailaddress1__iexact=text)[:2]]
    if len(found) > 1:
        raise InputInvalid(field="Regarding", reason=f"{len(found)} records have the address {text}")
    if not found:
        raise RecordNotFound(kind="contact", name=text)
    return found[0]


def add(mailbox: Mailbox, wanted: str, *, regarding: str = "") -> MailboxTrackingFolder:
    """Track a folder below the Inbox from now on; what it holds is read by the next pass.

    Args:
        mailbox: A user's mailbox.
        wanted: The id or path of the folder.
        regarding: The record that its mail is about, as ``find_record`` takes it.

    Raises:
        InputInvalid: it is no user's mailbox, there is no such folder, or there are too many.
        RecordNotFound: there is no such record.
        PrivilegeMissing: the actor may not change the mailbox.
        ServiceError: Exchange does not answer, or refuses.
    """
    privileges.require_for(Privilege.WRITE_MAILBOX, [mailbox])
    if mailbox.regardingobjecttypecode != "systemuser":
        raise InputInvalid(field="Folder", reason="folders are tracked for users only")
    if not Organization.objects.current().isfolderbasedtrackingenabled:
        raise InputInvalid(field="Folder", reason="the setting isfolderbasedtrackingenabled is off")
    record = find_record(regarding)
    exact = [one for one in offered(mailbox) if wanted in (one.id, one.path)]
    if not exact:
        raise InputInvalid(field="Folder", reason=f"there is no folder {wanted} below the Inbox")
    folder = exact[0]
    with transaction.atomic():
        Mailbox.objects.select_for_update().get(pk=mailbox.pk)
        mine = MailboxTrackingFolder.objects.filter(mailboxid=mailbox)
        mine.filter(
            exchangefoldername=folder.path[:256], folderonboardingstatus=FolderOnboardingStatus.MISSING
        ).delete()
        if mine.filter(exchangefolderid=folder.id).exists():
            raise InputInvalid(field="Folder", reason=f"{folder.path} is tracked already")
        if mine.count() >= MOST_FOLDERS:
            raise InputInvalid(
                field="Folder", reason=f"there are {MOST_FOLDERS} already; more are not allowed"
            )
        made = MailboxTrackingFolder.objects.create(
            mailboxid=mailbox,
            exchangefolderid=folder.id,
            exchangefoldername=folder.path[:256],
            regardingobjectid=record[1].pk if record else None,
            regardingobjecttypecode=record[0] if record else None,
        )
        audit.noted(
            "mailbox.track-folder",
            mailbox,
            {"folder": folder.path, "regarding": str(record[1]) if record else None},
        )
        _read_anew(mailbox)
    mailboxes.wake_workers()
    return made


def remove(mailbox: Mailbox, wanted: str) -> None:
    """Track a folder no longer; what was tracked out of it stays.

    Args:
        mailbox: The mailbox.
        wanted: The key of the tracked folder, or its path.

    Raises:
        RecordNotFound: the mailbox has no such tracked folder.
        PrivilegeMissing: the actor may not change the mailbox.
    """
    privileges.require_for(Privilege.WRITE_MAILBOX, [mailbox])
    with transaction.atomic():
        mine = MailboxTrackingFolder.objects.filter(mailboxid=mailbox)
        found = next((one for one in mine if wanted in (str(one.pk), one.exchangefoldername)), None)
        if found is None:
            raise RecordNotFound(kind="mailbox", name=wanted)
        audit.noted("mailbox.untrack-folder", mailbox, {"folder": found.exchangefoldername})
        found.delete()
        _read_anew(mailbox)


def _read_anew(mailbox: Mailbox) -> None:
    """Let the next pass list the folders instead of trusting a mark, and let it come now where any is to come."""
    Mailbox.objects.filter(pk=mailbox.pk).update(**ANEW)
    Mailbox.objects.filter(pk=mailbox.pk, nextpasson__isnull=False).update(nextpasson=Now())
