"""Photos of contacts over Exchange Web Services: a file of the item that says it is the contact's picture.

The content is asked for only where nothing is known of it: who has read or written a photo remembers which it was. A
photo is replaced by taking the old one away and then attaching the new one; whoever comes between is seen by the change key.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec import structs

from serversync.adapters.act_file_marks import is_same, known_as, of_one_item
from serversync.adapters.act_files import Files, KnownFile
from serversync.core import faults
from serversync.core.errors import (
    ChangeConflict,
    ItemGone,
    Permanent,
    PictureNotSynchronized,
    ServiceError,
)
from serversync.engine.act_ports import Item, Written
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.create_attachment import CreateAttachment, NewFile
from serversync.exchange.operations.delete_attachment import DeleteAttachment
from serversync.exchange.operations.get_attachment import GetAttachment
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.types.attachment import FileAttachment
from serversync.exchange.types.fields import FieldURI
from serversync.exchange.types.ids import ItemId
from serversync.exchange.types.item import Item as EwsItem
from serversync.exchange.types.shapes import ItemShape
from serversync.rules.pictures import PICTURE, media_type
from serversync.rules.record import Value

_SHAPE: Final = ItemShape(additional_properties=(FieldURI("item:Attachments"),))
_NAME: Final = "ContactPicture.jpg"
"""What Outlook calls the file, whatever kind of picture it is."""
_READ_AT_ONCE: Final = 100
_BYTES_AT_ONCE: Final = 4 << 20
"""So many bytes of photos are asked for with one request; a greater one alone."""


class Pictures:
    """The photos of the contacts of one mailbox.

    Args:
        client: The client.
        mailbox: Whom to impersonate.
        files: Where the bytes are.
        mailboxid: The mailbox.
        largest: How many bytes a photo may have.
    """

    def __init__(
        self, client: EwsClient, mailbox: str | None, files: Files, *, mailboxid: UUID, largest: int
    ) -> None:
        self._client = client
        self._mailbox = mailbox
        self._files = files
        self._mailboxid = mailboxid
        self._largest = largest

    async def of(self, items: Sequence[Item]) -> dict[str, Item]:
        """Return contacts that have a photo with it among their fields; what cannot be taken over is set aside.

        Raises:
            ServiceError: Exchange or the database cannot be read now.
        """
        listed: dict[str, FileAttachment] = {}
        seen: dict[str, Item] = {}
        for start in range(0, len(items), _READ_AT_ONCE):
            part = items[start : start + _READ_AT_ONCE]
            for item, found in zip(part, await self._listed(part), strict=True):
                photo = _photo(found) if isinstance(found, EwsItem) else None
                if isinstance(found, ServiceError):
                    seen[item.item_id] = structs.replace(item, aside={PICTURE: None})
                elif photo is None:
                    seen[item.item_id] = item
                elif (photo.size or 0) > self._largest:
                    reason = _too_large(photo.size or 0, self._largest)
                    seen[item.item_id] = structs.replace(item, aside={PICTURE: self._refused(reason)})
                else:
                    listed[item.item_id] = photo
        by_id = {item.item_id: item for item in items}
        for item_id, told in (await self._told(listed, by_id)).items():
            item = by_id[item_id]
            if isinstance(told, str):
                seen[item_id] = structs.replace(item, fields={**item.fields, PICTURE: told})
            else:
                seen[item_id] = structs.replace(item, aside={PICTURE: told})
        return seen

    async def _listed(self, items: Sequence[Item]) -> list[EwsItem | Permanent]:
        """Return each contact with its attachments, but not their content."""
        asked = GetItem(tuple(ItemId(item.item_id) for item in items), _SHAPE)
        outcomes = await self._client.call_bisecting(asked, mailbox=self._mailbox)
        return [
            of_one_item(outcome.error) if isinstance(outcome, ews.Failure) else outcome.unwrap()
            for outcome in outcomes
        ]

    async def _told(
        self, photos: Mapping[str, FileAttachment], items: Mapping[str, Item]
    ) -> dict[str, str | PictureNotSynchronized]:
        """Return what the photos are: those that are known, and the others after a look at them."""
        if not photos:
            return {}
        before = await self._files.known(self._mailboxid, list(photos))
        told: dict[str, str | PictureNotSynchronized] = {}
        news: dict[str, list[KnownFile]] = {}
        for item_id, photo in photos.items():
            change_key = items[item_id].change_key
            for one in before.get(item_id, ()):
                if is_same(one, photo, change_key):
                    told[item_id] = one.fileid
                    if (now := known_as(photo, one.fileid, change_key)) != one:
                        news[item_id] = [now]
        for part in _parts({item_id: photo for item_id, photo in photos.items() if item_id not in told}):
            for item_id, content in zip(part, await self._contents(list(part.values())), strict=True):
                reason = content if isinstance(content, str) else _reason_against(content, self._largest)
                if reason is not None or isinstance(content, str):
                    told[item_id] = self._refused(reason or "")
                    continue
                fileid = await self._files.take_in(content, media_type(content) or "")
                told[item_id] = fileid
                news[item_id] = [known_as(part[item_id], fileid, items[item_id].change_key)]
        if news:
            await self._files.remember(self._mailboxid, news)
        return told

    async def _contents(self, photos: Sequence[FileAttachment]) -> list[bytes | str]:
        """Return the bytes of photos, or why they cannot be had."""
        ids = tuple(photo.attachment_id for photo in photos if photo.attachment_id is not None)
        contents: list[bytes | str] = []
        for outcome in await self._client.call(GetAttachment(ids), mailbox=self._mailbox):
            if isinstance(outcome, ews.Failure):
                contents.append(f"Exchange does not give it ({of_one_item(outcome.error)})")
                continue
            found = outcome.unwrap()
            contents.append((found.content if isinstance(found, FileAttachment) else None) or b"")
        return contents

    def _refused(self, reason: str) -> PictureNotSynchronized:
        return PictureNotSynchronized(mailbox=self._mailbox or "", reason=reason)

    async def write(self, item: Written, picture: Value, *, is_new: bool) -> Written | ServiceError:
        """Give a contact this photo, or take its photo away; return it with its change key afterwards.

        Args:
            item: The contact as it was seen or just written; where it is another one by now nothing is written.
            picture: The id of the photo, ``None`` for none.
            is_new: Whether it was just made, so that it has none.
        """
        try:
            if not is_new:
                item = await self._without(item)
            if isinstance(picture, str):
                return await self._attach(item, picture)
        except ServiceError as error:
            return error
        return item

    async def _without(self, item: Written) -> Written:
        """Take the photo of a contact away, if it has one.

        Raises:
            ChangeConflict: it is another one by now.
        """
        request = GetItem((ItemId(item.item_id),), _SHAPE)
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        found = outcome.unwrap()
        if found.change_key != item.change_key:
            raise ChangeConflict(mailbox=self._mailbox or "", kind="contact")
        ids = tuple(each.attachment_id for each in _photos(found) if each.attachment_id is not None)
        for one in ids:
            (removed,) = await self._client.call(DeleteAttachment((one,)), mailbox=self._mailbox)
            item = item._replace(change_key=removed.unwrap().change_key or "")
            faults.reach("act.file-removed")
        return item

    async def _attach(self, item: Written, picture: str) -> Written:
        stored = await self._files.content(picture)
        if stored is None:  # the contact has another one by now
            raise ChangeConflict(mailbox=self._mailbox or "", kind="contact")
        if stored.content is None:
            return item._replace(aside={PICTURE: self._refused("the CRM has no content of it")})
        new = NewFile(name=_NAME, content_type=stored.mimetype, content=stored.content, is_contact_photo=True)
        try:
            request = CreateAttachment(ItemId(item.item_id, item.change_key), (new,))
            (outcome,) = await self._client.call(request, mailbox=self._mailbox)
            made = outcome.unwrap()
        except (ChangeConflict, ItemGone):
            raise
        except Permanent as error:
            reason = f"Exchange has not taken it ({error})"
            return item._replace(aside={PICTURE: self._refused(reason)})
        faults.reach("act.file-attached")
        change_key = made.root_item_change_key or ""
        known = KnownFile(made.id, picture, change_key=change_key)
        await self._files.remember(self._mailboxid, {item.item_id: [known]})
        return item._replace(change_key=change_key, fields=None)


def _photos(item: EwsItem) -> list[FileAttachment]:
    return [each for each in item.attachments if isinstance(each, FileAttachment) and each.is_contact_photo]


def _photo(item: EwsItem) -> FileAttachment | None:
    """Return the photo of a contact that has been listed."""
    return next((each for each in _photos(item) if each.attachment_id is not None), None)


def _reason_against(content: bytes, largest: int) -> str | None:
    """Return why a photo cannot be taken over; ``None`` where it can."""
    if len(content) > largest:
        return _too_large(len(content), largest)
    return None if media_type(content) is not None else "it is no picture of a kind that is known"


def _too_large(size: int, largest: int) -> str:
    return f"it has {size} bytes, and {largest} are allowed"


def _parts(photos: Mapping[str, FileAttachment]) -> Iterator[dict[str, FileAttachment]]:
    """Yield photos in parts whose bytes one answer can bring."""
    part: dict[str, FileAttachment] = {}
    size = 0
    for item_id, photo in photos.items():
        if part and size + (photo.size or 0) > _BYTES_AT_ONCE:
            yield part
            part, size = {}, 0
        part[item_id] = photo
        size += photo.size or 0
    if part:
        yield part
