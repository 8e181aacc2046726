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
        ("SØR", True),
        ("ørensen", False),
        ("ελλ", True),
        ("AB12", True),
        ("ab12cde", False),
        ("b12", False),
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
@pytest.mark.parametrize("by_index", [True, False])
def test_each_word_begins_a_word_of_the_row(text: str, found: bool, by_index: bool) -> None:
    Email.objects.create(
        subject="Offer No. 4711 for Sørensen, ΕΛΛΆΔΑ, ab12cd",
        sender="grete@harbour-coffee.example",
        torecipients="ada@example.org",
    )
    assert searching.narrow(Email.objects.all(), text, by_index=by_index).exists() is found


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


def test_rows_are_held_against_letters_before_their_words_are_taken() -> None:
    """Taking the words of a row costs ten times as much; thousands of rows are looked through."""
    rows = searching.narrow(Email.objects.order_by(), "No4711 sør", by_index=False)
    with connection.cursor() as cursor:
        cursor.execute(f"explain {rows.query.sql_with_params()[0]}", rows.query.sql_with_params()[1])
        condition = next(line for (line,) in cursor.fetchall() if "Filter" in line)
    for pattern in ("~~ '%no%4711%'", "~~ '%s%r%'"):
        assert 0 < condition.index(pattern) < condition.index("to_tsvector")


@pytest.mark.parametrize("model", searching.WORDS)
def test_a_search_is_answered_along_the_index_of_words(model: type) -> None:
    rows = searching.narrow(model._default_manager.order_by(), "grete offer")
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(f"explain {rows.query.sql_with_params()[0]}", rows.query.sql_with_params()[1])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    (index,) = [index.name for index in model._meta.indexes if index.name.endswith("_words")]
    assert index in plan


def asked_of_the_index(text: str) -> list[str]:
    """The queries of a search: those for the index, and those that the rows are held against."""
    sql, values = searching.narrow(Email.objects.all(), text).query.sql_with_params()
    asked = [str(value) for value in values if ":*" in str(value)]
    assert sql.count("to_tsquery") == len(asked)
    assert sql.count(") is true") == len(asked) - 1, "the first is asked of the index, the others of the rows"
    return asked


def test_the_index_is_asked_for_the_words_that_few_rows_have() -> None:
    """For a word that half a million rows have it hands all of them over, whatever the other words are."""
    Email.objects.bulk_create(Email(subject=f"Usual offer {number}") for number in range(200))
    wanted = Email.objects.create(subject="Usual lighthouse")
    with connection.cursor() as cursor:
        cursor.execute("analyze email")
    assert asked_of_the_index("usual lighthouse") == ["'lighthouse':*", "'usual':*"]
    assert asked_of_the_index("USU offer") == ["'USU':* & 'offer':*"], "where all are usual, for all"
    assert asked_of_the_index("usual") == ["'usual':*"]
    assert list(searching.narrow(Email.objects.all(), "usual lighthouse")) == [wanted]
    assert not searching.narrow(Email.objects.all(), "unusual lighthouse").exists()


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
