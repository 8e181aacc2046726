"""Each row of the field maps both ways, read and written by exchangelib on the other side; and passes over the wire."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from uuid import UUID, uuid4

import exchangelib
import pytest
from exchangelib import EWSDate, ExtendedProperty
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress

from serversync.adapters.act_facts import Facts
from serversync.adapters.act_items import fields_of
from serversync.adapters.act_mailbox import TRACKED_CATEGORY, EwsActMailbox, Extent
from serversync.core.errors import ChangeConflict, ItemGone, SeriesNotInCrm, ServiceError
from serversync.engine.act import ActPass
from serversync.engine.act_ports import ActRun, Item, ItemToChange, ItemToMake, Written
from serversync.exchange.auth.credentials import Credentials, Scheme
from serversync.exchange.client import EwsClient
from serversync.exchange.endpoint import Endpoint
from serversync.mapping.fields import CONTACT, FIELDS, TASK, directions
from serversync.mapping.values import Form
from serversync.rules.plan import KindRules, Sight
from serversync.rules.record import Kind, Value
from serversync.rules.regarding import REGARDING
from serversync.simulator import Exchange, SimulatorThread
from tests.property.act.world import Row, Silent, World
from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD, SCHEMAS, account, make_exchange
from tests.simulator.conftest import serve as serve  # noqa: PLC0414 - a fixture

STAMP = UUID("11111111-2222-4333-8444-555555555555")
ALL = frozenset({Kind.CONTACT})
PHONES = {
    "assistantphone": "AssistantPhone",
    "fax": "BusinessFax",
    "telephone1": "BusinessPhone",
    "business2": "BusinessPhone2",
    "callback": "Callback",
    "company": "CompanyMainPhone",
    "telephone2": "HomePhone",
    "home2": "HomePhone2",
    "mobilephone": "MobilePhone",
    "telephone3": "OtherTelephone",
    "pager": "Pager",
}
PLAIN = {
    "assistantname": "assistant_name",
    "parentcustomerid": "company_name",
    "department": "department",
    "firstname": "given_name",
    "middlename": "middle_name",
    "lastname": "surname",
    "suffix": "generation",
    "jobtitle": "job_title",
    "managername": "manager",
    "nickname": "nickname",
    "spousesname": "spouse_name",
    "websiteurl": "business_homepage",
    "description": "text_body",
    "ftpsiteurl": "ftp_site",
    "salutation": "title_prefix",
    "governmentid": "government_id",
    "yomifirstname": "yomi_first",
    "yomilastname": "yomi_last",
}
COLUMNS = [row.logicalname for row in CONTACT if row.form not in (Form.PICTURE, Form.REFERENCE)]
"""All but the photo and the parent, which ``test_photos`` and ``test_parents_of_contacts`` are about."""
DATES = {"birthdate": "birthday", "anniversary": "wedding_anniversary"}
ADDRESSES = {1: "Business", 2: "Home", 3: "Other"}
PARTS = {
    "line1": "street",
    "city": "city",
    "stateorprovince": "state",
    "postalcode": "zipcode",
    "country": "country",
}


def mapi(tag: int) -> type[ExtendedProperty]:
    return type(f"Tag{tag}", (ExtendedProperty,), {"property_tag": tag, "property_type": "String"})


def named(number: int) -> type[ExtendedProperty]:
    values = {"distinguished_property_set_id": "Address", "property_id": number, "property_type": "String"}
    return type(f"Named{number}", (ExtendedProperty,), values)


EXTENDED = {
    "ftp_site": mapi(0x3A4C),
    "title_prefix": mapi(0x3A45),
    "government_id": mapi(0x3A07),
    "yomi_first": named(0x802C),
    "yomi_last": named(0x802D),
}


@pytest.fixture(scope="module", autouse=True)
def extended() -> Iterator[None]:
    """exchangelib knows the MAPI properties of the map meanwhile."""
    for name, kind in EXTENDED.items():
        exchangelib.Contact.register(name, kind)
    yield
    for name in EXTENDED:
        exchangelib.Contact.deregister(name)


@pytest.fixture
def place(serve: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator["Place"]:
    """An Exchange that validates every request, with exchangelib in Ada's mailbox."""
    exchange = make_exchange()
    schema_dir = SCHEMAS if SCHEMAS.is_dir() else None
    with serve(exchange, schema_dir=schema_dir) as simulator, account(simulator, monkeypatch) as ada:
        yield Place(exchange, simulator, ada)


