"""Every field that exchangelib knows of every kind of item: stored, found by, ordered by, changed, cleared, too long.

The values are random, from a fixed seed. What nobody can search by is what exchangelib knows as such from real servers.
"""

import random
import string
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import exchangelib
import pytest
from exchangelib import fields
from exchangelib.errors import (
    ErrorInvalidPropertySet,
    ErrorInvalidValueForProperty,
    ErrorPropertyUpdate,
    ErrorUnsupportedPathForQuery,
)
from exchangelib.fields import FieldPath
from exchangelib.indexed_properties import (
    EmailAddress,
    ImAddress,
    MultiFieldIndexedElement,
    PhoneNumber,
    PhysicalAddress,
    SingleFieldIndexedElement,
)
from exchangelib.items import CalendarItem, Contact, DistributionList, Message, PostItem, Task
from exchangelib.properties import Attendee, Mailbox, Member, ReminderMessageData
from exchangelib.recurrence import DailyPattern, DailyRegeneration, Recurrence, TaskRecurrence
from exchangelib.util import value_to_xml_text

from tests.simulator.conftest import SCHEMAS, Serve, account, make_exchange

KINDS = [
    (Message, "inbox"),
    (Contact, "contacts"),
    (Task, "tasks"),
    (CalendarItem, "calendar"),
    (PostItem, "inbox"),
    (DistributionList, "contacts"),
]
VERSIONS = ["Exchange2010_SP3", "Exchange2013_SP1", "ExchangeSE"]
ZONE = exchangelib.EWSTimeZone("Europe/Copenhagen")
NEVER_COMPARED = {"mime_content", "reminder_due_by", "attachments"}
FOLLOWS = {
    "text_body",
    "unique_body",
    "size",
    "is_unmodified",
    "display_cc",
    "display_to",
    "complete_name",
} | {
    "last_modified_time",
    "conversation_id",
    "conversation_index",
    "conversation_topic",
    "duration",
    "first_occurrence",
    "last_occurrence",
    "change_count",
    "is_complete",
    "status_description",
    "file_as",
}
"""What follows from other fields, so that it differs after they were changed."""


