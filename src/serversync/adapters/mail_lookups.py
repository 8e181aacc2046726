"""What the rules ask the store about the messages of a page: who their people are, what they belong to.

Every question is asked once for the whole page and answered by index look-ups, however many e-mails and
records there are; a test holds the query plans to that.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from serversync.adapters.arrays import number_array, text_array, uuid_array
from serversync.rules.email.correlation import LONGEST_ID, Book, Earlier, Keys, Regarding
from serversync.rules.email.filtering import Filter, NewSender, Principal
from serversync.rules.email.internal import Opposite
from serversync.rules.email.parties import MATCH_LIMIT, Record
from serversync.rules.email.smart import WINDOW

ADDRESS_COLUMNS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("systemuser", ("internalemailaddress", "personalemailaddress", "mobilealertemail")),
    ("contact", ("emailaddress1", "emailaddress2", "emailaddress3")),
    ("account", ("emailaddress1", "emailaddress2", "emailaddress3")),
    ("lead", ("emailaddress1", "emailaddress2", "emailaddress3")),
    ("queue", ("emailaddress",)),
)
"""The columns that are searched when an address is resolved."""
CONVERSATION_LIMIT: Final = 50
"""Of a long conversation, the newest e-mails are looked at."""
SUBJECT_LIMIT: Final = 20
"""Of e-mails with the same subject, the newest are looked at."""


def _resolution(*, inactive: bool) -> bytes:
    """One look-up by index for each address and column."""
    branches: list[Composed] = []
    for table, columns in ADDRESS_COLUMNS:
        is_user = table == "systemuser"
        active = SQL("not isdisabled") if is_user else SQL("statecode = 0")
        wanted = SQL("true") if inactive and not is_user else active
        branches.extend(
            SQL(
                "select wanted.address, {table}, r.* from wanted cross join lateral"
                " (select {key}, {owner}, createdon, {number}, {active} from {source}"
                " where lower({column}) = wanted.address and {wanted} limit {limit}) r"
            ).format(
                table=table,
                key=Identifier(f"{table}id"),
                owner=Identifier("systemuserid" if is_user else "ownerid"),
                number=number,
                source=Identifier(table),
                column=Identifier(column),
                active=active,
                wanted=wanted,
                limit=MATCH_LIMIT + 1,
            )
            for number, column in enumerate(columns, start=1)
        )
    wanted_first = SQL("with wanted (address) as (select unnest(%s::text[])) {}")
    return wanted_first.format(SQL(" union all ").join(branches)).as_bytes()


RESOLUTION: Final = _resolution(inactive=False)
RESOLUTION_WITH_INACTIVE: Final = _resolution(inactive=True)


async def records(
    connection: AsyncConnection, addresses: Sequence[str], *, inactive: bool
) -> dict[str, list[Record]]:
    """Return the records that carry each address."""
    found: dict[str, dict[UUID, Record]] = {}
    rows = await connection.execute(
        RESOLUTION_WITH_INACTIVE if inactive else RESOLUTION, (text_array(addresses),)
    )
    async for address, table, recordid, ownerid, createdon, column, active in rows:
        found.setdefault(address, {}).setdefault(
            recordid, Record(table, recordid, ownerid, createdon, column, active)
        )
    return {address: list(those.values()) for address, those in found.items()}


PRINCIPALS: Final = """
    select 'systemuser', u.systemuserid, u.fullname, s.incomingemailfilteringmethod, u.systemuserid,
        m.emailrouteraccessapproval = 1,
        not u.isdisabled and m.statecode = 0 and m.incomingemaildeliverymethod in (2, 3),
        m.incomingemaildeliverymethod = 3, s.autocreatecontactonpromote
    from systemuser u join usersettings s on s.systemuserid = u.systemuserid
        join mailbox m on m.mailboxid = u.defaultmailbox
    where u.systemuserid = any(%(ids)s::uuid[])
    union all
    select 'queue', q.queueid, q.name, q.incomingemailfilteringmethod, q.ownerid,
        m.emailrouteraccessapproval = 1,
        q.statecode = 0 and m.statecode = 0 and m.incomingemaildeliverymethod in (2, 3),
        m.incomingemaildeliverymethod = 3, coalesce(s.autocreatecontactonpromote, -1)
    from queue q join mailbox m on m.mailboxid = q.defaultmailbox
        left join usersettings s on s.systemuserid = q.ownerid
    where q.queueid = any(%(ids)s::uuid[])