class Place:
    """Both ways into one mailbox: ours and that of exchangelib."""

    def __init__(self, exchange: Exchange, simulator: SimulatorThread, ada: exchangelib.Account) -> None:
        self.exchange = exchange
        self.simulator = simulator
        self.ada = ada
        self.takes_all = ALL
        self.takes_assigned = False
        self.facts: Facts | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[EwsActMailbox]:
        credentials = Credentials(username=ACCOUNT, password=PASSWORD, scheme=Scheme.BASIC)
        endpoint = Endpoint(url=self.simulator.url, ca_file=self.simulator.ca_file)
        async with EwsClient(endpoint, credentials) as client:
            yield EwsActMailbox(
                client,
                MAILBOX,
                takes_all=self.takes_all,
                extent=Extent(self.takes_assigned),
                facts=self.facts,
            )

    def contact(self) -> exchangelib.Contact:
        (found,) = self.ada.contacts.all()
        return found

    def task(self) -> exchangelib.Task:
        (found,) = self.ada.tasks.all()
        return found


async def make(mailbox: EwsActMailbox, kind: Kind, fields: Mapping[str, Value]) -> Written:
    (written,) = await mailbox.create(kind, [ItemToMake(STAMP, fields)])
    assert isinstance(written, Written)
    return written


async def change(mailbox: EwsActMailbox, kind: Kind, item: Written, fields: Mapping[str, Value]) -> Written:
    (written,) = await mailbox.update(kind, [ItemToChange(item, fields, {})])
    if isinstance(written, ServiceError):
        raise written
    return written


def contact_fields() -> dict[str, Value]:
    """A value in every column of the map, each its own."""
    fields: dict[str, Value] = {name: f"{name}-1" for name in COLUMNS}
    fields |= {"birthdate": dt.date(1815, 12, 10), "anniversary": dt.date(1835, 7, 8)}
    fields |= {"childrensnames": "Byron, Anne", "description": "Two\nlines"}
    fields |= {f"emailaddress{n}": f"ada{n}@example.com" for n in (1, 2, 3)}
    return fields


def as_exchangelib_has_it(found: exchangelib.Contact) -> dict[str, Value]:
    """What exchangelib reads, under the names of the columns."""
    fields: dict[str, Value] = {column: getattr(found, name) for column, name in (PLAIN | DATES).items()}
    fields["description"] = (found.text_body or "").replace("\r\n", "\n").rstrip() or None
    phones = {each.label: each.phone_number for each in found.phone_numbers or ()}
    fields |= {column: phones.get(key) for column, key in PHONES.items()}
    mails = {each.label: each.email for each in found.email_addresses or ()}
    fields |= {f"emailaddress{n}": mails.get(f"EmailAddress{n}") for n in (1, 2, 3)}
    places = {each.label: each for each in found.physical_addresses or ()}
    for number, key in ADDRESSES.items():
        for column, part in PARTS.items():
            fields[f"address{number}_{column}"] = getattr(places.get(key), part, None)
    fields["childrensnames"] = ", ".join(found.children or ()) or None
    return {column: value for column, value in fields.items() if value is not None}


async def test_every_row_of_contacts_is_read_by_exchangelib_as_it_was_written(place: Place) -> None:
    async with place.open() as mailbox:
        await make(mailbox, Kind.CONTACT, contact_fields())
    found = await asyncio.to_thread(place.contact)
    assert as_exchangelib_has_it(found) == contact_fields()


STRANGE = (
    "plain",
    " between blanks ",
    "x" * 255,
    "x" * 300,
    "tab\tinside",
    "two\nlines",
    "carriage\r\nreturn",
    "ends with a line\n",
    "bell\x07",
    "<b>&amp;</b>",
    "Ünïcödé 😀",
)


@pytest.mark.parametrize(
    "column", ["lastname", "telephone1", "address1_city", "childrensnames", "description"]
)
async def test_what_a_new_contact_says_is_known_where_exchange_keeps_it(place: Place, column: str) -> None:
    new = [ItemToMake(uuid4(), {"lastname": "Lovelace", column: text}) for text in STRANGE]
    new.append(ItemToMake(uuid4(), contact_fields()))
    async with place.open() as mailbox:
        written = [each for each in await mailbox.create(Kind.CONTACT, new) if isinstance(each, Written)]
        said = await mailbox.read(Kind.CONTACT, [each.item_id for each in written])
    assert len(written) >= len(new) - 1  # a name that is too long may be refused
    for expected, item in zip(written, said, strict=True):
        assert isinstance(item, Item)
        assert expected.fields in (None, item.fields)
    assert written[0].fields == {"lastname": "Lovelace", column: "plain"}
    assert written[-1].fields == said[-1].fields
    assert any(each.fields is None for each in written)


