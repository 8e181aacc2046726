"""exchangelib alone: writes contacts in batches, or reads all of them; nothing is stored."""

import json
import os
import sys
from typing import Any

from exchangelib import IMPERSONATION, Account, Configuration, Contact, Credentials, EWSDate
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.protocol import BaseProtocol, FailFast

from benchmarks.measure import spending, take_processor
from benchmarks.programs.people import person

AT_ONCE = 100
FIELDS = (
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


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Write or read so many contacts and return the CPU seconds."""
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
    folder = account.contacts
    if arguments["what"] == "write":
        new = [_contact(account, person(number)) for number in range(arguments["count"])]
        with spending() as spent:
            count = len(account.bulk_create(folder=folder, items=new, chunk_size=AT_ONCE))
    else:
        with spending() as spent:
            ids = [
                item
                for _, item in folder.sync_items(only_fields=["id", "changekey"], max_changes_returned=512)
            ]
            found = account.fetch(ids=ids, chunk_size=AT_ONCE, only_fields=FIELDS)
            count = sum(1 for item in found if item.surname)
    account.protocol.close()
    return {"cpu": spent.seconds, "items": count}


def _contact(account: Account, fields: dict[str, Any]) -> Contact:
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