class Values:
    """Makes a value for each field."""

    def __init__(self, opened: exchangelib.Account, seed: str) -> None:
        self.version = opened.version
        self.owner = Mailbox(email_address=opened.primary_smtp_address)
        self.random = random.Random(seed)  # noqa: S311 - a test that can be repeated

    def text(self, length: int) -> str:
        return "".join(self.random.choices(string.ascii_letters + string.digits + "._-", k=length))

    def day(self, after: date = date(2000, 1, 1)) -> exchangelib.EWSDate:
        number = self.random.randint(after.toordinal() + 1, date(2030, 12, 31).toordinal())
        return exchangelib.EWSDate.from_date(date.fromordinal(number))

    def moment(self, after: date = date(2000, 1, 1)) -> exchangelib.EWSDateTime:
        day = self.day(after)
        hour, minute = self.random.randint(4, 20), self.random.randint(0, 59)
        return exchangelib.EWSDateTime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)

    def labels(self, kind: Any) -> list[str]:
        return sorted(kind.get_field_by_fieldname("label").supported_choices(version=self.version))

    def of(self, field: Any) -> Any:
        for kind, make in self.makers():
            if isinstance(field, kind):
                return make(field)
        return self.structure(field.value_cls)

    def makers(self) -> Iterator[tuple[Any, Any]]:
        yield fields.URIField, lambda _: f"http://{self.text(5)}.example/"
        yield fields.EmailAddressField, lambda _: f"a{self.text(5)}@example.com"
        yield fields.CultureField, lambda _: self.random.choice(["da-DK", "en-US"])
        yield (
            fields.ChoiceField,
            lambda field: self.random.choice(sorted(field.supported_choices(version=self.version))),
        )
        yield fields.BodyField, lambda _: self.text(400)
        yield fields.CharListField, lambda _: [self.text(16) for _ in range(3)]
        yield fields.TextListField, lambda _: [self.text(400) for _ in range(3)]
        yield fields.CharField, lambda field: self.text(field.max_length)
        yield fields.TextField, lambda _: self.text(400)
        yield fields.Base64Field, lambda _: self.random.randbytes(400)
        yield fields.BooleanField, lambda _: self.random.random() < 0.5
        yield fields.DecimalField, lambda _: Decimal(self.random.randint(100, 9900)) / 100
        yield fields.IntegerField, lambda field: self.random.randint(field.min or 0, field.max or 256)
        yield (fields.DateField, fields.DateTimeBackedDateField), lambda _: self.day()
        yield fields.DateTimeField, lambda _: self.moment()
        yield fields.MailboxListField, lambda _: [self.owner]
        yield fields.MailboxField, lambda _: self.owner
        yield fields.AttendeesField, lambda _: [Attendee(mailbox=self.owner, response_type="Accept")]
        yield fields.EmailAddressesField, lambda _: self.entries(EmailAddress, "email")
        yield fields.ImAddressField, lambda _: self.entries(ImAddress, "im_address")
        yield fields.PhoneNumberField, lambda _: self.entries(PhoneNumber, "phone_number")
        yield (
            fields.PhysicalAddressField,
            lambda _: [self.address(one) for one in self.labels(PhysicalAddress)],
        )

    def entries(self, kind: Any, part: str) -> list[Any]:
        return [kind(label=one, **{part: f"{self.text(6)}@example.com"}) for one in self.labels(kind)]

    def address(self, label: str) -> PhysicalAddress:
        parts = {part: self.text(32) for part in ("street", "city", "state", "country", "zipcode")}
        return PhysicalAddress(label=label, **parts)

    def structure(self, kind: Any) -> Any:
        if kind is Recurrence:
            return Recurrence(pattern=DailyPattern(interval=5), start=self.day(), number=7)
        if kind is TaskRecurrence:
            return TaskRecurrence(pattern=DailyRegeneration(interval=5), start=self.day(), number=7)
        if kind is ReminderMessageData:
            return ReminderMessageData(
                reminder_text=self.text(16), location="x", start_time=time(3, 2), end_time=time(4, 5)
            )
        if kind is Member:
            return [Member(mailbox=Mailbox(email_address="member@example.com", name=self.text(9)))]
        raise AssertionError(f"no value for {kind}")

    def item(self, kind: Any, *, after: date = date(2000, 1, 1), is_new: bool = True) -> dict[str, Any]:
        """Values for all fields that can be set, and go together."""
        skipped = {"mime_content", "attachments", "resources", "optional_attendees", "end", "recurrence"}
        skipped |= {"due_date", "start_date", "percent_complete", "is_all_day"}
        zones = kind.timezone_fields() if kind is CalendarItem else ()
        made: dict[str, Any] = {}
        for field in kind.FIELDS:
            fixed = field.is_read_only or (field.name == "message_id" and not is_new)
            if fixed or field.name in skipped or field in zones or not field.supports_version(self.version):
                continue
            made[field.name] = self.of(field)
        if "start" in made:
            made["start"] = self.moment(after)
            made["end"] = made["start"] + timedelta(hours=1)
            made["recurrence"] = self.of(kind.get_field_by_fieldname("recurrence"))
            made["recurrence"].boundary.start = made["start"].date()
        if "status" in made:
            made["status"] = "InProgress" if is_new else Task.COMPLETED
            made["percent_complete"] = Decimal(50) if is_new else Decimal(100)
            made["reminder_is_set"] = is_new
        return made


def differences(kind: Any, one: Any, other: Any, *, but: set[str] = NEVER_COMPARED) -> list[Any]:
    found = []
    for field in kind.FIELDS:
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name in but or (field.is_read_only and left is None):
            continue
        is_same = set(left or ()) == set(right or ()) if field.is_list else left == right
        if not is_same:
            found.append((field.name, left, right))
    return found


