"""Asks when the passwords of accounts end, so that it is said days before mail stops, not when it has stopped.

An account is that of an email server profile, or a mailbox's own. One worker asks for all: what is due is claimed in
the database, and asked over one connection of the account's limit. The alert opens once, counts, and closes by itself
once the password was changed; changed credentials are asked about at once.

It is an error, not a warning: warnings are off until somebody wants them, and this one must not be missed.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import structlog
from psycopg_pool import AsyncConnectionPool

from serversync.adapters.password_end import PasswordEnd, password_end
from serversync.adapters.profiles import ProfileConnections
from serversync.adapters.slots import Budget, ConnectionSlots
from serversync.core.errors import ServiceError, Transient
from serversync.engine.remedies import password_over
from serversync.rules.allow_list import allows

log = structlog.get_logger(__name__)

ENDS: Final = "profile.password-ends"
"""Code of the alert."""
AGAIN_AFTER: Final = timedelta(hours=12)
AGAIN_WHILE_ENDING: Final = timedelta(hours=1)
"""So that an alert is closed soon after its cause."""
AGAIN_AFTER_TROUBLE: Final = timedelta(minutes=15)
_AT_ONCE: Final = 100

_ACCOUNTS: Final = """
    select p.emailserverprofileid as accountid, p.emailserverprofileid as profileid, p.modifiedon as credentialsof,
        'emailserverprofile' as kind, p.name, p.ownerid, p.incomingusername as username
    from emailserverprofile p
    where p.statecode = 0 and coalesce(p.incomingcredentialretrieval, 1) <> 0 and p.incomingpassword is not null
        and p.incomingusername is not null
    union all
    select m.mailboxid, p.emailserverprofileid, m.modifiedon, 'mailbox', coalesce(m.emailaddress, m.name), m.ownerid,
        m.username
    from emailserverprofile p join mailbox m on m.emailserverprofile = p.emailserverprofileid
    where p.statecode = 0 and p.incomingcredentialretrieval = 0 and m.statecode = 0
        and m.allowemailconnectortousecredentials and m.password is not null and m.username is not null
"""
# Those that were stopped after refusals are left to whoever starts them again.
_CLAIM: Final = f"""
    with due as (
        select a.* from ({_ACCOUNTS}) a
        left join passwordexpiry k on k.passwordexpiryid = a.accountid
        where (k.passwordexpiryid is null or k.dueon <= %(now)s or k.credentialsof <> a.credentialsof)
            and not exists (select from exchangeaccount e where e.exchangeaccountid = a.accountid
                            and e.stoppedon is not null and e.credentialsof = a.credentialsof)
        order by k.dueon nulls first limit {_AT_ONCE}),
    claimed as (
        insert into passwordexpiry (passwordexpiryid, credentialsof, dueon)
        select accountid, credentialsof, %(now)s + %(pause)s from due
        on conflict (passwordexpiryid) do update
        set credentialsof = excluded.credentialsof, dueon = excluded.dueon, modifiedon = now()
        where passwordexpiry.dueon <= %(now)s or passwordexpiry.credentialsof <> excluded.credentialsof
        returning passwordexpiryid)
    select due.accountid, due.profileid, due.kind, due.name, due.ownerid, due.username
    from due join claimed on claimed.passwordexpiryid = due.accountid
"""  # noqa: S608 - put together from constants
_FORGET: Final = f"""
    with accounts as ({_ACCOUNTS}), gone as (
        delete from passwordexpiry where passwordexpiryid not in (select accountid from accounts))
    update tracelog set resolvedon = now(), modifiedon = now()
    where resolvedon is null and code = %(code)s and regardingobjectid not in (select accountid from accounts)
"""  # noqa: S608 - put together from constants
_TOLD: Final = """
    update passwordexpiry set expireson = %(when)s, dueon = %(dueon)s, modifiedon = now()
    where passwordexpiryid = %(account)s
"""
_TELL: Final = """
    insert into tracelog (level, text, code, collationlevel, regardingobjectid, regardingobjecttypecode,
        regardingobjectownerid, errordetails, errortypedisplay)
    select 3, left(%(text)s, 2000), %(code)s, 0, %(account)s, %(kind)s, %(owner)s, %(remedy)s, 'password'
    from organization where generatealertsforerrors
    on conflict (code, regardingobjectid) where resolvedon is null do update
    set occurrences = tracelog.occurrences + 1, laston = now(), modifiedon = now(), text = excluded.text,
        errordetails = excluded.errordetails
