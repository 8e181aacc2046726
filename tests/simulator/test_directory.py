"""Look-ups, busy times, replies, settings, rules and delegates: what is refused, and every version."""

import base64

import pytest

from serversync.simulator import Exchange
from serversync.simulator.operations import OPERATIONS, SINCE
from serversync.simulator.versions import REQUEST_VERSIONS, SERVER_VERSIONS
from serversync.simulator.workinghours import WorkingHours
from tests.simulator.conftest import MAILBOX, Client, Reply, Serve, make_exchange, plain

GRACE = "grace@example.org"
ZONE = (
    "<t:TimeZone><t:Bias>-60</t:Bias>"
    "<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>10</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
    "<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>3</t:Month>"
    "<t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
)
INBOX_NAME = (
    '<t:UserConfigurationName Name="X"><t:DistinguishedFolderId Id="inbox"/></t:UserConfigurationName>'
)
ADA = f"<t:EmailAddress>{MAILBOX}</t:EmailAddress>"


def availability(
    *addresses: str,
    start: str = "2026-07-01T00:00:00",
    end: str = "2026-07-02T00:00:00",
    minutes: int = 60,
    view: str = "FreeBusyMerged",
) -> str:
    people = "".join(
        f"<t:MailboxData><t:Email><t:Address>{one}</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData>"
        for one in addresses
    )
    return (
        f"<m:GetUserAvailabilityRequest>{ZONE}<m:MailboxDataArray>{people}</m:MailboxDataArray>"
        f"<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime></t:TimeWindow>"
        f"<t:MergedFreeBusyIntervalInMinutes>{minutes}</t:MergedFreeBusyIntervalInMinutes>"
        f"<t:RequestedView>{view}</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>"
    )


def rule(inner: str, *, rule_id: str = "", priority: int = 1, name: str = "R") -> str:
    given = f"<t:RuleId>{rule_id}</t:RuleId>" if rule_id else ""
    return (
        f"<t:Rule>{given}<t:DisplayName>{name}</t:DisplayName><t:Priority>{priority}</t:Priority>"
        f"<t:IsEnabled>true</t:IsEnabled>{inner}</t:Rule>"
    )


def rules(client: Client, operations: str) -> Reply:
    return client.call(
        "<m:UpdateInboxRules><m:RemoveOutlookRuleBlob>true</m:RemoveOutlookRuleBlob>"
        f"<m:Operations>{operations}</m:Operations></m:UpdateInboxRules>"
    )


