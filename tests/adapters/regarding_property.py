"""The property by which Outlook's side says what an item is about, as an add-in or any EWS client sets it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import exchangelib
from exchangelib import ExtendedProperty
from psycopg_pool import AsyncConnectionPool

from serversync.mapping.fields import PROPERTY_SET

HARBOUR, WORKS = UUID("22222222-3333-4444-8555-666666666666"), UUID(int=7)
PROPERTY: Final = "Regarding"


class RegardingProperty(ExtendedProperty):
    """What the item is about."""

    property_set_id = PROPERTY_SET
    property_name = PROPERTY
    property_type = "String"


class StampProperty(ExtendedProperty):
    """The stamp of the record."""

    distinguished_property_set_id = "PublicStrings"
    property_name = "serversync-recordid"
    property_type = "String"


@contextmanager
def known_to_exchangelib() -> Iterator[None]:
    """Let exchangelib read and write both properties of every kind of item."""
    kinds = (exchangelib.Contact, exchangelib.Task, exchangelib.CalendarItem)
    for kind in kinds:
        kind.register("regarding", RegardingProperty)
        kind.register("stamp", StampProperty)
    try:
        yield
    finally:
        for kind in kinds:
            kind.deregister("regarding")
            kind.deregister("stamp")


def chosen(find: Callable[[Any], Any], value: str | None, **others: Any) -> Callable[[Any], None]:
    """Somebody says what the item is about that ``find`` finds, and whatever else."""

    def act(account: Any) -> None:
        item = find(account)
        for name, each in {"regarding": value, **others}.items():
            setattr(item, name, each)
        item.save(
            update_fields=["regarding", *others],
            **({"send_meeting_invitations": "SendToNone"} if hasattr(item, "organizer") else {}),
        )

    return act


async def add_accounts(pool: AsyncConnectionPool, owner: UUID) -> None:
    """Two accounts, by their names Harbour and Works."""
    async with pool.connection() as connection:
        for key, name in ((HARBOUR, "Harbour"), (WORKS, "Works")):
            await connection.execute(
                "insert into account (accountid, name, ownerid) values (%s, %s, %s)", (key, name, owner)
            )