def conditions(item: Any, field: Any, version: Any) -> Iterator[dict[str, Any]]:
    """The conditions on a field that an item must fulfil."""
    value = getattr(item, field.name)
    if field.is_list and issubclass(field.value_cls, (SingleFieldIndexedElement, MultiFieldIndexedElement)):
        for entry in value:
            for part in field.value_cls.supported_fields(version=version):
                path = FieldPath(field=field, label=entry.label, subfield=part)
                if (given := path.get_value(item)) is not None:
                    yield {path.path: given}
                    yield {f"{path.path}__contains": [given]}
    elif field.is_list:
        yield {f"{field.name}__contains": value}
        yield {f"{field.name}__in": value}
    else:
        yield {field.name: value}
        yield {f"{field.name}__in": [value]}
        if isinstance(field, fields.TextField) and not isinstance(field, fields.ChoiceField):
            yield {f"{field.name}__contains": value[len(value) // 4 : len(value) // 2 + 1]}


@pytest.fixture(params=VERSIONS)
def opened(
    request: pytest.FixtureRequest, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Iterator[exchangelib.Account]:
    schema_dir = SCHEMAS if SCHEMAS.is_dir() else None
    with (
        serve(make_exchange(request.param), schema_dir=schema_dir) as simulator,
        account(simulator, monkeypatch) as found,
    ):
        found.default_timezone = ZONE
        yield found


def store(opened: exchangelib.Account, kind: Any, name: str) -> tuple[Values, Any, Any]:
    """Save an item with a value in each field; it as it was made, and as it is read."""
    values = Values(opened, kind.__name__)
    item = kind(folder=getattr(opened, name), **values.item(kind))
    item.save()
    (fresh,) = opened.fetch([item])
    return values, item, fresh


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_every_field_is_kept_changed_and_cleared(opened: exchangelib.Account, kind: Any, name: str) -> None:
    values, item, fresh = store(opened, kind, name)
    assert differences(kind, item, fresh) == []
    after = fresh.start.date() if kind is CalendarItem else date(2000, 1, 1)
    for key, value in values.item(kind, after=after, is_new=False).items():
        setattr(fresh, key, value)
    fresh.save()
    (changed,) = opened.fetch([fresh])
    assert differences(kind, fresh, changed, but=NEVER_COMPARED | FOLLOWS) == []
    cleared = [
        field.name
        for field in kind.FIELDS
        if getattr(changed, field.name) is not None
        and field.name in values.item(kind)
        and not (field.is_required or field.is_required_after_save or field.is_read_only_after_send)
    ]
    for one in cleared:
        setattr(changed, one, None)
    changed.save(update_fields=cleared)
    (empty,) = opened.fetch([changed])
    assert [one for one in cleared if getattr(empty, one)] == []


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_items_are_found_and_ordered_by_every_field_that_can_be_searched(
    opened: exchangelib.Account, kind: Any, name: str
) -> None:
    _, item, _ = store(opened, kind, name)
    folder = getattr(opened, name)
    failed = []
    for field in kind.FIELDS:
        if not field.supports_version(opened.version) or not field.is_searchable:
            continue
        if not getattr(item, field.name) or field.name in {"members", "posted_time"}:
            continue
        failed += [
            wanted
            for wanted in conditions(item, field, opened.version)
            if folder.filter(**wanted).count() != 1
        ]
        if not field.is_list and len(list(folder.all().order_by(field.name).only("subject"))) != 1:
            failed.append({"order": field.name})
    assert failed == []


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_what_cannot_be_searched_by_is_refused(opened: exchangelib.Account, kind: Any, name: str) -> None:
    values, folder = Values(opened, "nowhere"), getattr(opened, name)
    accepted = []
    but = {"percent_complete", "allow_new_time_proposal", "reminder_due_by", "mime_content", "attachments"}
    for field in kind.FIELDS:
        if field.is_searchable or isinstance(field, fields.IdField) or field.name in but:
            continue
        if not field.supports_version(opened.version):
            continue
        try:
            value = field.clean(values.of(field))
            value_to_xml_text(value)
        except (AssertionError, NotImplementedError, TypeError, ValueError):
            continue
        field.is_searchable = True
        try:
            list(folder.filter(**{f"{field.name}__in" if field.is_list else field.name: value}))
            accepted.append(field.name)
        except (ErrorUnsupportedPathForQuery, ErrorInvalidValueForProperty):
            continue
        finally:
            field.is_searchable = False
    assert accepted == []


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_long_texts_are_kept_cut_or_refused(
    opened: exchangelib.Account, monkeypatch: pytest.MonkeyPatch, kind: Any, name: str
) -> None:
    _, item, _ = store(opened, kind, name)
    refused, wrong = [], []
    for field in kind.FIELDS:
        is_text = isinstance(field, fields.TextField) and not isinstance(field, fields.ChoiceField)
        skipped = isinstance(field, (fields.CultureField, fields.URIField)) or field.is_list
        if not is_text or skipped or field.is_read_only or not field.supports_version(opened.version):
            continue
        longest = getattr(field, "max_length", None)
        monkeypatch.setattr(field, "max_length", 4000, raising=False)
        (one,) = opened.fetch([item])
        setattr(one, field.name, "x" * 4000)
        try:
            one.save(update_fields=[field.name])
        except (ErrorPropertyUpdate, ErrorInvalidPropertySet):
            refused.append(field.name)
            continue
        (kept,) = opened.fetch([item])
        length = len(getattr(kept, field.name) or "")
        if length not in (4000, longest):
            wrong.append((field.name, length))
    assert wrong == []
    names = {"given_name", "middle_name", "surname"} if kind is Contact else set()
    assert set(refused) - {"message_id"} == names
    (shown,) = opened.fetch([item])
    assert len(shown.subject) == 255