GET_RULES = f"<m:GetInboxRules><m:MailboxSmtpAddress>{MAILBOX}</m:MailboxSmtpAddress></m:GetInboxRules>"
MARK = "<t:Actions><t:MarkAsRead>true</t:MarkAsRead></t:Actions>"
RESOLVE = '<m:ResolveNames ReturnFullContactData="true"{0}><m:UnresolvedEntry>{1}</m:UnresolvedEntry></m:ResolveNames>'
CONFIGURATION = (
    "<m:{0}UserConfiguration><m:UserConfiguration>{1}{2}</m:UserConfiguration></m:{0}UserConfiguration>"
)
GET_CONFIGURATION = "<m:GetUserConfiguration>{0}<m:UserConfigurationProperties>All</m:UserConfigurationProperties></m:GetUserConfiguration>"
M_NAME = INBOX_NAME.replace("t:UserConfigurationName", "m:UserConfigurationName")
EVERY = {
    "AddDelegate": f"<m:AddDelegate><m:Mailbox>{ADA}</m:Mailbox><m:DelegateUsers><t:DelegateUser><t:UserId>"
    f"<t:PrimarySmtpAddress>{GRACE}</t:PrimarySmtpAddress></t:UserId><t:DelegatePermissions>"
    "<t:CalendarFolderPermissionLevel>Editor</t:CalendarFolderPermissionLevel></t:DelegatePermissions>"
    "</t:DelegateUser></m:DelegateUsers><m:DeliverMeetingRequests>DelegatesAndMe</m:DeliverMeetingRequests></m:AddDelegate>",
    "GetDelegate": f'<m:GetDelegate IncludePermissions="true"><m:Mailbox>{ADA}</m:Mailbox></m:GetDelegate>',
    "UpdateDelegate": f"<m:UpdateDelegate><m:Mailbox>{ADA}</m:Mailbox><m:DelegateUsers><t:DelegateUser><t:UserId>"
    f"<t:PrimarySmtpAddress>{GRACE}</t:PrimarySmtpAddress></t:UserId><t:ViewPrivateItems>true</t:ViewPrivateItems>"
    "</t:DelegateUser></m:DelegateUsers></m:UpdateDelegate>",
    "RemoveDelegate": f"<m:RemoveDelegate><m:Mailbox>{ADA}</m:Mailbox><m:UserIds><t:UserId>"
    f"<t:PrimarySmtpAddress>{GRACE}</t:PrimarySmtpAddress></t:UserId></m:UserIds></m:RemoveDelegate>",
    "ResolveNames": RESOLVE.format("", GRACE),
    "CreateUserConfiguration": CONFIGURATION.format(
        "Create", INBOX_NAME, "<t:BinaryData>AAE=</t:BinaryData>"
    ),
    "UpdateUserConfiguration": CONFIGURATION.format("Update", INBOX_NAME, "<t:XmlData>AAE=</t:XmlData>"),
    "GetUserConfiguration": GET_CONFIGURATION.format(M_NAME),
    "DeleteUserConfiguration": f"<m:DeleteUserConfiguration>{M_NAME}</m:DeleteUserConfiguration>",
    "GetUserAvailability": availability(MAILBOX, GRACE, view="DetailedMerged"),
    "SetUserOofSettings": f"<m:SetUserOofSettingsRequest><t:Mailbox><t:Address>{MAILBOX}</t:Address></t:Mailbox>"
    "<t:UserOofSettings><t:OofState>Enabled</t:OofState><t:ExternalAudience>All</t:ExternalAudience>"
    "<t:InternalReply><t:Message>In</t:Message></t:InternalReply></t:UserOofSettings></m:SetUserOofSettingsRequest>",
    "GetUserOofSettings": f"<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>{MAILBOX}</t:Address></t:Mailbox>"
    "</m:GetUserOofSettingsRequest>",
    "GetServiceConfiguration": "<m:GetServiceConfiguration><m:RequestedConfiguration>"
    "<m:ConfigurationName>MailTips</m:ConfigurationName><m:ConfigurationName>UnifiedMessagingConfiguration</m:ConfigurationName>"
    "<m:ConfigurationName>ProtectionRules</m:ConfigurationName></m:RequestedConfiguration></m:GetServiceConfiguration>",
    "GetMailTips": f"<m:GetMailTips><m:SendingAs>{ADA}</m:SendingAs><m:Recipients><t:Mailbox>{ADA}</t:Mailbox>"
    "<t:Mailbox><t:EmailAddress>x@example.org</t:EmailAddress></t:Mailbox></m:Recipients>"
    "<m:MailTipsRequested>All</m:MailTipsRequested></m:GetMailTips>",
    "GetRoomLists": "<m:GetRoomLists/>",
    "GetRooms": "<m:GetRooms><m:RoomList><t:EmailAddress>rooms@example.org</t:EmailAddress></m:RoomList></m:GetRooms>",
    "UpdateInboxRules": "<m:UpdateInboxRules><m:RemoveOutlookRuleBlob>true</m:RemoveOutlookRuleBlob><m:Operations>"
    f"<t:CreateRuleOperation>{rule('<t:Conditions><t:HasAttachments>true</t:HasAttachments></t:Conditions>' + MARK)}"
    "</t:CreateRuleOperation></m:Operations></m:UpdateInboxRules>",
    "GetInboxRules": GET_RULES,
    "ExportItems": '<m:ExportItems><m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:ExportItems>',
    "UploadItems": '<m:UploadItems><m:Items><t:Item CreateAction="CreateNew"><t:ParentFolderId Id="{folder}"/>'
    "<t:Data>{data}</t:Data></t:Item></m:Items></m:UploadItems>",
}
"""A request of each operation of this page, in an order in which each succeeds."""


