"""Three users with mailboxes on both sides, an outsider, and passes between a real PostgreSQL and the simulator."""

import asyncio
import datetime as dt
import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import exchangelib
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.act_calendar import Calendar
from serversync.adapters.act_facts import FactsOfRecords
from serversync.adapters.act_mailbox import TRACKED_CATEGORY, EwsActMailbox, Extent
from serversync.adapters.act_store import ActStoreOnPostgres
from serversync.engine.act import ActPass
from serversync.engine.act_ports import ActRun
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.mapping.fields import directions
from serversync.rules.appointment import Policy
from serversync.rules.plan import KindRules, Step
from serversync.rules.record import Kind
from serversync.simulator import Exchange, SimulatorThread
from tests.property.act.world import Silent
from tests.simulator.conftest import ACCOUNT, PASSWORD

ADA, BEN, CLEO = "ada@example.org", "ben@example.org", "cleo@example.org"
GRACE = "grace@example.com"
RULES = {Kind.APPOINTMENT: KindRules(directions(Kind.APPOINTMENT))}
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
ZONE = "W. Europe Standard Time"
REQUIRED, OPTIONAL, ORGANIZER, RESOURCE = 5, 6, 7, 10


def next_week() -> dt.datetime:
    """Nine o'clock in UTC on a day that lies ahead."""
    return (dt.datetime.now(dt.UTC) + 7 * DAY).replace(hour=9, minute=0, second=0, microsecond=0)


