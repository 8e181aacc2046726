"""What the rules need from PostgreSQL: look-ups by index, folders, actions, newcomers, later answers."""

import asyncio
from dataclasses import fields, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from psycopg.errors import UniqueViolation

from serversync.adapters import mail_lookups
from serversync.adapters.alerts import TraceLogAlerts
from serversync.adapters.crm_store import CrmStore
from serversync.adapters.mail_plan import SETTINGS
from serversync.core.errors import ItemUnreadable
from serversync.engine.incoming import IncomingPass
from serversync.engine.ports import ActionKind
from serversync.rules.email.acceptance import Outcome
from serversync.rules.email.correlation import Keys, hashes_to_store
from serversync.rules.email.filtering import Filter, NewSender
from serversync.rules.email.message import Address, Attachment
from serversync.rules.email.settings import EmailSettings
from serversync.rules.email.smart import WINDOW
from tests.adapters.conftest import LEASE
from tests.adapters.test_crm_store import run_for, sync
from tests.unit.engine.fakes import NOON, FakeAlerts, FakeExchange, a_message

BASE = bytes(range(22))


QUEUE = "insert into queue (name, emailaddress, ownerid) values ('Support', 'support@example.org', %s) returning queueid"
FOLDER = """
    insert into mailboxtrackingfolder (mailboxid, exchangefolderid, exchangefoldername, regardingobjectid,
        regardingobjecttypecode) values (%s, %s, 'Project', %s, 'account')
"""


@pytest.fixture
async def execute(pool):
    async def execute(statement, *arguments):
        async with pool.connection() as connection:
            await connection.execute(statement, arguments)

    return execute


async def read(pool, mailboxid, exchange, alerts=None):
    store, run = CrmStore(pool, lease=LEASE), await run_for(pool, mailboxid)
    return await IncomingPass(run, exchange, store, alerts or FakeAlerts())()


def test_every_setting_of_the_rules_is_a_column_with_the_same_default(world):
    from serversync.crm.models import Organization

    row = Organization.objects.current()
    assert {name: getattr(row, name) for name in SETTINGS} == {
        field.name: field.default for field in fields(EmailSettings)
    }


async def test_an_answer_has_parent_regarding_and_accepting_entity(pool, world, query, execute):
    about = uuid4()
    await sync(pool, world.mailbox, a_message("q", message_id="<q@x>", conversation_index=BASE))
    await execute("update email set regardingobjectid = %s, regardingobjecttypecode = 'account'", about)
    reply = a_message("r", in_reply_to="<q@x>", subject="RE: Other", sent=NOON + timedelta(hours=1))
    by_index = a_message("i", conversation_index=BASE + b"child", sent=NOON + timedelta(hours=2))
    await sync(pool, world.mailbox, a_message("q", message_id="<q@x>"), reply, by_index)
    assert query(
        "select e.messageid, e.correlationmethod, c.messageid, p.messageid, e.correlatedsubjectchanged,"
        " e.regardingobjectid, e.acceptingentityid, e.acceptingentitytypecode from email e"
        " left join email c on c.activityid = e.correlatedactivityid"
        " left join email p on p.activityid = e.parentactivityid where e.messageid <> '<q@x>' order by 1"
    ) == [
        ("<i@example.com>", 5, "<q@x>", "<q@x>", False, about, world.ada.pk, "systemuser"),
        ("<r@example.com>", 3, "<q@x>", "<q@x>", True, about, world.ada.pk, "systemuser"),
    ]


async def test_an_answer_that_came_before_its_question_is_linked_when_that_comes(pool, world, query):
    await sync(pool, world.mailbox, a_message("r", in_reply_to="<q@x>", sent=NOON + timedelta(hours=1)))
    await sync(pool, world.other_mailbox, a_message("q", message_id="<q@x>", to=("ben@example.org",)))
    assert query(
        "select e.correlationmethod, p.messageid from email e join email p on p.activityid = e.parentactivityid"
    ) == [(3, "<q@x>")]


async def test_tokens_and_subjects_find_their_e_mails(pool, world, execute):
    store = CrmStore(pool, lease=LEASE)
    await sync(pool, world.mailbox, a_message("m1", subject="Offer seven"), a_message("m2", subject="Other"))
    await execute("update email set trackingtoken = 'CRM:0001001' where subject = 'Other'")
    settings = EmailSettings(enablesmartmatching=True)
    (key,) = hashes_to_store("offer SEVEN", settings)
    book = await store.earlier([Keys(tokens=("CRM:0001001", "CRM:0009009")), Keys(subject_keys=(key,))])
    assert [one.subject for one in book.by_token["CRM:0001001"]] == ["Other"]
    (one,) = [one for _, one in book.alike([key])]
    assert one.subject == "Offer seven"
    assert one.addresses == {"Grete@Harbour.example", "ada@example.org"}