async def test_what_a_new_task_says_is_read_for_exchange_works_it_out(place: Place) -> None:
    async with place.open() as mailbox:
        assert (await make(mailbox, Kind.TASK, {"subject": "Call", "percentcomplete": 100})).fields is None


@pytest.mark.parametrize("column", COLUMNS)
async def test_one_field_of_a_contact_changes_and_is_taken_away_alone(place: Place, column: str) -> None:
    changed = contact_fields()[column]
    changed = dt.date(1900, 2, 28) if isinstance(changed, dt.date) else f"{changed}x"
    expected = contact_fields() | {column: changed}
    async with place.open() as mailbox:
        written = await make(mailbox, Kind.CONTACT, contact_fields())
        written = await change(mailbox, Kind.CONTACT, written, {column: changed})
        assert as_exchangelib_has_it(await asyncio.to_thread(place.contact)) == expected
        await change(mailbox, Kind.CONTACT, written, {column: None})
    del expected[column]
    assert as_exchangelib_has_it(await asyncio.to_thread(place.contact)) == expected


def save_contact(place: Place) -> exchangelib.Contact:
    """Make the contact of ``contact_fields`` with exchangelib."""
    fields = contact_fields()
    plain = {name: fields[column] for column, name in PLAIN.items() if name != "text_body"}
    return exchangelib.Contact(
        account=place.ada,
        folder=place.ada.contacts,
        **plain,
        display_name="Ada Lovelace",
        body="Two\nlines",
        birthday=EWSDate(1815, 12, 10),
        wedding_anniversary=EWSDate(1835, 7, 8),
        children=["Byron", "Anne"],
        phone_numbers=[PhoneNumber(label=key, phone_number=fields[c]) for c, key in PHONES.items()],
        email_addresses=[
            EmailAddress(label=f"EmailAddress{n}", email=f"ada{n}@example.com") for n in (1, 2, 3)
        ],
        physical_addresses=[
            PhysicalAddress(label=key, **{p: fields[f"address{n}_{c}"] for c, p in PARTS.items()})
            for n, key in ADDRESSES.items()
        ],
    ).save()


async def test_every_row_of_contacts_is_read_as_exchangelib_has_written_it(place: Place) -> None:
    made = await asyncio.to_thread(save_contact, place)
    async with place.open() as mailbox:
        (item,) = await mailbox.read(Kind.CONTACT, [made.id])
    assert isinstance(item, Item)
    assert dict(item.fields) == contact_fields()
    assert (item.stamp, item.takes_part) == (None, True)


TASKS: list[dict[str, Value]] = [
    {
        "subject": "Engine",
        "description": "Wheels\nfirst",
        "prioritycode": priority,
        "scheduledstart": dt.date(2026, 3, 28),
        "scheduledend": dt.date(2026, 3, 29),
        "percentcomplete": percent,
        "statecode": status,
    }
    for priority, percent, status in (
        (0, 0, (0, 2)),
        (1, 40, (0, 3)),
        (2, 10, (0, 4)),
        (2, 0, (0, 7)),
    )
]
STATUS_WORDS = {
    (0, 2): "NotStarted",
    (0, 3): "InProgress",
    (0, 4): "WaitingOnOthers",
    (0, 7): "Deferred",
    (1, 5): "Completed",
}
IMPORTANCE = ("Low", "Normal", "High")


@pytest.mark.parametrize("fields", TASKS)
async def test_every_row_of_tasks_is_the_same_for_exchangelib(place: Place, fields: dict[str, Value]) -> None:
    async with place.open() as mailbox:
        written = await make(mailbox, Kind.TASK, fields)
        (item,) = await mailbox.read(Kind.TASK, [written.item_id])
    assert isinstance(item, Item)
    assert dict(item.fields) == fields
    found = await asyncio.to_thread(place.task)
    assert (found.subject, found.text_body.replace("\r\n", "\n").rstrip()) == ("Engine", "Wheels\nfirst")
    assert (found.start_date, found.due_date) == (EWSDate(2026, 3, 28), EWSDate(2026, 3, 29))
    assert found.importance == IMPORTANCE[fields["prioritycode"]]  # type: ignore[index]
    assert (found.percent_complete, found.status) == (
        fields["percentcomplete"],
        STATUS_WORDS[fields["statecode"]],  # type: ignore[index]
    )
    assert found.categories == [TRACKED_CATEGORY]