@pytest.fixture(autouse=True)
def grace(exchange: Exchange) -> None:
    exchange.add_mailbox(GRACE, display_name="Grace Hopper")


@pytest.mark.parametrize("version", SERVER_VERSIONS)
def test_each_operation_answers_valid_xml_or_is_unknown_to_an_older_version(
    version: str, serve: Serve
) -> None:
    exchange = make_exchange(version)
    grace = exchange.add_mailbox(GRACE, display_name="Grace Hopper")
    exchange.add_room_list("rooms@example.org", "Rooms", [grace])
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    spoken = max(
        (schema, name) for name, schema in REQUEST_VERSIONS.items() if schema <= exchange.version.schema
    )[1]
    with serve(exchange) as simulator:
        client = Client(simulator)
        data = ""
        for operation, request in EVERY.items():
            folder = client.call(
                "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>"
                '<t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>',
                version=None,
            ).attributes(".//t:FolderId", "Id")[0]
            sent = request.replace("{item}", item).replace("{folder}", folder).replace("{data}", data)
            reply = client.call(sent, version=spoken)
            if SINCE.get(operation, exchange.version.schema) > exchange.version.schema:
                assert (reply.status, reply.codes) == (500, ["ErrorInvalidRequest"]), operation
            else:
                assert set(reply.codes) == {"NoError"}, (operation, reply.body)
            data = (reply.texts(".//m:Data") or [data])[0]
        client.close()
    assert set(EVERY) <= set(OPERATIONS)


def test_contacts_are_found_beside_the_directory_in_the_order_asked_for(client: Client) -> None:
    client.call(
        '<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Contact><t:DisplayName>Grace Kelly</t:DisplayName>'
        "<t:EmailAddresses><t:Entry Key='EmailAddress1'>kelly@example.com</t:Entry></t:EmailAddresses></t:Contact>"
        "</m:Items></m:CreateItem>"
    )
    found = {
        scope: client.call(RESOLVE.format(f' SearchScope="{scope}"', "Grace"))
        for scope in ("ActiveDirectory", "Contacts", "ActiveDirectoryContacts", "ContactsActiveDirectory")
    }
    assert {scope: reply.texts(".//t:Mailbox/t:EmailAddress") for scope, reply in found.items()} == {
        "ActiveDirectory": [GRACE],
        "Contacts": ["kelly@example.com"],
        "ActiveDirectoryContacts": [GRACE, "kelly@example.com"],
        "ContactsActiveDirectory": ["kelly@example.com", GRACE],
    }
    both = found["ActiveDirectoryContacts"]
    assert both.codes == ["ErrorNameResolutionMultipleResults"]
    assert both.attributes(".//m:ResolveNamesResponseMessage", "ResponseClass") == ["Warning"]


def test_at_most_a_hundred_candidates_are_told(exchange: Exchange, client: Client) -> None:
    for number in range(120):
        exchange.add_mailbox(f"clerk{number}@example.org", display_name=f"Clerk {number}")
    reply = client.call(RESOLVE.format("", "Clerk"))
    assert len(reply.texts(".//t:Resolution")) == 100
    assert reply.attributes(".//m:ResolutionSet", "IncludesLastItemInRange") == ["false"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (availability("nobody@example.org"), "ErrorMailRecipientNotFound"),
        (availability(MAILBOX, end="2027-07-02T00:00:00"), "ErrorTimeIntervalTooBig"),
        (availability(MAILBOX, end="2026-06-02T00:00:00"), "ErrorInvalidTimeInterval"),
        (availability(MAILBOX, minutes=4), "ErrorInvalidMergedFreeBusyInterval"),
        (availability(MAILBOX, minutes=1441), "ErrorInvalidMergedFreeBusyInterval"),
        (availability(*[MAILBOX] * 101), "ErrorIdentityArrayTooBig"),
    ],
)
def test_what_cannot_be_told_of_busy_times_has_its_code(client: Client, request_: str, code: str) -> None:
    assert client.call(request_).codes == [code]


