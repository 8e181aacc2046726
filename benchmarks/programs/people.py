"""The contacts of the synchronization benchmark, under the names of columns: as full as those of a sales team are."""

from datetime import date
from typing import Any


def person(number: int) -> dict[str, Any]:
    """Return the fields of one contact; every fourth has a note, every second a birthday."""
    fields: dict[str, Any] = {
        "firstname": f"Grace {number}",
        "lastname": f"Hopper {number}",
        "jobtitle": "Head of purchasing",
        "department": f"Department {number % 20}",
        "emailaddress1": f"grace.{number}@contoso.example",
        "telephone1": f"+49 30 1000-{number}",
        "mobilephone": f"+49 170 2000{number}",
        "fax": f"+49 30 1001-{number}",
        "address1_line1": f"Long street {number}",
        "address1_city": "Berlin",
        "address1_stateorprovince": "Berlin",
        "address1_postalcode": f"{10000 + number % 4000}",
        "address1_country": "Germany",
        "websiteurl": "https://www.contoso.example/",
        "managername": "Howard Aiken",
    }
    if number % 2:
        fields["birthdate"] = date(1950 + number % 50, 1 + number % 12, 1 + number % 28)
    if not number % 4:
        fields["description"] = "Met at the fair.\nWants to hear of the new machine by the end of the year."
    return fields
