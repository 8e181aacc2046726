"""exchangelib keeps recurring tasks and contacts of every field; vCards go out and in."""

import datetime as dt

import exchangelib
import pytest
from exchangelib import Contact, DistributionList, EWSDate, ExtendedProperty, Mailbox, Task
from exchangelib.errors import ErrorCannotDeleteTaskOccurrence
from exchangelib.indexed_properties import EmailAddress, ImAddress, PhoneNumber, PhysicalAddress
from exchangelib.properties import Member
from exchangelib.recurrence import (
    DailyPattern,
    DailyRegeneration,
    MonthlyRegeneration,
    RelativeMonthlyPattern,
    TaskRecurrence,
    WeeklyPattern,
    WeeklyRegeneration,
    YearlyRegeneration,
)

from serversync.simulator import Exchange
from serversync.simulator.calendar.recurrence import Recurrence, read_recurrence, write_recurrence
from serversync.simulator.calendar.taskseries import following

MONDAY = EWSDate(2026, 3, 2)


def recurring(account: exchangelib.Account, pattern, **extent) -> Task:
    made = Task(
        account=account,
        folder=account.tasks,
        subject="Water the plants",
        start_date=MONDAY,
        due_date=MONDAY,
        recurrence=TaskRecurrence(pattern=pattern, start=MONDAY, **extent),
    ).save()
    made.refresh()
    return made


def test_a_completed_occurrence_stays_behind_and_the_task_goes_on(ada: exchangelib.Account) -> None:
    task = recurring(ada, WeeklyPattern(interval=1, weekdays=["Monday"]), number=3)
    assert (task.is_recurring, task.status) == (True, "NotStarted")
    task.complete()
    again = next(one for one in ada.tasks.all() if one.is_recurring)
    assert (again.id, again.status, again.due_date) == (task.id, "NotStarted", EWSDate(2026, 3, 9))
    (done,) = [one for one in ada.tasks.all() if not one.is_recurring]
    assert (done.status, done.due_date, done.percent_complete) == ("Completed", MONDAY, 100)
    assert done.complete_date is not None
    again.complete()
    last = next(one for one in ada.tasks.all() if one.is_recurring)
    last.complete()
    assert sorted(str(one.due_date) for one in ada.tasks.all()) == ["2026-03-02", "2026-03-09", "2026-03-16"]
    assert {one.status for one in ada.tasks.all()} == {"Completed"}


def test_an_occurrence_is_skipped_and_the_last_one_is_not(ada: exchangelib.Account) -> None:
    task = recurring(ada, DailyPattern(interval=2), number=2)
    task.delete(affected_task_occurrences="SpecifiedOccurrenceOnly")
    (left,) = ada.tasks.all()
    assert left.due_date == EWSDate(2026, 3, 4)
    with pytest.raises(ErrorCannotDeleteTaskOccurrence):
        left.delete(affected_task_occurrences="SpecifiedOccurrenceOnly")
    left.delete(affected_task_occurrences="AllOccurrences")
    assert ada.tasks.all().count() == 0


@pytest.mark.parametrize(
    "pattern",
    [
        DailyRegeneration(interval=3),
        WeeklyRegeneration(interval=1),
        MonthlyRegeneration(interval=1),
        YearlyRegeneration(interval=1),
        RelativeMonthlyPattern(interval=2, weekday="Friday", week_number="Last"),
    ],
)
def test_every_pattern_comes_back_as_it_was_set(ada: exchangelib.Account, pattern) -> None:
    assert recurring(ada, pattern, number=4).recurrence.pattern == pattern


@pytest.mark.parametrize(
    ("name", "interval", "wanted"),
    [
        ("DailyRegeneration", 3, dt.date(2026, 2, 3)),
        ("WeeklyRegeneration", 2, dt.date(2026, 2, 14)),
        ("MonthlyRegeneration", 1, dt.date(2026, 2, 28)),
        ("YearlyRegeneration", 2, dt.date(2028, 1, 31)),
    ],
)
def test_a_regenerating_task_counts_from_its_completion(name: str, interval: int, wanted: dt.date) -> None:
    found = Recurrence(name, dt.date(2026, 1, 5), interval, number=2)
    due = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    task = {"task:Recurrence": write_recurrence(found), "task:DueDate": due}
    after = following(task, dt.date(2026, 1, 31))
    assert after["task:DueDate"].date() == wanted
    assert read_recurrence(after["task:Recurrence"]).number == 1
    assert following(after, wanted) is None


EVERY_FIELD = {
    "display_name": "Grace Brewster Hopper",
    "given_name": "Grace",
    "middle_name": "Brewster",
    "surname": "Hopper",
    "generation": "Jr.",
    "initials": "GBH",
    "nickname": "Amazing",
    "company_name": "Navy",
    "companies": ["Navy", "Yale"],
    "department": "Computing",
    "job_title": "Rear admiral",
    "profession": "Mathematician",
    "office": "Pentagon",
    "manager": "Howard",
    "assistant_name": "Betty",
    "spouse_name": "Vincent",
    "children": ["none"],
    "birthday": EWSDate(1906, 12, 9),
    "wedding_anniversary": EWSDate(1930, 6, 15),
    "business_homepage": "http://example.com/",
    "mileage": "10",
    "body": "Notes",
    "categories": ["Friends"],
    "postal_address_index": "Business",
}