def test_one_unknown_person_does_not_hide_the_others(client: Client) -> None:
    reply = client.call(availability(MAILBOX, "nobody@example.org", GRACE))
    assert reply.codes == ["NoError", "ErrorMailRecipientNotFound", "NoError"]
    assert reply.texts(".//t:MergedFreeBusy") == ["0" * 24] * 2


def test_private_appointments_show_no_subject(client: Client) -> None:
    client.call(
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>Doctor</t:Subject>'
        "<t:Sensitivity>Private</t:Sensitivity><t:Start>2026-07-01T08:00:00Z</t:Start><t:End>2026-07-01T09:00:00Z</t:End>"
        "</t:CalendarItem></m:Items></m:CreateItem>"
    )
    reply = client.call(availability(MAILBOX, view="Detailed"))
    assert reply.texts(".//t:CalendarEvent/t:StartTime") == ["2026-07-01T10:00:00"]
    assert (reply.texts(".//t:IsPrivate"), reply.texts(".//t:Subject")) == (["true"], [])


def test_each_occurrence_of_a_series_is_busy(client: Client) -> None:
    recurrence = (
        "<t:Recurrence><t:DailyRecurrence><t:Interval>2</t:Interval></t:DailyRecurrence>"
        "<t:NumberedRecurrence><t:StartDate>2026-07-01</t:StartDate><t:NumberOfOccurrences>3</t:NumberOfOccurrences>"
        "</t:NumberedRecurrence></t:Recurrence>"
    )
    client.call(
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>S</t:Subject>'
        "<t:Start>2026-07-01T08:00:00Z</t:Start><t:End>2026-07-01T09:00:00Z</t:End>"
        f"{recurrence}</t:CalendarItem></m:Items></m:CreateItem>"
    )
    reply = client.call(availability(MAILBOX, end="2026-07-10T00:00:00", minutes=1440))
    assert reply.texts(".//t:MergedFreeBusy") == ["202020000"]


def test_out_of_office_of_somebody_else_is_denied(client: Client) -> None:
    request = EVERY["GetUserOofSettings"]
    assert client.call(request.replace(MAILBOX, GRACE)).codes == ["ErrorAccessDenied"]
    assert client.call(request.replace(MAILBOX, "x@example.org")).codes == ["ErrorMailRecipientNotFound"]


def test_a_scheduled_absence_needs_a_span_of_time(client: Client) -> None:
    request = EVERY["SetUserOofSettings"].replace("Enabled", "Scheduled")
    assert client.call(request).codes == ["ErrorInvalidScheduledOofDuration"]


def test_settings_need_a_name_that_is_there_and_new_ones_a_name_that_is_not(client: Client) -> None:
    assert client.call(EVERY["GetUserConfiguration"]).codes == ["ErrorItemNotFound"]
    assert client.call(EVERY["UpdateUserConfiguration"]).codes == ["ErrorItemNotFound"]
    assert client.call(EVERY["DeleteUserConfiguration"]).codes == ["ErrorItemNotFound"]
    assert client.call(EVERY["CreateUserConfiguration"]).codes == ["NoError"]
    assert client.call(EVERY["CreateUserConfiguration"]).codes == ["ErrorItemSave"]


