"""The bytes of photos and files in the CRM, and what is known of attachments in Exchange without their content.

A file is stored once under an id that follows from its content, so that two of them are the same where their ids are.
What is written here is true whoever has the mailbox: it needs no claim, and whoever writes it twice changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from psycopg_pool import AsyncConnectionPool

from serversync.core.ids import content_id

_KNOWN: Final = """
    select exchangeentryid, files from exchangesyncattachment
    where mailboxid = %s and exchangeentryid = any(%s)
"""
_REMEMBER: Final = """
    insert into exchangesyncattachment (mailboxid, exchangeentryid, files) values (%s, %s, %s)
    on conflict (mailboxid, exchangeentryid) do update set files = excluded.files, modifiedon = now()
"""
_TAKE_IN: Final = """
    with question as (insert into attachmentinquestion (attachmentid) values (%(id)s))
    insert into attachment (attachmentid, body, filesize, mimetype)
    values (%(id)s, %(body)s, %(size)s, %(type)s) on conflict (attachmentid) do nothing
"""


class KnownFile(NamedTuple):
    """What an attachment of an item was when its content was known: ``fileid`` is the id that follows from it.

    It is the same as long as Exchange says the same size and time of it, or the item has not been changed since
    ``change_key``.
    """

    attachment_id: str
    fileid: str
    size: int | None = None
    modified_on: datetime | None = None
    change_key: str = ""


class StoredFile(NamedTuple):
    """A file with its bytes; ``None`` where somebody has entered it without any."""

    content: bytes | None
    mimetype: str


class Files:
    """Bytes in ``attachment``, and what is known of attachments in ``exchangesyncattachment``."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def known(self, mailboxid: UUID, item_ids: Sequence[str]) -> dict[str, list[KnownFile]]:
        """Return what is known of the attachments of items; only files that are still here."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_KNOWN, (mailboxid, list(item_ids)))
            found = {
                item_id: msgspec.convert(files, list[KnownFile]) for item_id, files in await cursor.fetchall()
            }
            ids = {UUID(each.fileid) for files in found.values() for each in files}
            cursor = await connection.execute(
                "select attachmentid from attachment where attachmentid = any(%s)", (list(ids),)
            )
            here = {str(key) for (key,) in await cursor.fetchall()}
        return {item_id: [each for each in files if each.fileid in here] for item_id, files in found.items()}

    async def remember(self, mailboxid: UUID, known: Mapping[str, Sequence[KnownFile]]) -> None:
        """Remember what the attachments of items are, instead of what was known before."""
        rows = [(mailboxid, item_id, msgspec.json.encode(files).decode()) for item_id, files in known.items()]
        async with self._pool.connection() as connection, connection.transaction():
            for row in sorted(rows, key=lambda row: row[1]):
                await connection.execute(_REMEMBER, row)

    async def take_in(self, content: bytes, mimetype: str) -> str:
        """Store a file and return its id; what no record comes to name is removed again later."""
        key = content_id(content)
        async with self._pool.connection() as connection:
            await connection.execute(
                _TAKE_IN, {"id": key, "body": content, "size": len(content), "type": mimetype}
            )
        return str(key)

    async def content(self, fileid: str) -> StoredFile | None:
        """Return a file; ``None`` where it is not here any more."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select body, coalesce(mimetype, '') from attachment where attachmentid = %s", (UUID(fileid),)
            )
            row = await cursor.fetchone()
        return None if row is None else StoredFile(None if row[0] is None else bytes(row[0]), row[1])
