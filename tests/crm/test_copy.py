"""Rows come by COPY on a connection of the engine's own, with most columns left out."""

import uuid

import psycopg

from serversync.crm.models import ActivityParty, Email, Organization, SystemUser
from serversync.database import address


def test_copy_may_leave_columns_out(database_dsn: str) -> None:
    key = uuid.uuid4()
    with psycopg.connect(database_dsn) as connection:
        with connection.cursor().copy("copy email (activityid, subject, directioncode) from stdin") as copy:
            copy.write_row((key, "Hello", False))
        with connection.cursor().copy("copy activityparty (activityid, addressused) from stdin") as copy:
            copy.write_row((key, "ada@example.org"))
    email = Email.objects.get()
    assert (email.activityid, email.statecode, email.statuscode, email.prioritycode) == (key, 0, 1, 1)
    assert email.createdon is not None
    assert ActivityParty.objects.get().activityid == email


def test_users_that_come_by_copy_have_their_mailboxes(database_dsn: str) -> None:
    statement = "copy systemuser (domainname, internalemailaddress) from stdin"
    with psycopg.connect(database_dsn) as connection, connection.cursor().copy(statement) as copy:
        for number in range(3):
            copy.write_row((f"user{number}", f"user{number}@example.org"))
    boxes = [user.defaultmailbox for user in SystemUser.objects.order_by("domainname")]
    assert [box.emailaddress for box in boxes if box] == [f"user{number}@example.org" for number in range(3)]


def test_the_address_in_use_is_that_of_the_test_database(database_dsn: str) -> None:
    assert address.dsn() == database_dsn
    with psycopg.connect(database_dsn) as connection:
        row = connection.execute("select current_database()").fetchone()
    assert row is not None
    assert str(row[0]).startswith("test_serversync")


def test_the_organization_is_there_after_tables_were_emptied(database_dsn: str) -> None:
    assert Organization.objects.count() == 1