async def test_a_token_is_issued_once(pool, world, execute):
    issue = "insert into email (trackingtoken, messageiddupcheck) values ('CRM:0001001', gen_random_uuid())"
    await execute(issue)
    with pytest.raises(UniqueViolation):
        await execute(issue)


async def test_principals_say_what_they_take(pool, world, execute, query):
    ((queueid,),) = query(QUEUE, world.ben.pk)
    await execute(
        "update usersettings set autocreatecontactonpromote = 1 where systemuserid = %s", world.ben.pk
    )
    await execute("update mailbox set incomingemaildeliverymethod = 3 where mailboxid = %s", world.mailbox)
    await execute("update systemuser set isdisabled = true where systemuserid = %s", world.ben.pk)
    found = await CrmStore(pool, lease=LEASE).principals([world.ada.pk, world.ben.pk, queueid, uuid4()])
    assert len(found) == 3
    ada, ben, support = found[world.ada.pk], found[world.ben.pk], found[queueid]
    assert (ada.filter, ada.approved, ada.enabled, ada.forwards) == (Filter.ALL, True, True, True)
    assert (ben.enabled, ben.new_sender) == (False, NewSender.LEAD)
    assert (support.table, support.ownerid, support.approved, support.new_sender) == (
        "queue",
        world.ben.pk,
        False,
        NewSender.LEAD,
    )


async def test_inactive_records_are_found_where_they_count_and_users_never(pool, world, execute):
    await execute("insert into contact (emailaddress1, statecode, statuscode) values ('old@x', 1, 2)")
    await execute("update systemuser set isdisabled = true where systemuserid = %s", world.ada.pk)
    store = CrmStore(pool, lease=LEASE)
    assert await store.records(["old@x", "ada@example.org"]) == {}
    found = await store.records(["old@x", "ada@example.org"], inactive=True)
    assert {a: [(r.table, r.is_active) for r in rows] for a, rows in found.items()} == {
        "old@x": [("contact", False)]
    }


async def test_two_workers_that_meet_an_unknown_sender_make_one_contact(pool, world, query, execute):
    await execute("update usersettings set autocreatecontactonpromote = 0")
    ada = [a_message(f"a{n}") for n in range(5)]
    ben = [a_message(f"b{n}", to=("ben@example.org",)) for n in range(5)]
    await asyncio.gather(sync(pool, world.mailbox, *ada), sync(pool, world.other_mailbox, *ben))
    assert query("select firstname, lastname, fullname, emailaddress1 from contact") == [
        (None, "Grete", "Grete", "Grete@Harbour.example")
    ]
    assert query(
        "select count(*), count(distinct partyid) from activityparty where participationtypemask = 1"
    ) == [(10, 1)]


async def test_an_unknown_sender_becomes_a_lead_with_a_name(pool, world, query, execute):
    await execute("update usersettings set autocreatecontactonpromote = 1")
    message = a_message("m1")
    message.sender = Address("Grete van der Berg", "grete@harbour.example")
    await sync(pool, world.mailbox, message)
    assert query("select firstname, lastname, subject, ownerid from lead") == [
        ("Grete van der", "Berg", "Grete van der Berg", world.ada.pk)
    ]


async def test_queue_items_are_made_once(pool, world, query, execute):
    ((queueid,),) = query(QUEUE, None)
    ((mailboxid,),) = query("select defaultmailbox from queue")
    await execute(
        "update mailbox set incomingemaildeliverymethod = 2, emailrouteraccessapproval = 1, emailserverprofile = %s"
        " where mailboxid = %s",
        world.profile.pk,
        mailboxid,
    )
    for mailbox, item in ((world.mailbox, "a"), (mailboxid, "q")):
        message = a_message(item, message_id="<m@x>", to=("ada@example.org", "support@example.org"))
        await sync(pool, mailbox, message)
    assert query("select queueid, objecttypecode, title from queueitem") == [(queueid, "email", "Offer")]


async def test_what_was_left_out_stands_on_the_e_mail(pool, world, query, execute):
    await execute("update organization set blockedattachments = 'exe'")
    message = a_message("m1")
    message.attachments = [Attachment("a", "x.exe", "x/y", "", 7, False, False, b"1234567")]
    await sync(pool, world.mailbox, message)
    assert query("select leftout, notifications, attachmentcount from email") == [
        ([{"name": "x.exe", "reason": "blocked", "size_bytes": 7}], 1, 1)
    ]
    assert query("select count(*) from activitymimeattachment") == [(0,)]


