"""Conversations, pictures, reminders, folder paths and searches in lawsuits, as programs ask for them."""

import base64
from datetime import UTC, datetime, timedelta

import exchangelib
import pytest
from exchangelib.errors import ErrorAccessDenied

from serversync.simulator import Exchange
from tests.simulator.conftest import ACCOUNT, MAILBOX, Client, Serve, account, make_exchange
from tests.simulator.test_operation_matrix import INBOX

ROOT = '<t:DistinguishedFolderId Id="msgfolderroot"/>'
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def mail(number: int, *, answers: int = 0, sender: str = "grace", subject: str = "Bridge") -> bytes:
    """A message of a thread."""
    prefix = "RE: " if answers else ""
    reference = f"In-Reply-To: <{answers}@example.com>\r\nReferences: <1@example.com>\r\n" if answers else ""
    return (
        f"From: {sender.title()} <{sender}@example.com>\r\nTo: Ada <ada@example.org>\r\nSubject: {prefix}{subject}\r\n"
        f"Message-ID: <{number}@example.com>\r\n{reference}\r\nText {number}\r\n"
    ).encode()


def deliver_thread(exchange: Exchange) -> list[str]:
    """Three messages of one conversation and one of another, a minute apart."""
    messages = [
        mail(1),
        mail(2, answers=1, sender="ben"),
        mail(3, answers=1),
        mail(9, subject="Lunch", sender="carl"),
    ]
    return [
        exchange.deliver(message, [MAILBOX], NOW + timedelta(minutes=number))[0]
        for number, message in enumerate(messages)
    ]


def find(
    client: Client,
    further: str = "",
    attributes: str = "",
    version: str = "Exchange2013_SP1",
    page: str = 'MaxEntriesReturned="10" Offset="0"',
):
    return client.call(
        f'<m:FindConversation{attributes}><m:IndexedPageItemView {page} BasePoint="Beginning"/>'
        f"<m:ParentFolderId>{INBOX}</m:ParentFolderId>{further}</m:FindConversation>",
        version=version,
    )


def conversation_id(client: Client, topic: str) -> str:
    reply = find(client)
    topics = reply.texts(".//t:ConversationTopic")
    return str(reply.attributes(".//t:ConversationId", "Id")[topics.index(topic)])


def test_conversations_of_a_folder_are_told_newest_first_with_what_is_elsewhere(
    exchange: Exchange, client: Client
) -> None:
    ids = deliver_thread(exchange)
    exchange.mark_read(ids[1])
    exchange.move(ids[2], "deleteditems")
    reply = find(client)
    assert reply.codes == ["NoError"]
    assert reply.texts(".//t:ConversationTopic") == ["Lunch", "Bridge"]
    assert reply.texts(".//t:MessageCount") == ["1", "2"]
    assert reply.texts(".//t:GlobalMessageCount") == ["1", "3"]
    assert reply.texts(".//t:UnreadCount") == ["1", "1"]
    assert reply.texts(".//t:GlobalUnreadCount") == ["1", "2"]
    bridge = reply.xml.findall(".//{*}Conversation")[1]
    assert [one.text for one in bridge.iterfind(".//{*}UniqueSenders/{*}String")] == ["Ben", "Grace"]
    assert [one.text for one in bridge.iterfind(".//{*}UniqueUnreadSenders/{*}String")] == ["Grace"]
    assert [one.get("Id") for one in bridge.iterfind(".//{*}ItemIds/{*}ItemId")] == [ids[1], ids[0]]
    assert len(bridge.findall(".//{*}GlobalItemIds/{*}ItemId")) == 3
    assert reply.texts(".//m:TotalConversationsInView") == ["2"]


