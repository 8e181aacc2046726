"""Three users whose calendars get copies of service activities, seen by exchangelib, out of a real PostgreSQL."""

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from serversync.mapping.fields import directions
from serversync.mapping.series import SERIES_DIRECTIONS
from serversync.mapping.service import SERVICE_DIRECTIONS
from serversync.rules.plan import KindRules
from serversync.rules.record import Direction, Kind
from tests.adapters.meeting_company import HOUR, MeetingCompany, next_week

CUSTOMER, RESOURCE = 11, 10
RULES = {
    Kind.APPOINTMENT: KindRules(directions(Kind.APPOINTMENT)),
    Kind.SERIES: KindRules(SERIES_DIRECTIONS),
    Kind.SERVICE: KindRules(SERVICE_DIRECTIONS, limit=Direction.TO_EXCHANGE),
}
"""As the settings come."""


class ServiceCompany(MeetingCompany):
    """Users, their calendars, and service activities of the CRM."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.rules = dict(RULES)

    async def offer(self, owner: str | None, **columns: Any) -> UUID:
        """Somebody enters a service activity in the CRM, next week from nine to ten unless it is said when."""
        key = uuid4()
        start = columns.pop("start", next_week())
        people = columns.pop("people", {})
        values = {
            "activityid": key,
            "ownerid": self.users.get(owner or ""),
            "subject": "Boiler",
            "scheduledstart": start,
            "scheduledend": columns.pop("end", start + HOUR),
            **columns,
        }
        async with self.pool.connection() as connection:
            await connection.execute(
                f"insert into serviceappointment ({', '.join(values)})"
                f" values ({', '.join(['%s'] * len(values))})",
                list(values.values()),
            )
        for address, mask in people.items():
            await self.join(key, address, mask)
        return key

    async def change(self, key: UUID, **columns: Any) -> None:
        """Somebody changes a service activity in the CRM."""
        names = ", ".join(f"{name} = %s" for name in columns)
        await self.tell(
            f"update serviceappointment set {names}, modifiedon = now() where activityid = %s",
            *columns.values(),
            key,
        )

    async def remove(self, key: UUID) -> None:
        """Somebody deletes a service activity in the CRM."""
        await self.tell("delete from serviceappointment where activityid = %s", key)

    async def leave(self, key: UUID, address: str) -> None:
        """Somebody is taken out of a service activity."""
        await self.tell(
            "delete from activityparty where activityid = %s and partyid = %s", key, self.users[address]
        )

    async def tell(self, statement: str, *values: Any) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(statement, values)

    def services(self, columns: str = "subject, scheduledstart") -> list[tuple[Any, ...]]:
        """What the CRM has of all service activities."""
        found: list[tuple[Any, ...]] = self.query(
            f"select {columns} from serviceappointment order by createdon, activityid"
        )
        return found

    def links(self) -> list[tuple[Any, ...]]:
        """How many copies are linked, of how many records."""
        found: list[tuple[Any, ...]] = self.query(
            "select count(*), count(distinct objectid) from exchangesyncidmapping"
            " where stage = 2 and objecttypecode = 'serviceappointment'"
        )
        return found

    async def is_silent(self) -> bool:
        """Whether nobody was told anything: nothing has left, and nothing has come."""
        inboxes = [
            await self.outlook(address, lambda account: account.inbox.all().count())
            for address in self.accounts
        ]
        return not self.exchange.outbox and not any(inboxes)


def whole_day(day: dt.date) -> dt.datetime:
    """A day as the CRM has it."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)
