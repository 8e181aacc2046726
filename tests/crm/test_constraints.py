"""The database itself refuses what the reference does not allow, whichever way a row comes in."""

import uuid
from collections.abc import Iterator
from itertools import chain

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.db.models.fields import NOT_PROVIDED

from serversync.crm.models import Email, Mailbox, Organization, TraceLog
from serversync.crm.models.columns import PicklistField, WholeNumberField

pytestmark = pytest.mark.django_db

TABLES = [model for model in apps.get_app_config("crm").get_models() if not model._meta.auto_created]
KEYS = {
    "appointment": "activityid",
    "recurringappointmentmaster": "activityid",
    "exchangesyncmailbox": "mailboxid",
    "email": "activityid",
    "serviceappointment": "activityid",
    "emaildelivery": "activityid",
    "fax": "activityid",
    "letter": "activityid",
    "phonecall": "activityid",
    "task": "activityid",
    "usersettings": "systemuserid",
    "workhour": "startedon",
    "roleprivileges": "roleprivilegeid",
    "systemuserroles": "systemuserroleid",
}


def insert(table: str, **columns: object) -> None:
    """Insert one row by plain SQL, with these columns only."""
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    statement = (
        f"insert into {table} ({names}) values ({marks})"
        if columns
        else f"insert into {table} default values"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, list(columns.values()))


def least(table: str) -> dict[str, object]:
    """Return the columns that a row of the table cannot do without."""
    return {
        "systemuser": {"domainname": "ada"},
        "queue": {"name": "Support"},
        "mailbox": {"name": "Forward"},
        "account": {"name": "Contoso"},
        "appointment": {"scheduledstart": "2026-03-02T09:00Z", "scheduledend": "2026-03-02T10:00Z"},
        "emailserverprofile": {"name": "Exchange"},
    }.get(table, {})


REFUSED = [
    ("emailserverprofile", {"servertype": 5}),
    ("emailserverprofile", {"exchangeversion": 6}),
    ("emailserverprofile", {"incomingauthenticationprotocol": 5}),
    ("emailserverprofile", {"incomingcredentialretrieval": 8}),
    ("emailserverprofile", {"minpollingintervalinminutes": 1441}),
    ("emailserverprofile", {"minpollingintervalinminutes": -1}),
    ("emailserverprofile", {"maxconcurrentconnections": 0}),
    ("emailserverprofile", {"maxconcurrentconnections": 301}),
    ("emailserverprofile", {"incomingportnumber": 65537}),
    ("emailserverprofile", {"timeoutmailboxconnectionafteramount": 100_001}),
    ("emailserverprofile", {"name": "x" * 101}),
    ("emailserverprofile", {"statecode": 1, "statuscode": 1}),
    ("mailbox", {"incomingemaildeliverymethod": 4}),
    ("mailbox", {"outgoingemaildeliverymethod": 3}),
    ("mailbox", {"actdeliverymethod": 3}),
    ("mailbox", {"emailrouteraccessapproval": 4}),
    ("mailbox", {"mailboxstatus": 3}),
    ("mailbox", {"verboseloggingenabled": 101}),
    ("mailbox", {"emailaddress": "x" * 101}),
    ("mailbox", {"isforwardmailbox": False}),
    ("mailbox", {"statecode": 0, "statuscode": 2}),
    ("queue", {"incomingemaildeliverymethod": 1}),
    ("queue", {"outgoingemaildeliverymethod": 1}),
    ("queue", {"incomingemailfilteringmethod": 5}),
    ("appointment", {"statecode": 0, "statuscode": 5}),
    ("appointment", {"statecode": 4}),
    ("appointment", {"scheduledend": "2026-03-02T08:59Z"}),
    ("appointment", {"regardingobjectid": uuid.UUID(int=1)}),
    ("appointment", {"location": "x" * 401}),
    ("email", {"subject": "x" * 801}),
    ("email", {"messageid": "x" * 321}),
    ("email", {"statuscode": 0}),
    ("email", {"statecode": 0, "statuscode": 4}),
    ("email", {"statecode": 2, "statuscode": 1}),
    ("email", {"correlationmethod": 8}),
    ("email", {"deliveryattempts": -1}),
    ("email", {"notifications": 3}),
    ("lead", {"statecode": 0, "statuscode": 3}),
    ("tracelog", {"level": 4}),
    ("tracelog", {"tracecode": -1}),
    ("organization", {}),
    ("contact", {"emailaddress1": "x" * 101}),
    ("attachment", {"filesize": -1}),
    ("phonecall", {"statecode": 1, "statuscode": 3}),
    ("phonecall", {"statuscode": 5}),
    ("letter", {"statecode": 1, "statuscode": 2}),
    ("fax", {"statecode": 0, "statuscode": 3}),
    ("fax", {"regardingobjectid": uuid.UUID(int=1)}),
]


