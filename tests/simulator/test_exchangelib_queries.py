"""Queries, bulk operations and extended properties as a stranger's test suite tries them, by exchangelib."""

from collections.abc import Iterator
from decimal import Decimal

import exchangelib
import pytest
from exchangelib import EWSDateTime, ExtendedProperty, Message, Q
from exchangelib.errors import (
    DoesNotExist,
    ErrorItemNotFound,
    ErrorNameResolutionNoResults,
    MultipleObjectsReturned,
)
from exchangelib.folders import Folder, Messages

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, Client, plain

UTC = exchangelib.UTC
SET = "deadbeaf-cafe-cafe-cafe-deadbeefcafe"


@pytest.fixture
def folder(ada: exchangelib.Account) -> Messages:
    """Five messages, S0 to S4."""
    made = Messages(parent=ada.inbox, name="Five").save()
    ada.bulk_create(
        folder=made,
        items=[
            Message(
                subject=f"S{number}",
                body=f"body number{number}",
                importance=("Low", "Normal", "High")[number % 3],
                categories=[f"c{number % 2}"],
                to_recipients=[f"to{number}@example.com"],
            )
            for number in range(5)
        ],
    )
    return made


def subjects(query) -> list[str]:
    return sorted(one.subject for one in query)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (Q(subject="S1"), "1"),
        (Q(subject="S1") | Q(subject="S2"), "12"),
        (Q(subject="S1") & Q(importance="Normal"), "1"),
        (Q(subject="S1") & Q(importance="Low"), ""),
        (~Q(subject="S1"), "0234"),
        (~(Q(subject="S1") | Q(importance="Low")), "24"),
        (Q(subject__in=["S1", "S3", "S9"]), "13"),
        (Q(subject__not="S2"), "0134"),
        (Q(subject__range=("S1", "S3")), "123"),
        (Q(subject__gt="S2"), "34"),
        (Q(subject__gte="S2"), "234"),
        (Q(subject__lt="S2"), "01"),
        (Q(subject__lte="S2"), "012"),
        (Q(subject__exact="s1"), ""),
        (Q(subject__iexact="s1"), "1"),
        (Q(subject__contains="1"), "1"),
        (Q(subject__icontains="s1"), "1"),
        (Q(subject__startswith="s"), ""),
        (Q(subject__istartswith="s"), "01234"),
        (Q(subject__exists=True), "01234"),
        (Q(subject__exists=False), ""),
        (Q(importance="Low"), "03"),
        (Q(importance__in=["Low", "High"]), "023"),
        (Q(categories__contains=["c1"]), "13"),
        (Q(categories="c1"), "13"),
        (Q(categories__in=["c0"]), "024"),
        (Q(is_read=False), "01234"),
        (Q(has_attachments=True), ""),
        (Q(size__gt=1), "01234"),
        (Q(datetime_created__gt=EWSDateTime(2001, 1, 1, tzinfo=UTC)), "01234"),
        (
            Q(
                datetime_received__range=(
                    EWSDateTime(2001, 1, 1, tzinfo=UTC),
                    EWSDateTime(2002, 1, 1, tzinfo=UTC),
                )
            ),
            "",
        ),
        ("subject:S1", "1"),
        ("S1 OR subject:S2", "12"),
        ("body:number3", "3"),
        ("num*", "01234"),
        ("umber", ""),
        ('"body number4"', "4"),
        ("NOT subject:S1 (importance:low OR importance:high)", "023"),
        ("category:c1 -S3", "1"),
        ("to:to2", "2"),
        ("hasattachment:true", ""),
        ("isread:false size:<10MB received:>2001-01-01", "01234"),
        ("received:today", "01234"),
        ("received:1/1/2001..1/2/2001", ""),
        ("participants:to0 kind:email", "0"),
    ],
)
def test_conditions_find_what_they_say(folder: Messages, condition: Q | str, found: str) -> None:
    assert subjects(folder.filter(condition)) == [f"S{number}" for number in found]


def test_the_order_is_the_one_asked_for(folder: Messages) -> None:
    def order(*fields: str) -> str:
        return "".join(one.subject[1] for one in folder.all().order_by(*fields))

    assert (order("subject"), order("-subject")) == ("01234", "43210")
    assert order("importance", "-subject") == "30412"
    assert order("body", "subject") == "01234"
    assert folder.all().order_by("subject").reverse()[0].subject == "S4"
    assert [one.subject for one in folder.all().order_by("subject")[1:3]] == ["S1", "S2"]
    assert folder.all().order_by("subject")[3].subject == "S3"


