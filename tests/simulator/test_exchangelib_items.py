"""exchangelib keeps contacts, tasks and calendar items, finds them by any property, and follows their feeds."""

import datetime as dt
from decimal import Decimal

import exchangelib
import pytest
from exchangelib import (
    UTC,
    CalendarItem,
    Contact,
    DistributionList,
    EWSDate,
    EWSDateTime,
    ExtendedProperty,
    FileAttachment,
    Mailbox,
    Message,
    Q,
    Task,
)
from exchangelib.errors import ErrorCannotCreateContactInNonContactFolder
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.properties import Member

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, plain

START = EWSDateTime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_contact_keeps_its_names_addresses_and_numbers(ada: exchangelib.Account) -> None:
    made = Contact(
        account=ada,
        folder=ada.contacts,
        given_name="Grace",
        surname="Hopper",
        display_name="Grace Hopper",
        company_name="Navy",
        job_title="Rear admiral",
        birthday=EWSDate(1906, 12, 9),
        children=["none"],
        business_homepage="http://example.com/",
        file_as_mapping="FirstSpaceLast",
        email_addresses=[
            EmailAddress(label="EmailAddress1", email="grace@example.com"),
            EmailAddress(label="EmailAddress2", email="hopper@example.com"),
        ],
        phone_numbers=[PhoneNumber(label="MobilePhone", phone_number="+1 2")],
        physical_addresses=[PhysicalAddress(label="Business", street="1 Navy St", city="Arlington")],
    ).save()
    (found,) = ada.contacts.all()
    assert (found.id, found.display_name, found.file_as) == (made.id, "Grace Hopper", "Grace Hopper")
    assert found.complete_name.last_name == "Hopper"
    assert (found.company_name, found.job_title, found.birthday) == (
        "Navy",
        "Rear admiral",
        EWSDate(1906, 12, 9),
    )
    assert [one.email for one in found.email_addresses] == ["grace@example.com", "hopper@example.com"]
    assert (found.physical_addresses[0].street, found.physical_addresses[0].city) == (
        "1 Navy St",
        "Arlington",
    )
    found.email_addresses = [EmailAddress(label="EmailAddress1", email="new@example.com")]
    found.phone_numbers = None
    found.physical_addresses = [PhysicalAddress(label="Business", street="2 Navy St", city="Arlington")]
    found.save(update_fields=["email_addresses", "phone_numbers", "physical_addresses"])
    found.refresh()
    assert [(one.label, one.email) for one in found.email_addresses] == [("EmailAddress1", "new@example.com")]
    assert not found.phone_numbers
    assert found.physical_addresses[0].street == "2 Navy St"
    found.attach(FileAttachment(name="ContactPicture.jpg", content=b"jpg", is_contact_photo=True))
    found.refresh()
    assert found.has_picture
    with pytest.raises(ErrorCannotCreateContactInNonContactFolder):
        Contact(account=ada, folder=ada.calendar, display_name="Lost").save()


def test_a_distribution_list_keeps_its_members(ada: exchangelib.Account) -> None:
    member = Member(mailbox=Mailbox(name="Grace", email_address="grace@example.com", mailbox_type="OneOff"))
    DistributionList(account=ada, folder=ada.contacts, display_name="Team", members=[member]).save()
    (found,) = ada.contacts.all()
    assert (type(found), found.display_name, found.file_as) == (DistributionList, "Team", "Team")
    assert [one.mailbox.email_address for one in found.members] == ["grace@example.com"]


def test_status_percentage_and_completion_of_a_task_keep_in_step(ada: exchangelib.Account) -> None:
    task = Task(
        account=ada,
        folder=ada.tasks,
        subject="Compile",
        due_date=EWSDate(2026, 3, 5),
        start_date=EWSDate(2026, 3, 2),
        total_work=60,
        companies=["Navy"],
    ).save()
    task.refresh()
    assert (task.status, task.percent_complete, task.is_complete) == ("NotStarted", 0, False)
    assert (task.due_date, task.total_work, task.companies) == (EWSDate(2026, 3, 5), 60, ["Navy"])
    task.percent_complete = Decimal(50)
    task.status = "InProgress"
    task.save(update_fields=["percent_complete", "status"])
    task.refresh()
    assert (task.status, task.status_description, task.is_complete) == ("InProgress", "In Progress", False)
    task.complete()
    task.refresh()
    assert (task.status, task.percent_complete, task.is_complete) == ("Completed", 100, True)
    assert task.complete_date is not None
    task.delete(affected_task_occurrences="AllOccurrences")
    assert ada.tasks.all().count() == 0


