"""People whom Exchange names by the directory are found under the SMTP addresses that they have or had."""

from tests.e2e.place import QUEUE, company
from tests.e2e.test_mail_rules import ADA, BEN, letter, sync

OLD = "/o=Example/ou=First Administrative Group/cn=Recipients/cn="


def parties(place):
    return place.query(
        "select addressused, partyobjecttypecode from activityparty where participationtypemask in (2, 3)"
        " order by participationtypemask, addressused"
    )


def listen(place):
    """Return the operations that are asked from now on."""
    asked = []
    place.simulator.server.on_response.append(lambda traffic: asked.append(traffic.operation))
    return asked


def named_by_directory(place):
    """Ben has a mailbox whose old name is known; Hal has left, but stands in the headers; of Joe nothing is known."""
    exchange = place.exchange
    exchange.named_by_directory.update(
        {BEN: f"{OLD}ben", "hal@example.org": f"{OLD}hal", "joe@example.org": f"{OLD}joe"}
    )
    exchange.add_proxy_address(exchange.mailbox(BEN), f"X500:{OLD}BEN")


def test_recipients_are_looked_up_in_the_directory_then_in_the_headers(database_dsn):
    with company(database_dsn) as place:
        named_by_directory(place)
        to = f"{ADA}, Benjamin <{BEN}>, joe@example.org\r\nCc: Hal <hal@example.org>"
        place.exchange.deliver(letter("Handover", to), [ADA])
        sync(place, ADA)
        assert parties(place) == [
            (f"{OLD}joe", None),
            (ADA, "systemuser"),
            (BEN, "systemuser"),
            ("hal@example.org", None),
        ]


def test_a_queue_that_is_named_by_the_directory_takes_its_mail(database_dsn):
    """Nobody but the queue is among the recipients: unresolved, the message would be nobody's."""
    from serversync.crm.models import UserSettings

    with company(database_dsn) as place:
        UserSettings.objects.update(incomingemailfilteringmethod=4)
        queue = place.exchange.mailbox(QUEUE)
        place.exchange.named_by_directory[QUEUE] = queue.legacy_dn.upper()
        place.exchange.deliver(letter("Order", QUEUE), [ADA])
        sync(place, ADA)
        assert place.query("select acceptingentitytypecode from email") == [("queue",)]
        assert place.query("select title from queueitem") == [("Order",)]


def test_each_name_is_asked_for_once_a_pass_however_many_messages_have_it(database_dsn):
    with company(database_dsn) as place:
        named_by_directory(place)
        for number in range(40):
            place.exchange.deliver(letter(f"Handover {number}", f"{ADA}, {BEN}, joe@example.org"), [ADA])
        asked = listen(place)
        sync(place, ADA)
        assert asked.count("ResolveNames") == 2
        assert place.query("select count(*) from activityparty where addressused = %s", BEN) == [(40,)]


def test_mail_of_ordinary_people_asks_the_directory_nothing(database_dsn):
    with company(database_dsn) as place:
        place.exchange.deliver(letter("Offer", f"{ADA}, {BEN}"), [ADA])
        asked = listen(place)
        sync(place, ADA)
        assert "ResolveNames" not in asked
        assert asked.count("GetItem") == 1
