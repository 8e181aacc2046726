"""What synchronization filters can ask about records of each kind: the columns of its table, and who takes part."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from django.apps import apps
from django.db import models

from serversync.crm.models.columns import PicklistField
from serversync.mapping.fields import FIELDS
from serversync.rules.filters import Attribute, AttributeType
from serversync.rules.record import Kind

PARTIES: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "activityparty": ("Takes part (organizer, required, optional)", (5, 6, 7)),
    "organizer": ("Organizer", (7,)),
    "requiredattendees": ("Required Attendees", (5,)),
    "optionalattendees": ("Optional Attendees", (6,)),
}
"""Who takes part in an appointment or a series, each with the label and the parts that count (``participationtypemask``)."""
PARTIES_OF_SERVICES: Final = {"resources": ("Resources", (10,))}
"""The same of service activities."""
_LEFT_OUT: Final = frozenset(
    {
        "entityimageid",
        "importsequencenumber",
        "modifiedfieldsmask",
        "instancetypecode",
        "seriesid",
        "originalstartdate",
        "deletedexceptionslist",
        "globalobjectid",
        "firstdayofweek",
        "daysofweekmask",
        "dayofmonth",
        "monthofyear",
        "instance",
        "isnthmonthly",
        "isnthyearly",
        "isweekdaypattern",
    }
)
_LABELS: Final = {
    "ownerid": "Owner",
    "statecode": "State",
    "statuscode": "Status",
    "createdon": "Created On",
    "modifiedon": "Modified On",
    "lastname": "Last Name",
    "firstname": "First Name",
    "fullname": "Full Name",
    "parentcustomerid": "Parent Customer",
    "regardingobjectid": "Regarding",
    "donotemail": "Do Not Email",
    "scheduledstart": "Start",
    "scheduledend": "End",
    "isalldayevent": "All Day Event",
    "company": "Company",
    "salutation": "Salutation",
    "middlename": "Middle Name",
    "suffix": "Suffix",
    "subject": "Subject",
    "location": "Location",
    "description": "Notes",
    "prioritycode": "Importance",
    "timezone": "Time Zone",
    "starttime": "Start of the First Occurrence",
    "endtime": "End of the First Occurrence",
    "interval": "Every",
    "occurrences": "Number of Occurrences",
    "recurrencepatterntype": "Recurs",
    "patternstartdate": "Series Begins",
    "patternenddate": "Series Ends",
    "patternendtype": "How It Ends",
    **{
        f"address{number}_{part}": f"{place} Address: {name}"
        for number, place in ((1, "Business"), (2, "Home"), (3, "Other"))
        for part, name in (
            ("name", "Name"),
            ("line1", "Street"),
            ("line2", "Street 2"),
            ("line3", "Street 3"),
            ("postofficebox", "Post Office Box"),
            ("postalcode", "ZIP/Postal Code"),
            ("city", "City"),
            ("county", "County"),
            ("stateorprovince", "State/Province"),
            ("country", "Country/Region"),
        )
    },
}
_TYPES: Final[tuple[tuple[type[Any], AttributeType], ...]] = (
    (PicklistField, AttributeType.OPTION),
    (models.BooleanField, AttributeType.FLAG),
    (models.IntegerField, AttributeType.NUMBER),
    (models.DateTimeField, AttributeType.MOMENT),
    (models.DateField, AttributeType.DATE),
    (models.ForeignKey, AttributeType.USER),
    (models.UUIDField, AttributeType.RECORD),
    (models.CharField, AttributeType.TEXT),
    (models.TextField, AttributeType.TEXT),
)


@lru_cache(maxsize=16)
def attributes(kind: Kind) -> Mapping[str, Attribute]:
    """Return what records of a kind can be asked about, by name."""
    found = {}
    labels = {row.logicalname: row.label for row in FIELDS.get(kind, ()) if row.label} | _LABELS
    for field in apps.get_model("crm", kind.value)._meta.concrete_fields:  # noqa: SLF001 - the documented way
        column = str(field.column)
        if field.primary_key or column in _LEFT_OUT or column.endswith(("typecode", "idtype")):
            continue
        type_ = next((word for model, word in _TYPES if isinstance(field, model)), None)
        if type_ is None:
            continue
        options = {int(number): str(label) for number, label in field.flatchoices}
        found[column] = Attribute(column, labels.get(column, column), type_, options)
    if kind in (Kind.APPOINTMENT, Kind.SERIES):
        for name, (label, _) in PARTIES.items():
            found[name] = Attribute(name, label, AttributeType.PARTY)
    if kind is Kind.SERVICE:
        for name, (label, _) in PARTIES_OF_SERVICES.items():
            found[name] = Attribute(name, label, AttributeType.PARTY)
    return dict(sorted(found.items(), key=lambda one: one[1].label.lower()))
