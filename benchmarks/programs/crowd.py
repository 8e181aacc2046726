"""Fills a database as a large company has it: mailboxes by the hundred thousand, tracked e-mails by the million.

Everything is made by the database itself from numbers, so that the same sizes give the same rows. While large tables
are filled, over two connections at once, their indexes and triggers rest and commits wait for no disk; both are back
before anybody reads. Where the server keeps a log for nobody (``wal_level`` minimal) most of it is not written at all.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

PROFILE = "00000000-0000-0000-0000-00000000000a"
HEAVY = "user7"
"""Log-in of the one who has more mail than others: one e-mail in a hundred is his, and one in a thousand is of his
mailbox while somebody else owns it."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of what grows."""

    mailboxes: int
    emails: int

    @property
    def customers(self) -> int:
        """Contacts; a tenth as many accounts."""
        return max(200, 2 * self.mailboxes)


def fill(connection: psycopg.Connection[tuple[object, ...]], size: Size) -> None:
    """Make everything unless it is there; the connection must be a superuser's, in autocommit mode."""
    if connection.execute("select from emailserverprofile").rowcount:
        return
    with _careless(connection):
        _tune(connection)
        for statement in _PEOPLE.split(";\n"):
            connection.execute(_with(statement, size))
        dsn = connection.info.dsn
        with ThreadPoolExecutor(len(_LANES)) as lanes:
            list(lanes.map(lambda tables: _fill_tables(dsn, tables, size), _LANES))
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def _fill_tables(dsn: str, tables: Sequence[str], size: Size) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        _tune(connection)
        for table in tables:
            with _without_indexes(connection, table), connection.transaction():
                if not _is_referred_to(connection, table):
                    connection.execute(
                        f"truncate {table}"
                    )  # what the same transaction then fills needs no log
                connection.execute(_with(_LARGE[table], size))
            connection.execute(f"vacuum analyze {table}")


def _is_referred_to(connection: psycopg.Connection[tuple[object, ...]], table: str) -> bool:
    return bool(
        connection.execute(
            "select from pg_constraint where confrelid = %s::regclass and contype = 'f'", [table]
        ).rowcount
    )


