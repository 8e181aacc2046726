"""Which column of the CRM mirrors which property of Exchange: one table for each kind.

``prop`` names the property: a path of the schema (``contacts:GivenName``), one entry of several
(``contacts:PhoneNumber[MobilePhone]``), or a MAPI property (``mapi:0x3A45``, ``mapi:Address/0x802C``,
``mapi:`` with the id of a property set and a name).
Source: the field maps of the server-side synchronization inventory.
"""

from dataclasses import dataclass, replace
from typing import Final

from serversync.mapping.values import Form
from serversync.rules.record import Direction, Kind
from serversync.rules.regarding import COMPANY, REGARDING

PROPERTY_SET: Final = "4b7c2f0e-6d1a-4c35-9b8e-57d0a1e3c6f2"
"""The set of our own properties, in which items say more of their records."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """One row.

    Attributes:
        logicalname: The column; of a group, the first one.
        prop: The property.
        form: What kind of value it is.
        direction: Which way it goes where nobody has set another.
        is_fixed: Whether the direction cannot be set.
        limit: Which way it can go at most.
        label: What Outlook calls it.
    """

    logicalname: str
    prop: str
    form: Form = Form.TEXT
    direction: Direction = Direction.BOTH
    is_fixed: bool = False
    label: str = ""
    limit: Direction = Direction.BOTH


def _regarding(label: str) -> FieldMap:
    prop = f"mapi:{PROPERTY_SET}/Regarding"
    return FieldMap(REGARDING, prop, Form.REFERENCE, is_fixed=True, label=label)


def _phone(logicalname: str, key: str, label: str) -> FieldMap:
    return FieldMap(logicalname, f"contacts:PhoneNumber[{key}]", label=label)


def _address(number: int, key: str, direction: Direction) -> tuple[FieldMap, ...]:
    parts = (
        ("line1", "Street"),
        ("city", "City"),
        ("stateorprovince", "State"),
        ("postalcode", "PostalCode"),
        ("country", "CountryOrRegion"),
    )
    return tuple(
        FieldMap(
            f"address{number}_{column}",
            f"contacts:PhysicalAddress:{part}[{key}]",
            direction=direction,
            label=f"{key} Address",
        )
        for column, part in parts
    )


CONTACT: Final[tuple[FieldMap, ...]] = (
    FieldMap("anniversary", "contacts:WeddingAnniversary", Form.DATE, label="Anniversary"),
    FieldMap("assistantname", "contacts:AssistantName", label="Assistant's Name"),
    _phone("assistantphone", "AssistantPhone", "Assistant's Phone"),
    FieldMap("birthdate", "contacts:Birthday", Form.DATE, label="Birthday"),
    _phone("fax", "BusinessFax", "Business Fax"),
    _phone("telephone1", "BusinessPhone", "Business Phone"),
    _phone("business2", "BusinessPhone2", "Business Phone 2"),
    _phone("callback", "Callback", "Callback"),
    FieldMap("childrensnames", "contacts:Children", Form.TEXTS, label="Children"),
    _regarding("Parent"),
    FieldMap(
        COMPANY,
        "contacts:CompanyName",
        direction=Direction.TO_EXCHANGE,
        label="Company",
        limit=Direction.TO_EXCHANGE,
    ),
    _phone("company", "CompanyMainPhone", "Company Main Phone"),
    FieldMap("department", "contacts:Department", label="Department"),
    FieldMap("emailaddress1", "contacts:EmailAddress[EmailAddress1]", label="E-mail"),
    FieldMap("emailaddress2", "contacts:EmailAddress[EmailAddress2]", label="E-mail 2"),
    FieldMap("emailaddress3", "contacts:EmailAddress[EmailAddress3]", label="E-mail 3"),
    FieldMap("ftpsiteurl", "mapi:0x3A4C", label="FTP Site"),
    FieldMap("firstname", "contacts:GivenName", is_fixed=True, label="Full Name"),
    FieldMap("middlename", "contacts:MiddleName", is_fixed=True, label="Full Name"),
    FieldMap("lastname", "contacts:Surname", is_fixed=True, label="Full Name"),
    FieldMap("salutation", "mapi:0x3A45", is_fixed=True, label="Full Name"),
    FieldMap("suffix", "contacts:Generation", is_fixed=True, label="Full Name"),
    FieldMap("governmentid", "mapi:0x3A07", label="Government ID Number"),
    *_address(1, "Business", Direction.BOTH),
    *_address(2, "Home", Direction.NONE),
    *_address(3, "Other", Direction.NONE),
    _phone("telephone2", "HomePhone", "Home Phone"),
    _phone("home2", "HomePhone2", "Home Phone 2"),
    FieldMap("jobtitle", "contacts:JobTitle", label="Job Title"),
    FieldMap("managername", "contacts:Manager", label="Manager's Name"),
    _phone("mobilephone", "MobilePhone", "Mobile"),
    FieldMap("nickname", "contacts:Nickname", label="Nickname"),
    FieldMap("description", "item:Body", Form.NOTE, label="Notes"),
    _phone("telephone3", "OtherTelephone", "Other Phone"),
    _phone("pager", "Pager", "Pager"),
    FieldMap("entityimageid", "contacts:HasPicture", Form.PICTURE, label="Photo"),
    FieldMap("spousesname", "contacts:SpouseName", label="Spouse/Partner"),
    FieldMap("websiteurl", "contacts:BusinessHomePage", label="Web Page"),
    FieldMap("yomifirstname", "mapi:Address/0x802C", label="Yomi First"),
    FieldMap("yomilastname", "mapi:Address/0x802D", label="Yomi Last"),
)
"""``contact`` and ``Contact``; ``parentcustomerid`` stands for the name of the parent, which is not written to the CRM,
``regardingobjectid`` for which record the parent is."""

FILES: Final = FieldMap(
    "activitymimeattachment",
    "item:Attachments",
    Form.FILES,
    Direction.NONE,
    is_fixed=True,
    label="Attachments",
)
"""The files of an appointment or task; a setting of each kind lets them go both ways."""

TASK: Final[tuple[FieldMap, ...]] = (
    FieldMap("percentcomplete", "task:PercentComplete", Form.PERCENT, label="% Complete"),
    FieldMap("actualend", "task:CompleteDate", Form.DATE, label="Date Completed"),
    FieldMap("scheduledend", "task:DueDate", Form.DATE, label="Due Date"),
    FieldMap("scheduledstart", "task:StartDate", Form.DATE, label="Start Date"),
    FieldMap("description", "item:Body", Form.NOTE, label="Notes"),
    FieldMap("subject", "item:Subject", label="Subject"),
    FieldMap("prioritycode", "item:Importance", Form.IMPORTANCE, is_fixed=True, label="Importance"),
    FieldMap("statecode", "task:Status", Form.STATUS, is_fixed=True, label="Status"),
    FieldMap("reminderon", "item:ReminderDueBy", Form.MOMENT, Direction.TO_EXCHANGE, label="Reminder"),
    FILES,
    _regarding("Regarding"),
)
"""``task`` and ``Task``; ``statecode`` is the pair of state and status, ``reminderon`` empty where nothing reminds."""


def _as_task(status: Form) -> tuple[FieldMap, ...]:
    """Return the map of what is a task in Exchange alone: that of tasks without percentage and files, with its own statuses."""
    return tuple(
        replace(row, form=status) if row.form is Form.STATUS else row
        for row in TASK
        if row.form not in (Form.PERCENT, Form.FILES)
    )


APPOINTMENT: Final[tuple[FieldMap, ...]] = (
    FieldMap("scheduledstart", "calendar:Start", Form.TIMES, is_fixed=True, label="Appointment Time"),
    FieldMap("description", "item:Body", Form.NOTE, label="Body"),
    FieldMap("prioritycode", "item:Importance", Form.IMPORTANCE, is_fixed=True, label="Importance"),
    FieldMap("location", "calendar:Location", label="Location"),
    FieldMap(
        "optionalattendees",
        "calendar:OptionalAttendees",
        Form.PEOPLE,
        is_fixed=True,
        label="Optional Attendees",
    ),
    FieldMap(
        "organizer", "calendar:Organizer", Form.PEOPLE, Direction.TO_CRM, is_fixed=True, label="Organizer"
    ),
    FieldMap(
        "requiredattendees",
        "calendar:RequiredAttendees",
        Form.PEOPLE,
        is_fixed=True,
        label="Required Attendees",
    ),
    FieldMap("resources", "calendar:Resources", Form.PEOPLE, is_fixed=True, label="Resources"),
    FieldMap(
        "statecode", "calendar:LegacyFreeBusyStatus", Form.SHOWN_AS, is_fixed=True, label="Show Time As"
    ),
    FieldMap("subject", "item:Subject", label="Subject"),
    FieldMap(
        "ismapiprivate", "item:Sensitivity", Form.FLAG, Direction.TO_CRM, is_fixed=True, label="Private"
    ),
    FieldMap(
        "responsestatus",
        "calendar:MyResponseType",
        Form.PEOPLE,
        Direction.TO_CRM,
        is_fixed=True,
        label="Tracking",
    ),
    FieldMap(
        "fullname",
        "calendar:RequiredAttendees/Name",
        Form.PEOPLE,
        Direction.TO_EXCHANGE,
        is_fixed=True,
        label="(names of attendees)",
    ),
    FILES,
    _regarding("Regarding"),
    FieldMap("globalobjectid", "mapi:Meeting/0x23", Form.IDENTITY, is_fixed=True, label="(identity)"),
)
"""``appointment`` and ``CalendarItem``.

``scheduledstart`` is the group of start, end and whether it lasts whole days, ``statecode`` the pair of state and status.
"""

FIELDS: Final[dict[Kind, tuple[FieldMap, ...]]] = {
    Kind.CONTACT: CONTACT,
    Kind.TASK: TASK,
    Kind.PHONECALL: _as_task(Form.CALL_STATUS),
    Kind.LETTER: _as_task(Form.LETTER_STATUS),
    Kind.FAX: _as_task(Form.FAX_STATUS),
    Kind.APPOINTMENT: APPOINTMENT,
}
"""The kinds whose fields are known."""


DUPLICATE_COLUMNS: Final = tuple(
    row.logicalname for row in CONTACT if row.form is Form.TEXT and row.logicalname != "salutation"
)
"""The columns by which two contacts can be recognised as the same."""


def directions(kind: Kind) -> dict[str, Direction]:
    """Return the fields of a kind, each with the way it goes where nobody has set another."""
    return {row.logicalname: row.direction for row in FIELDS[kind]}
