"""GetUserAvailability: when people are busy, as somebody sees it who wants to meet them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.freebusy import BusyTime, busy_times, merged
from serversync.simulator.kinds.forms import read_int, refusal
from serversync.simulator.legacyzone import LegacyZone, read_zone
from serversync.simulator.operations.suggestions import Guest, suggest
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, SoapFault
from serversync.simulator.rights import Right
from serversync.simulator.versions import Schema
from serversync.simulator.workinghours import WorkingHours
from serversync.simulator.xmltext import boolean, text

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"
_MOST_MAILBOXES = 100
_VIEWS = ("None", "MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged")
_WITHOUT_DETAILS = {"Detailed": "FreeBusy", "DetailedMerged": "FreeBusyMerged"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    zone: LegacyZone
    start: datetime
    end: datetime
    minutes: int
    view: str


def answer(call: Call) -> str:
    """Return one response for each mailbox, and suggestions where some are asked for.

    Raises:
        SoapFault: nothing, or too much, is asked for.
    """
    people = call.request.findall(f"{M}MailboxDataArray/{T}MailboxData")
    view = call.request.find(f"{T}FreeBusyViewOptions")
    suggestions = call.request.find(f"{T}SuggestionsViewOptions")
    if not people:
        raise SoapFault("ErrorIdentityArrayEmpty")
    if len(people) > _MOST_MAILBOXES:
        raise SoapFault("ErrorIdentityArrayTooBig")
    if view is None and suggestions is None:
        raise SoapFault("ErrorMissingArgument")
    parts = ""
    if view is not None:
        rows = "".join(_response(call, one, view) for one in people)
        parts = f"<m:FreeBusyResponseArray>{rows}</m:FreeBusyResponseArray>"
    if suggestions is not None:
        parts += f"<m:SuggestionsResponse>{_suggestions(call, people, suggestions)}</m:SuggestionsResponse>"
    return (
        f'<m:GetUserAvailabilityResponse xmlns:m="{MESSAGES_NS}" xmlns:t="{TYPES_NS}">{parts}'
        "</m:GetUserAvailabilityResponse>"
    )


_SUCCESS = (
    '<m:ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:ResponseMessage>'
)


def _suggestions(call: Call, people: list[etree._Element], options: etree._Element) -> str:
    try:
        zone = read_zone(call.request.find(f"{T}TimeZone"))
        return _SUCCESS + suggest(call, [_guest(call, one) for one in people], options, zone)
    except EwsError as error:
        return (
            f'<m:ResponseMessage ResponseClass="Error"><m:MessageText>{text(error.message)}</m:MessageText>'
            f"<m:ResponseCode>{error.response_code}</m:ResponseCode></m:ResponseMessage>"
        )


def _guest(call: Call, person: etree._Element) -> Guest:
    kind = (person.findtext(f"{T}AttendeeType") or "Required").strip()
    mailbox = call.exchange.find_mailbox(person.findtext(f"{T}Email/{T}Address") or "")
    return Guest(mailbox, kind in {"Organizer", "Required"})


def _response(call: Call, person: etree._Element, options: etree._Element) -> str:
    try:
        call.check()
        found = f"{_SUCCESS}{_view(call, person, _wanted(call, options))}"
    except EwsError as error:
        found = (
            f'<m:ResponseMessage ResponseClass="Error"><m:MessageText>{text(error.message)}</m:MessageText>'
            f"<m:ResponseCode>{error.response_code}</m:ResponseCode>"
            "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></m:ResponseMessage>"
            "<m:FreeBusyView><t:FreeBusyViewType>None</t:FreeBusyViewType></m:FreeBusyView>"
        )
    return f"<m:FreeBusyResponse>{found}</m:FreeBusyResponse>"


def _wanted(call: Call, options: etree._Element) -> _Wanted:
    zone = read_zone(call.request.find(f"{T}TimeZone"))
    start, end = (_time(options, name, zone) for name in ("StartTime", "EndTime"))
    minutes = read_int(options.findtext(f"{T}MergedFreeBusyIntervalInMinutes", "30"))
    view = (options.findtext(f"{T}RequestedView") or "FreeBusy").strip()
    if end <= start:
        raise EwsError("ErrorInvalidTimeInterval")
    if (end - start).total_seconds() > _longest(call.exchange.version.schema) * 86400:
        raise EwsError("ErrorTimeIntervalTooBig")
    if not 5 <= minutes <= 1440:
        raise EwsError("ErrorInvalidMergedFreeBusyInterval")
    if view not in _VIEWS:
        raise refusal(view)
    if view == "None":
        raise EwsError("ErrorInvalidFreeBusyViewType")
    return _Wanted(zone, start, end, minutes, view)


def _longest(schema: Schema) -> int:
    """Return how many days may be asked for at once."""
    return 62 if schema >= Schema.EXCHANGE2013 else 42


def _time(options: etree._Element, name: str, zone: LegacyZone) -> datetime:
    value = (options.findtext(f"{T}TimeWindow/{T}{name}") or "").strip()
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise refusal(value) from None
    return zone.to_utc(found) if found.tzinfo is None else found.astimezone(UTC)


def _view(call: Call, person: etree._Element, wanted: _Wanted) -> str:
    address = (person.findtext(f"{T}Email/{T}Address") or "").strip()
    mailbox = call.exchange.find_mailbox(address)
    if mailbox is None:
        raise EwsError(
            "ErrorMailRecipientNotFound", f"Unable to resolve e-mail address {address} to a directory object."
        )
    kind = (
        wanted.view
        if Right.READ in call.rights(mailbox, mailbox.distinguished_folder("calendar"))
        else _WITHOUT_DETAILS.get(wanted.view, wanted.view)
    )
    times = busy_times(call.exchange, mailbox, wanted.start, wanted.end, call.schema)
    digits = events = ""
    if kind.endswith("Merged") or kind == "MergedOnly":
        digits = (
            f"<t:MergedFreeBusy>{merged(times, wanted.start, wanted.end, wanted.minutes)}</t:MergedFreeBusy>"
        )
    if kind != "MergedOnly" and times:
        rows = "".join(
            _event(one, wanted.zone, call.schema, detailed=kind.startswith("Detailed")) for one in times
        )
        events = f"<t:CalendarEventArray>{rows}</t:CalendarEventArray>"
    hours = _hours(mailbox.working_hours, call.request.find(f"{T}TimeZone"))
    return f"<m:FreeBusyView><t:FreeBusyViewType>{kind}</t:FreeBusyViewType>{digits}{events}{hours}</m:FreeBusyView>"


def _event(one: BusyTime, zone: LegacyZone, schema: Schema, *, detailed: bool) -> str:
    kind = one.kind
    if kind == "WorkingElsewhere" and schema < Schema.EXCHANGE2013:
        kind = "Free"
    details = _details(one) if detailed else ""
    return (
        f"<t:CalendarEvent><t:StartTime>{zone.to_local(one.start):%Y-%m-%dT%H:%M:%S}</t:StartTime>"
        f"<t:EndTime>{zone.to_local(one.end):%Y-%m-%dT%H:%M:%S}</t:EndTime><t:BusyType>{kind}</t:BusyType>"
        f"{details}</t:CalendarEvent>"
    )


def _details(one: BusyTime) -> str:
    view = one.view
    is_private = view.get("item:Sensitivity") == "Private"
    item_id = view.mailbox.item_id(view.item)
    shown = (
        ""
        if is_private
        else view.element("Subject", view.subject)
        + view.element("Location", view.get("calendar:Location") or "")
    )
    flags = (
        ("IsMeeting", view.get("calendar:IsMeeting")),
        ("IsRecurring", view.get("calendar:IsRecurring")),
        ("IsException", view.get("calendar:CalendarItemType") == "Exception"),
        ("IsReminderSet", view.get("item:ReminderIsSet")),
        ("IsPrivate", is_private),
    )
    rows = "".join(f"<t:{name}>{boolean(value)}</t:{name}>" for name, value in flags)
    return f"<t:CalendarEventDetails><t:ID>{item_id}</t:ID>{shown}{rows}</t:CalendarEventDetails>"


def _hours(hours: WorkingHours, zone: etree._Element | None) -> str:
    """Return the working hours of a mailbox, in the zone of the request."""
    if zone is None or not hours.days:
        return ""
    inner = "".join(_copied(child) for child in zone)
    return (
        f"<t:WorkingHours><t:TimeZone>{inner}</t:TimeZone><t:WorkingPeriodArray><t:WorkingPeriod>"
        f"<t:DayOfWeek>{' '.join(hours.days)}</t:DayOfWeek><t:StartTimeInMinutes>{hours.begins}</t:StartTimeInMinutes>"
        f"<t:EndTimeInMinutes>{hours.ends}</t:EndTimeInMinutes>"
        "</t:WorkingPeriod></t:WorkingPeriodArray></t:WorkingHours>"
    )


def _copied(element: etree._Element) -> str:
    name = etree.QName(element).localname
    inner = (
        "".join(_copied(child) for child in element) if len(element) else text((element.text or "").strip())
    )
    return f"<t:{name}>{inner}</t:{name}>"
