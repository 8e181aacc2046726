"""exchangelib alone: writes contacts or appointments in batches, or reads all of them; nothing is stored."""

import json
import os
import sys
from typing import Any

from exchangelib import (
    IMPERSONATION,
    Account,
    Attendee,
    CalendarItem,
    Configuration,
    Contact,
    Credentials,
    EWSDate,
    EWSDateTime,
)
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.properties import Mailbox
from exchangelib.protocol import BaseProtocol, FailFast

from benchmarks.measure import spending, take_processor
from benchmarks.programs.calendar import appointment, attendees
from benchmarks.programs.people import person
from serversync.core.clock import now

AT_ONCE = 100
SHOWN_AS = {1: "Free", 2: "Tentative", 5: "Busy", 6: "OOF"}
CATEGORY = "Tracked to Dynamics 365"
CONTACT_FIELDS = (
    "assistant_name",
    "birthday",
    "body",
    "business_homepage",
    "categories",
    "children",
    "datetime_created",
    "department",
    "email_addresses",
    "generation",
    "given_name",
    "job_title",
    "last_modified_time",
    "manager",
    "middle_name",
    "nickname",
    "phone_numbers",
    "physical_addresses",
    "spouse_name",
    "subject",
    "surname",
    "wedding_anniversary",
)
"""What our field map reads, as far as exchangelib knows it without further declarations."""
APPOINTMENT_FIELDS = (
    "appointment_state",
    "body",
    "categories",
    "datetime_created",
    "end",
    "importance",
    "is_all_day",
    "is_cancelled",
    "is_meeting",
    "is_recurring",
    "last_modified_time",
    "legacy_free_busy_status",
    "location",
    "meeting_request_was_sent",
    "my_response_type",
    "optional_attendees",
    "organizer",
    "reminder_is_set",
    "reminder_minutes_before_start",
    "required_attendees",
    "resources",
    "sensitivity",
    "start",
    "subject",
    "type",
    "uid",
)
"""What we read of an appointment, with its identity."""


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Write or read so many contacts or appointments and return the CPU seconds."""
    os.environ["REQUESTS_CA_BUNDLE"] = arguments["ca_file"]
    BaseProtocol.SESSION_POOLSIZE = 1
    configuration = Configuration(
        service_endpoint=arguments["url"],
        credentials=Credentials(arguments["account"], arguments["password"]),
        auth_type="basic",
        retry_policy=FailFast(),
    )
    account = Account(
        arguments["mailbox"], config=configuration, autodiscover=False, access_type=IMPERSONATION
    )
    is_calendar = arguments["kind"] == "appointments"
    folder = account.calendar if is_calendar else account.contacts
    if arguments["what"] == "write":
        make = _appointment if is_calendar else _contact
        new = [make(account, number) for number in range(arguments["count"])]
        with spending() as spent:
            count = len(
                account.bulk_create(
                    folder=folder,
                    items=new,
                    chunk_size=AT_ONCE,
                    send_meeting_invitations="SendToAllAndSaveCopy" if is_calendar else "SendToNone",
                )
            )
    else:
        fields = APPOINTMENT_FIELDS if is_calendar else CONTACT_FIELDS
        with spending() as spent:
            ids = [
                item
                for _, item in folder.sync_items(only_fields=["id", "changekey"], max_changes_returned=512)
            ]
            found = account.fetch(ids=ids, chunk_size=AT_ONCE, only_fields=fields)
            count = sum(1 for item in found if (item.subject if is_calendar else item.surname))
    account.protocol.close()
    return {"cpu": spent.seconds, "items": count}


def _appointment(account: Account, number: int) -> CalendarItem:
    columns = appointment(number, now())
    begin, end = columns["scheduledstart"], columns["scheduledend"]
    is_all_day = columns["isalldayevent"]
    return CalendarItem(
        account=account,
        folder=account.calendar,
        subject=columns["subject"],
        location=columns["location"],
        body=columns["description"],
        start=EWSDate.from_date(begin.date()) if is_all_day else EWSDateTime.from_datetime(begin),
        end=EWSDate.from_date(begin.date()) if is_all_day else EWSDateTime.from_datetime(end),
        is_all_day=is_all_day,
        importance="High" if columns["prioritycode"] == 2 else "Normal",
        legacy_free_busy_status=SHOWN_AS[columns["statuscode"]],
        categories=[CATEGORY],
        required_attendees=[Attendee(mailbox=Mailbox(email_address=address)) for address in attendees(number)]
        or None,
    )


def _contact(account: Account, number: int) -> Contact:
    fields = person(number)
    birthday = fields.get("birthdate")
    return Contact(
        account=account,
        folder=account.contacts,
        display_name=f"{fields['firstname']} {fields['lastname']}",
        given_name=fields["firstname"],
        surname=fields["lastname"],
        job_title=fields["jobtitle"],
        department=fields["department"],
        manager=fields["managername"],
        business_homepage=fields["websiteurl"],
        email_addresses=[EmailAddress(label="EmailAddress1", email=fields["emailaddress1"])],
        phone_numbers=[
            PhoneNumber(label="BusinessPhone", phone_number=fields["telephone1"]),
            PhoneNumber(label="MobilePhone", phone_number=fields["mobilephone"]),
            PhoneNumber(label="BusinessFax", phone_number=fields["fax"]),
        ],
        physical_addresses=[
            PhysicalAddress(
                label="Business",
                street=fields["address1_line1"],
                city=fields["address1_city"],
                state=fields["address1_stateorprovince"],
                zipcode=fields["address1_postalcode"],
                country=fields["address1_country"],
            )
        ],
        birthday=EWSDate.from_date(birthday) if birthday else None,
        body=fields.get("description"),
    )


if __name__ == "__main__":
    take_processor()
    print(json.dumps(main(json.loads(sys.argv[1]))))