def _tune(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.execute("set maintenance_work_mem = '512MB'")
    connection.execute("set synchronous_commit = off")


def _with(statement: str, size: Size) -> str:
    for name, value in {
        "mailboxes": size.mailboxes,
        "emails": size.emails,
        "customers": size.customers,
        "profile": f"'{PROFILE}'",
    }.items():
        statement = statement.replace(f":{name}", str(value))
    return statement


@contextmanager
def _careless(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[None]:
    """Let the server write less for the length of the block: fewer checkpoints, no full pages, no cleaning meanwhile."""
    for name, value in _CARELESS.items():
        connection.execute(f"alter system set {name} = {value}")
    connection.execute("select pg_reload_conf()")
    yield
    for name in _CARELESS:
        connection.execute(f"alter system reset {name}")
    connection.execute("select pg_reload_conf()")


_CARELESS = {
    "full_page_writes": "off",
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'1h'",
    "autovacuum": "off",
}


@contextmanager
def _without_indexes(connection: psycopg.Connection[tuple[object, ...]], table: str) -> Iterator[None]:
    """Let the indexes and triggers of a table rest for the length of the block, and build the indexes then.

    Keys are random, so that keeping the indexes up row by row reads and writes all of them over and over.
    """
    connection.execute("set allow_system_table_mods = on")
    connection.execute(
        "update pg_index set indisready = false, indisvalid = false where indrelid = %s::regclass", [table]
    )
    connection.execute("set session_replication_role = replica")
    yield
    connection.execute("set session_replication_role = origin")
    connection.execute("set allow_system_table_mods = off")
    connection.execute(f"reindex table {table}")


_WORDS = (
    "(array['Offer','Order','Invoice','Meeting','Delivery','Contract','Question','Answer','Report','Budget',"
    "'Compiler','Harbour','Coffee','Engine','Lighthouse','Garden','Winter','Project','Service','Warranty'])"
)
_SUBJECT = f"{_WORDS}[1 + n % 20] || ' ' || {_WORDS}[1 + n / 100 % 20] || ' ' || 'No' || n"
_OWNER = "md5('user' || case when n % 100 = 0 then 7 else 1 + n % (:mailboxes * 9 / 10) end)::uuid"

_PEOPLE = f"""
insert into emailserverprofile (emailserverprofileid, name, incomingserverlocation, outgoingserverlocation)
select :profile, 'Exchange', 'https://mail.example.org/EWS/Exchange.asmx', 'https://mail.example.org/EWS/Exchange.asmx';
insert into emailserverprofile (name, incomingserverlocation, outgoingserverlocation)
select 'Exchange ' || n, 'https://mail.example.org/EWS/Exchange.asmx', 'https://mail.example.org/EWS/Exchange.asmx'
from generate_series(1, 40) n;
insert into systemuser (systemuserid, domainname, fullname, internalemailaddress)
select md5('user' || n)::uuid, 'user' || n, {_WORDS}[1 + n % 20] || ' ' || {_WORDS}[1 + n / 20 % 20] || ' ' || n,
    'user' || n || '@example.org'
from generate_series(1, :mailboxes - :mailboxes / 100) n;
insert into systemuserroles (systemuserid, roleid)
select systemuserid, roleid from systemuser, role where role.name = 'Salesperson' and domainname like 'user%';
insert into queue (queueid, name, emailaddress, ownerid)
select md5('queue' || n)::uuid, 'Queue ' || n, 'queue' || n || '@example.org', md5('user' || n)::uuid
from generate_series(1, :mailboxes / 100) n;
update mailbox set
    emailserverprofile = :profile,
    emailrouteraccessapproval = case when hashtext(name) % 50 = 0 then 2 else 1 end,
    mailboxstatus = case when hashtext(name) % 100 = 1 then 2 when hashtext(name) % 100 = 2 then 0 else 1 end,
    incomingemailstatus = case when hashtext(name) % 100 = 1 then 2 when hashtext(name) % 100 = 2 then 0 else 1 end,
    outgoingemailstatus = 1,
    transientfailurecount = case when hashtext(name) % 100 = 3 then 2 else 0 end,
    lastsyncerror = case when hashtext(name) % 100 = 1 then 'Nobody may log on.' end,
    lastsyncerrorcount = case when hashtext(name) % 100 = 1 then 1 + abs(hashtext(name)) % 30 else 0 end,
    lastsyncerroroccurredon = case when hashtext(name) % 100 = 1 then now() - interval '1 hour' end,
    processinglastattemptedon = now() - random() * interval '5 minutes',
    lastsuccessfulsynccompletedon = now() - random() * interval '5 minutes',
    nextpasson = case when hashtext(name) % 100 <> 1 then now() + random() * interval '5 minutes' end;
insert into tracelog (level, code, text, regardingobjectid, regardingobjecttypecode, regardingobjectownerid, laston,
    resolvedon)
select 1 + n % 3, 'code' || n % 7, 'Trouble ' || n, defaultmailbox, 'mailbox', systemuserid,
    now() - n * interval '20 seconds', case when n % 10 <> 0 then now() end
from generate_series(1, :mailboxes) n join systemuser on systemuserid = md5('user' || n)::uuid;
insert into audit (operation, act, objectid, objecttypecode, objectname, actorname, channel, createdon, changedata)
select 2, 'mailbox.edit', md5('box' || n)::uuid, 'mailbox', 'User ' || n, 'Dora ' || n % 9, 'web',
    now() - n * interval '1 minute', '{{"changedAttributes": []}}'
from generate_series(1, 5 * :mailboxes) n;
insert into asyncoperation (asyncoperationid, name, act, statecode, statuscode, itemcount, succeededcount,
    ownedbyinstallation, createdon)
select md5('job' || n)::uuid, 'Test & Enable ' || n, 'test-enable', 3, 30, 1, 1, true, now() - n * interval '1 hour'
from generate_series(2, 2000) n;
insert into asyncoperation (asyncoperationid, name, act, statecode, statuscode, itemcount, ownedbyinstallation, startedon)
select md5('job1')::uuid, 'Test & Enable all', 'test-enable', 0, 20, :mailboxes, true, now() - interval '10 minutes'
"""
"""Users and queues, whose mailboxes the database makes itself, and what there is of them."""

_LARGE = {
    "contact": """
insert into contact (contactid, firstname, lastname, fullname, company, emailaddress1, ownerid, createdon)
select md5('contact' || n)::uuid, 'Grete', 'Contact ' || n, 'Grete Contact ' || n, 'Company ' || n % 5000,
    'grete' || n || '@customer.example', md5('user' || 1 + n % (:mailboxes * 9 / 10))::uuid,
    now() - n * interval '1 minute'
from generate_series(1, :customers) n""",
    "account": """
insert into account (accountid, name, emailaddress1, ownerid, createdon)
select md5('account' || n)::uuid, 'Company ' || n, 'office' || n || '@customer.example',
    md5('user' || 1 + n % (:mailboxes * 9 / 10))::uuid, now() - n * interval '1 minute'
from generate_series(1, :customers / 10) n""",
    "email": f"""
insert into email (activityid, subject, description, directioncode, statecode, statuscode, sender, torecipients,
    messageid, messageiddupcheck, receivedon, senton, createdon, ownerid, attachmentcount)
select md5('email' || n)::uuid, {_SUBJECT}, '<p>Hello</p>', n % 5 = 0, 1,
    case when n % 5 = 0 then 3 else 4 end, 'grete' || n % :customers || '@customer.example',
    'user' || 1 + n % (:mailboxes * 9 / 10) || '@example.org', '<' || n || '@customer.example>',
    md5('message' || n)::uuid, case when n % 5 <> 0 then at end, at, at, {_OWNER}, 0
from (select n, now() - n * interval '10 seconds' as at from generate_series(1, :emails) n) numbers""",
    "activityparty": """
insert into activityparty (activityid, participationtypemask, partyid, partyobjecttypecode, addressused)
select md5('email' || n)::uuid, mask, case when mask = 1 then md5('contact' || 1 + n % :customers)::uuid end,
    case when mask = 1 then 'contact' end, 'somebody@example.org'
from generate_series(1, :emails) n, (values (1), (2)) masks(mask)""",
    "messagetrace": f"""
insert into messagetrace (mailboxid, itemkey, messageid, subject, receivedon, outcome, activityid, examinedon)
select defaultmailbox, md5('item' || n)::uuid, '<' || n || '@customer.example>', {_SUBJECT}, at,
    case when n % 500 = 0 then 4 else 1 end, case when n % 500 <> 0 then md5('email' || n)::uuid end, at
from (select n, now() - n * interval '10 seconds' as at,
        case when n % 1000 = 1 then md5('user7')::uuid else {_OWNER} end as owner
    from generate_series(1, :emails) n) numbers
join systemuser on systemuserid = owner""",
    "mailboxstatistics": """
insert into mailboxstatistics (mailboxid, mailboxprocessstartedon, mailboxprocesscompletedon, itemsprocessed,
    processresult, machinename)
select defaultmailbox, at, at + interval '400 milliseconds', n % 7, n % 50 <> 0, 'worker1'
from (select n, now() - n * (interval '3 days' / (:emails / 5)) as at,
        md5('user' || 1 + n % (:mailboxes * 9 / 10))::uuid as owner
    from generate_series(1, :emails / 5) n) numbers
join systemuser on systemuserid = owner""",
    "appointment": f"""
insert into appointment (activityid, subject, location, scheduledstart, scheduledend, ownerid)
select md5('appointment' || n)::uuid, {_SUBJECT}, {_WORDS}[1 + n % 20], at, at + interval '1 hour',
    md5('user' || 1 + n % (:mailboxes * 9 / 10))::uuid
from (select n, now() + interval '1 year' - n * interval '5 minutes' as at from generate_series(1, :customers) n) numbers""",
    "task": f"""
insert into task (activityid, subject, scheduledend, ownerid, createdon)
select md5('task' || n)::uuid, {_SUBJECT}, current_date + n % 300, md5('user' || 1 + n % (:mailboxes * 9 / 10))::uuid,
    now() - n * interval '5 minutes'
from generate_series(1, :customers) n""",
    "asyncoperationitem": """
insert into asyncoperationitem (asyncoperationid, mailboxid, itemstate, completedon)
select md5('job1')::uuid, mailboxid, case when hashtext(name) % 3 = 0 then 0 else 2 end, now() from mailbox""",
}
"""Statements by the table that they fill; a day has more e-mails than a year of a small company."""

_LANES = (
    ("email", "asyncoperationitem"),
    ("activityparty", "messagetrace", "contact", "account", "appointment", "task", "mailboxstatistics"),
)
"""Tables that are filled one after the other, each row of the tuple beside the other; they take about as long."""
