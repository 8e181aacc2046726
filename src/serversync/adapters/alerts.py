"""Alerts in ``tracelog``: one open row for each cause and target, with a count; closed when it heals.

Nothing is written where the organization does not want alerts for errors (``generatealertsforerrors``).
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from serversync.core.errors import ServiceError
from serversync.engine.act_run import ActClaim
from serversync.engine.ports import MailboxRun
from serversync.engine.sending import DeliveryRun

_ERROR = 3
_OF_AN_ITEM = "item"
_OF_THE_MAILBOX = "mailbox"
_OF_MESSAGES = "messages"
"""Of messages that were set aside; closed when none is waiting any more."""
_GIVEN_UP = "given-up"
"""Of messages that are not tried again; a person closes it."""
_OF_A_FOLDER = "folder"

_RAISE = """
    insert into tracelog (level, text, code, collationlevel, regardingobjectid, regardingobjecttypecode,
        regardingobjectownerid, errordetails, errortypedisplay, machinename)
    select %(level)s, %(text)s, %(code)s, 0, %(mailbox)s, 'mailbox', %(owner)s, %(remedy)s, %(kind)s, %(host)s
    from organization where generatealertsforerrors
    on conflict (code, regardingobjectid) where resolvedon is null do update
    set occurrences = tracelog.occurrences + 1, laston = now(), modifiedon = now(), text = excluded.text,
        errordetails = excluded.errordetails, machinename = excluded.machinename,
        errortypedisplay = case tracelog.errortypedisplay when 'given-up' then 'given-up'
            else excluded.errortypedisplay end
"""

_NOTE: Final = """
    insert into tracelog (level, text, code, collationlevel, regardingobjectid, regardingobjecttypecode,
        regardingobjectownerid, errortypedisplay, tracestatus)
    select 1, %(text)s, 'mailbox.category-added', 0, %(mailbox)s, 'mailbox', %(owner)s, 'mailbox', true
    from organization where generatealertsforinformation
    on conflict (code, regardingobjectid) where resolvedon is null do update
    set occurrences = tracelog.occurrences + 1, laston = now(), modifiedon = now(), text = excluded.text
"""


class TraceLogAlerts:
    """``Alerts`` on a pool of connections in autocommit mode."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def raise_for_item(
        self, run: MailboxRun, error: ServiceError, *, subject: str, item_id: str, given_up: bool = False
    ) -> None:
        """See ``Alerts``."""
        which = f' "{subject}"' if subject else ""
        done = "given up" if given_up else "set aside"
        text = f"A message{which} in {run.address} was {done}: {error} (item {item_id[-24:]})"
        await self.tell(run, error, text, level=_ERROR, kind=_GIVEN_UP if given_up else _OF_MESSAGES)

    async def raise_for_mailbox(self, run: MailboxRun, error: ServiceError) -> None:
        """See ``Alerts``."""
        await self.tell(run, error, f"{run.address}: {error}", level=_ERROR, kind=_OF_THE_MAILBOX)

    async def raise_for_folder(self, run: MailboxRun, error: ServiceError) -> None:
        """See ``Alerts``."""
        await self.tell(run, error, f"{run.address}: {error}", level=_ERROR, kind=_OF_A_FOLDER)

    async def raise_for_report(self, run: MailboxRun, error: ServiceError) -> None:
        """See ``Alerts``."""
        await self.tell(run, error, str(error), level=_ERROR, kind=_OF_AN_ITEM)

    async def note_category(self, run: MailboxRun, name: str) -> None:
        """See ``Alerts``."""
        text = f'The category "{name}" was added to {run.address}: whoever sets it in Outlook has the item tracked.'
        async with self._pool.connection() as connection:
            await connection.execute(
                _NOTE, {"text": text[:2000], "mailbox": run.mailboxid, "owner": run.ownerid}
            )

    async def raise_for_email(self, run: DeliveryRun, error: ServiceError) -> None:
        """See ``DeliveryAlerts``."""
        text = f'The e-mail "{run.message.subject}" of {run.address} was not sent: {error}'
        await self.tell(run, error, text, level=_ERROR, kind=_OF_AN_ITEM)

    async def raise_for_sender(self, run: DeliveryRun, error: ServiceError) -> None:
        """See ``DeliveryAlerts``."""
        text = f"Nothing can be sent through {run.address}: {error}"
        await self.tell(run, error, text, level=_ERROR, kind=_OF_THE_MAILBOX)

    async def tell(
        self,
        run: MailboxRun | DeliveryRun | ActClaim,
        error: ServiceError,
        text: str,
        *,
        level: int,
        kind: str,
    ) -> None:
        """Open an alert about the mailbox of a run, or count one that is open; ``kind`` says what heals it."""
        async with self._pool.connection() as connection:
            await connection.execute(
                _RAISE,
                {
                    "level": level,
                    "text": text[:2000],
                    "code": error.code,
                    "mailbox": run.mailboxid,
                    "owner": run.ownerid,
                    "remedy": error.remedy_text[:2048],
                    "kind": kind,
                    "host": run.hostid[:320],
                },
            )

    async def heal_mailbox(self, run: MailboxRun) -> None:
        """See ``Alerts``."""
        await self.heal(run.mailboxid)

    async def heal_items(self, run: MailboxRun) -> None:
        """See ``Alerts``."""
        await self.heal(run.mailboxid, (_OF_MESSAGES,))

    async def heal(self, mailboxid: UUID, kinds: Sequence[str] = (_OF_THE_MAILBOX,)) -> None:
        """Close the open alerts of some kinds: those about a mailbox as a whole, where no others are named."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "update tracelog set resolvedon = now(), modifiedon = now()"
                " where regardingobjectid = %s and resolvedon is null and errortypedisplay = any(%s)",
                (mailboxid, list(kinds)),
            )
