"""Looks for items of one mailbox: by the stamp they carry, and by what they are recognised by."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from serversync.adapters.act_items import stamp_of
from serversync.adapters.act_other_kinds import MEETING_MESSAGES
from serversync.adapters.act_reader import Reader
from serversync.adapters.act_search_keys import has_key_and_no_stamp
from serversync.adapters.act_side import ELEMENTS, Side
from serversync.adapters.stamps import RECORD_STAMP
from serversync.core.errors import ItemGone, ServiceError
from serversync.engine.act_ports import Found, Item
from serversync.exchange import outcome as ews
from serversync.exchange.operations.find_folder import FindFolder, FolderTraversal
from serversync.exchange.operations.find_item import FindItem
from serversync.exchange.types.calendar_item import CLEAN_GLOBAL_OBJECT_ID
from serversync.exchange.types.fields import IndexedFieldURI
from serversync.exchange.types.ids import AnyFolderId, DistinguishedFolderId
from serversync.exchange.types.restriction import (
    AllOf,
    AnyOf,
    Exists,
    Not,
    Restriction,
    any_equal_to,
    is_equal_to,
)
from serversync.exchange.types.shapes import ItemShape
from serversync.rules.plan import Sight
from serversync.rules.record import MEETINGS, Fields, Kind

_DELETED: Final = DistinguishedFolderId("deleteditems")
_FIRST_ADDRESS: Final = IndexedFieldURI("contacts:EmailAddress", "EmailAddress1")
_KEYS_AT_ONCE: Final = 100
_CARRIERS_AT_ONCE: Final = 1000
_FOLDERS_AT_ONCE: Final = 50
_KEYS: Final = {
    Kind.CONTACT: "emailaddress1",
    Kind.APPOINTMENT: "globalobjectid",
    Kind.SERIES: "globalobjectid",
}


class Search:
    """Looks for items.

    Args:
        side: The mailbox.
        reader: Reads what is found.
    """

    def __init__(self, side: Side, reader: Reader) -> None:
        self._side = side
        self._reader = reader

    async def find(self, kind: Kind, stamp: UUID, search_key: UUID | None = None) -> list[Found]:
        """See ``ActMailbox``."""
        near: dict[AnyFolderId, Sight] = dict.fromkeys(await self._side.places(kind), Sight.SEEN)
        near[_DELETED] = Sight.GONE
        found = await self._found(kind, stamp, near, search_key)
        if any(each.sight is Sight.SEEN and each.item.stamp == stamp for each in found):
            return found
        known = {each.item.item_id for each in found}
        request = FindFolder(
            parent_folder=DistinguishedFolderId("msgfolderroot"), traversal=FolderTraversal.DEEP
        )
        (outcome,) = await self._side.client.call(request, mailbox=self._side.mailbox)
        others = [folder.folder_id for folder in outcome.unwrap() if folder.folder_id is not None]
        for start in range(0, len(others), _FOLDERS_AT_ONCE):
            places: dict[AnyFolderId, Sight] = dict.fromkeys(
                others[start : start + _FOLDERS_AT_ONCE], Sight.AWAY
            )
            more = await self._found(kind, stamp, places, search_key)
            found += [each for each in more if each.item.item_id not in known]
        return found

    async def carriers(self, kind: Kind, stamps: Sequence[UUID]) -> dict[UUID, list[str]]:
        """Return the ids of all items with one of these stamps in the synchronized folders."""
        found: dict[UUID, list[str]] = {}
        for start in range(0, len(stamps), _KEYS_AT_ONCE):
            wanted = tuple(str(each) for each in stamps[start : start + _KEYS_AT_ONCE])
            request = FindItem(
                folders=await self._side.places(kind),
                item_shape=ItemShape(additional_properties=(RECORD_STAMP,)),
                restriction=any_equal_to(RECORD_STAMP, wanted),
                max_entries=_CARRIERS_AT_ONCE,
            )
            for outcome in await self._side.client.call(request, mailbox=self._side.mailbox):
                if isinstance(outcome, ews.Failure) and isinstance(outcome.error, ItemGone):
                    continue  # the folder has gone since it was looked for
                for item in outcome.unwrap().items:
                    stamp = stamp_of(item)
                    if item.item_id is not None and stamp is not None and item.element == ELEMENTS[kind]:
                        found.setdefault(stamp, []).append(item.item_id.id)
        return found

    async def stamped(self, kind: Kind, stamp: UUID, places: Mapping[AnyFolderId, Sight]) -> list[Found]:
        """Return the items with a stamp that lie in some folders, each with the sight that belongs to its folder."""
        return [each for each in await self._found(kind, stamp, places) if each.sight is not Sight.AWAY]

    async def _found(
        self,
        kind: Kind,
        stamp: UUID,
        places: Mapping[AnyFolderId, Sight],
        search_key: UUID | None = None,
    ) -> list[Found]:
        """Return the same; with a search key those come too that have it and no stamp.

        What carries the stamp and is of another kind now, and not deleted, is away, wherever it lies: it is not gone.
        """
        is_it: Restriction = is_equal_to(RECORD_STAMP, str(stamp))
        if search_key is not None:
            is_it = AnyOf((is_it, has_key_and_no_stamp(search_key)))
        request = FindItem(
            folders=tuple(places),
            item_shape=ItemShape(additional_properties=(RECORD_STAMP,)),
            restriction=is_it,
        )
        sights: dict[str, Sight] = {}
        others: list[Found] = []
        outcomes = await self._side.client.call(request, mailbox=self._side.mailbox)
        for sight, outcome in zip(places.values(), outcomes, strict=True):
            if isinstance(outcome, ews.Failure) and isinstance(outcome.error, ItemGone):
                continue  # the folder has gone since it was listed
            for item in outcome.unwrap().items:
                if item.item_id is None:
                    continue
                if item.element == ELEMENTS[kind]:
                    sights[item.item_id.id] = sight
                elif (
                    sight is not Sight.GONE
                    and item.element not in MEETING_MESSAGES
                    and stamp_of(item) == stamp
                ):
                    other = Item(item.item_id.id, item.item_id.change_key or "", stamp, {})
                    others.append(Found(other, Sight.AWAY))
        read = await self._reader.read(
            kind, list(sights), lambda item: sights.get(item.item_id) is Sight.SEEN, with_key=True
        )
        found = [Found(each, sights[each.item_id]) for each in read if isinstance(each, Item)]
        unread = [each for each in read if isinstance(each, ServiceError) and not isinstance(each, ItemGone)]
        if unread and not found:
            raise unread[0]
        return found + others

    async def twins(self, kind: Kind, records: Sequence[Fields]) -> list[Item | None]:
        """See ``ActMailbox``; contacts are the same where their first e-mail address is, meetings where their id is."""
        keys = [_key(kind, fields) for fields in records]
        wanted = list(dict.fromkeys(each for each in keys if each is not None))
        ids: dict[str, None] = {}
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            is_same = _any_with_key(kind, wanted[start : start + _KEYS_AT_ONCE])
            request = FindItem(
                folders=await self._side.places(kind), restriction=AllOf((Not(Exists(RECORD_STAMP)), is_same))
            )
            for outcome in await self._side.client.call(request, mailbox=self._side.mailbox):
                if isinstance(outcome, ews.Failure) and isinstance(outcome.error, ItemGone):
                    continue  # the folder has gone since it was looked for
                ids.update((each.item_id.id, None) for each in outcome.unwrap().items if each.item_id)
        found: dict[str, list[Item]] = {}
        for each in await self._reader.read(kind, list(ids)):
            if isinstance(each, Item) and each.stamp is None and (key := _key(kind, each.fields)):
                found.setdefault(key, []).append(each)
        return [found[key].pop(0) if key is not None and found.get(key) else None for key in keys]


def _key(kind: Kind, fields: Fields) -> str | None:
    """Return what items of a kind are recognised by; tasks by nothing."""
    name = _KEYS.get(kind)
    key = fields.get(name) if name is not None else None
    return key.lower() if isinstance(key, str) and key else None


def _any_with_key(kind: Kind, keys: Sequence[str]) -> Restriction:
    if kind in MEETINGS:
        ids = tuple(b64encode(bytes.fromhex(key)).decode() for key in keys)
        return any_equal_to(CLEAN_GLOBAL_OBJECT_ID, ids)
    return any_equal_to(_FIRST_ADDRESS, tuple(keys))