@pytest.mark.parametrize(("table", "columns"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_value_outside_the_reference_is_refused(table: str, columns: dict[str, object]) -> None:
    with pytest.raises(DatabaseError):
        insert(table, **least(table) | columns)


ACCEPTED = [
    (
        "emailserverprofile",
        {"servertype": 2, "maxconcurrentconnections": 300, "minpollingintervalinminutes": 1440},
    ),
    (
        "mailbox",
        {"incomingemaildeliverymethod": 3, "verboseloggingenabled": 100, "statecode": 1, "statuscode": 2},
    ),
    ("queue", {"incomingemaildeliverymethod": 3, "incomingemailfilteringmethod": 4}),
    ("email", {"statecode": 1, "statuscode": 4, "correlationmethod": 7, "subject": "x" * 800}),
    ("lead", {"statecode": 2, "statuscode": 7}),
    ("tracelog", {"level": 3, "tracecode": 1_000_000_000}),
]


@pytest.mark.parametrize(("table", "columns"), ACCEPTED, ids=lambda value: str(value)[:60])
def test_the_edges_of_the_reference_are_accepted(table: str, columns: dict[str, object]) -> None:
    insert(table, **least(table) | columns)


@pytest.mark.parametrize("table", ["systemuser", "queue", "mailbox", "email", "contact", "account", "lead", "attachment",
                                   "tracelog", "emailserverprofile"])  # fmt: skip
def test_plain_sql_gets_the_same_defaults_as_the_models(table: str) -> None:
    model = next(model for model in TABLES if model._meta.db_table == table)
    insert(table, **least(table))
    row = model._default_manager.get()
    assert isinstance(row.pk, uuid.UUID)
    for field in model._meta.concrete_fields:
        if field.default is not NOT_PROVIDED and not field.primary_key and field.name not in FILLED_IN:
            assert getattr(row, field.attname) == field.default, field.name


FILLED_IN = {"incomingemaildeliverymethod", "outgoingemaildeliverymethod"}
"""A trigger gives users and queues the organization's defaults instead."""


def columns() -> "Iterator[models.Field[object, object]]":
    """Yield every column of every table of ours."""
    yield from chain.from_iterable(model._meta.concrete_fields for model in TABLES)


def test_every_default_of_a_model_is_a_default_of_the_database_too() -> None:
    missing = [f"{column.model.__name__}.{column.name}" for column in columns()
               if column.default is not NOT_PROVIDED and column.db_default is NOT_PROVIDED]  # fmt: skip
    assert missing == []


def test_every_table_and_column_has_its_logical_name() -> None:
    for model in TABLES:
        table = model._meta.db_table
        assert table == model.__name__.lower()
        assert model._meta.pk is not None
        assert model._meta.pk.column == KEYS.get(table, f"{table}id")
    inherited = {"last_login", "is_superuser"}
    wrong = [
        str(column)
        for column in columns()
        if column.column != column.name or (not column.column.replace("_", "x").isalnum())
    ]
    assert wrong == []
    assert not [
        c for c in columns() if "_" in str(c.column) and c.column not in inherited and "address" not in c.name
    ]


def test_every_picklist_and_range_is_checked_by_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select conrelid::regclass::text, conname from pg_constraint where contype = 'c' and conrelid::regclass::text"
            " = any(%s)",
            [[model._meta.db_table for model in TABLES]],
        )
        checks = {f"{table} {name}" for table, name in cursor.fetchall()}
    for column in columns():
        bounded = isinstance(column, WholeNumberField) and (column.lowest, column.highest) != (None, None)
        if isinstance(column, PicklistField) or bounded:
            table = column.model._meta.db_table
            name = f"{table} {table}_{column.column}_check"
            assert any(_same(name, check) for check in checks), name


def _same(name: str, check: str) -> bool:
    """PostgreSQL shortens names to 63 bytes, in both of their parts."""
    return check == name or (len(check.split(" ")[1]) >= 60 and check[:30] == name[:30])


def test_one_internet_message_is_one_email() -> None:
    key = uuid.uuid4()
    Email.objects.create(messageiddupcheck=key)
    with pytest.raises(DatabaseError, match="messageiddupcheck"), transaction.atomic():
        Email.objects.create(messageiddupcheck=key)


def test_there_is_one_open_alert_for_a_trouble_and_any_number_of_healed_ones() -> None:
    trouble = {"code": "exchange.unreachable", "regardingobjectid": uuid.uuid4()}
    insert("tracelog", **trouble, resolvedon="2026-01-01T00:00Z")
    insert("tracelog", **trouble, resolvedon="2026-01-02T00:00Z")
    insert("tracelog", **trouble)
    with pytest.raises(DatabaseError, match="tracelog_one_open"):
        insert("tracelog", **trouble)
    insert("tracelog", code="database.unavailable")
    with pytest.raises(DatabaseError, match="tracelog_one_open"):
        insert("tracelog", code="database.unavailable")
    assert TraceLog.objects.filter(resolvedon=None).count() == 2


def test_there_is_always_one_organization() -> None:
    assert Organization.objects.count() == 1
    Organization.objects.all().delete()
    made = Organization.objects.current()
    assert Organization.objects.current() == made
    assert (made.trackingprefix, made.hashmaxcount, made.maxuploadfilesize) == ("CRM:", 20, 5_242_880)
    assert made.hashfilterkeywords == r"^[\s]*([\w]+\s?:[\s]*)+"


def test_only_queues_and_forward_mailboxes_may_lose_mail_after_processing() -> None:
    insert("mailbox", name="Forward", processanddeleteemails=True)
    insert("systemuser", domainname="ada")
    with pytest.raises(DatabaseError, match="mailbox_delete_after_processing"), transaction.atomic():
        Mailbox.objects.filter(isforwardmailbox=False).update(processanddeleteemails=True)


def test_parts_of_an_attachment_can_be_read_without_the_whole() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select attstorage from pg_attribute where attrelid = 'attachment'::regclass and attname = 'body'"
        )
        assert cursor.fetchone() == ("e",)