def test_values_and_single_objects(folder: Messages) -> None:
    listed = folder.all().order_by("subject")
    assert list(listed.values_list("subject", flat=True)) == [f"S{number}" for number in range(5)]
    assert listed.values("subject", "importance")[0] == {"subject": "S0", "importance": "Low"}
    assert len({(one_id, key) for one_id, key in listed.values_list("id", "changekey")}) == 5
    assert folder.all().only("subject").get(subject="S1").body is None
    assert (folder.all().exists(), folder.none().count(), folder.all().count()) == (True, 0, 5)
    with pytest.raises(DoesNotExist):
        folder.get(subject="S9")
    with pytest.raises(MultipleObjectsReturned):
        folder.get(subject__startswith="S")
    for name in ("page_size", "chunk_size"):
        query = folder.all()
        setattr(query, name, 2)
        assert len(list(query)) == 5


def test_queries_delete_move_and_count_across_folders(ada: exchangelib.Account, folder: Messages) -> None:
    folder.filter(subject="S1").delete()
    folder.filter(subject="S2").move(to_folder=ada.drafts)
    folder.filter(subject="S3").copy(to_folder=ada.drafts)
    assert subjects(folder.all()) == ["S0", "S3", "S4"]
    both = exchangelib.folders.FolderCollection(account=ada, folders=[folder, ada.drafts])
    assert subjects(both.all()) == ["S0", "S2", "S3", "S3", "S4"]


def test_hundreds_of_items_at_once(ada: exchangelib.Account) -> None:
    ids = ada.bulk_create(folder=ada.drafts, items=[Message(subject=f"B{n}", body="x") for n in range(120)])
    found = list(ada.fetch(ids=ids, chunk_size=50))
    assert [one.subject for one in found] == [f"B{number}" for number in range(120)]
    for one in found[:50]:
        one.subject += " changed"
    changed = ada.bulk_update(items=[(one, ["subject"]) for one in found[:50]])
    moved = ada.bulk_move(ids=changed, to_folder=ada.trash)
    copied = ada.bulk_copy(ids=moved, to_folder=ada.drafts)
    assert ada.bulk_delete(ids=copied) == [True] * 50
    (gone,) = ada.bulk_delete(ids=copied[:1])
    assert isinstance(gone, ErrorItemNotFound)
    assert subjects(ada.trash.all())[0] == "B0 changed"
    streams = list(ada.export(moved[:3]))
    assert len(ada.upload([(ada.drafts, one) for one in streams])) == 3


def test_junk_is_put_away_and_its_sender_blocked(ada: exchangelib.Account, exchange: Exchange) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    (mail,) = ada.inbox.all()
    ada.bulk_mark_as_junk(ids=[mail], is_junk=True, move_item=True)
    exchange.deliver(plain(2), [MAILBOX])
    assert (ada.inbox.all().count(), subjects(ada.junk.all())) == (0, ["Compiler 1", "Compiler 2"])
    ada.bulk_mark_as_junk(ids=list(ada.junk.filter(subject="Compiler 1")), is_junk=False, move_item=True)
    exchange.deliver(plain(3), [MAILBOX])
    assert subjects(ada.inbox.all()) == ["Compiler 1", "Compiler 3"]


def _property(kind: str, **where: object) -> type[ExtendedProperty]:
    given = {"property_set_id": SET, **where} if "property_name" in where else where
    return type(f"Own{kind}", (ExtendedProperty,), {**given, "property_type": kind})


PROPERTIES = {
    "own_text": (_property("String", property_name="text"), "x"),
    "own_texts": (_property("StringArray", property_name="texts"), ["a", "b"]),
    "own_tag": (_property("Integer", property_tag="0x66ab"), 7),
    "own_short": (_property("Short", property_name="short"), 3),
    "own_long": (_property("Long", property_name="long"), 2**40),
    "own_truth": (_property("Boolean", distinguished_property_set_id="Meeting", property_id=1234), True),
    "own_bytes": (_property("Binary", property_name="bytes"), b"\x00\x01"),
    "own_time": (_property("SystemTime", property_name="time"), EWSDateTime(2026, 1, 1, 1, tzinfo=UTC)),
    "own_double": (_property("Double", property_name="double"), Decimal("1.5")),
    "own_guid": (_property("CLSID", property_name="guid"), "6f1a3c52-7f0e-4d3b-9d0a-3c8b8a1f7e11"),
}


