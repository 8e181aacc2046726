"""Series by the wire: ids of occurrences, ranges, zones of requests and answers, and every refusal."""

import base64

from tests.simulator.conftest import MAILBOX, Client, Reply, envelope, impersonate

DAILY = (
    "<t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NumberedRecurrence>"
    "<t:StartDate>2026-03-27</t:StartDate><t:NumberOfOccurrences>5</t:NumberOfOccurrences></t:NumberedRecurrence></t:Recurrence>"
)
BERLIN = '<t:StartTimeZone Id="W. Europe Standard Time"/>'
PACIFIC = '<t:TimeZoneContext><t:TimeZoneDefinition Id="Pacific Standard Time"/></t:TimeZoneContext>'
ALL = "<t:BaseShape>AllProperties</t:BaseShape>"
SERIES = f"<t:Start>2026-03-27T09:00:00</t:Start><t:End>2026-03-27T10:00:00</t:End>{DAILY}{BERLIN}"


def create(client: Client, inner: str = SERIES, **options) -> list[str]:
    made = client.call(
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>Series</t:Subject>'
        f"{inner}</t:CalendarItem></m:Items></m:CreateItem>",
        **options,
    )
    return made.attributes(".//t:ItemId", "Id") or made.codes


def get(
    client: Client, ids: str, header: str = "", shape: str = ALL, version: str = "Exchange2013_SP1"
) -> Reply:
    operation = f"<m:GetItem><m:ItemShape>{shape}</m:ItemShape><m:ItemIds>{ids}</m:ItemIds></m:GetItem>"
    return client.send(envelope(operation, version=version, header=header + impersonate(MAILBOX)))


def occurrence(master: str, index: int) -> str:
    return f'<t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="{index}"/>'


def test_occurrences_are_named_by_index_and_lead_back_to_their_master(client: Client) -> None:
    (master,) = create(client)
    third = get(client, occurrence(master, 3))
    assert third.texts(".//t:Start") == ["2026-03-29T07:00:00Z"]
    assert third.texts(".//t:CalendarItemType") == ["Occurrence"]
    (item_id,) = third.attributes(".//t:CalendarItem/t:ItemId", "Id")
    back = get(client, f'<t:RecurringMasterItemId OccurrenceId="{item_id}"/>')
    assert back.attributes(".//t:CalendarItem/t:ItemId", "Id") == [master]
    assert get(client, f'<t:ItemId Id="{item_id}"/>').texts(".//t:Start") == ["2026-03-29T07:00:00Z"]


def test_ids_of_the_wrong_kind_are_refused(client: Client) -> None:
    (single,) = create(client, "<t:Start>2026-03-27T09:00:00Z</t:Start><t:End>2026-03-27T10:00:00Z</t:End>")
    assert get(client, occurrence(single, 1)).codes == ["ErrorCalendarCannotUseIdForRecurringMasterId"]
    of_master = f'<t:RecurringMasterItemId OccurrenceId="{single}"/>'
    assert get(client, of_master).codes == ["ErrorCalendarCannotUseIdForOccurrenceId"]
    (master,) = create(client)
    assert get(client, occurrence(master, 0)).codes == ["ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange"]


def test_ranges_of_a_master_give_it_and_the_occurrences_in_them(client: Client) -> None:
    (master,) = create(client)
    ranges = f'<t:RecurringMasterItemIdRanges Id="{master}"><t:Ranges><t:Range Start="2026-03-28T00:00:00Z" Count="2"/></t:Ranges></t:RecurringMasterItemIdRanges>'
    found = get(client, ranges)
    assert found.texts(".//t:CalendarItemType") == ["RecurringMaster", "Occurrence", "Occurrence"]
    starts = found.texts(".//t:CalendarItem/t:Start")
    assert starts == ["2026-03-27T08:00:00Z", "2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"]


def test_an_occurrence_is_neither_moved_nor_copied(client: Client) -> None:
    (master,) = create(client)
    moved = client.call(
        f'<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId><m:ItemIds>{occurrence(master, 2)}</m:ItemIds></m:MoveItem>'
    )
    assert moved.codes == ["ErrorCalendarCannotMoveOrCopyOccurrence"]


def test_deleting_every_occurrence_deletes_the_series(client: Client) -> None:
    (master,) = create(client)
    ids = "".join(occurrence(master, index) for index in range(1, 6))
    done = client.call(
        f'<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds>{ids}</m:ItemIds></m:DeleteItem>'
    )
    assert done.codes == ["NoError"] * 5
    assert get(client, f'<t:ItemId Id="{master}"/>').codes == ["ErrorItemNotFound"]


def test_answers_follow_the_clock_of_the_context(client: Client) -> None:
    (master,) = create(client)
    found = get(client, occurrence(master, 3), PACIFIC)
    assert found.texts(".//t:Start") == ["2026-03-29T00:00:00-07:00"]
    assert found.texts(".//t:StartWallClock") == ["2026-03-29T09:00:00+02:00"]
    assert found.texts(".//t:StartTimeZoneId") == ["W. Europe Standard Time"]
    assert found.attributes(".//t:StartTimeZone", "Id") == ["W. Europe Standard Time"]