@pytest.mark.parametrize(
    "column",
    ["systemuser.internalemailaddress", "systemuser.personalemailaddress", "systemuser.mobilealertemail",
     "queue.emailaddress", "mailbox.emailaddress", "contact.emailaddress1", "contact.emailaddress2",
     "contact.emailaddress3", "account.emailaddress1", "account.emailaddress2", "account.emailaddress3",
     "lead.emailaddress1", "lead.emailaddress2", "lead.emailaddress3"],
)  # fmt: skip
def test_every_address_is_found_by_an_index_whatever_its_case(column: str) -> None:
    table, name = column.split(".")
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(f"explain select from {table} where lower({name}) = any(%s)", [["ada@example.org"]])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index" in plan
    assert "lower" in plan.partition("Cond:")[2]


def test_parties_go_with_their_appointment_or_email_however_it_is_deleted() -> None:
    for table in ("appointment", "email"):
        key, other = uuid.uuid4(), uuid.uuid4()
        insert(table, activityid=key, **least(table))
        insert("activityparty", activityid=key, participationtypemask=5)
        insert("activityparty", activityid=other, participationtypemask=5)
        with connection.cursor() as cursor:
            cursor.execute(f"delete from {table} where activityid = %s", [key])
            cursor.execute("select activityid from activityparty")
            assert cursor.fetchall() == [(other,)]
            cursor.execute("delete from activityparty")


def test_a_meeting_is_one_appointment_and_its_occurrences_share_its_id() -> None:
    times = least("appointment")
    insert("appointment", globalobjectid="04", **times)
    with pytest.raises(DatabaseError):
        insert("appointment", globalobjectid="04", **times)
    series = uuid.uuid4()
    first = {"instancetypecode": 3, "seriesid": series, "originalstartdate": "2026-03-02T09:00:00Z"}
    insert("appointment", globalobjectid="04", **times, **first)
    insert(
        "appointment", globalobjectid="04", **times, **first | {"originalstartdate": "2026-03-09T09:00:00Z"}
    )
    with pytest.raises(DatabaseError):
        insert("appointment", globalobjectid="04", **times, **first)


def test_a_changed_occurrence_says_of_which_series_and_which_one_it_is() -> None:
    with pytest.raises(DatabaseError):
        insert("appointment", instancetypecode=3, **least("appointment"))


def test_the_duration_of_an_appointment_follows_from_its_times() -> None:
    insert("appointment", **least("appointment"))
    with connection.cursor() as cursor:
        cursor.execute("select scheduleddurationminutes from appointment")
        assert cursor.fetchall() == [(60,)]
