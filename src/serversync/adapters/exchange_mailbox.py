"""One mailbox over Exchange Web Services, as the engine sees it."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Final

from serversync.adapters import tracking_category
from serversync.adapters.directory_names import DirectoryNames, is_nameless
from serversync.adapters.exchange_actions import MailActions
from serversync.adapters.folder_places import outside_inbox
from serversync.adapters.profiles import BatchConnections, ProfileConnections
from serversync.adapters.spool import SpooledContent
from serversync.adapters.stamps import STAMP
from serversync.core.errors import AnswerUnreadable, ItemUnreadable, Permanent, ServiceError
from serversync.engine.ports import Action, Change, ChangePage, Listed, MailboxRun, MailFolder
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations import sync_folder_items as sync
from serversync.exchange.operations.get_attachment import GetAttachment
from serversync.exchange.operations.get_folder_values import FolderValues, GetFolderValues
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.sync_folder_items import SyncFolderItems, SyncPage
from serversync.exchange.types.attachment import Attachment as EwsAttachment
from serversync.exchange.types.attachment import FileAttachment, ItemAttachment, ReferenceAttachment
from serversync.exchange.types.fields import AnyFieldURI, ExtendedFieldURI, FieldURI
from serversync.exchange.types.ids import (
    AnyFolderId,
    AttachmentId,
    DistinguishedFolderId,
    FolderId,
    ItemId,
)
from serversync.exchange.types.item import Importance, Item
from serversync.exchange.types.message import Mailbox, Message
from serversync.exchange.types.shapes import BaseShape, BodyType, FolderShape, ItemShape
from serversync.rules.batching import BatchSize
from serversync.rules.email.body import text_chunks_to_html
from serversync.rules.email.category import TrackingCategory
from serversync.rules.email.identity import item_key
from serversync.rules.email.judgement import FolderKind
from serversync.rules.email.message import Address, Attachment, ReceivedMessage

LARGE_BYTES: Final = 1024 * 1024
"""From this size on, bodies and attachments go to a temporary file piece by piece."""
WHOLE_BYTES: Final = 16 * 1024 * 1024
"""Larger messages are not read as they came over the wire."""
BATCH_ITEMS: Final = 512
"""Messages of one request at most: those of a page of changes."""
BATCH_BYTES: Final = 16 * 1024 * 1024
"""What the messages of one request may weigh together."""
ATTACHMENT_BATCH: Final = 50
ATTACHMENT_BATCH_BYTES: Final = 4 * 1024 * 1024
PAGE_MEMORY_BYTES: Final = 32 * 1024 * 1024
"""What the attachments of one page may take in memory; beyond it small ones are spooled too."""

_LISTED: Final = tuple(
    FieldURI(uri) for uri in ("item:ItemClass", "item:DateTimeReceived", "item:Size", "item:Categories")
)
_SEARCH_KEY: Final = ExtendedFieldURI(property_type="Binary", property_tag=0x300B)
_BODY: Final = FieldURI("item:Body")
_COMMIT_TIME_MAX: Final = ExtendedFieldURI(property_type="SystemTime", property_tag=0x670A)
_DELETED_COUNT: Final = ExtendedFieldURI(property_type="Integer", property_tag=0x670B)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_CHANGE_MARK: Final = FolderShape(
    base_shape=BaseShape.ID_ONLY,
    additional_properties=(_COMMIT_TIME_MAX, _DELETED_COUNT, FieldURI("folder:TotalCount")),
)
# What the change feed has told of an item already is not asked for again.
_FIELDS: Final[tuple[AnyFieldURI, ...]] = (
    *(
        FieldURI(uri)
        for uri in (
            "item:Subject",
            "item:Attachments",
            "item:Importance",
            "item:InReplyTo",
            "item:DateTimeSent",
            "message:ToRecipients",
            "message:CcRecipients",
            "message:BccRecipients",
            "message:ConversationIndex",
            "message:From",
            "message:InternetMessageId",
            "message:References",
        )
    ),
    _SEARCH_KEY,
)
_WITH_BODY: Final = ItemShape(body_type=BodyType.BEST, additional_properties=(*_FIELDS, _BODY))
_WHOLE: Final = ItemShape(include_mime_content=True)
_WITHOUT_BODY: Final = ItemShape(additional_properties=_FIELDS)
_SENT_WITH_BODY: Final = ItemShape(body_type=BodyType.BEST, additional_properties=(*_FIELDS, STAMP, _BODY))
_SENT_WITHOUT_BODY: Final = ItemShape(additional_properties=(*_FIELDS, STAMP))

_NEW_OR_CHANGED: Final = (sync.Create, sync.Update)


class EwsMailbox:
    """``ExchangeMailbox`` over an EWS client.

    Args:
        client: The client.
        mailbox: The address to act as.
        size: How much is asked for at once.
    """

    def __init__(self, client: EwsClient, mailbox: str | None, size: BatchSize | None = None) -> None:
        self._client = client
        self._mailbox = mailbox
        self._size = size or BatchSize()
        self._names = DirectoryNames(client, mailbox)
        self._spools: list[SpooledContent] = []
        self._in_memory = 0

    async def changes(self, folder: MailFolder, position: str | None, *, limit: int) -> ChangePage:
        """See ``ExchangeMailbox``."""
        request = SyncFolderItems(
            folder=_folder_id(folder),
            sync_state=position,
            max_changes=self._size.of(limit),
            additional_properties=_LISTED,
        )
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        page = _page(outcome.unwrap())
        self._size.answered()
        return page

    async def change_mark(self, folders: Sequence[MailFolder]) -> str | None:
        """See ``ExchangeMailbox``."""
        request = GetFolderValues(tuple([_folder_id(each) for each in folders]), _CHANGE_MARK)
        return await self._client.call_known(request, _change_mark, mailbox=self._mailbox)

    async def outside_inbox(self, folders: Sequence[MailFolder]) -> list[MailFolder]:
        """See ``ExchangeMailbox``."""
        return await outside_inbox(self._client, self._mailbox, folders)

    async def messages(
        self, listed: Sequence[Listed], folder: MailFolder
    ) -> list[ReceivedMessage | ServiceError]:
        """See ``ExchangeMailbox``."""
        is_sent = folder.kind is FolderKind.SENT
        whole, without_body = (
            (_SENT_WITH_BODY, _SENT_WITHOUT_BODY) if is_sent else (_WITH_BODY, _WITHOUT_BODY)
        )
        found: dict[str, ReceivedMessage | ServiceError] = {}
        for changes in self._by_weight([c for c in listed if c.size_bytes <= LARGE_BYTES]):
            await self._read(changes, whole, found)
        for change in listed:
            if change.size_bytes > LARGE_BYTES:
                await self._read([change], without_body, found)
                found[change.item_id] = await self._with_large_body(found[change.item_id])
        return [found[change.item_id] for change in listed]

    async def _read(
        self, changes: Sequence[Listed], shape: ItemShape, found: dict[str, ReceivedMessage | ServiceError]
    ) -> None:
        request = GetItem(item_ids=tuple([ItemId(c.item_id) for c in changes]), item_shape=shape)
        outcomes = await self._client.call_bisecting(request, mailbox=self._mailbox)
        self._size.answered()
        nameless: list[ReceivedMessage] = []
        for change, outcome in zip(changes, outcomes, strict=True):
            message = found[change.item_id] = _message(change, outcome)
            if isinstance(message, ReceivedMessage) and is_nameless(message):
                nameless.append(message)
        if nameless:
            await self._names.name(nameless)

    async def _with_large_body(
        self, message: ReceivedMessage | ServiceError
    ) -> ReceivedMessage | ServiceError:
        if isinstance(message, ServiceError):
            return message
        spool = self._spool()
        outcome = await self._client.download_body(
            ItemId(message.item_id), spool, body_type=BodyType.BEST, mailbox=self._mailbox
        )
        if isinstance(outcome, ews.Failure):
            return outcome.error
        told = outcome.value.body
        if told is None or told.body_type != BodyType.HTML.value:
            spool = self._keep(SpooledContent.of(text_chunks_to_html(spool.chunks())))
        message.body_is_html = True
        message.body = spool
        if spool.size_bytes <= LARGE_BYTES:
            message.body = b"".join(spool.chunks()).decode("utf-8", "replace")
        return message

    async def perform(
        self, actions: Sequence[Action], undeliverable: str | None
    ) -> tuple[list[ServiceError | None], str | None]:
        """See ``ExchangeMailbox``."""
        return await MailActions(self._client, self._mailbox).perform(actions, undeliverable)

    async def keep_category(self, known: TrackingCategory) -> tuple[TrackingCategory, bool]:
        """See ``ExchangeMailbox``."""
        return await tracking_category.keep(self._client, self._mailbox, known)

    async def whole(self, messages: Sequence[ReceivedMessage]) -> list[bytes | None]:
        """See ``ExchangeMailbox``."""
        found: list[bytes | None] = []
        for message in messages:
            if message.size_bytes > WHOLE_BYTES:
                found.append(None)
                continue
            request = GetItem((ItemId(message.item_id),), _WHOLE)
            (outcome,) = await self._client.call_bisecting(request, mailbox=self._mailbox)
            if isinstance(outcome, ews.Failure):
                if not isinstance(outcome.error, Permanent):
                    raise outcome.error
                found.append(None)
            else:
                found.append(outcome.value.mime_content)
        return found

    async def fetch_attachments(self, messages: Sequence[ReceivedMessage]) -> None:
        """See ``ExchangeMailbox``."""
        everything = [a for message in messages for a in message.attachments]
        small = []
        for attachment in everything:
            if attachment.size_bytes > LARGE_BYTES or self._in_memory > PAGE_MEMORY_BYTES:
                await self._download(attachment)
            else:
                self._in_memory += attachment.size_bytes
                small.append(attachment)
        for batch in self._batches(small):
            ids = tuple([AttachmentId(a.attachment_id) for a in batch])
            try:
                outcomes = await self._client.call(GetAttachment(attachment_ids=ids), mailbox=self._mailbox)
            except AnswerUnreadable:
                for attachment in batch:
                    await self._download(attachment)
                continue
            for attachment, outcome in zip(batch, outcomes, strict=True):
                _fill(attachment, outcome)
            self._size.answered()

    def _by_weight(self, changes: Sequence[Listed]) -> Iterator[list[Listed]]:
        """Part changes into what is asked for at once, by number and weight."""
        batch: list[Listed] = []
        total = 0
        items, weight = self._size.of(BATCH_ITEMS), self._size.of(BATCH_BYTES)
        for change in changes:
            if batch and (len(batch) >= items or total + change.size_bytes > weight):
                yield batch
                batch, total = [], 0
                items, weight = self._size.of(BATCH_ITEMS), self._size.of(BATCH_BYTES)
            batch.append(change)
            total += change.size_bytes
        if batch:
            yield batch

    def _batches(self, attachments: Sequence[Attachment]) -> Iterator[list[Attachment]]:
        """Part attachments into what is asked for at once, by number and weight."""
        batch: list[Attachment] = []
        total = 0
        for attachment in attachments:
            is_full = len(batch) >= self._size.of(ATTACHMENT_BATCH)
            if batch and (is_full or total + attachment.size_bytes > self._size.of(ATTACHMENT_BATCH_BYTES)):
                yield batch
                batch, total = [], 0
            batch.append(attachment)
            total += attachment.size_bytes
        if batch:
            yield batch

    async def _download(self, attachment: Attachment) -> None:
        spool = self._spool()
        outcome = await self._client.download(
            AttachmentId(attachment.attachment_id), spool, mailbox=self._mailbox
        )
        if not isinstance(outcome, ews.Failure):
            attachment.content = spool
        elif not isinstance(outcome.error, Permanent):
            raise outcome.error

    def _spool(self) -> SpooledContent:
        return self._keep(SpooledContent())

    def _keep(self, spool: SpooledContent) -> SpooledContent:
        self._spools.append(spool)
        return spool

    def discard(self) -> None:
        """See ``ExchangeMailbox``."""
        for spool in self._spools:
            spool.close()
        self._spools.clear()
        self._in_memory = 0


class ExchangeMailboxes:
    """Opens the Exchange side of claimed mailboxes over the connections of their profiles."""

    def __init__(self, connections: ProfileConnections | BatchConnections) -> None:
        self._connections = connections

    @asynccontextmanager
    async def open(self, run: MailboxRun) -> AsyncIterator[EwsMailbox]:
        """Give the mailbox; its temporary files are gone afterwards."""
        async with self._connections.client(run.profileid, mailboxid=run.mailboxid) as connected:
            mailbox = EwsMailbox(connected.client, connected.mailbox, BatchSize(run.failures))
            try:
                yield mailbox
            finally:
                mailbox.discard()


def _change_mark(folders: Sequence[ews.Outcome[FolderValues]]) -> str | None:
    """Return the mark of all folders together; ``None`` where one of them has none, or is not there."""
    parts = []
    for outcome in folders:
        if isinstance(outcome, ews.Failure):
            if isinstance(outcome.error, Permanent):
                return None
            raise outcome.error
        told = outcome.value.tagged
        written = told.get("0x670a", "")
        if not _MOMENT.match(written):
            return None
        parts.append(f"{written} {told.get('0x670b')} {outcome.value.total_count}")
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _folder_id(folder: MailFolder) -> AnyFolderId:
    return FolderId(folder.exchange_id) if folder.exchange_id else DistinguishedFolderId(folder.key)


def _page(page: SyncPage) -> ChangePage:
    return ChangePage([_listed(change) for change in page.changes], page.sync_state, page.includes_last)


_CREATE: Final = Change.CREATE
_UPDATE: Final = Change.UPDATE


def _listed(change: sync.Change) -> Listed:
    if isinstance(change, _NEW_OR_CHANGED):
        item = change.item
        item_id = change.item_id.id
        return Listed(
            _CREATE if type(change) is sync.Create else _UPDATE,
            item_id,
            item_key(item_id),
            item.item_class or "IPM.Note",
            item.date_time_received,
            item.size or 0,
            item.categories,
        )
    if isinstance(change, sync.Delete):
        return Listed(Change.DELETE, change.item_id.id, item_key(change.item_id.id))
    return Listed(Change.READ_FLAG, change.item_id.id, item_key(change.item_id.id))


def _message(change: Listed, outcome: ews.Outcome[Item]) -> ReceivedMessage | ServiceError:
    if isinstance(outcome, ews.Failure):
        return outcome.error
    item = outcome.value
    message = item if isinstance(item, Message) else None
    if message is None:
        return ItemUnreadable(response_code=item.element)
    body = message.body
    extended = message.extended_properties
    search_key = extended.get(_SEARCH_KEY)
    # By position: with so many values names cost more than the object.
    return ReceivedMessage(
        change.item_id,
        change.item_key,
        change.item_class,
        search_key.hex() if isinstance(search_key, bytes) else None,
        message.internet_message_id,
        message.in_reply_to,
        message.conversation_index or b"",
        message.subject or "",
        (body.text or "") if body else "",
        body is not None and body.body_type is _HTML,
        _address(message.from_),
        [_party(m) for m in message.to_recipients],
        [_party(m) for m in message.cc_recipients] if message.cc_recipients else [],
        [_party(m) for m in message.bcc_recipients] if message.bcc_recipients else [],
        message.date_time_sent,
        change.received_on,
        _PRIORITIES.get(message.importance, _NORMAL),
        change.size_bytes,
        [_attachment(number, a) for number, a in enumerate(message.attachments, start=1)]
        if message.attachments
        else [],
        message.references,
        change.categories,
        extended.get(STAMP) if len(extended) > 1 else None,
    )


_HTML: Final = BodyType.HTML
_NORMAL: Final = 1
_PRIORITIES: Final[dict[Importance | None, int]] = {Importance.LOW: 0, Importance.HIGH: 2}


def _party(mailbox: Mailbox) -> Address:
    # Not called by its name: that would be three times as dear, for every sender and recipient.
    return _new_tuple(
        Address, (mailbox.name or "", mailbox.email_address or "", mailbox.routing_type or "SMTP")
    )


_new_tuple: Final = tuple.__new__


def _address(mailbox: Mailbox | None) -> Address | None:
    return None if mailbox is None else _party(mailbox)


def _attachment(number: int, attachment: EwsAttachment) -> Attachment:
    is_item = isinstance(attachment, ItemAttachment)
    name = attachment.name or f"ATT{number:05d}"
    if is_item and not name.lower().endswith(".eml"):
        name = f"{name}.eml"
    return Attachment(
        attachment_id=attachment.attachment_id.id if attachment.attachment_id else "",
        name=name,
        content_type="message/rfc822" if is_item else attachment.content_type or "application/octet-stream",
        content_id=(attachment.content_id or "").strip("<>"),
        size_bytes=attachment.size or 0,
        is_inline=bool(attachment.is_inline),
        is_item=is_item,
    )


def _fill(attachment: Attachment, outcome: ews.Outcome[EwsAttachment]) -> None:
    """Put the content in; what cannot be had stays out, trouble beyond the one attachment is raised."""
    if isinstance(outcome, ews.Failure):
        if not isinstance(outcome.error, Permanent):
            raise outcome.error
        return
    value = outcome.value
    if isinstance(value, FileAttachment):
        attachment.content = value.content or b""
    elif isinstance(value, ItemAttachment):
        attachment.content = value.mime_content
    elif isinstance(value, ReferenceAttachment) and value.attach_long_path_name:
        # The file lies elsewhere; what the message has of it is the link, kept as Windows keeps links.
        link = "".join(value.attach_long_path_name.split())
        attachment.name = attachment.name.removesuffix(".url") + ".url"
        attachment.content_type = "application/internet-shortcut"
        attachment.content = f"[InternetShortcut]\r\nURL={link}\r\n".encode()