def test_conversations_are_paged_filtered_and_ordered(exchange: Exchange, client: Client) -> None:
    ids = deliver_thread(exchange)
    exchange.mark_read(ids[3])
    topics = ".//t:ConversationTopic"
    assert find(client, page='MaxEntriesReturned="1" Offset="1"').texts(topics) == ["Bridge"]
    assert find(client, attributes=' ViewFilter="Unread"').texts(topics) == ["Bridge"]
    assert find(client, "<m:QueryString>from:carl</m:QueryString>").texts(topics) == ["Lunch"]
    refused = find(client, attributes=' ViewFilter="Flagged"')
    assert (refused.codes, refused.texts(topics)) == (["ErrorInvalidOperation"], [])
    ordered = client.call(
        '<m:FindConversation><m:IndexedPageItemView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/>'
        '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="conversation:ConversationTopic"/>'
        f"</t:FieldOrder></m:SortOrder><m:ParentFolderId>{INBOX}</m:ParentFolderId></m:FindConversation>"
    )
    assert ordered.texts(topics) == ["Bridge", "Lunch"]
    shaped = find(
        client,
        "<m:ConversationShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI "
        'FieldURI="conversation:MessageCount"/></t:AdditionalProperties></m:ConversationShape>',
    )
    assert (shaped.texts(topics), shaped.texts(".//t:MessageCount")) == ([], ["1", "3"])


def test_the_items_of_a_conversation_form_the_tree_of_answers(exchange: Exchange, client: Client) -> None:
    ids = deliver_thread(exchange)
    wanted = conversation_id(client, "Bridge")

    def ask(order: str = "", state: str = "", ignore: str = ""):
        return client.call(
            "<m:GetConversationItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
            f'{ignore}{order}<m:Conversations><t:Conversation><t:ConversationId Id="{wanted}"/>{state}'
            "</t:Conversation></m:Conversations></m:GetConversationItems>"
        )

    tree = ask()
    assert tree.attributes(".//t:ConversationNode//t:ItemId", "Id") == ids[:3]
    assert tree.texts(".//t:ParentInternetMessageId") == ["<1@example.com>"] * 2
    newest = ask("<m:SortOrder>DateOrderDescending</m:SortOrder>")
    assert newest.attributes(".//t:ConversationNode//t:ItemId", "Id") == ids[2::-1]
    state = f"<t:SyncState>{tree.texts('.//t:SyncState')[0]}</t:SyncState>"
    assert ask(state=state).attributes(".//t:ConversationNode//t:ItemId", "Id") == []
    (late,) = exchange.deliver(mail(4, answers=3), [MAILBOX], NOW + timedelta(hours=1))
    assert ask(state=state).attributes(".//t:ConversationNode//t:ItemId", "Id") == [late]
    ignored = ask(ignore=f"<m:FoldersToIgnore>{INBOX}</m:FoldersToIgnore>")
    assert ignored.codes == ["ErrorItemNotFound"]


def act(client: Client, identity: str, action: str, further: str = "", context: str = INBOX) -> list[str]:
    return client.call(
        "<m:ApplyConversationAction><m:ConversationActions><t:ConversationAction>"
        f'<t:Action>{action}</t:Action><t:ConversationId Id="{identity}"/><t:ContextFolderId>{context}</t:ContextFolderId>'
        f"{further}</t:ConversationAction></m:ConversationActions></m:ApplyConversationAction>"
    ).codes


def test_a_conversation_is_read_flagged_copied_moved_and_deleted_as_a_whole(
    exchange: Exchange, client: Client, ada: exchangelib.Account
) -> None:
    deliver_thread(exchange)
    wanted = conversation_id(client, "Bridge")
    drafts = '<t:DestinationFolderId><t:DistinguishedFolderId Id="drafts"/></t:DestinationFolderId>'
    junk = '<t:DestinationFolderId><t:DistinguishedFolderId Id="junkemail"/></t:DestinationFolderId>'
    assert act(client, wanted, "SetReadState", "<t:IsRead>true</t:IsRead>") == ["NoError"]
    assert ada.inbox.filter(is_read=True).count() == 3
    assert act(client, wanted, "Flag", "<t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag>") == ["NoError"]
    assert find(client).texts(".//t:FlagStatus") == ["NotFlagged", "Flagged"]
    assert act(client, wanted, "Copy", drafts) == ["NoError"]
    assert ada.drafts.all().count() == 3
    assert act(client, wanted, "Move", junk) == ["NoError"]
    assert (ada.inbox.all().count(), ada.junk.all().count()) == (1, 3)
    assert act(client, wanted, "Delete", context='<t:DistinguishedFolderId Id="junkemail"/>') == ["NoError"]
    assert (ada.junk.all().count(), ada.trash.all().count(), ada.drafts.all().count()) == (0, 3, 3)