@pytest.fixture
def registered() -> Iterator[None]:
    for name, (kind, _) in PROPERTIES.items():
        Message.register(name, kind)
    Folder.register("own_text", PROPERTIES["own_text"][0])
    yield
    for name in PROPERTIES:
        Message.deregister(name)
    Folder.deregister("own_text")


@pytest.mark.usefixtures("registered")
def test_extended_properties_of_all_types_are_kept_and_found(ada: exchangelib.Account) -> None:
    given = {name: value for name, (_, value) in PROPERTIES.items()}
    Message(account=ada, folder=ada.drafts, subject="with", **given).save()
    Message(account=ada, folder=ada.drafts, subject="without").save()
    found = ada.drafts.get(subject="with")
    assert {name: getattr(found, name) for name in given} == given
    later = EWSDateTime(2027, 1, 1, tzinfo=UTC)
    for condition in (
        Q(own_text="x"),
        Q(own_text__contains="x"),
        Q(own_texts__contains=["a"]),
        Q(own_tag__gt=5),
        Q(own_truth=True),
        Q(own_time__lt=later),
        Q(own_double__gt=Decimal("1.0")),
        Q(own_bytes=b"\x00\x01"),
        Q(own_long=2**40),
        Q(own_text__exists=True),
    ):
        assert subjects(ada.drafts.filter(condition)) == ["with"], condition
    assert subjects(ada.drafts.filter(own_text__exists=False)) == ["without"]
    assert next(iter(ada.drafts.all().order_by("-own_tag"))).subject == "with"
    found.own_text = None
    found.save(update_fields=["own_text"])
    found.refresh()
    assert found.own_text is None
    made = Messages(parent=ada.inbox, name="Named", own_text="of a folder").save()
    made.refresh()
    assert made.own_text == "of a folder"


def test_every_field_of_a_message_can_be_cleared(ada: exchangelib.Account) -> None:
    made = Message(
        account=ada,
        folder=ada.drafts,
        subject="all",
        body="b",
        categories=["a"],
        in_reply_to="<1@x>",
        references="<0@x> <1@x>",
        reply_to=["r@example.com"],
        cc_recipients=["c@example.com"],
    ).save()
    for name in ("subject", "body", "categories", "in_reply_to", "references", "reply_to", "cc_recipients"):
        setattr(made, name, None)
        made.save(update_fields=[name])
    (found,) = ada.drafts.all()
    assert (found.subject, found.body, found.categories, found.in_reply_to) == (None, None, None, None)
    assert (found.references, found.reply_to, found.cc_recipients) == (None, None, None)


def test_lists_are_expanded(ada: exchangelib.Account, exchange: Exchange) -> None:
    room = exchange.add_mailbox("room@example.org", display_name="Room")
    exchange.add_room_list("rooms@example.org", "Rooms", [room])
    (found,) = ada.protocol.expand_dl("rooms@example.org")
    assert (found.name, found.email_address) == ("Room", "room@example.org")
    with pytest.raises(ErrorNameResolutionNoResults):
        ada.protocol.expand_dl(MAILBOX)


def test_a_list_in_a_mailbox_is_expanded(client: Client) -> None:
    made = client.call(
        "<m:CreateItem><m:Items><t:DistributionList><t:DisplayName>Own</t:DisplayName><t:Members><t:Member><t:Mailbox>"
        "<t:EmailAddress>m@example.com</t:EmailAddress><t:MailboxType>OneOff</t:MailboxType></t:Mailbox></t:Member>"
        "</t:Members></t:DistributionList></m:Items></m:CreateItem>"
    ).attributes(".//t:ItemId", "Id")[0]
    expand = f'<m:ExpandDL><m:Mailbox><t:ItemId Id="{made}"/></m:Mailbox></m:ExpandDL>'
    reply = client.call(expand)
    assert (reply.codes, reply.texts(".//t:EmailAddress")) == (["NoError"], ["m@example.com"])