def test_a_single_calendar_item_is_kept_found_in_a_view_and_deleted(ada: exchangelib.Account) -> None:
    made = CalendarItem(
        account=ada,
        folder=ada.calendar,
        subject="Review",
        start=START,
        end=START + dt.timedelta(hours=1),
        location="Room 1",
        legacy_free_busy_status="OOF",
        reminder_minutes_before_start=30,
        required_attendees=["grace@example.com"],
    ).save()
    made.refresh()
    assert (made.start, made.end, made.location) == (START, START + dt.timedelta(hours=1), "Room 1")
    assert (made.legacy_free_busy_status, made.type, made.is_meeting) == ("OOF", "Single", True)
    assert made.uid
    assert made.required_attendees[0].mailbox.email_address == "grace@example.com"
    seen = ada.calendar.view(start=START - dt.timedelta(days=1), end=START + dt.timedelta(days=1))
    assert [item.subject for item in seen] == ["Review"]
    later = ada.calendar.view(start=START + dt.timedelta(days=1), end=START + dt.timedelta(days=2))
    assert list(later) == []
    made.location = None
    made.save(update_fields=["location"])
    made.refresh()
    assert made.location is None
    made.delete()
    assert ada.calendar.all().count() == 0


@pytest.fixture
def inbox(exchange: Exchange, ada: exchangelib.Account) -> exchangelib.folders.Inbox:
    for number in range(12):
        exchange.deliver(plain(number), [MAILBOX], dt.datetime(2026, 1, 1 + number, tzinfo=dt.UTC))
    for number, item in enumerate(ada.inbox.all().order_by("datetime_received")):
        item.categories = ["Even" if number % 2 == 0 else "Odd", "All"]
        item.importance = "High" if number > 8 else "Low"
        item.save(update_fields=["categories", "importance"])
    return ada.inbox


def subjects(query) -> list[int]:
    return sorted(int(item.subject.rpartition(" ")[2]) for item in query)


def test_items_are_filtered_by_text(inbox: exchangelib.folders.Inbox) -> None:
    assert subjects(inbox.filter(subject="Compiler 3")) == [3]
    assert subjects(inbox.filter(subject__iexact="compiler 3")) == [3]
    assert subjects(inbox.filter(subject__contains="iler 1")) == [1, 10, 11]
    assert subjects(inbox.filter(subject__contains="ILER 1")) == []
    assert subjects(inbox.filter(subject__icontains="ILER 1")) == [1, 10, 11]
    assert subjects(inbox.filter(subject__startswith="Compiler 1")) == [1, 10, 11]
    assert subjects(inbox.filter(subject__in=["Compiler 2", "Compiler 4"])) == [2, 4]
    assert subjects(inbox.filter(body__contains="Hello Ada")) == list(range(12))
    assert subjects(inbox.filter(author="Grace Hopper")) == list(range(12))
    assert subjects(inbox.exclude(subject__contains="1")) == [0, *range(2, 10)]


def test_items_are_filtered_by_time_number_and_truth(inbox: exchangelib.folders.Inbox) -> None:
    third = EWSDateTime(2026, 1, 3, tzinfo=UTC)
    assert subjects(inbox.filter(datetime_received__gt=third)) == list(range(3, 12))
    assert subjects(inbox.filter(datetime_received__lte=third)) == [0, 1, 2]
    fifth = EWSDateTime(2026, 1, 5, tzinfo=UTC)
    assert subjects(inbox.filter(datetime_received__range=(third, fifth))) == [2, 3, 4]
    assert subjects(inbox.filter(importance="High")) == [9, 10, 11]
    assert subjects(inbox.filter(is_read=True)) == []
    assert subjects(inbox.filter(has_attachments=False)) == list(range(12))
    assert subjects(inbox.filter(size__gt=10)) == list(range(12))


def test_items_are_filtered_by_categories_existence_and_combinations(
    inbox: exchangelib.folders.Inbox,
) -> None:
    assert subjects(inbox.filter(categories__contains=["Even"])) == [0, 2, 4, 6, 8, 10]
    assert subjects(inbox.filter(categories__contains=["Even", "All"])) == [0, 2, 4, 6, 8, 10]
    assert subjects(inbox.filter(message_id__exists=True)) == list(range(12))
    assert subjects(inbox.filter(in_reply_to__exists=True)) == []
    both = Q(importance="High") & ~Q(subject="Compiler 10")
    assert subjects(inbox.filter(both)) == [9, 11]
    either = Q(subject="Compiler 1") | Q(subject="Compiler 2")
    assert subjects(inbox.filter(either)) == [1, 2]