async def test_a_task_that_somebody_completes_says_when(place: Place) -> None:
    async with place.open() as mailbox:
        written = await make(mailbox, Kind.TASK, TASKS[0])
        done = {"statecode": (1, 5), "actualend": dt.date(2026, 2, 27)}
        await change(mailbox, Kind.TASK, written, done)
    found = await asyncio.to_thread(place.task)
    assert (found.status, found.percent_complete) == ("Completed", 100)
    assert found.complete_date.date() == EWSDate(2026, 2, 27)


def test_every_row_of_the_maps_is_in_these_tests():
    contact = {*PHONES, *PLAIN, *DATES, "childrensnames", *(f"emailaddress{n}" for n in (1, 2, 3))}
    contact |= {f"address{n}_{part}" for n in ADDRESSES for part in PARTS}
    # Reminders are in test_act_tasks, files in test_activity_files, what tasks are about in test_act_regarding.
    assert {row.logicalname for row in TASK} == {
        *TASKS[0],
        "actualend",
        "reminderon",
        "activitymimeattachment",
        REGARDING,
    }
    assert set(COLUMNS) == contact


async def test_a_recurring_task_is_left_alone_for_the_crm_has_none(place: Place) -> None:
    pattern = exchangelib.recurrence.TaskRecurrence(
        pattern=exchangelib.recurrence.DailyPattern(interval=1), start=EWSDate(2026, 3, 2), number=5
    )
    made = await asyncio.to_thread(
        lambda: exchangelib.Task(
            account=place.ada,
            folder=place.ada.tasks,
            subject="Daily",
            start_date=EWSDate(2026, 3, 2),
            due_date=EWSDate(2026, 3, 2),
            recurrence=pattern,
            categories=[TRACKED_CATEGORY],
        ).save()
    )
    async with place.open() as mailbox:
        (item,) = await mailbox.read(Kind.TASK, [made.id])
    assert isinstance(item, SeriesNotInCrm)


async def test_an_item_is_found_by_its_stamp_wherever_it_was_moved(place: Place) -> None:
    async with place.open() as mailbox:
        await make(mailbox, Kind.CONTACT, {"lastname": "Lovelace"})
        (near,) = await mailbox.find(Kind.CONTACT, STAMP)

        def move_away() -> None:
            folder = exchangelib.folders.Contacts(parent=place.ada.contacts, name="Old").save()
            place.contact().move(folder)

        await asyncio.to_thread(move_away)
        (away,) = await mailbox.find(Kind.CONTACT, STAMP)
        assert (near.sight, away.sight, away.item.stamp) == (Sight.SEEN, Sight.AWAY, STAMP)
        await mailbox.delete(Kind.CONTACT, Written(away.item.item_id, away.item.change_key))
        (deleted,) = await mailbox.find(Kind.CONTACT, STAMP)
        assert deleted.sight is Sight.GONE


async def test_what_somebody_else_has_changed_is_neither_overwritten_nor_deleted(place: Place) -> None:
    async with place.open() as mailbox:
        written = await make(mailbox, Kind.TASK, {"subject": "Engine"})

        def edit() -> None:
            task = place.task()
            task.subject = "Engine, analytical"
            task.save(update_fields=["subject"])

        await asyncio.to_thread(edit)
        with pytest.raises(ChangeConflict):
            await change(mailbox, Kind.TASK, written, {"subject": "Loom"})
        with pytest.raises(ChangeConflict):
            await mailbox.delete(Kind.TASK, written)
    assert (await asyncio.to_thread(place.task)).subject == "Engine, analytical"


async def test_an_item_that_is_gone_says_so(place: Place) -> None:
    async with place.open() as mailbox:
        written = await make(mailbox, Kind.TASK, {"subject": "Engine"})
        await mailbox.delete(Kind.TASK, written)
        assert isinstance((await mailbox.read(Kind.TASK, [written.item_id]))[0], ItemGone)