"""


async def principals(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Principal]:
    """Return those of the records that are users or queues, with what they take."""
    rows = await connection.execute(PRINCIPALS, {"ids": uuid_array(set(ids))})
    return {
        recordid: Principal(
            table, recordid, name, Filter(method), owner, approved, enabled, forwards, NewSender(new)
        )
        async for table, recordid, name, method, owner, approved, enabled, forwards, new in rows
    }


_EARLIER = (
    "e.activityid, e.messageid, e.subject, e.senton, e.ownerid, e.regardingobjectid, e.regardingobjecttypecode,"
    " e.trackingtoken, e.conversationindex, e.directioncode"
)
BY_MESSAGE_ID: Final = (
    f"select {_EARLIER}, null::bigint, null::text[] from email e where e.messageid = any(%(ids)s::text[])"  # noqa: S608
)
BY_TOKEN: Final = f"select {_EARLIER}, null::bigint, null::text[] from email e where e.trackingtoken = any(%(tokens)s::text[])"  # noqa: S608
BY_CONVERSATION: Final = (
    f"select e.*, null::bigint, null::text[] from unnest(%(bases)s::int[]) base cross join lateral"  # noqa: S608
    f" (select {_EARLIER} from email e where e.baseconversationindexhash = base"
    f" order by e.createdon desc limit {CONVERSATION_LIMIT}) e"
)
BY_SUBJECT: Final = (
    f"select {_EARLIER}, wanted.key, array(select p.addressused from activityparty p"  # noqa: S608
    " where p.activityid = e.activityid) from unnest(%(keys)s::bigint[]) wanted (key) cross join lateral"
    " (select h.activityid from emailhash h where h.hash = wanted.key and h.createdon > now() - %(window)s"
    f" order by h.createdon desc limit {SUBJECT_LIMIT}) h join email e on e.activityid = h.activityid"
)


async def earlier(connection: AsyncConnection, keys: Sequence[Keys]) -> Book:
    """Return the e-mails that are found under any of the keys; only what there is to look for is asked."""
    ids = {one for key in keys for one in key.message_ids}
    ids |= {form for one in ids for form in (one.strip("<>"), one[: LONGEST_ID + 1])}
    tokens = {token for key in keys for token in key.tokens}
    bases = {key.conversation for key in keys if key.conversation is not None}
    subjects = {one for key in keys for one in key.subject_keys}
    parts = [
        statement
        for wanted, statement in (
            (ids, BY_MESSAGE_ID),
            (tokens, BY_TOKEN),
            (bases, BY_CONVERSATION),
            (subjects, BY_SUBJECT),
        )
        if wanted
    ]
    book = Book()
    if not parts:
        return book
    rows = await connection.execute(
        " union all ".join(parts).encode(),
        {
            "ids": text_array(ids),
            "tokens": text_array(tokens),
            "bases": number_array(bases),
            "keys": number_array(subjects),
            "window": WINDOW,
        },
    )
    added: set[UUID] = set()
    async for row in rows:
        found = _earlier(row)
        key = row[10]
        if key is not None:
            book.add_alike(found, (key,))
        if found.activityid not in added:
            added.add(found.activityid)
            book.add(found)
    return book


def _earlier(row: Sequence[Any]) -> Earlier:
    activityid, messageid, subject, sent_on, ownerid, record, table, token, index, is_outgoing, _, people = (
        row
    )
    return Earlier(
        activityid,
        messageid,
        subject or "",
        sent_on,
        ownerid,
        Regarding(record, table) if record is not None and table is not None else None,
        token,
        _index(index),
        frozenset([one for one in people or () if one]),
        is_outgoing,
    )


def _index(text: str | None) -> bytes:
    if not text:
        return b""
    try:
        return a2b_base64(text)
    except Base64Error:
        return b""


OPPOSITES: Final = (
    "select messageid, activityid, sender from email where messageid = any(%s::text[]) and directioncode = %s"
)


async def opposites(
    connection: AsyncConnection, message_ids: Sequence[str], *, is_outgoing: bool
) -> dict[str, list[Opposite]]:
    """Return the activities of the other direction by their message id."""
    found: dict[str, list[Opposite]] = {}
    rows = await connection.execute(OPPOSITES, (text_array(message_ids), not is_outgoing))
    async for message_id, activityid, sender in rows:
        found.setdefault(message_id, []).append(Opposite(activityid, sender or ""))
    return found
