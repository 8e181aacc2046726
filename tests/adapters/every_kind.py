"""One mailbox with an item of every kind, its records, and what people do to them in Outlook."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID, uuid4

import exchangelib
import pytest
from exchangelib import EWSDateTime, EWSTimeZone, ExtendedProperty
from exchangelib.folders import Calendar, Contacts, Folder, Tasks
from exchangelib.recurrence import DailyPattern, Recurrence
from psycopg_pool import AsyncConnectionPool

from serversync.adapters import act_settings
from serversync.adapters.act_mailbox import TRACKED_CATEGORY
from serversync.rules.record import ON_A_CALENDAR, TASKS, Kind
from tests.adapters.test_act_mailbox import Place
from tests.adapters.test_act_store import Company

Act = Callable[[exchangelib.Account], Any]
UTC = EWSTimeZone("UTC")
HOUR = dt.timedelta(hours=1)
MODELS = (exchangelib.Contact, exchangelib.Task, exchangelib.CalendarItem)


class Stamp(ExtendedProperty):
    """The record that an item is."""

    distinguished_property_set_id = "PublicStrings"
    property_name = "serversync-recordid"
    property_type = "String"


class SearchKey(ExtendedProperty):
    """PidTagSearchKey."""

    property_tag = 0x300B
    property_type = "Binary"


@dataclass(frozen=True)
class Way:
    """What is different about a kind: its table, the columns of key and title, and where its items lie in Outlook."""

    table: str
    key: str
    title: str
    folder: str
    model: type[Any]
    subfolder: type[Folder]


_CONTACT = Way("contact", "contactid", "lastname", "contacts", exchangelib.Contact, Contacts)
_TASK = Way("task", "activityid", "subject", "tasks", exchangelib.Task, Tasks)
_CALENDAR = Way("appointment", "activityid", "subject", "calendar", exchangelib.CalendarItem, Calendar)
WAYS = {
    Kind.CONTACT: _CONTACT,
    **{kind: replace(_TASK, table=kind.value) for kind in TASKS},
    **{kind: replace(_CALENDAR, table=kind.value) for kind in ON_A_CALENDAR},
}
FROM_THE_CRM = frozenset({Kind.PHONECALL, Kind.LETTER, Kind.FAX, Kind.SERVICE})
"""What nobody makes in Outlook."""


def folder_of(ada: exchangelib.Account, kind: Kind) -> Folder:
    found: Folder = getattr(ada, WAYS[kind].folder)
    return found


def items(ada: exchangelib.Account, kind: Kind) -> list[Any]:
    return list(folder_of(ada, kind).all())


def the_only(ada: exchangelib.Account, kind: Kind) -> Any:
    (found,) = items(ada, kind)
    return found


def title(item: Any) -> str | None:
    found: str | None = item.surname if isinstance(item, exchangelib.Contact) else item.subject
    return found


def put(item: Any, **values: Any) -> None:
    """Save an item in Outlook with other values; nobody is told."""
    for name, value in values.items():
        setattr(item, name, value)
    quiet = {"send_meeting_invitations": "SendToNone"} if isinstance(item, exchangelib.CalendarItem) else {}
    item.save(update_fields=list(values), **quiet)


def retitle(item: Any, to: str) -> None:
    put(item, **{"surname" if isinstance(item, exchangelib.Contact) else "subject": to})


def made(ada: exchangelib.Account, kind: Kind, **values: Any) -> Any:
    """Make an item of a kind in Outlook, next week."""
    given: dict[str, Any] = {"categories": [TRACKED_CATEGORY], **values}
    if kind is Kind.CONTACT:
        given |= {"display_name": "Hopper", "surname": "Hopper"}
    else:
        given["subject"] = "Hopper"
    if kind in ON_A_CALENDAR:
        day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=7)
        start = EWSDateTime(day.year, day.month, day.day, 9, tzinfo=UTC)
        given |= {"start": start, "end": start + HOUR}
        if kind is Kind.SERIES:
            given["recurrence"] = Recurrence(pattern=DailyPattern(interval=1), start=start.date(), number=4)
    model, folder = WAYS[kind].model, folder_of(ada, kind)
    return model(account=ada, folder=folder, **given).save()


class EveryKind(Company):
    """Ada's mailbox with every kind in step, by the rules of the settings as they come."""

    def __init__(self, place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> None:
        super().__init__(place, world, pool, query)
        names = ", ".join(act_settings.COLUMNS)
        ((*values,),) = query(f"select {names} from organization")
        settings = dict(zip(act_settings.COLUMNS, values, strict=True))
        self.run = replace(self.run, rules=act_settings.rules(settings))

    def rows_of(self, kind: Kind, columns: str = "") -> list[tuple[Any, ...]]:
        way = WAYS[kind]
        found: list[tuple[Any, ...]] = self.query(
            f"select {columns or way.key} from {way.table} order by {way.title}"
        )
        return found

    async def do(self, statement: str, *values: object) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(statement, values)

    async def entered(self, kind: Kind, **columns: object) -> UUID:
        """Somebody enters a record in the CRM."""
        way, key = WAYS[kind], uuid4()
        values: dict[str, object] = {way.key: key, "ownerid": self.owner, way.title: "Hopper", **columns}
        if kind is Kind.SERVICE:
            day = dt.datetime.now(dt.UTC).replace(hour=9, minute=0, second=0, microsecond=0)
            start = day + dt.timedelta(days=7)
            values |= {"scheduledstart": start, "scheduledend": start + HOUR}
        await self.do(
            f"insert into {way.table} ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
            *values.values(),
        )
        return key

    async def in_step(self, kind: Kind) -> UUID:
        """There is one of a kind in both places, and its item has been looked at since it was linked."""
        if kind in FROM_THE_CRM:
            await self.entered(kind)
        else:
            await self.outlook(lambda ada: made(ada, kind))
        await self.bring_into_step()
        await self.outlook(lambda ada: retitle(the_only(ada, kind), "Captain"))
        await self.bring_into_step()
        ((key,),) = self.rows_of(kind)
        found: UUID = key
        return found

    def others(self, kind: Kind) -> list[Kind]:
        """Return the kinds of which there is a record though there should be of this one alone."""
        return [each for each in self.run.rules if each is not kind and self.rows_of(each)]

    async def check_there(self, kind: Kind, key: UUID, story: str = "") -> str:
        """There is one record still, with its item, of which the id is returned."""
        await self.bring_into_step()
        assert (self.rows_of(kind), self.others(kind)) == ([(key,)], []), story
        ((item_id,),) = self.query(
            "select exchangeentryid from exchangesyncidmapping where objectid = %s and stage = 2", key
        )
        stamps = await self.outlook(lambda ada: {each.id: each.stamp for each in items(ada, kind)})
        assert stamps[item_id] == str(key), story
        found: str = item_id
        return found

    async def check_same(self, kind: Kind, key: UUID, story: str = "") -> None:
        """The same, and edits go both ways."""
        item_id = await self.check_there(kind, key, story)
        way = WAYS[kind]

        def own(ada: exchangelib.Account) -> Any:
            (item,) = [each for each in items(ada, kind) if each.id == item_id]
            return item

        if kind is not Kind.SERVICE:  # which goes to Exchange only
            await self.outlook(lambda ada: retitle(own(ada), "Commodore"))
            await self.bring_into_step()
            assert self.rows_of(kind, way.title) == [("Commodore",)], story
        await self.do(f"update {way.table} set {way.title} = 'Admiral'")
        await self.bring_into_step()
        assert await self.outlook(lambda ada: title(own(ada))) == "Admiral", story


def register() -> None:
    """exchangelib knows stamp and search key from now on."""
    for model in MODELS:
        model.register("stamp", Stamp)
        model.register("search_key", SearchKey)


def deregister() -> None:
    """exchangelib knows them no more."""
    for model in MODELS:
        model.deregister("stamp")
        model.deregister("search_key")


every_kind: Final = pytest.mark.parametrize(
    "kind", sorted(WAYS, key=lambda kind: kind.value), ids=lambda kind: kind.value
)


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    """exchangelib knows them while a test runs."""
    register()
    yield
    deregister()


@pytest.fixture
def company(place: Place, world: SimpleNamespace, pool: AsyncConnectionPool, query: Any) -> EveryKind:
    """Ada's mailbox with every kind."""
    return EveryKind(place, world, pool, query)