async def test_a_contact_with_the_same_address_is_recognised_as_its_twin(place: Place) -> None:
    made = await asyncio.to_thread(save_contact, place)
    async with place.open() as mailbox:
        twin, *others = await mailbox.twins(
            Kind.CONTACT,
            [
                {"emailaddress1": "Ada1@example.com"},
                {"emailaddress1": "ben@example.com"},
                {"lastname": "Lovelace"},
                {"emailaddress1": "ada1@example.com"},
            ],
        )
        assert twin is not None
        assert twin.item_id == made.id
        # Ben has none, and what the first record got the second one does not get.
        assert others == [None, None, None]


def test_the_shape_of_a_bare_item_says_nothing():
    from serversync.exchange.types.contact import Contact
    from serversync.exchange.types.task import Task

    assert fields_of(Kind.CONTACT, Contact()) == {}
    assert fields_of(Kind.TASK, Task()) == {}


class Side:
    """Passes over the wire, against a CRM in memory."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.world = World(Random(1))  # noqa: S311 - only its peace is wanted
        self.world.calm = True
        self.run = ActRun(uuid4(), MAILBOX, 1, {kind: KindRules(directions(kind)) for kind in FIELDS})

    async def bring_into_step(self) -> int:
        """Run passes with time between them until nothing is due; return how many there were."""
        for count in range(1, 6):
            async with self.place.open() as mailbox:
                await ActPass(self.run, mailbox, self.world.crm, Silent(), clock=lambda: self.world.now)()
            self.world.now += dt.timedelta(minutes=5)
            for kind in self.run.rules:
                await self.world.crm.hear_records(self.run, kind)
            if not await self.world.crm.due(self.run, self.world.now):
                return count
        raise AssertionError("it never comes to rest")

    def add(self, kind: Kind, **fields: Value) -> Row:
        row = Row(uuid4(), kind, "", dict(fields), self.world.tick())
        self.world.crm.rows[row.crmid] = row
        return row


async def test_a_contact_and_a_task_live_their_lives_on_both_sides(place: Place) -> None:
    side = Side(place)
    grace = side.add(Kind.CONTACT, firstname="Grace", lastname="Hopper", emailaddress1="grace@example.com")
    await asyncio.to_thread(
        lambda: exchangelib.Task(
            account=place.ada, folder=place.ada.tasks, subject="Compiler", categories=[TRACKED_CATEGORY]
        ).save()
    )
    await side.bring_into_step()
    (task,) = [row for row in side.world.crm.rows.values() if row.kind is Kind.TASK]
    contact = await asyncio.to_thread(place.contact)
    assert (task.fields["subject"], contact.surname) == ("Compiler", "Hopper")

    grace.fields["jobtitle"], grace.version = "Rear admiral", side.world.tick()

    def edit() -> None:
        mine = place.contact()
        mine.phone_numbers = [PhoneNumber(label="MobilePhone", phone_number="+1 2")]
        mine.save(update_fields=["phone_numbers"])

    await asyncio.to_thread(edit)
    await side.bring_into_step()
    contact = await asyncio.to_thread(place.contact)
    assert (contact.job_title, grace.fields["mobilephone"]) == ("Rear admiral", "+1 2")

    await asyncio.to_thread(lambda: place.task().move_to_trash())
    side.world.person_deleted[task.label] = {"exchange"}
    await side.bring_into_step()
    assert list(side.world.crm.rows) == [grace.crmid]


async def test_a_pass_without_changes_writes_nothing(place: Place) -> None:
    side = Side(place)
    side.add(Kind.CONTACT, lastname="Hopper", emailaddress1="grace@example.com")
    await side.bring_into_step()
    key = (await asyncio.to_thread(place.contact)).changekey
    assert await side.bring_into_step() == 1
    assert (await asyncio.to_thread(place.contact)).changekey == key


async def test_contacts_that_are_there_on_both_sides_already_become_one(place: Place) -> None:
    await asyncio.to_thread(save_contact, place)
    side = Side(place)
    side.run = ActRun(side.run.mailboxid, MAILBOX, 1, {Kind.CONTACT: KindRules(directions(Kind.CONTACT))})
    row = side.add(Kind.CONTACT, emailaddress1="ada1@example.com", jobtitle="Countess")
    place.takes_all = frozenset()  # nobody asks for it; the record finds it by its address
    async with place.open() as mailbox:
        await ActPass(side.run, mailbox, side.world.crm, Silent(), clock=lambda: side.world.now)()
    contact = await asyncio.to_thread(place.contact)
    assert contact.job_title == "Countess"
    assert row.fields["lastname"] == "lastname-1"