def test_actions_on_conversations_that_cannot_be_are_refused(exchange: Exchange, client: Client) -> None:
    deliver_thread(exchange)
    wanted = conversation_id(client, "Bridge")
    assert act(client, wanted, "Move") == ["ErrorApplyConversationActionFailed"]
    assert act(client, wanted, "Flag") == ["ErrorApplyConversationActionFailed"]
    assert act(client, wanted, "AlwaysDelete") == ["ErrorInvalidOperation"]
    assert find(client).texts(".//t:MessageCount") == ["1", "3"]


def test_what_came_after_the_last_look_is_left_alone(exchange: Exchange, client: Client) -> None:
    deliver_thread(exchange)
    wanted = conversation_id(client, "Bridge")
    until = "<t:ConversationLastSyncTime>2026-03-02T09:01:30Z</t:ConversationLastSyncTime><t:DeleteType>HardDelete</t:DeleteType>"
    assert act(client, wanted, "Delete", until) == ["NoError"]
    assert find(client).texts(".//t:MessageCount") == ["1", "1"]


PICTURE = b"\x89PNG\r\n\x1a\nnot much of one"
GET_PHOTO = (
    "<m:GetUserPhoto><m:Email>{who}</m:Email><m:SizeRequested>HR96x96</m:SizeRequested></m:GetUserPhoto>"
)


def test_a_picture_is_told_by_soap_and_by_address_and_known_by_its_tag(
    exchange: Exchange, client: Client
) -> None:
    ask = GET_PHOTO.replace("{who}", MAILBOX)
    path = f"/ews/Exchange.asmx/s/GetUserPhoto?email={MAILBOX}&size=HR96x96"
    missing = client.call(ask)
    assert (missing.status, missing.codes) == (404, ["ErrorItemNotFound"])
    assert client.send("", path=path, method="GET").status == 404
    exchange.mailbox(MAILBOX).photo = PICTURE
    found = client.call(ask)
    assert found.texts(".//m:HasChanged") == ["true"]
    assert base64.b64decode(found.texts(".//m:PictureData")[0]) == PICTURE
    plain = client.send("", path=path, method="GET")
    assert (plain.status, plain.body, plain.headers["Content-Type"]) == (200, PICTURE, "image/png")
    assert plain.headers["ETag"] == found.headers["ETag"]
    known = {"If-None-Match": plain.headers["ETag"]}
    assert client.send("", path=path, method="GET", headers=known).status == 304
    assert client.send("", path=path, method="GET", authorization=None).status == 401
    assert client.send("", path=path.replace("HR96x96", "HR1x1"), method="GET").status == 400
    assert client.send("", path=path).status == 405