"""
_HEAL: Final = """
    update tracelog set resolvedon = now(), modifiedon = now()
    where resolvedon is null and code = %(code)s and regardingobjectid = %(account)s
"""
_DAYS: Final = "select passwordwarningindays from organization"
# Where autodiscover found the server of a mailbox, the account is asked there too.
_FOUND: Final = """
    select p.allowedmailboxes, m.mailboxid, m.emailaddress
    from emailserverprofile p join mailbox m on m.emailserverprofile = p.emailserverprofileid
    where p.emailserverprofileid = %s and p.useautodiscover and m.statecode = 0 and m.ewsurl is not null
    order by m.lastautodiscoveredon desc nulls last, m.mailboxid limit 20
"""


class _Account(NamedTuple):
    """Whose credentials, and who is told."""

    accountid: UUID
    profileid: UUID
    kind: str
    name: str
    ownerid: UUID | None
    username: str

    @property
    def is_of_profile(self) -> bool:
        return self.accountid == self.profileid


class PasswordWatch:
    """Asks about each account that is due whenever it is called.

    Args:
        pool: Connections to the database in autocommit mode.
        profiles: Hands out the clients.
        slots: Hands out the connections.
        now: The clock.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        profiles: ProfileConnections,
        slots: ConnectionSlots,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._profiles = profiles
        self._slots = slots
        self._now = now

    async def __call__(self) -> None:
        """Open an alert for each account whose password ends soon; close those that are over."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(_DAYS)
            row = await rows.fetchone()
            await connection.execute(_FORGET, {"code": ENDS})
            if row is None:
                return
            claimed = await connection.execute(_CLAIM, {"now": self._now(), "pause": AGAIN_AFTER_TROUBLE})
            accounts = [_Account(*one) async for one in claimed]
        within = timedelta(days=row[0])
        for account in accounts:
            told = await self._ask(account)
            if told is not None:
                await self._say(account, told, within)

    async def _ask(self, account: _Account) -> PasswordEnd | None:
        """Return what Exchange tells; ``None`` where it could not be asked, and will be later."""
        budget = Budget(account.profileid, None if account.is_of_profile else account.accountid)
        try:
            mailboxid = await self._way(account)
            async with self._slots.hold(budget, 1) as lease:
                if lease is None:
                    return None
                client = self._profiles.client(account.profileid, mailboxid=mailboxid, turn=lease)
                async with client as connected:
                    told = await password_end(connected.client, account.username)
        except ServiceError as error:
            log.info("password not asked about", account=str(account.accountid), code=error.code)
            return None
        if isinstance(told.error, Transient):
            log.info("password not asked about", account=str(account.accountid), code=told.error.code)
            return None
        return told

    async def _way(self, account: _Account) -> UUID | None:
        """Return the mailbox through which the server of the account is found; ``None`` where none is needed."""
        if not account.is_of_profile:
            return account.accountid
        async with self._pool.connection() as connection:
            rows = await connection.execute(_FOUND, (account.profileid,))
            found = await rows.fetchall()
        return next((one for listed, one, address in found if allows((listed or "").split(), address)), None)

    async def _say(self, account: _Account, told: PasswordEnd, within: timedelta) -> None:
        left = None if told.when is None else told.when - self._now()
        is_ending = left is not None and bool(within) and left < within
        again = AGAIN_WHILE_ENDING if is_ending else AGAIN_AFTER
        about = {"account": account.accountid, "code": ENDS}
        async with self._pool.connection() as connection:
            noted = {"when": told.when, "dueon": self._now() + again}
            await connection.execute(_TOLD, {**about, **noted})
            if left is None or told.when is None or not is_ending:
                await connection.execute(_HEAL, about)
                return
            text = f"{account.name}: The password of {account.username} {ends_in(left)}, on {told.when:%Y-%m-%d}."
            words = {"text": text, "remedy": password_over(account.username)[:2048]}
            await connection.execute(
                _TELL, {**about, **words, "kind": account.kind, "owner": account.ownerid}
            )


def ends_in(left: timedelta) -> str:
    """Return when something ends, for a sentence about it.

    >>> ends_in(timedelta(days=3, hours=2)), ends_in(timedelta(days=1)), ends_in(timedelta(hours=5))
    ('ends in 3 days', 'ends in 1 day', 'ends within a day')
    """
    if left < timedelta():
        return "has ended"
    days = left.days
    if not days:
        return "ends within a day"
    return f"ends in {days} day{'' if days == 1 else 's'}"