def everything(account: exchangelib.Account, **more) -> Contact:
    phones = [
        PhoneNumber(label=label, phone_number=f"+1 {n}")
        for n, label in enumerate(("MobilePhone", "BusinessPhone", "HomePhone", "BusinessFax"))
    ]
    made = Contact(
        account=account,
        folder=account.contacts,
        email_addresses=[
            EmailAddress(label=f"EmailAddress{n}", email=f"grace{n}@example.com") for n in (1, 2, 3)
        ],
        im_addresses=[ImAddress(label=f"ImAddress{n}", im_address=f"grace{n}") for n in (1, 2, 3)],
        phone_numbers=phones,
        physical_addresses=[
            PhysicalAddress(
                label=label,
                street=f"1 {label} St",
                city="Arlington",
                state="VA",
                zipcode="22202",
                country="USA",
            )
            for label in ("Business", "Home", "Other")
        ],
        **EVERY_FIELD,
        **more,
    ).save()
    made.refresh()
    return made


def test_a_contact_keeps_every_field(ada: exchangelib.Account) -> None:
    made = everything(ada)
    assert {name: getattr(made, name) for name in EVERY_FIELD if name != "body"} == {
        name: value for name, value in EVERY_FIELD.items() if name != "body"
    }
    assert (made.text_body, made.display_name) == ("Notes", "Grace Brewster Hopper")
    assert [one.email for one in made.email_addresses] == [f"grace{n}@example.com" for n in (1, 2, 3)]
    assert [one.im_address for one in made.im_addresses] == ["grace1", "grace2", "grace3"]
    assert {one.label for one in made.phone_numbers} == {
        "MobilePhone",
        "BusinessPhone",
        "HomePhone",
        "BusinessFax",
    }
    assert {(one.label, one.street) for one in made.physical_addresses} == {
        (label, f"1 {label} St") for label in ("Business", "Home", "Other")
    }
    name = made.complete_name
    assert (name.first_name, name.middle_name, name.last_name, name.suffix) == (
        "Grace",
        "Brewster",
        "Hopper",
        "Jr.",
    )


@pytest.mark.parametrize(
    ("mapping", "wanted"),
    [
        ("LastCommaFirst", "Hopper, Grace Brewster"),
        ("FirstSpaceLast", "Grace Brewster Hopper Jr."),
        ("Company", "Navy"),
        ("LastCommaFirstCompany", "Hopper, Grace Brewster\r\nNavy"),
        ("CompanyLastCommaFirst", "Navy\r\nHopper, Grace Brewster"),
        ("LastSpaceFirst", "Hopper Grace Brewster"),
        ("LastName", "Hopper"),
        ("FirstName", "Grace"),
    ],
)
def test_a_contact_is_filed_as_its_mapping_says(ada: exchangelib.Account, mapping: str, wanted: str) -> None:
    made = everything(ada, file_as_mapping=mapping)
    assert made.file_as.replace("\r\n", "\n") == wanted.replace("\r\n", "\n")


class Email1(ExtendedProperty):
    distinguished_property_set_id = "Address"
    property_id = 0x8083
    property_type = "String"


class WorkCity(ExtendedProperty):
    distinguished_property_set_id = "Address"
    property_id = 0x8046
    property_type = "String"


class Mobile(ExtendedProperty):
    property_tag = 0x3A1C
    property_type = "String"


def test_entries_and_mapi_properties_are_one_value(ada: exchangelib.Account) -> None:
    registered = {"email1": Email1, "work_city": WorkCity, "mobile": Mobile}
    for name, kind in registered.items():
        Contact.register(name, kind)
    try:
        made = everything(ada)
        assert (made.email1, made.work_city) == ("grace1@example.com", "Arlington")
        made.email1, made.work_city, made.mobile = "new@example.com", "Boston", "+1 99"
        made.save(update_fields=["email1", "work_city", "mobile"])
        made.refresh()
        assert made.email_addresses[0].email == "new@example.com"
        assert next(one.city for one in made.physical_addresses if one.label == "Business") == "Boston"
        assert next(one.phone_number for one in made.phone_numbers if one.label == "MobilePhone") == "+1 99"
        assert [one.id for one in ada.contacts.filter(email1="new@example.com")] == [made.id]
    finally:
        for name in registered:
            Contact.deregister(name)


def test_a_contact_goes_through_a_vcard_and_back(exchange: Exchange, ada: exchangelib.Account) -> None:
    made = everything(ada)
    assert made.mime_content.startswith(b"BEGIN:VCARD\r\n")
    again = Contact(
        account=ada, folder=ada.contacts, mime_content=made.mime_content, display_name="Again"
    ).save()
    again.refresh()
    for name in (
        "given_name",
        "surname",
        "company_name",
        "job_title",
        "birthday",
        "email_addresses",
    ):
        assert getattr(again, name) == getattr(made, name), name
    places = {one.label: (one.street, one.city, one.zipcode) for one in again.physical_addresses}
    assert places["Home"] == ("1 Home St", "Arlington", "22202")
    with pytest.raises(exchangelib.errors.ErrorMimeContentInvalid):
        Contact(account=ada, folder=ada.contacts, mime_content=b"no card", display_name="None").save()


def test_members_of_a_list_are_added_and_removed(ada: exchangelib.Account) -> None:
    def member(name: str) -> Member:
        return Member(mailbox=Mailbox(name=name, email_address=f"{name}@example.com", mailbox_type="OneOff"))

    made = DistributionList(
        account=ada, folder=ada.contacts, display_name="Team", members=[member("grace"), member("ben")]
    ).save()
    made.members = [member("grace"), member("cleo"), member("dora")]
    made.save(update_fields=["members"])
    made.refresh()
    assert [one.mailbox.email_address for one in made.members] == [
        "grace@example.com",
        "cleo@example.com",
        "dora@example.com",
    ]
    made.members = None
    made.save(update_fields=["members"])
    made.refresh()
    assert not made.members
