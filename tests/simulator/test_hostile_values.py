"""Every value of every request in turn is nonsense: what comes back is an answer or a fault, never a mistake of the server."""

from collections.abc import Iterator

import pytest
from lxml import etree

from serversync.simulator import Exchange, SimulatorThread, Traffic
from tests.simulator.conftest import COLLECTION, MAILBOX, NS, SCHEMAS, Client, envelope, impersonate, plain
from tests.simulator.test_directory import EVERY, GRACE
from tests.simulator.test_operation_matrix import PLAIN, prepare

MEETING = (
    '<m:CreateItem SendMeetingInvitations="SendToAllAndSaveCopy"><m:SavedItemFolderId><t:DistinguishedFolderId Id="calendar"/>'
    "</m:SavedItemFolderId><m:Items><t:CalendarItem><t:Subject>S</t:Subject><t:ReminderMinutesBeforeStart>5</t:ReminderMinutesBeforeStart>"
    "<t:UID>u</t:UID><t:Start>2026-03-23T09:00:00Z</t:Start><t:End>2026-03-23T10:00:00Z</t:End><t:IsAllDayEvent>false</t:IsAllDayEvent>"
    "<t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus><t:RequiredAttendees><t:Attendee><t:Mailbox>"
    f"<t:EmailAddress>{GRACE}</t:EmailAddress></t:Mailbox></t:Attendee></t:RequiredAttendees><t:Recurrence><t:WeeklyRecurrence>"
    "<t:Interval>1</t:Interval><t:DaysOfWeek>Monday</t:DaysOfWeek><t:FirstDayOfWeek>Monday</t:FirstDayOfWeek></t:WeeklyRecurrence>"
    "<t:NumberedRecurrence><t:StartDate>2026-03-23</t:StartDate><t:NumberOfOccurrences>3</t:NumberOfOccurrences>"
    '</t:NumberedRecurrence></t:Recurrence><t:StartTimeZone Id="W. Europe Standard Time"/></t:CalendarItem></m:Items></m:CreateItem>'
)
YEARLY = MEETING.replace(
    "<t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Monday</t:DaysOfWeek>"
    "<t:FirstDayOfWeek>Monday</t:FirstDayOfWeek></t:WeeklyRecurrence>",
    "<t:RelativeYearlyRecurrence><t:DaysOfWeek>Monday</t:DaysOfWeek><t:DayOfWeekIndex>Last</t:DayOfWeekIndex>"
    "<t:Month>March</t:Month></t:RelativeYearlyRecurrence>",
).replace("<t:UID>u<", "<t:UID>v<")
CONTACT = (
    "<m:CreateItem><m:Items><t:Contact><t:DisplayName>D</t:DisplayName><t:EmailAddresses><t:Entry Key='EmailAddress1'>a@example.com"
    "</t:Entry></t:EmailAddresses><t:PhysicalAddresses><t:Entry Key='Home'><t:City>C</t:City></t:Entry></t:PhysicalAddresses>"
    "<t:Birthday>1980-05-06T00:00:00Z</t:Birthday></t:Contact></m:Items></m:CreateItem>"
)
TASK = (
    "<m:CreateItem><m:Items><t:Task><t:Subject>T</t:Subject><t:DueDate>2026-01-03T00:00:00Z</t:DueDate><t:PercentComplete>50"
    "</t:PercentComplete><t:Recurrence><t:DailyRegeneration><t:Interval>4</t:Interval></t:DailyRegeneration><t:EndDateRecurrence>"
    "<t:StartDate>2026-01-01</t:StartDate><t:EndDate>2026-02-01</t:EndDate></t:EndDateRecurrence></t:Recurrence>"
    "<t:Status>InProgress</t:Status></t:Task></m:Items></m:CreateItem>"
)
SEARCH = (
    '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape><t:AdditionalProperties>'
    '<t:FieldURI FieldURI="item:Subject"/><t:ExtendedFieldURI PropertyTag="0x0037" PropertyType="String"/>'
    '<t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress1"/></t:AdditionalProperties></m:ItemShape>'
    '<m:IndexedPageItemView MaxEntriesReturned="5" Offset="0" BasePoint="Beginning"/><m:Restriction><t:And><t:IsGreaterThan>'
    '<t:FieldURI FieldURI="item:DateTimeReceived"/><t:FieldURIOrConstant><t:Constant Value="2001-01-01T00:00:00Z"/>'
    '</t:FieldURIOrConstant></t:IsGreaterThan><t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">'
    '<t:FieldURI FieldURI="item:Subject"/><t:Constant Value="x"/></t:Contains></t:And></m:Restriction><m:SortOrder>'
    '<t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:Size"/></t:FieldOrder></m:SortOrder><m:ParentFolderIds>'
    '<t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>'
)
VIEW = (
    '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>'
    '<m:CalendarView MaxEntriesReturned="9" StartDate="2026-03-01T00:00:00Z" EndDate="2026-04-01T00:00:00Z"/>'
    '<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>'
)
REQUESTS = {
    **PLAIN,
    **EVERY,
    "Meeting": MEETING,
    "Yearly": YEARLY,
    "Contact": CONTACT,
    "Task": TASK,
    "Search": SEARCH,
    "View": VIEW,
}
NASTY = (
    "",
    "-1",
    "99999999999999999999",
    "0",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00",
    "\u0660\u0661",
    "x" * 5000,
)


def spoiled(request: str) -> Iterator[bytes]:
    """The request with one value after the other replaced by nonsense."""
    whole = envelope(request, header=impersonate(MAILBOX))
    places = len(list(_places(etree.fromstring(whole))))
    for place in range(places):
        for value in NASTY:
            root = etree.fromstring(whole)
            element, name = list(_places(root))[place]
            if name is None:
                element.text = value
            else:
                element.set(name, value)
            yield etree.tostring(root)
        root = etree.fromstring(whole)
        element, _ = list(_places(root))[place]
        parent = element.getparent()
        parent.remove(element)
        yield etree.tostring(root)


def _places(root) -> Iterator[tuple[etree._Element, str | None]]:
    for element in root.find("s:Body", NS)[0].iter():
        if element.getparent().tag.endswith("}Body"):
            yield from ((element, name) for name in element.attrib)
            continue
        yield from ((element, name) for name in element.attrib)
        if not len(element):
            yield element, None


@pytest.mark.parametrize("name", REQUESTS)
def test_nonsense_is_refused_and_nothing_breaks(exchange: Exchange, name: str) -> None:
    exchange.add_mailbox(GRACE)
    problems: list[str] = []

    def look(traffic: Traffic) -> None:
        if traffic.status == 200 and SCHEMAS.is_dir():
            answer = etree.fromstring(traffic.response).find("s:Body", NS)[0]
            problems.extend(COLLECTION.violations(exchange.version.schema_folder, answer))

    with SimulatorThread(exchange) as simulator:
        simulator.server.on_response.append(look)
        client = Client(simulator)
        request = REQUESTS[name]
        for key, value in prepare(exchange, client).items():
            request = request.replace(f"{{{key}}}", value)
        for body in spoiled(request.replace("{data}", "AAAA")):
            reply = client.send(body)
            assert reply.status in {200, 404, 500}, body
            assert "ErrorInternalServerError" not in reply.codes, body
            assert problems == [], body
        (item,) = exchange.deliver(plain(2), [MAILBOX])
        assert client.get_items(item).codes == ["NoError"]
        client.close()