def test_times_without_a_zone_are_meant_in_that_of_the_item_else_of_the_context(client: Client) -> None:
    times = "<t:Start>2026-07-01T09:00:00</t:Start><t:End>2026-07-01T10:00:00</t:End>"
    for zone, header, wanted in (
        (BERLIN, PACIFIC, "2026-07-01T07:00:00Z"),
        ("", PACIFIC, "2026-07-01T16:00:00Z"),
        ("", "", "2026-07-01T09:00:00Z"),
    ):
        operation = (
            '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem>'
            f"{times}{zone}</t:CalendarItem></m:Items></m:CreateItem>"
        )
        made = client.send(envelope(operation, header=header + impersonate(MAILBOX)))
        (item_id,) = made.attributes(".//t:ItemId", "Id")
        assert get(client, f'<t:ItemId Id="{item_id}"/>').texts(".//t:Start") == [wanted]


def test_a_zone_of_the_clients_own_is_kept_and_followed(client: Client) -> None:
    own = (
        '<t:StartTimeZone Id="Half past"><t:Periods><t:Period Bias="-PT1H30M" Name="Standard" Id="s"/></t:Periods>'
        '<t:TransitionsGroups><t:TransitionsGroup Id="0"><t:Transition><t:To Kind="Period">s</t:To></t:Transition>'
        '</t:TransitionsGroup></t:TransitionsGroups><t:Transitions><t:Transition><t:To Kind="Group">0</t:To>'
        "</t:Transition></t:Transitions></t:StartTimeZone>"
    )
    (item_id,) = create(
        client, f"<t:Start>2026-07-01T09:00:00</t:Start><t:End>2026-07-01T10:00:00</t:End>{own}"
    )
    found = get(client, f'<t:ItemId Id="{item_id}"/>')
    assert found.texts(".//t:Start") == ["2026-07-01T07:30:00Z"]
    assert found.attributes(".//t:StartTimeZone", "Id") == ["Half past"]
    assert found.attributes(".//t:StartTimeZone/t:Periods/t:Period", "Bias") == ["-PT1H30M"]


def test_clients_of_2007_give_and_get_their_kind_of_zone(client: Client) -> None:
    times = (
        "<t:Start>2026-07-01T09:00:00</t:Start><t:End>2026-07-01T10:00:00</t:End>"
        '<t:MeetingTimeZone TimeZoneName="W. Europe Standard Time"/>'
    )
    (item_id,) = create(client, times, version="Exchange2007_SP1")
    found = get(client, f'<t:ItemId Id="{item_id}"/>', version="Exchange2007_SP1")
    assert found.texts(".//t:Start") == ["2026-07-01T07:00:00Z"]
    assert found.attributes(".//t:MeetingTimeZone", "TimeZoneName") == ["W. Europe Standard Time"]


def test_an_unknown_zone_is_refused(client: Client) -> None:
    atlantis = '<t:StartTimeZone Id="Atlantis Standard Time"/>'
    times = "<t:Start>2026-07-01T09:00:00</t:Start><t:End>2026-07-01T10:00:00</t:End>"
    assert create(client, times + atlantis) == ["ErrorCalendarInvalidTimeZone"]
    header = '<t:TimeZoneContext><t:TimeZoneDefinition Id="Atlantis"/></t:TimeZoneContext>'
    answer = client.send(envelope("<m:GetServerTimeZones/>", header=header))
    assert (answer.status, answer.codes) == (500, ["ErrorTimeZone"])


def test_a_view_over_a_folder_that_is_no_calendar_is_refused(client: Client) -> None:
    found = client.call(
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>'
        '<m:CalendarView StartDate="2026-01-01T00:00:00Z" EndDate="2026-02-01T00:00:00Z"/>'
        '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>'
    )
    assert found.codes == ["ErrorCalendarFolderIsInvalidForCalendarView"]


def test_the_global_object_id_of_an_occurrence_holds_its_day(client: Client) -> None:
    (master,) = create(client)
    ids = "".join(
        f'<t:ExtendedFieldURI DistinguishedPropertySetId="Meeting" PropertyId="{number}" PropertyType="Binary"/>'
        for number in (3, 35)
    )
    shape = f"<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{ids}</t:AdditionalProperties>"
    own, clean = (
        base64.b64decode(one) for one in get(client, occurrence(master, 3), shape=shape).texts(".//t:Value")
    )
    assert own[16:20] == bytes((0x07, 0xEA, 3, 29))
    assert (clean[16:20], own[:16] + own[20:]) == (bytes(4), clean[:16] + clean[20:])
    of_master = [
        base64.b64decode(one)
        for one in get(client, f'<t:ItemId Id="{master}"/>', shape=shape).texts(".//t:Value")
    ]
    assert of_master == [clean, clean]


def test_single_zones_are_told_with_their_rules_and_all_without(client: Client) -> None:
    one = client.call(
        "<m:GetServerTimeZones><m:Ids><t:Id>Pacific Standard Time</t:Id><t:Id>Atlantis</t:Id></m:Ids></m:GetServerTimeZones>"
    )
    assert one.attributes(".//t:TimeZoneDefinition", "Id") == ["Pacific Standard Time"]
    assert one.attributes(".//t:Period", "Bias") == ["PT8H", "PT7H"]
    everything = client.call('<m:GetServerTimeZones ReturnFullTimeZoneData="false"/>')
    assert len(everything.attributes(".//t:TimeZoneDefinition", "Id")) > 130
    assert everything.attributes(".//t:Period", "Bias") == []