def test_a_dictionary_does_not_hold_a_key_twice(client: Client) -> None:
    entry = (
        "<t:DictionaryEntry><t:DictionaryKey><t:Type>String</t:Type><t:Value>k</t:Value></t:DictionaryKey>"
        "<t:DictionaryValue><t:Type>StringArray</t:Type><t:Value>a</t:Value><t:Value>b</t:Value></t:DictionaryValue>"
        "</t:DictionaryEntry>"
    )
    once = CONFIGURATION.format("Create", INBOX_NAME, f"<t:Dictionary>{entry}</t:Dictionary>")
    twice = CONFIGURATION.format("Create", INBOX_NAME, f"<t:Dictionary>{entry * 2}</t:Dictionary>")
    assert client.call(twice).codes == ["ErrorInvalidValueForProperty"]
    assert client.call(once).codes == ["NoError"]
    reply = client.call(EVERY["GetUserConfiguration"])
    assert reply.texts(".//t:DictionaryValue/t:Value") == ["a", "b"]


def test_settings_are_hidden_items_with_the_roaming_properties(exchange: Exchange, client: Client) -> None:
    client.call(EVERY["CreateUserConfiguration"])
    mailbox = exchange.mailbox(MAILBOX)
    (number,) = mailbox.inbox.associated
    item = mailbox.item(number)
    assert item.item_class == "IPM.Configuration.X"
    assert base64.b64decode((item.extended or {})["tag", "7c09"].value) == b"\x00\x01"


def test_delegates_come_once_and_go_once(exchange: Exchange, client: Client) -> None:
    assert client.call(EVERY["UpdateDelegate"]).codes == ["NoError", "ErrorNotDelegate"]
    assert client.call(EVERY["AddDelegate"]).codes == ["NoError", "NoError"]
    assert client.call(EVERY["AddDelegate"]).codes == ["NoError", "ErrorDelegateAlreadyExists"]
    assert exchange.mailbox(MAILBOX).delegates == {GRACE}
    assert client.call(EVERY["RemoveDelegate"]).codes == ["NoError", "NoError"]
    assert client.call(EVERY["RemoveDelegate"]).codes == ["NoError", "ErrorNotDelegate"]
    nobody = EVERY["AddDelegate"].replace(GRACE, "x@example.org")
    assert client.call(nobody).codes == ["NoError", "ErrorDelegateNoUser"]
    owner = EVERY["AddDelegate"].replace(GRACE, MAILBOX)
    assert client.call(owner).codes == ["NoError", "ErrorDelegateCannotAddOwner"]


def suggestions(*people: tuple[str, str], options: str = "", day: str = "2026-07-01") -> str:
    rows = "".join(
        f"<t:MailboxData><t:Email><t:Address>{address}</t:Address></t:Email><t:AttendeeType>{kind}</t:AttendeeType></t:MailboxData>"
        for address, kind in people
    )
    return (
        f"<m:GetUserAvailabilityRequest>{ZONE}<m:MailboxDataArray>{rows}</m:MailboxDataArray>"
        f"<t:SuggestionsViewOptions>{options}<t:DetailedSuggestionsWindow><t:StartTime>{day}T00:00:00</t:StartTime>"
        f"<t:EndTime>{day[:-2]}02T00:00:00</t:EndTime></t:DetailedSuggestionsWindow></t:SuggestionsViewOptions>"
        "</m:GetUserAvailabilityRequest>"
    )


def book(client: Client, mailbox: str, start: str, end: str) -> None:
    made = client.call(
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem>'
        f"<t:Start>{start}</t:Start><t:End>{end}</t:End></t:CalendarItem></m:Items></m:CreateItem>",
        mailbox=mailbox,
    )
    assert made.codes == ["NoError"]