class MeetingCompany:
    """Mailboxes in Exchange, users and appointments in the CRM, and what happens between them."""

    def __init__(
        self, exchange: Exchange, simulator: SimulatorThread, pool: AsyncConnectionPool, query: Any
    ) -> None:
        self.exchange = exchange
        self.simulator = simulator
        self.pool = pool
        self.query = query
        self.store = ActStoreOnPostgres(pool)
        self.policy = Policy()
        self.subfolders = True
        self.rules = dict(RULES)
        self.now = dt.datetime.now(dt.UTC)
        self.accounts: dict[str, exchangelib.Account] = {}
        self.users: dict[str, UUID] = {}
        self.mailboxes: dict[str, UUID] = {}
        self.grace = query_contact(query)

    def know(self, address: str, user: UUID, mailbox: UUID, account: exchangelib.Account) -> None:
        """Let somebody take part."""
        self.users[address], self.mailboxes[address] = user, mailbox
        self.accounts[address] = account

    def run(self, address: str) -> ActRun:
        """The run of a mailbox."""
        return ActRun(self.mailboxes[address], address, 0, self.rules, appointments=self.policy)

    async def once(self, address: str, alerts: Silent | None = None) -> ActPass:
        """One pass over a mailbox; afterwards some minutes have gone by."""
        credentials = Credentials(username=ACCOUNT, password=PASSWORD, scheme=Scheme.BASIC)
        endpoint = Endpoint(url=self.simulator.url, ca_file=self.simulator.ca_file)
        calendar = Calendar(address, lambda: self.now, zone=ZONE, policy=self.policy)
        async with EwsClient(endpoint, credentials) as client:
            mailbox = self.mailbox(client, address, calendar)
            one = ActPass(self.run(address), mailbox, self.store, alerts or Silent(), clock=lambda: self.now)
            try:
                await one()
            finally:
                self.now += dt.timedelta(minutes=5)
        return one

    def mailbox(self, client: EwsClient, address: str, calendar: Calendar) -> EwsActMailbox:
        """Somebody's mailbox as a pass sees it."""
        facts = FactsOfRecords(self.pool, self.mailboxes[address])
        extent = Extent(subfolders=self.subfolders)
        return EwsActMailbox(client, address, calendar=calendar, facts=facts, extent=extent)

    async def settle(self, *addresses: str) -> int:
        """Pass over the mailboxes, all of them unless some are named, until nothing is done; return the rounds."""
        chosen = addresses or tuple(self.mailboxes)
        for count in range(1, 9):
            plans = [(await self.once(address)).plan for address in chosen]
            if all(step is Step.NOTHING for plan in plans for step in plan.counts):
                return count
        raise AssertionError("it never comes to rest")

    # --- people in the CRM ------------------------------------------------------------------------

    async def add(self, organizer: str | None, **columns: Any) -> UUID:
        """Somebody makes an appointment in the CRM, tomorrow week from nine to ten unless it is said when."""
        key = uuid4()
        start = columns.pop("start", next_week())
        people = columns.pop("people", {})
        owner = columns.pop("owner", organizer)
        values = {
            "activityid": key,
            "ownerid": self.users.get(owner or ""),
            "subject": "Kick-off",
            "scheduledstart": start,
            "scheduledend": columns.pop("end", start + HOUR),
            **columns,
        }
        async with self.pool.connection() as connection:
            await connection.execute(
                f"insert into appointment ({', '.join(values)}) values ({', '.join(['%s'] * len(values))})",
                list(values.values()),
            )
        if organizer is not None:
            await self.join(key, organizer, ORGANIZER)
        for address, mask in people.items():
            await self.join(key, address, mask)
        return key

    async def join(self, key: UUID, address: str, mask: int = REQUIRED) -> None:
        """Somebody is added in the CRM, as the record that one is, where there is one."""
        user = self.users.get(address)
        party, kind = (user, "systemuser") if user else (None, None)
        if address == GRACE:
            party, kind = self.grace, "contact"
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into activityparty (activityid, participationtypemask, partyid, partyobjecttypecode,"
                " addressused) values (%s, %s, %s, %s, %s)",
                (key, mask, party, kind, None if party else address),
            )

    async def edit(self, key: UUID, **columns: Any) -> None:
        """Somebody changes an appointment in the CRM."""
        names = ", ".join(f"{name} = %s" for name in columns)
        async with self.pool.connection() as connection:
            await connection.execute(
                f"update appointment set {names}, modifiedon = now() where activityid = %s",
                (*columns.values(), key),
            )

    async def delete(self, key: UUID) -> None:
        async with self.pool.connection() as connection:
            await connection.execute("delete from appointment where activityid = %s", (key,))

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        """What the CRM has of all appointments."""
        found: list[tuple[Any, ...]] = self.query(f"select {columns} from appointment order by createdon")
        return found

    def parties(self) -> dict[str, tuple[int, str | None, int | None]]:
        """Part, table and answer of everybody, by address."""
        rows = self.query(
            "select lower(coalesce(p.addressused, u.internalemailaddress, c.emailaddress1)),"
            " p.participationtypemask, p.partyobjecttypecode, p.responsestatus from activityparty p"
            " left join systemuser u on u.systemuserid = p.partyid left join contact c on c.contactid = p.partyid"
        )
        return {address: (mask, kind, answer) for address, mask, kind, answer in rows}

    # --- people in Outlook ------------------------------------------------------------------------

    async def outlook(self, address: str, act: Callable[[exchangelib.Account], Any]) -> Any:
        return await asyncio.to_thread(act, self.accounts[address])

    async def meet(self, organizer: str, *people: str, **values: Any) -> Any:
        """Somebody makes a tracked meeting in Outlook, and invites to it."""

        def make(account: exchangelib.Account) -> Any:
            start = values.pop("start", next_week())
            item = exchangelib.CalendarItem(
                account=account,
                folder=account.calendar,
                subject=values.pop("subject", "Kick-off"),
                start=moment(start),
                end=moment(values.pop("end", start + HOUR)),
                categories=values.pop("categories", [TRACKED_CATEGORY]),
                required_attendees=list(people) or None,
                **values,
            )
            return item.save(send_meeting_invitations="SendToAllAndSaveCopy" if people else "SendToNone")

        return await self.outlook(organizer, make)

    async def calendar(self, address: str) -> list[Any]:
        """Everything in somebody's calendar."""
        return await self.outlook(address, lambda account: list(account.calendar.all().order_by("start")))

    async def the_only(self, address: str) -> Any:
        (found,) = await self.calendar(address)
        return found

    def mail_to_grace(self) -> list[str]:
        """Method and subject of every message that has left for the outsider."""
        said = []
        for mail in self.exchange.outbox:
            assert mail.recipients == (GRACE,)
            message = email.message_from_bytes(mail.mime, policy=email.policy.default)
            calendars = [p for p in message.walk() if p.get_content_type() == "text/calendar"]
            said.append(f"{calendars[0].get_param('method')}: {message['Subject']}")
        return said

    def allow(self, **settings: Any) -> None:
        """Change the settings of meetings."""
        self.policy = replace(self.policy, **settings)


def moment(value: dt.datetime) -> exchangelib.EWSDateTime:
    """A time as exchangelib has it."""
    return exchangelib.EWSDateTime.from_datetime(value).astimezone(exchangelib.UTC)


def query_contact(query: Any) -> UUID:
    """The outsider, whom the CRM knows."""
    from serversync.crm.models import Contact

    made = Contact.objects.create(
        firstname="Grace", lastname="Hopper", fullname="Grace Hopper", emailaddress1=GRACE
    )
    key: UUID = made.pk
    return key