async def test_a_body_too_long_is_cut_and_said_so(pool, world, query, monkeypatch):
    from serversync.rules.email import content

    monkeypatch.setattr(content, "LONGEST_BODY_BYTES", 10)
    message = a_message("m1", body="ä" * 8)
    message.body_is_html = True
    await sync(pool, world.mailbox, message)
    assert query("select description, notifications, leftout->0->>'reason' from email") == [
        ("ä" * 5, 2, "body-too-long")
    ]


async def test_reasons_are_kept_and_forgotten_in_time(pool, world, query, execute):
    await execute("update usersettings set incomingemailfilteringmethod = 1")
    await sync(pool, world.mailbox, a_message("m1", in_reply_to="<no@x>"))
    ((outcome, reason, detail),) = query("select outcome, reasoncode, detail from messagetrace")
    assert (outcome, reason) == (Outcome.NOT_ACCEPTED, "no-correlation")
    assert detail == {"asked": [["Ada", 1, "no-correlation"]], "tried": [[3, "<no@x>", "no such e-mail"]]}
    await execute("update messagetrace set examinedon = now() - interval '91 days'")
    await execute("update mailbox set lastsuccessfulsynccompletedon = now()")
    await sync(pool, world.mailbox)
    assert query("select detail is null from messagetrace") == [(False,)]
    await execute("update mailbox set lastsuccessfulsynccompletedon = now() - interval '1 day'")
    await sync(pool, world.mailbox)
    assert query("select detail, outcome from messagetrace") == [(None, Outcome.NOT_ACCEPTED)]


async def test_a_tracked_folder_has_its_own_position_and_is_read_no_more_when_it_is_gone(
    pool, world, query, execute
):
    about = uuid4()
    await execute(FOLDER, world.mailbox, "f1", about)
    exchange = FakeExchange(a_message("m1"))
    exchange.arrive(a_message("m2"), folder="f1")
    await read(pool, world.mailbox, exchange)
    assert query(
        "select f.distinguishedfolderid, f.syncstate, t.folderonboardingstatus from mailboxfolder f"
        " left join mailboxtrackingfolder t using (mailboxtrackingfolderid) order by 1"
    ) == [("inbox", "1", None), (None, "1", 1)]
    assert query("select regardingobjectid from email where messageid = '<m2@example.com>'") == [(about,)]
    exchange.arrive(a_message("m3"), folder="f1")
    await read(pool, world.mailbox, exchange)
    assert exchange.fetched == ["m1", "m2", "m3"]
    exchange.gone_folders.add("f1")
    alerts = FakeAlerts()
    await read(pool, world.mailbox, exchange, alerts)
    await read(pool, world.mailbox, exchange, alerts)
    assert alerts.mailboxes == ["mailbox.tracked-folder-missing"]


async def test_filing_relinks_but_not_what_somebody_else_has_filed(pool, world, query, execute):
    records = {}
    for mailbox, name in ((world.mailbox, "f1"), (world.mailbox, "f2"), (world.other_mailbox, "f3")):
        records[name] = uuid4()
        await execute(FOLDER, mailbox, name, records[name])
    mine, theirs = FakeExchange(a_message("a0", message_id="<m@x>", search_key="s")), FakeExchange()
    await read(pool, world.mailbox, mine)
    for folder, exchange, mailbox, expected in (
        ("f1", mine, world.mailbox, "f1"),
        ("f2", mine, world.mailbox, "f2"),
        ("f3", theirs, world.other_mailbox, "f2"),
    ):
        exchange.arrive(a_message(f"in-{folder}", message_id="<m@x>", search_key="s"), folder=folder)
        await read(pool, mailbox, exchange)
        assert query("select regardingobjectid from email") == [(records[expected],)]


async def test_actions_wait_in_the_database_until_they_are_done(pool, world, query, execute):
    await execute("update organization set categorizetrackeditems = true")
    exchange = FakeExchange(a_message("m1"), a_message("m2"))
    exchange.refuses[ActionKind.ADD_CATEGORY, "m2"] = ItemUnreadable(response_code="ErrorItemSave")
    await read(pool, world.mailbox, exchange)
    assert exchange.performed == [(ActionKind.ADD_CATEGORY, "m1", "Tracked to Dynamics 365")]
    assert query("select exchangeentryid, attempts, nextattempton > now() from mailboxaction") == [
        ("m2", 1, True)
    ]
    exchange.refuses.clear()
    await read(pool, world.mailbox, exchange)
    assert len(exchange.performed) == 1
    await execute("update mailboxaction set nextattempton = now()")
    await read(pool, world.mailbox, exchange)
    assert exchange.performed[1:] == [(ActionKind.ADD_CATEGORY, "m2", "Tracked to Dynamics 365")]
    assert query("select count(*) from mailboxaction") == [(0,)]