def test_items_are_ordered_by_several_properties(inbox: exchangelib.folders.Inbox) -> None:
    ordered = inbox.all().order_by("-importance", "subject").only("subject")
    assert [item.subject for item in ordered][:4] == [
        "Compiler 10",
        "Compiler 11",
        "Compiler 9",
        "Compiler 0",
    ]
    assert inbox.all().order_by("subject")[0].subject == "Compiler 0"
    assert [item.subject for item in inbox.all().order_by("-datetime_received")[2:4]] == [
        "Compiler 9",
        "Compiler 8",
    ]


def test_parts_of_items_are_asked_for(inbox: exchangelib.folders.Inbox) -> None:
    assert inbox.filter(subject="Compiler 3").values_list("subject", "importance")[0] == ("Compiler 3", "Low")
    assert {row["importance"] for row in inbox.all().values("importance")} == {"Low", "High"}
    only = inbox.filter(subject="Compiler 3").only("message_id").get()
    assert (only.message_id, only.subject) == ("<3@example.com>", None)
    assert inbox.all().count() == 12
    assert inbox.filter(subject="Compiler 3").exists()
    paged = inbox.all()
    paged.page_size = 5
    assert subjects(paged) == list(range(12))


class Stamp(ExtendedProperty):
    distinguished_property_set_id = "PublicStrings"
    property_name = "x-crm-id"
    property_type = "String"


class Numbers(ExtendedProperty):
    property_set_id = "5f3f8d0e-3d3a-4a52-9f43-0d9cf2c2f3a1"
    property_id = 77
    property_type = "IntegerArray"


class Header(ExtendedProperty):
    distinguished_property_set_id = "InternetHeaders"
    property_name = "X-CRM-Token"
    property_type = "String"


class Flags(ExtendedProperty):
    property_tag = 0x0E07
    property_type = "Integer"


def test_extended_properties_are_kept_searched_sorted_and_travel(
    exchange: Exchange, ada: exchangelib.Account
) -> None:
    exchange.add_mailbox("grace@example.org")
    registered = {"stamp": Stamp, "numbers": Numbers, "token": Header, "flags": Flags}
    for name, kind in registered.items():
        Message.register(name, kind)
    try:
        for number in (2, 1, 3):
            Message(
                account=ada,
                folder=ada.drafts,
                subject=str(number),
                stamp=f"crm-{number}",
                numbers=[number, 7],
            ).save()
        assert [item.subject for item in ada.drafts.filter(stamp="crm-2")] == ["2"]
        assert [item.stamp for item in ada.drafts.all().order_by("-stamp")] == ["crm-3", "crm-2", "crm-1"]
        assert ada.drafts.filter(stamp__exists=True).count() == 3
        item = ada.drafts.get(stamp="crm-3")
        assert item.numbers == [3, 7]
        assert item.flags & 8
        item.stamp = None
        item.save(update_fields=["stamp"])
        assert ada.drafts.filter(stamp__exists=True).count() == 2
        sent = Message(
            account=ada, subject="On", stamp="crm-9", token="t-1", to_recipients=["grace@example.org"]
        )
        sent.send_and_save()
        assert ada.sent.get(stamp="crm-9").token == "t-1"
        grace = exchange.mailbox("grace@example.org")
        arrived = grace.item(grace.inbox.items[0])
        assert b"X-CRM-Token: t-1" in arrived.mime
        assert [one.value for one in arrived.extended.values()] == ["crm-9"]
    finally:
        for name in registered:
            Message.deregister(name)


def test_the_feeds_of_all_folders_tell_every_kind(ada: exchangelib.Account) -> None:
    Contact(account=ada, folder=ada.contacts, display_name="Grace").save()
    task = Task(account=ada, folder=ada.tasks, subject="Compile").save()
    CalendarItem(account=ada, folder=ada.calendar, subject="Review", start=START, end=START).save()
    assert [type(item) for _, item in ada.contacts.sync_items()] == [Contact]
    assert [type(item) for _, item in ada.tasks.sync_items()] == [Task]
    assert [type(item) for _, item in ada.calendar.sync_items()] == [CalendarItem]
    task.subject = "Link"
    task.save(update_fields=["subject"])
    task.delete(affected_task_occurrences="AllOccurrences")
    assert [kind for kind, _ in ada.tasks.sync_items()] == ["delete"]


def test_a_copy_and_a_move_are_a_creation_and_a_deletion(
    exchange: Exchange, ada: exchangelib.Account
) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    (item,) = ada.inbox.all()
    for folder in (ada.inbox, ada.junk):
        list(folder.sync_items())
    item.copy(ada.junk)
    item.move(ada.junk)
    assert [kind for kind, _ in ada.inbox.sync_items()] == ["delete"]
    assert [kind for kind, _ in ada.junk.sync_items()] == ["create", "create"]
