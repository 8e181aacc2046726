"""Files of appointments and tasks over Exchange Web Services.

Pictures inside of a body, attached items and links are left alone: neither are they told to the CRM nor written. The content of a
file is asked for only where nothing is known of it, and streamed. Attaching and taking away send nothing to anybody.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Final
from uuid import UUID

from msgspec import structs

from serversync.adapters.act_file_marks import is_same, known_as, of_one_item
from serversync.adapters.act_files import Files, KnownFile
from serversync.core import faults
from serversync.core.errors import (
    AttachmentNotSynchronized,
    ChangeConflict,
    ItemGone,
    Permanent,
    ServiceError,
)
from serversync.engine.act_ports import Item, Written
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.create_attachment import NewFile
from serversync.exchange.operations.delete_attachment import DeleteAttachment
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.attachment import FileAttachment
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.ids import AttachmentId, ItemId
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.shapes import ItemShape
from serversync.rules.attachments import PREFIX, THERE, File, field_of, files, name_of
from serversync.rules.email.content import is_blocked
from serversync.rules.record import Fields, Kind, Value

_SHAPE: Final = ItemShape(additional_properties=(FieldURI("item:Attachments"),))
_READ_AT_ONCE: Final = 100
_ANY_TYPE: Final = "application/octet-stream"

Aside = dict[str, ServiceError | None]


class Attachments:
    """The files of the appointments, or tasks, of one mailbox.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        store: Where the bytes are.
        kind: Of which kind the items are.
        mailboxid: The mailbox.
        largest: How many bytes a file may have that the CRM takes.
        blocked: Which endings such a file may not have.
    """

    def __init__(
        self,
        client: EwsClient,
        mailbox: str | None,
        store: Files,
        *,
        kind: Kind,
        mailboxid: UUID,
        largest: int,
        blocked: str,
    ) -> None:
        self._client = client
        self._mailbox = mailbox
        self._store = store
        self._kind = kind.value
        self._mailboxid = mailboxid
        self._largest = largest
        self._blocked = blocked

    async def of(self, items: Sequence[Item]) -> dict[str, Item]:
        """Return items that have files with these among their fields; what cannot be taken over is set aside.

        Raises:
            ServiceError: Exchange or the database cannot be read now.
        """
        seen: dict[str, Item] = {}
        for start in range(0, len(items), _READ_AT_ONCE):
            part = items[start : start + _READ_AT_ONCE]
            asked = GetItem(tuple(ItemId(item.item_id) for item in part), _SHAPE)
            outcomes = await self._client.call_bisecting(asked, mailbox=self._mailbox)
            known = await self._store.known(self._mailboxid, [item.item_id for item in part])
            for item, outcome in zip(part, outcomes, strict=True):
                if isinstance(outcome, ews.Failure):
                    of_one_item(outcome.error)
                    seen[item.item_id] = structs.replace(item, aside={PREFIX: None})
                    continue
                listed = _listed(outcome.unwrap())
                told, aside = await self._told(item, listed, known.get(item.item_id, []))
                seen[item.item_id] = structs.replace(item, fields={**item.fields, **told}, aside=aside)
        return seen

    async def _told(
        self, item: Item, listed: Sequence[FileAttachment], before: list[KnownFile]
    ) -> tuple[dict[str, Value], Aside]:
        """Return the files of an item as fields, and what cannot be taken over."""
        told: dict[str, Value] = {}
        aside: Aside = {}
        known: list[KnownFile] = []
        for found in listed:
            name = name_of(found.name)
            fileid = next((one.fileid for one in before if is_same(one, found, item.change_key)), None)
            if fileid is None:
                content = await self._content(name, found)
                if isinstance(content, ServiceError):
                    aside[field_of(File("", name))] = content
                    continue
                fileid = await self._store.take_in(content, found.content_type or _ANY_TYPE)
            known.append(known_as(found, fileid, item.change_key))
            told[field_of(File(fileid, name))] = THERE
        if known != before:
            await self._store.remember(self._mailboxid, {item.item_id: known})
        return told, aside

    async def _content(self, name: str, found: FileAttachment) -> bytes | AttachmentNotSynchronized:
        """Return the bytes of a file, or why the CRM does not take it."""
        if is_blocked(name, self._blocked):
            return self._refused(name, "its ending is among those that the setting blockedattachments names")
        if (found.size or 0) > self._largest:
            return self._refused(name, self._too_large(found.size or 0))
        sink = BytesIO()
        outcome = await self._client.download(_id_of(found), sink, mailbox=self._mailbox)
        if isinstance(outcome, ews.Failure):
            return self._refused(name, f"Exchange does not give it ({of_one_item(outcome.error)})")
        content = sink.getvalue()
        return (
            content if len(content) <= self._largest else self._refused(name, self._too_large(len(content)))
        )

    def _too_large(self, size: int) -> str:
        return f"it has {size} bytes, and {self._largest} are allowed"

    def _refused(self, name: str, reason: str) -> AttachmentNotSynchronized:
        return AttachmentNotSynchronized(
            name=name, kind=self._kind, mailbox=self._mailbox or "", reason=reason
        )

    async def write(self, item: Written, fields: Fields) -> Written | ServiceError:
        """Attach the files among these fields to an item, and take away those that shall not be there.

        Args:
            item: The item as it was seen or just written; where it is another one by now nothing is written.
            fields: What it is to have.
        """
        try:
            return await self._write(item, fields)
        except ServiceError as error:
            return error

    async def _write(self, item: Written, fields: Fields) -> Written:
        (outcome,) = await self._client.call(GetItem((ItemId(item.item_id),), _SHAPE), mailbox=self._mailbox)
        found = outcome.unwrap()
        if found.change_key != item.change_key:
            raise ChangeConflict(mailbox=self._mailbox or "", kind=self._kind)
        before = (await self._store.known(self._mailboxid, [item.item_id])).get(item.item_id, [])
        there = _there(_listed(found), before, item.change_key)
        aside: Aside = {}
        for file, shall_be_there in files(fields):
            if shall_be_there and file not in there:
                attached = await self._attach(item, file)
                if isinstance(attached, ServiceError):
                    aside[field_of(file)] = attached
                    continue
                there[file] = [KnownFile(attached.id, file.fileid)]
                item = item._replace(change_key=attached.root_item_change_key or "")
            elif not shall_be_there:
                for known in there.pop(file, ()):
                    item = await self._take_away(item, known)
        after = [one._replace(change_key=item.change_key) for each in there.values() for one in each]
        await self._store.remember(self._mailboxid, {item.item_id: after})
        return item._replace(fields=None, aside=aside)

    async def _attach(self, item: Written, file: File) -> AttachmentId | AttachmentNotSynchronized:
        stored = await self._store.content(file.fileid)
        if stored is None:  # the record has another one by now
            raise ChangeConflict(mailbox=self._mailbox or "", kind=self._kind)
        if stored.content is None:
            return self._refused(file.name, "the CRM has no content of it")
        try:
            made = await self._upload(item, file, stored.content, stored.mimetype)
        except (ChangeConflict, ItemGone):
            raise
        except Permanent as error:
            return self._refused(file.name, f"Exchange has not taken it ({error})")
        faults.reach("act.file-attached")
        return made

    async def _upload(self, item: Written, file: File, content: bytes, mimetype: str) -> AttachmentId:
        outcome = await self._client.upload(
            ItemId(item.item_id, item.change_key),
            NewFile(name=file.name, content_type=mimetype or _ANY_TYPE),
            len(content),
            lambda: BytesIO(content).read,
            mailbox=self._mailbox,
        )
        return outcome.unwrap()

    async def _take_away(self, item: Written, known: KnownFile) -> Written:
        request = DeleteAttachment((AttachmentId(known.attachment_id),))
        (removed,) = await self._client.call(request, mailbox=self._mailbox)
        item = item._replace(change_key=removed.unwrap().change_key or "")
        faults.reach("act.file-removed")
        return item


def _listed(item: EwsItem) -> list[FileAttachment]:
    """Return the files of an item that people have attached to it."""
    return [
        each
        for each in item.attachments
        if isinstance(each, FileAttachment) and each.attachment_id is not None and not each.is_inline
    ]


def _there(
    listed: Sequence[FileAttachment], before: Sequence[KnownFile], change_key: str
) -> dict[File, list[KnownFile]]:
    """Return the files that are known to be there; of the others nobody has asked to write anything."""
    there: dict[File, list[KnownFile]] = {}
    for found in listed:
        for one in before:
            if is_same(one, found, change_key):
                there.setdefault(File(one.fileid, name_of(found.name)), []).append(
                    known_as(found, one.fileid, change_key)
                )
                break
    return there


def _id_of(found: FileAttachment) -> AttachmentId:
    assert found.attachment_id is not None  # noqa: S101 - only such are listed
    return found.attachment_id