def test_suggestions_are_times_at_which_people_are_free(exchange: Exchange, client: Client) -> None:
    book(client, MAILBOX, "2026-07-01T06:00:00Z", "2026-07-01T14:00:00Z")  # 8 to 16 on the clock of the zone
    book(client, GRACE, "2026-07-01T14:30:00Z", "2026-07-01T15:00:00Z")
    both = ((MAILBOX, "Organizer"), (GRACE, "Optional"))
    reply = client.call(suggestions(*both))
    assert reply.codes == ["NoError"]
    assert reply.texts(".//t:MeetingTime") == ["2026-07-01T16:00:00"]
    assert reply.texts(".//t:SuggestionQuality") == reply.texts(".//t:DayQuality") == ["Excellent"]
    assert reply.texts(".//t:BusyType") == ["Free", "Free"]
    poor = "<t:MaximumResultsByDay>48</t:MaximumResultsByDay><t:MinimumSuggestionQuality>Poor</t:MinimumSuggestionQuality>"
    assert len(client.call(suggestions(*both, options=poor)).texts(".//t:MeetingTime")) == 18
    late = "<t:MaximumResultsByDay>0</t:MaximumResultsByDay><t:MaximumNonWorkHourResultsByDay>1</t:MaximumNonWorkHourResultsByDay>"
    reply = client.call(suggestions(*both, options=late))
    assert (reply.texts(".//t:MeetingTime"), reply.texts(".//t:IsWorkTime")) == (
        ["2026-07-01T00:00:00"],
        ["false"],
    )
    stranger = client.call(suggestions((MAILBOX, "Required"), ("x@example.com", "Optional")))
    assert len(stranger.xml.findall(".//{*}UnknownAttendeeConflictData")) == len(
        stranger.texts(".//t:MeetingTime")
    )


def test_suggestions_follow_length_threshold_and_working_hours(exchange: Exchange, client: Client) -> None:
    exchange.mailbox(MAILBOX).working_hours = WorkingHours(("Wednesday",), 600, 720)
    long = "<t:MeetingDurationInMinutes>90</t:MeetingDurationInMinutes>"
    reply = client.call(suggestions((MAILBOX, "Organizer"), options=long))
    assert reply.texts(".//t:MeetingTime") == ["2026-07-01T10:00:00", "2026-07-01T10:30:00"]
    assert client.call(availability(MAILBOX)).texts(".//t:StartTimeInMinutes") == ["600"]
    for number in range(4):
        exchange.add_mailbox(f"p{number}@example.org")
    book(client, "p0@example.org", "2026-07-01T08:00:00Z", "2026-07-01T08:30:00Z")
    guests = [(MAILBOX, "Organizer"), *((f"p{number}@example.org", "Optional") for number in range(4))]
    reply = client.call(suggestions(*guests))
    assert reply.texts(".//t:SuggestionQuality") == ["Good", "Excellent", "Excellent", "Excellent"]
    few = "<t:GoodThreshold>10</t:GoodThreshold>"
    assert client.call(suggestions(*guests, options=few)).texts(".//t:SuggestionQuality")[0] == "Fair"
    assert client.call(suggestions(*guests, options="<t:GoodThreshold>90</t:GoodThreshold>")).codes == [
        "ErrorInvalidOperation"
    ]
    assert client.call(suggestions(*guests, day="2026-07-09")).codes == ["ErrorInvalidTimeInterval"]


def test_a_new_delegate_opens_the_folders_that_the_levels_name(exchange: Exchange, client: Client) -> None:
    def opened(folder: str) -> list[str]:
        return client.call(
            "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>"
            f'<t:DistinguishedFolderId Id="{folder}"><t:Mailbox>{ADA}</t:Mailbox></t:DistinguishedFolderId>'
            "</m:FolderIds></m:GetFolder>",
            mailbox=GRACE,
        ).codes

    assert opened("calendar") == ["ErrorAccessDenied"]
    client.call(EVERY["AddDelegate"])
    assert opened("calendar") == ["NoError"]
    assert opened("inbox") == opened("msgfolderroot") == ["ErrorAccessDenied"]
    client.call(EVERY["RemoveDelegate"])
    assert opened("calendar") == ["ErrorAccessDenied"]


