"""Ada's only appointment, or only task, with its files in both places, and passes between them."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import exchangelib
import pytest
from exchangelib import FileAttachment
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_attachments import Attachments
from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_facts import FactsOfRecords
from serversync.adapters.act_files import Files
from serversync.adapters.act_mailbox import TRACKED_CATEGORY, EwsActMailbox
from serversync.core.errors import ServiceError
from serversync.engine.act_ports import ActRun
from serversync.exchange.client import EwsClient
from serversync.mapping.fields import directions
from serversync.rules.attachments import PREFIX
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction, Kind
from tests.adapters.meeting_company import ADA, MeetingCompany
from tests.property.act.world import Silent
from tests.simulator.conftest import SCHEMAS, account, make_exchange

LARGEST = 1000
PLAN, AGENDA = b"the plan", b"the agenda"


class Told(Silent):
    """Keeps what could not be synchronized."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[tuple[str, str]] = []

    async def failed(self, run: ActRun, title: str, error: ServiceError) -> None:
        self.errors.append((title, f"{error.code}: {error.details.get('name')}"))


class Counting:
    """A client that counts what it is asked for."""

    def __init__(self, client: EwsClient, asked: Counter[str]) -> None:
        self._client = client
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        self._asked[name] += 1
        return getattr(self._client, name)


class Office(MeetingCompany):
    """The company, with the files of its appointments."""

    kind = Kind.APPOINTMENT
    may_write = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.files = Files(self.pool)
        self.rules = {self.kind: KindRules({**directions(self.kind), PREFIX: Direction.BOTH})}
        self.alerts = Told()
        self.asked: Counter[str] = Counter()

    def mailbox(self, client: EwsClient, address: str, calendar: Calendar) -> EwsActMailbox:
        counting = Counting(client, self.asked)
        own = Attachments(
            counting,  # type: ignore[arg-type]
            address,
            self.files,
            kind=self.kind,
            mailboxid=self.mailboxes[address],
            largest=LARGEST,
            blocked="exe",
        )
        facts = FactsOfRecords(self.pool, self.mailboxes[address])
        return EwsActMailbox(client, address, calendar=calendar, facts=facts, attachments={self.kind: own})

    def run(self, address: str) -> ActRun:
        return replace(super().run(address), may_write=self.may_write)

    async def ends(self) -> None:
        """Passes until nothing is left to do."""
        await self.settle(ADA)

    async def once(self, address: str = ADA, alerts: Silent | None = None) -> Any:
        return await super().once(address, alerts or self.alerts)

    # --- people in the CRM ------------------------------------------------------------------------

    async def put(self, key: UUID, name: str, content: bytes) -> None:
        """Somebody attaches a file in the CRM, as the pages do."""
        fileid = await self.files.take_in(content, "text/plain")
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into activitymimeattachment (activityid, objecttypecode, attachmentid, filename)"
                " values (%s, %s, %s, %s)",
                (key, self.kind.value, fileid, name),
            )

    async def drop(self, name: str) -> None:
        """Somebody takes a file away in the CRM."""
        async with self.pool.connection() as connection:
            await connection.execute("delete from activitymimeattachment where filename = %s", (name,))

    def in_crm(self) -> dict[str, bytes]:
        """The files there."""
        return only_once(self.crm_files())

    def crm_files(self) -> list[tuple[str, bytes]]:
        rows = self.query(
            "select f.filename, a.body, f.objecttypecode from activitymimeattachment f"
            " join attachment a on a.attachmentid = f.attachmentid"
        )
        assert {of for _, _, of in rows} <= {self.kind.value}
        return sorted((name, bytes(body)) for name, body, _ in rows)

    # --- people in Outlook ------------------------------------------------------------------------

    def the_item(self, ada: exchangelib.Account) -> Any:
        """The only one in Outlook."""
        (found,) = ada.calendar.all()
        return found

    async def attach(self, name: str, content: bytes, **more: Any) -> None:
        """Somebody attaches a file to it."""
        file = FileAttachment(name=name, content=content, **more)
        await self.outlook(ADA, lambda ada: self.the_item(ada).attach(file))

    async def detach(self, name: str) -> None:
        """Somebody takes one away."""

        def act(ada: exchangelib.Account) -> None:
            item = self.the_item(ada)
            item.detach([each for each in item.attachments if each.name == name])

        await self.outlook(ADA, act)

    async def change(self, **values: Any) -> None:
        """Somebody changes it without telling anybody."""

        def act(ada: exchangelib.Account) -> None:
            item = self.the_item(ada)
            for name, value in values.items():
                setattr(item, name, value)
            item.save(update_fields=list(values), **self.silently)

        await self.outlook(ADA, act)

    silently: dict[str, Any] = {"send_meeting_invitations": "SendToNone"}  # noqa: RUF012 - nobody changes it

    async def in_exchange(self) -> dict[str, bytes]:
        """The files there."""
        return only_once(await self.exchange_files())

    async def exchange_files(self) -> list[tuple[str, bytes]]:
        def act(ada: exchangelib.Account) -> list[tuple[str, bytes]]:
            return sorted((a.name, a.content) for a in self.the_item(ada).attachments)

        found: list[tuple[str, bytes]] = await self.outlook(ADA, act)
        return found

    async def both_have(self, **files: bytes) -> None:
        """Let both sides have these and no others."""
        wanted = {f"{name}.txt": content for name, content in files.items()}
        assert (self.in_crm(), await self.in_exchange()) == (wanted, wanted)


class TaskOffice(Office):
    """The same with Ada's tasks."""

    kind = Kind.TASK
    silently: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it

    async def add(self, organizer: str | None, **columns: Any) -> UUID:
        key = uuid4()
        owner = self.users[organizer] if organizer else None
        values = {"activityid": key, "ownerid": owner, "subject": "Kick-off", **columns}
        async with self.pool.connection() as connection:
            await connection.execute(
                f"insert into task ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
                list(values.values()),
            )
        return key

    async def edit(self, key: UUID, **columns: Any) -> None:
        names = ", ".join(f"{name} = %s" for name in columns)
        async with self.pool.connection() as connection:
            await connection.execute(
                f"update task set {names}, modifiedon = now() where activityid = %s",
                (*columns.values(), key),
            )

    async def delete(self, key: UUID) -> None:
        async with self.pool.connection() as connection:
            await connection.execute("delete from task where activityid = %s", (key,))

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.query(f"select {columns} from task order by createdon")
        return found

    async def meet(self, organizer: str, *people: str, **values: Any) -> Any:
        def make(account: exchangelib.Account) -> Any:
            given = {"subject": "Kick-off", "categories": [TRACKED_CATEGORY], **values}
            return exchangelib.Task(account=account, folder=account.tasks, **given).save()

        return await self.outlook(organizer, make)

    def the_item(self, ada: exchangelib.Account) -> Any:
        (found,) = ada.tasks.all()
        return found


def only_once(files: list[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return files by their names, which are all different."""
    assert len(dict(files)) == len(files), "a file is there twice"
    return dict(files)


@contextmanager
def opened(
    made: Callable[..., Office],
    world: SimpleNamespace,
    pool: AsyncConnectionPool,
    query: Any,
    serve: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    """Give an office with a simulator that validates every request, and exchangelib in Ada's mailbox."""
    exchange = make_exchange()
    with serve(exchange, schema_dir=SCHEMAS if SCHEMAS.is_dir() else None) as simulator:
        office = made(exchange, simulator, pool, query)
        with account(simulator, monkeypatch) as ada:
            office.know(ADA, world.ada.pk, world.mailbox, ada)
            yield office