async def test_an_action_is_given_up_after_five_times_with_an_alert(pool, world, query, execute):
    await execute("update organization set categorizetrackeditems = true")
    exchange, alerts = FakeExchange(a_message("m1")), FakeAlerts()
    exchange.refuses[ActionKind.ADD_CATEGORY, "m1"] = ItemUnreadable(response_code="ErrorItemSave")
    for _ in range(7):
        await read(pool, world.mailbox, exchange, alerts)
        await execute("update mailboxaction set nextattempton = now()")
    assert query("select attempts from mailboxaction") == [(5,)]
    assert alerts.items == [("exchange.item-unreadable", "m1")]


async def test_what_was_set_aside_is_tried_again_when_it_is_due(pool, world, query, execute):
    exchange = FakeExchange(a_message("m1"))
    exchange.broken["m1"] = ItemUnreadable(response_code="ErrorItemCorrupt")
    for attempt in range(1, 7):
        await read(pool, world.mailbox, exchange)
        assert query("select outcome, attempts from messagetrace") == [(4, min(attempt, 5))]
        await execute("update messagetrace set nextattempton = now() where nextattempton is not null")
    assert exchange.performed == [(ActionKind.ADD_CATEGORY, "m1", "Tracked to Dynamics 365 (Undeliverable)")]


async def test_the_alert_about_what_was_set_aside_ends_when_it_was_read(pool, world, query, execute):
    exchange, alerts = FakeExchange(a_message("m1")), TraceLogAlerts(pool)
    exchange.broken["m1"] = ItemUnreadable(response_code="ErrorItemCorrupt")
    await read(pool, world.mailbox, exchange, alerts)
    open_alerts = "select count(*) from tracelog where resolvedon is null"
    assert query(open_alerts) == [(1,)]
    exchange.broken.clear()
    await read(pool, world.mailbox, exchange, alerts)
    assert query(open_alerts) == [(1,)], "it is not due yet"
    await execute("update messagetrace set nextattempton = now()")
    await read(pool, world.mailbox, exchange, alerts)
    assert query(open_alerts) == [(0,)]
    assert query("select outcome from messagetrace") == [(Outcome.TRACKED,)]


async def test_categories_track_and_untrack(pool, world, query, execute):
    await execute("update usersettings set incomingemailfilteringmethod = 4")
    message = a_message("m1", categories=("Tracked to Dynamics 365",))
    exchange = FakeExchange(message)
    await read(pool, world.mailbox, exchange)
    assert query("select outcome, reasoncode, iscategorized from messagetrace") == [(1, "category", True)]
    exchange.arrive(replace(message, categories=()))
    await read(pool, world.mailbox, exchange)
    assert query("select outcome, iscategorized from messagetrace") == [(8, False)]
    assert query("select count(*) from email") == [(1,)]


async def test_look_ups_stay_index_look_ups(pool, world):
    """Plans on generated data."""
    many = 30_000
    async with pool.connection() as connection:
        await connection.execute(
            "insert into email (activityid, messageid, inreplyto, trackingtoken, baseconversationindexhash, messageiddupcheck)"
            " select gen_random_uuid(), '<' || n || '@x>', '<' || n - 1 || '@x>', 'CRM:' || n, n / 3, gen_random_uuid()"
            " from generate_series(1, %s) n",
            (many,),
        )
        await connection.execute(
            "insert into emailhash (activityid, hash) select activityid, baseconversationindexhash from email"
        )
        await connection.execute(
            "insert into contact (emailaddress1) select n || '@example.com' from generate_series(1, %s) n",
            (many,),
        )
        await connection.execute(
            "insert into activityparty (activityid, addressused) select activityid, 'a@x' from email"
        )
        await connection.execute("analyze email, emailhash, contact, activityparty")
        wanted = {
            "ids": ["<7@x>", "<8@x>"],
            "tokens": ["CRM:9"],
            "bases": [5, 6],
            "keys": [5, 6],
            "window": WINDOW,
        }
        plans = []
        for statement in (
            mail_lookups.BY_MESSAGE_ID,
            mail_lookups.BY_TOKEN,
            mail_lookups.BY_CONVERSATION,
            mail_lookups.BY_SUBJECT,
        ):
            rows = await connection.execute(f"explain {statement}".encode(), wanted)
            plans.append("\n".join(line for (line,) in await rows.fetchall()))
        rows = await connection.execute(b"explain " + mail_lookups.RESOLUTION, (["7@example.com"],))
        plans.append("\n".join(line for (line,) in await rows.fetchall()))
    for plan in plans:
        for table in ("email", "emailhash", "contact", "activityparty"):
            assert f"Seq Scan on {table} " not in plan, plan