def test_searchable_mailboxes_are_told_to_those_with_the_role(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = make_exchange()
    exchange.add_mailbox("ben@example.org", display_name="Ben")
    service = exchange.directory.find(ACCOUNT)
    assert service is not None
    with serve(exchange) as simulator, account(simulator, monkeypatch) as opened:
        with pytest.raises(ErrorAccessDenied):
            list(opened.protocol.get_searchable_mailboxes())
        service.may_search = True
        found = list(opened.protocol.get_searchable_mailboxes())
        assert [(one.display_name, one.primary_smtp_address) for one in found] == [
            ("Ada Lovelace", MAILBOX),
            ("Ben", "ben@example.org"),
        ]
        (ben,) = opened.protocol.get_searchable_mailboxes(search_filter="ben*")
        assert ben.guid == str(exchange.mailbox("ben@example.org").guid)


def test_a_path_of_folders_is_made_where_it_is_missing(exchange: Exchange, client: Client) -> None:
    def make(*names: str):
        inner = "".join(f"<t:Folder><t:DisplayName>{name}</t:DisplayName></t:Folder>" for name in names)
        return client.call(
            f"<m:CreateFolderPath><m:ParentFolderId>{ROOT}</m:ParentFolderId><m:RelativeFolderPath>{inner}"
            "</m:RelativeFolderPath></m:CreateFolderPath>"
        )

    first = make("Clients", "North")
    assert first.codes == ["NoError", "NoError"]
    again = make("Clients", "North", "Oslo")
    assert again.attributes(".//t:FolderId", "Id")[:2] == first.attributes(".//t:FolderId", "Id")
    assert make("Clients", "", "Bergen").codes == [
        "NoError",
        "ErrorFolderSavePropertyError",
        "ErrorFolderSavePropertyError",
    ]
    mailbox = exchange.mailbox(MAILBOX)
    top = mailbox.child(mailbox.distinguished_folder("msgfolderroot"), "Clients")
    assert top is not None
    assert [one.display_name for one in mailbox.below(top)] == ["North", "Oslo"]


def appointment(subject: str, start: str, further: str = "") -> str:
    return (
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem>'
        f"<t:Subject>{subject}</t:Subject><t:ReminderIsSet>true</t:ReminderIsSet>"
        f"<t:ReminderMinutesBeforeStart>15</t:ReminderMinutesBeforeStart><t:Start>{start}</t:Start>"
        f"<t:End>{start.replace(':00:00', ':30:00')}</t:End><t:Location>Room 1</t:Location>{further}</t:CalendarItem></m:Items></m:CreateItem>"
    )


DAILY = (
    "<t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NumberedRecurrence>"
    "<t:StartDate>2026-03-01</t:StartDate><t:NumberOfOccurrences>5</t:NumberOfOccurrences></t:NumberedRecurrence></t:Recurrence>"
)


def test_reminders_are_told_dismissed_and_put_off(client: Client) -> None:
    for made in (
        appointment("Review", "2026-03-02T10:00:00Z"),
        appointment("Stand-up", "2026-03-01T08:00:00Z", DAILY),
        appointment("Later", "2026-04-02T10:00:00Z"),
    ):
        assert client.call(made).codes == ["NoError"]

    def reminders():
        return client.call(
            "<m:GetReminders><m:BeginTime>2026-03-02T00:00:00Z</m:BeginTime><m:EndTime>2026-03-03T00:00:00Z</m:EndTime>"
            "</m:GetReminders>"
        )

    told = reminders()
    assert told.texts(".//t:Reminder/t:Subject") == ["Stand-up", "Review"]
    assert told.texts(".//t:ReminderTime") == ["2026-03-02T07:45:00Z", "2026-03-02T09:45:00Z"]
    assert len(told.attributes(".//t:RecurringMasterItemId", "Id")) == 1
    review = told.attributes(".//t:Reminder/t:ItemId", "Id")[1]

    def perform(kind: str, further: str = "") -> list[str]:
        return client.call(
            "<m:PerformReminderAction><m:ReminderItemActions><t:ReminderItemAction>"
            f'<t:ActionType>{kind}</t:ActionType><t:ItemId Id="{review}"/>{further}</t:ReminderItemAction>'
            "</m:ReminderItemActions></m:PerformReminderAction>"
        ).codes

    assert perform("Snooze", "<t:NewReminderTime>2026-03-02T09:55:00Z</t:NewReminderTime>") == ["NoError"]
    assert reminders().texts(".//t:ReminderTime")[1] == "2026-03-02T09:55:00Z"
    assert perform("Dismiss") == ["NoError"]
    assert reminders().texts(".//t:Reminder/t:Subject") == ["Stand-up"]


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("PlayOnPhone", "ErrorUserNotUnifiedMessagingEnabled"),
        ("GetSharingMetadata", "ErrorOrganizationNotFederated"),
        ("SearchMailboxes", "ErrorAccessDenied"),
        ("GetAppManifests", "ErrorInvalidOperation"),
    ],
)
def test_what_needs_a_right_or_a_part_that_is_not_there_is_refused_as_such(
    client: Client, operation: str, code: str
) -> None:
    reply = client.call(f"<m:{operation}/>")
    assert (reply.status, reply.codes) == (500, [code])
    assert reply.texts("s:Body/s:Fault/faultcode")[0].endswith(code)


def test_a_conversation_is_that_of_the_mailbox_acted_on(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox("ben@example.org")
    deliver_thread(exchange)
    wanted = conversation_id(client, "Bridge")
    reply = client.call(
        "<m:GetConversationItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:Conversations>"
        f'<t:Conversation><t:ConversationId Id="{wanted}"/></t:Conversation></m:Conversations></m:GetConversationItems>',
        mailbox="ben@example.org",
    )
    assert reply.codes == ["ErrorItemNotFound"]
