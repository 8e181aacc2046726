"""A CRM that has been used for years, made in sets: e-mails with their people, hashes and traces, and contacts.

Everything follows from the number of the row, so that whoever asks can name what is there.
"""

from typing import Any
from uuid import UUID

import psycopg

CONVERSATION = 4
"""E-mails in one conversation: a question and its answers, one after the other."""
_EMAILS = """
    insert into email (activityid, subject, directioncode, statecode, statuscode, sender, messageid, inreplyto,
        messageiddupcheck, contentdigest, trackingtoken, baseconversationindexhash, conversationindex,
        createdon, modifiedon, senton, receivedon, receivingmailboxid)
    select uuid_at('e', n), 'Offer ' || n, false, 1, 4, 'person' || mod(n, %(contacts)s::int) || '@customer.example',
        '<' || n || '@customer.example>',
        case when mod(n, %(conversation)s::int) > 0 then '<' || n - 1 || '@customer.example>' end,
        uuid_at('d', n), uuid_at('c', n), case when mod(n, 5) = 0 then 'CRM:' || n end,
        n / %(conversation)s::int, encode(sha256((n / %(conversation)s::int)::text::bytea), 'base64'),
        at, at, at, at, %(mailbox)s
    from (select n, now() - make_interval(mins => mod(n, 1000000)) as at from generate_series(%(first)s::int, %(last)s::int) n) made
"""
_STATEMENTS = (
    (
        "insert into activityparty (activityid, participationtypemask, partyid, partyobjecttypecode, addressused)"
        " select uuid_at('e', n), mask, case when mask = 1 then uuid_at('f', mod(n, %(contacts)s::int)) end,"
        " case when mask = 1 then 'contact' end,"
        " case when mask = 1 then 'person' || mod(n, %(contacts)s::int) || '@customer.example' else 'somebody' || n || '@x.example' end"
        " from generate_series(%(first)s::int, %(last)s::int) n, unnest(array[1, 2, 3]) mask"
    ),
    (
        "insert into emailhash (activityid, hash, createdon)"
        " select uuid_at('e', n), n, now() - make_interval(mins => mod(n, 1000000)) from generate_series(%(first)s::int, %(last)s::int) n"
    ),
    (
        "insert into messagetrace (mailboxid, itemkey, exchangeentryid, searchkey, distinguishedfolderid, messageid, subject,"
        " outcome, reasoncode, activityid) select %(mailbox)s, uuid_at('a', n), 'item' || n, 'key' || n, 'inbox',"
        " '<' || n || '@customer.example>', 'Offer ' || n, 1, 'filter-all', uuid_at('e', n)"
        " from generate_series(%(first)s::int, %(last)s::int) n"
    ),
)
_CONTACTS = (
    "insert into contact (contactid, lastname, fullname, emailaddress1) select uuid_at('f', n), 'Person ' || n,"
    " 'Person ' || n, 'Person' || n || '@customer.example' from generate_series(0, %(contacts)s::int - 1) n"
)
_AT_ONCE = 100_000


def row_id(kind: str, number: int) -> UUID:
    """Return the key of the row with this number; ``kind`` is ``e`` for e-mails, ``d`` for what makes them one."""
    return UUID(f"{kind}{number:031x}")


def fill(
    connection: "psycopg.Connection[Any]", *, mailbox: UUID, emails: int, contacts: int, tell: Any = None
) -> None:
    """Put e-mails, their people, hashes and traces, and contacts into the database; look at it as it will be.

    Args:
        connection: In autocommit mode.
        mailbox: Where all of them were received.
        emails: How many, numbered from 1.
        contacts: How many, numbered from 0; each sent some of the e-mails.
        tell: Called with what was done so far.
    """
    connection.execute(
        "create or replace function pg_temp.uuid_at(kind text, n bigint) returns uuid immutable language sql"
        " return (kind || lpad(to_hex(n), 31, '0'))::uuid"
    )
    values: dict[str, Any] = {"contacts": contacts, "conversation": CONVERSATION, "mailbox": mailbox}
    _run(connection, _CONTACTS, values)
    for first in range(1, emails + 1, _AT_ONCE):
        last = min(first + _AT_ONCE - 1, emails)
        for statement in (_EMAILS, *_STATEMENTS):
            _run(connection, statement, {**values, "first": first, "last": last})
        if tell is not None:
            tell(last)
    connection.execute("vacuum analyze email, activityparty, emailhash, messagetrace, contact")


def _run(connection: "psycopg.Connection[Any]", statement: str, values: dict[str, Any]) -> None:
    connection.execute(statement.replace("uuid_at(", "pg_temp.uuid_at(").encode(), values)