def test_rules_keep_their_order_and_their_ids(client: Client) -> None:
    for name, priority in (("first", 1), ("before it", 1)):
        given = rule(MARK, priority=priority, name=name)
        reply = rules(client, f"<t:CreateRuleOperation>{given}</t:CreateRuleOperation>")
        assert reply.codes == ["NoError"]
    found = client.call(GET_RULES)
    assert found.texts(".//t:DisplayName") == ["before it", "first"]
    (first, second) = found.texts(".//t:RuleId")
    changed = rule(MARK, rule_id=second, priority=2, name="other")
    operations = (
        f"<t:SetRuleOperation>{changed}</t:SetRuleOperation>"
        f"<t:DeleteRuleOperation><t:RuleId>{first}</t:RuleId></t:DeleteRuleOperation>"
    )
    assert rules(client, operations).codes == ["NoError"]
    assert client.call(GET_RULES).texts(".//t:DisplayName") == ["other"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (rule(MARK, rule_id="AAAA"), "CreateWithRuleId"),
        (rule("<t:Actions/>"), "MissingAction"),
        (rule(MARK, name=" "), "EmptyValueFound"),
        (
            rule(
                "<t:Conditions><t:FromConnectedAccounts><t:String>x</t:String></t:FromConnectedAccounts></t:Conditions>"
                + MARK
            ),
            "UnsupportedRule",
        ),
        (
            rule(
                "<t:Conditions><t:WithinSizeRange><t:MinimumSize>9</t:MinimumSize><t:MaximumSize>1</t:MaximumSize>"
                "</t:WithinSizeRange></t:Conditions>" + MARK
            ),
            "InvalidSizeRange",
        ),
        (rule('<t:Actions><t:ServerReplyWithMessage Id="AAAA"/></t:Actions>'), "InvalidValue"),
        (
            rule(
                '<t:Actions><t:MoveToFolder><t:DistinguishedFolderId Id="archiveinbox"/></t:MoveToFolder></t:Actions>'
            ),
            "FolderDoesNotExist",
        ),
    ],
)
def test_a_rule_that_cannot_be_kept_changes_nothing(client: Client, given: str, code: str) -> None:
    good = f"<t:CreateRuleOperation>{rule(MARK)}</t:CreateRuleOperation>"
    reply = rules(client, f"{good}<t:CreateRuleOperation>{given}</t:CreateRuleOperation>")
    assert reply.codes == ["ErrorInboxRulesValidationError"]
    assert (reply.texts(".//t:OperationIndex"), reply.texts(".//t:ErrorCode")) == (["1"], [code])
    assert client.call(GET_RULES).texts(".//t:Rule") == []


def test_an_item_is_uploaded_over_itself_but_not_into_another_folder(
    exchange: Exchange, client: Client
) -> None:
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    data = client.call(EVERY["ExportItems"].replace("{item}", item)).texts(".//m:Data")[0]
    exchange.edit(item, subject="Changed")

    def folder_id(name: str) -> str:
        return client.call(
            "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>"
            f'<t:DistinguishedFolderId Id="{name}"/></m:FolderIds></m:GetFolder>'
        ).attributes(".//t:FolderId", "Id")[0]

    def upload(folder: str, action: str) -> list[str]:
        return client.call(
            f'<m:UploadItems><m:Items><t:Item CreateAction="{action}"><t:ParentFolderId Id="{folder_id(folder)}"/>'
            f'<t:ItemId Id="{item}"/><t:Data>{data}</t:Data></t:Item></m:Items></m:UploadItems>'
        ).codes

    assert upload("drafts", "Update") == ["ErrorItemNotFound"]
    assert upload("inbox", "Update") == ["NoError"]
    assert client.get_items(item).texts(".//t:Subject") == ["Compiler 1"]
    exchange.delete(item)
    assert upload("inbox", "Update") == ["ErrorItemNotFound"]
    assert upload("inbox", "UpdateOrCreate") == ["NoError"]
