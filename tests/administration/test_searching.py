"""Lists are searched by the beginnings of words."""

import pytest
from django.db import connection

from serversync.administration import emails, searching
from serversync.crm.models import Account, Contact, Email, SystemUser
from serversync.crm.models.words import split

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("offer", True),
        ("OFF", True),
        ("grete", True),
        ("harbour-coffee.example", True),
        ("harbour coffee", True),
        ("ada@example", True),
        ("offer sør", True),
        ("4711", True),
        ("ffer", False),
        ("offer ben", False),
        ("", True),
        ("   ", True),
        ("%", False),
        ("'; drop table email; --", False),
        ("\\", False),
        ("offer\0", True),
        ("offer & !ada | (", True),
        ("a:* <-> b", False),
    ],
)
def test_each_word_begins_a_word_of_the_row(text: str, found: bool) -> None:
    Email.objects.create(
        subject="Offer No. 4711 for Sørensen",
        sender="grete@harbour-coffee.example",
        torecipients="ada@example.org",
    )
    assert searching.narrow(Email.objects.all(), text).exists() is found


def test_what_was_entered_is_split_like_what_is_kept() -> None:
    assert split("Re: [Crm:0042] a+b@example.org, \"quoted\" 'x' 50%") == [
        "Re",
        "Crm",
        "0042",
        "a",
        "b",
        "example",
        "org",
        "quoted",
        "x",
        "50",
    ]


@pytest.mark.parametrize("model", searching.WORDS)
def test_a_search_is_answered_along_the_index_of_words(model: type) -> None:
    rows = searching.narrow(model._default_manager.order_by(), "grete offer")
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(f"explain {rows.query.sql_with_params()[0]}", rows.query.sql_with_params()[1])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert f"{model._meta.db_table}_words" in plan


def test_a_command_finds_an_email_by_its_message_id() -> None:
    wanted = Email.objects.create(subject="One", messageid="<1@customer.example>")
    Email.objects.create(subject="1 customer example")
    assert emails.find_all(search="1@customer.example") == [wanted]


def test_names_of_records_are_found_in_any_of_their_columns() -> None:
    Contact.objects.create(fullname="Grete Sørensen", company="Harbour Coffee")
    Account.objects.create(name="Harbour Coffee", accountnumber="K-17")
    SystemUser.objects.create_user("ada@example.org", fullname="Ada Lovelace")
    assert searching.narrow(Contact.objects.all(), "harb gre").count() == 1
    assert searching.narrow(Account.objects.all(), "k 17").count() == 1
    assert searching.narrow(SystemUser.objects.all(), "lovel ada@ex").count() == 1
