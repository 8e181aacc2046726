"""Appointments are read as what they are: times, people, answers, and whose they are."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from serversync.exchange.namespaces import TYPES
from serversync.exchange.types.calendar_item import (
    Attendee,
    CalendarItem,
    CalendarItemType,
    LegacyFreeBusyStatus,
    ResponseType,
    read_calendar_item,
)
from serversync.exchange.types.message import Mailbox
from serversync.exchange.types.time_zone import TimeZoneDefinition

MEETING = """
  <t:UID>040000008200E0</t:UID>
  <t:Start>2026-03-29T09:00:00+02:00</t:Start><t:End>2026-03-29T08:00:00Z</t:End>
  <t:IsAllDayEvent>false</t:IsAllDayEvent><t:LegacyFreeBusyStatus>OOF</t:LegacyFreeBusyStatus>
  <t:Location>Room 1</t:Location><t:IsMeeting>true</t:IsMeeting><t:IsCancelled>false</t:IsCancelled>
  <t:CalendarItemType>Single</t:CalendarItemType><t:MyResponseType>Organizer</t:MyResponseType>
  <t:Organizer><t:Mailbox><t:Name>Ada</t:Name><t:EmailAddress>ada@example.org</t:EmailAddress></t:Mailbox></t:Organizer>
  <t:RequiredAttendees>
    <t:Attendee><t:Mailbox><t:EmailAddress>ben@example.org</t:EmailAddress></t:Mailbox>
      <t:ResponseType>Accept</t:ResponseType><t:LastResponseTime>2026-03-01T08:00:00Z</t:LastResponseTime></t:Attendee>
    <t:Attendee><t:Surprise/></t:Attendee>
  </t:RequiredAttendees>
  <t:AppointmentState>1</t:AppointmentState>
  <t:StartTimeZone Id="W. Europe Standard Time" Name="Berlin"><t:Periods/></t:StartTimeZone>
  <t:ExtendedProperty><t:ExtendedFieldURI PropertySetId="6ED8DA90-450B-101B-98DA-00AA003F1305" PropertyId="35"
    PropertyType="Binary"/><t:Value>BAAAAP8=</t:Value></t:ExtendedProperty>
"""


def read(inner: str) -> CalendarItem:
    return read_calendar_item(etree.fromstring(f'<t:CalendarItem xmlns:t="{TYPES}">{inner}</t:CalendarItem>'))


def test_everything_that_a_meeting_says_is_read() -> None:
    found = read(MEETING)
    assert (found.start, found.end) == (
        datetime(2026, 3, 29, 7, tzinfo=UTC),
        datetime(2026, 3, 29, 8, tzinfo=UTC),
    )
    assert (found.legacy_free_busy_status, found.location) == (LegacyFreeBusyStatus.OOF, "Room 1")
    assert (found.calendar_item_type, found.start_time_zone) == (
        CalendarItemType.SINGLE,
        TimeZoneDefinition(id="W. Europe Standard Time", name="Berlin"),
    )
    assert (found.organizer, found.uid) == (Mailbox("Ada", "ada@example.org"), "040000008200E0")
    assert found.required_attendees == (
        Attendee(Mailbox(None, "ben@example.org"), ResponseType.ACCEPT, datetime(2026, 3, 1, 8, tzinfo=UTC)),
    )
    assert found.clean_global_object_id == "04000000FF"
    assert found.is_organizer


def test_unknown_words_and_malformed_values_spoil_nothing() -> None:
    found = read(
        "<t:Start>soon</t:Start><t:LegacyFreeBusyStatus>Asleep</t:LegacyFreeBusyStatus><t:Organizer/>"
        "<t:CalendarItemType>Round</t:CalendarItemType><t:StartTimeZone/><t:AppointmentState>x</t:AppointmentState>"
    )
    assert found == CalendarItem(element="CalendarItem")
    assert found.clean_global_object_id is None


@pytest.mark.parametrize(
    ("response", "state", "is_own"),
    [
        (None, None, True),
        ("Unknown", 0, True),
        ("Organizer", 1, True),
        ("Unknown", 3, False),  # received, and not looked at yet
        ("NoResponseReceived", 3, False),
        ("Accept", 3, False),
        ("Decline", None, False),
    ],
)
def test_whose_meeting_it_is_follows_from_what_every_version_tells(
    response: str | None, state: int | None, is_own: bool
) -> None:
    said = f"<t:MyResponseType>{response}</t:MyResponseType>" if response else ""
    bits = f"<t:AppointmentState>{state}</t:AppointmentState>" if state is not None else ""
    assert read(said + bits).is_organizer is is_own
