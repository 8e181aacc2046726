"""Statistics of outgoing mail: what the plots, the timeline of a mailbox and the metrics show of it."""

from typing import Final

from psycopg import AsyncConnection

from serversync.adapters.noted_calls import latest_calls
from serversync.core.ids import pass_id
from serversync.engine.sending import DeliveryRun

_OUTGOING_EMAIL: Final = 1


async def record_sending(connection: AsyncConnection, run: DeliveryRun, *, succeeded: bool) -> None:
    """Write a row of statistics: one e-mail that was sent, or an attempt that failed."""
    await connection.execute(
        "insert into mailboxstatistics (mailboxid, operationtypeid, mailboxprocessscheduledon,"
        " mailboxprocessstartedon, mailboxprocesscompletedon, scheduledtimeintervalinminutes,"
        " processtimeintervalinminutes, itemsprocessed, itemsfailed, processresult, machinename, asynceventid, exchangecalls)"
        " select %(mailbox)s, %(kind)s, least(due, begun), begun, greatest(begun, ended),"
        " greatest(extract(epoch from begun - due)::int / 60, 0), greatest(extract(epoch from ended - begun)::int / 60, 0),"
        " %(sent)s, 1 - %(sent)s, %(sent)s = 1, %(host)s, %(pass)s, %(calls)s"
        " from (select coalesce(%(due)s::timestamptz, %(begun)s, now()) as due,"
        " coalesce(%(begun)s::timestamptz, now()) as begun, now() as ended) at",
        {
            "mailbox": run.mailboxid,
            "kind": _OUTGOING_EMAIL,
            "due": run.due_on,
            "begun": run.begun_on,
            "sent": int(succeeded),
            "host": run.hostid[:160],
            "pass": pass_id(run.message.activityid, run.fence),
            "calls": latest_calls(),
        },
    )
