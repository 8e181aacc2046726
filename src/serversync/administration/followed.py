"""Mailboxes that are not kept in step any more: the database stops writing down what changes for them.

A mailbox that comes back is compared as a whole, as at its beginning.
"""

from datetime import timedelta
from typing import Final

from django.db import connection

from serversync.adapters.act_feeds import heard_with

LEFT_AFTER: Final = timedelta(days=7)
"""So long after the last pass."""


def leave() -> int:
    """Follow no longer what no pass has looked at for long; return how many kinds of mailboxes that were."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            with left_now as (
                update exchangesyncfolder f set isfollowed = false
                from (select now() - make_interval(secs => %s) as at) left_before
                where isfollowed and modifiedon < at and not exists (
                    -- Of some kinds the feed of another one tells.
                    select from exchangesyncfolder a where a.mailboxid = f.mailboxid
                        and a.objecttypecode = {heard_with("f.objecttypecode")} and a.modifiedon >= at)
                returning f.mailboxid, f.objecttypecode),
            forgotten as (
                delete from exchangesyncrecord s using left_now l
                where s.mailboxid = l.mailboxid and s.objecttypecode = l.objecttypecode)
            select count(*) from left_now
            """,  # noqa: S608 - put together from constants
            [LEFT_AFTER.total_seconds()],
        )
        left: int = cursor.fetchone()[0]
    return left
