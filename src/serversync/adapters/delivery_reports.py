"""Writes what reports say of recipients, in the transaction of a page; saying it again changes nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection

from serversync.engine.ports import Told
from serversync.engine.reporting import words_of
from serversync.rules.email.reports import Fate, Reported

_WRITE: Final = """
    insert into emaildeliveryreport (activityid, address, fate, status, reason, reportedon)
    select wanted.* from unnest(%(activities)s::uuid[], %(addresses)s::text[], %(fates)s::int2[], %(statuses)s::text[],
        %(reasons)s::text[], %(moments)s::timestamptz[])
        as wanted (activityid, address, fate, status, reason, reportedon)
        join email using (activityid)
    on conflict (activityid, address) do update
    set fate = least(emaildeliveryreport.fate, excluded.fate), status = excluded.status, reason = excluded.reason,
        reportedon = excluded.reportedon, modifiedon = now()
    where excluded.fate <= emaildeliveryreport.fate
"""
"""Who was not reached at last, stays so: a later word of delay is of an earlier attempt."""
_ARRIVED: Final = """
    delete from emaildeliveryreport using unnest(%(activities)s::uuid[], %(addresses)s::text[]) as told (activityid, address)
    where emaildeliveryreport.activityid = told.activityid and emaildeliveryreport.address = told.address and fate = 2
"""
"""What was late, has arrived."""


async def write(connection: AsyncConnection, told: Sequence[Told]) -> None:
    """Note whom e-mails did not reach, or not yet; forget a delay that has ended."""
    rows: dict[tuple[UUID, str, bool], tuple[Reported, datetime | None]] = {}
    for one in told:
        for each in one.recipients:
            key = (one.activityid, each.address.lower(), each.fate is Fate.DELIVERED)
            if key not in rows or each.fate <= rows[key][0].fate:
                rows[key] = (each, one.reported_on)
    for arrived, statement in ((False, _WRITE), (True, _ARRIVED)):
        # One order for all workers, so that two that write about one e-mail wait for each other.
        those = [(key, rows[key]) for key in sorted(rows) if key[2] is arrived]
        if those:
            await connection.execute(
                statement,
                {
                    "activities": [key[0] for key, _ in those],
                    "addresses": [key[1] for key, _ in those],
                    "fates": [int(each.fate) for _, (each, _) in those],
                    "statuses": [each.status or None for _, (each, _) in those],
                    "reasons": [words_of(each) or None for _, (each, _) in those],
                    "moments": [moment for _, (_, moment) in those],
                },
            )
