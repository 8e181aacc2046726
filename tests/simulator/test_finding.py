"""FindItem, FindFolder, the feeds: conditions, orders, pages, hidden items, search folders."""

from datetime import UTC, datetime

import pytest

from serversync.simulator import Exchange
from serversync.simulator.storeditem import StoredItem
from tests.simulator.conftest import MAILBOX, Client, Reply, Serve, make_exchange, plain


def find(
    client: Client, inner: str = "", *, after: str = "", folder: str = "inbox", traversal: str = "Shallow"
) -> Reply:
    """List subjects; ``inner`` comes before the folder, as the schema orders it."""
    where = folder if folder.startswith("<") else f'<t:DistinguishedFolderId Id="{folder}"/>'
    return client.call(
        f'<m:FindItem Traversal="{traversal}"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>'
        f'<t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties></m:ItemShape>{inner}'
        f"<m:ParentFolderIds>{where}</m:ParentFolderIds>{after}</m:FindItem>"
    )


def restriction(xml: str) -> str:
    return f"<m:Restriction>{xml}</m:Restriction>"


def compare(name: str, path: str, value: str) -> str:
    return f'<t:{name}>{path}<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant></t:{name}>'


SUBJECT = '<t:FieldURI FieldURI="item:Subject"/>'
FLAGS = '<t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/>'


@pytest.fixture
def four(exchange: Exchange) -> list[str]:
    return [
        exchange.deliver(plain(number), [MAILBOX], datetime(2026, 1, 1 + number, tzinfo=UTC))[0]
        for number in range(4)
    ]


def test_pages_are_taken_by_fraction(client: Client, four: list[str]) -> None:
    half = '<m:FractionalPageItemView MaxEntriesReturned="1" Numerator="1" Denominator="2"/>'
    reply = find(client, half)
    assert reply.texts(".//t:Subject") == ["Compiler 1"]
    assert reply.attributes(".//m:RootFolder", "TotalItemsInView") == ["4"]
    wrong = half.replace('Denominator="2"', 'Denominator="0"')
    assert find(client, wrong).codes == ["ErrorInvalidFractionalPagingParameters"]


def test_an_empty_page_is_refused(client: Client, four: list[str]) -> None:
    view = '<m:IndexedPageItemView MaxEntriesReturned="0" Offset="0" BasePoint="Beginning"/>'
    assert find(client, view).codes in (["ErrorInvalidPagingMaxRows"], ["ErrorSchemaValidation"])


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (compare("IsEqualTo", SUBJECT, "COMPILER 2"), ["Compiler 2"]),
        (compare("IsNotEqualTo", SUBJECT, "Compiler 2"), ["Compiler 3", "Compiler 1", "Compiler 0"]),
        (compare("IsGreaterThanOrEqualTo", SUBJECT, "Compiler 2"), ["Compiler 3", "Compiler 2"]),
        (f"<t:Not>{compare('IsLessThan', SUBJECT, 'Compiler 2')}</t:Not>", ["Compiler 3", "Compiler 2"]),
        (
            f'<t:Excludes>{FLAGS}<t:Bitmask Value="0x1"/></t:Excludes>',
            ["Compiler 3", "Compiler 2", "Compiler 0"],
        ),
        (f"<t:Exists>{FLAGS}</t:Exists>", ["Compiler 3", "Compiler 2", "Compiler 1", "Compiler 0"]),
        (
            (
                f'<t:Contains ContainmentMode="PrefixOnWords" ContainmentComparison="IgnoreCase">{SUBJECT}'
                '<t:Constant Value="3"/></t:Contains>'
            ),
            ["Compiler 3"],
        ),
        (
            (
                f'<t:Contains ContainmentMode="ExactPhrase" ContainmentComparison="IgnoreCase">{SUBJECT}'
                '<t:Constant Value="comp"/></t:Contains>'
            ),
            [],
        ),
        (
            "<t:IsEqualTo>" + SUBJECT + "<t:FieldURIOrConstant>"
            '<t:ExtendedFieldURI PropertyTag="0x0E1D" PropertyType="String"/></t:FieldURIOrConstant></t:IsEqualTo>',
            ["Compiler 3", "Compiler 2", "Compiler 1", "Compiler 0"],
        ),
    ],
)
def test_conditions(
    exchange: Exchange, client: Client, four: list[str], condition: str, found: list[str]
) -> None:
    exchange.mark_read(four[1])
    assert find(client, restriction(condition)).texts(".//t:Subject") == found


def test_what_cannot_be_searched_sorted_or_grouped_is_said(client: Client) -> None:
    mime = '<t:FieldURI FieldURI="item:MimeContent"/>'
    order = f'<m:SortOrder><t:FieldOrder Order="Ascending">{mime}</t:FieldOrder></m:SortOrder>'
    group = f'<m:GroupBy Order="Ascending">{SUBJECT}<t:AggregateOn Aggregate="Minimum">{SUBJECT}</t:AggregateOn></m:GroupBy>'
    assert find(client, restriction(compare("IsEqualTo", mime, "x"))).codes == [
        "ErrorUnsupportedPathForQuery"
    ]
    assert find(client, order).codes == ["ErrorUnsupportedPathForSortGroup"]
    assert find(client, group).codes == ["ErrorUnsupportedPathForSortGroup"]
    for query in ("(a", "a)", "NOT", "OR a", "a OR", "size:big", "received:soon", "(" * 60 + "a" + ")" * 60):
        assert find(client, after=f"<m:QueryString>{query}</m:QueryString>").codes == [
            "ErrorInvalidRestriction"
        ], query


def test_hidden_items_are_listed_and_told_only_on_request(exchange: Exchange, client: Client) -> None:
    mailbox = exchange.mailbox(MAILBOX)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    hidden = StoredItem(
        0,
        0,
        None,
        now,
        item_class="IPM.Configuration.X",
        properties={"item:Subject": "hidden"},
        is_associated=True,
    )
    mailbox.add(hidden, mailbox.inbox)
    exchange.deliver(plain(1), [MAILBOX])
    assert find(client).texts(".//t:Subject") == ["Compiler 1"]
    assert find(client, traversal="Associated").texts(".//t:Subject") == ["hidden"]
    assert (mailbox.inbox.unread, len(mailbox.inbox.items)) == (1, 1)

    def sync(scope: str, state: str = "") -> Reply:
        known = f"<m:SyncState>{state}</m:SyncState>" if state else ""
        return client.call(
            "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
            f'<m:SyncFolderId><t:DistinguishedFolderId Id="inbox"/></m:SyncFolderId>{known}'
            f"<m:MaxChangesReturned>10</m:MaxChangesReturned><m:SyncScope>{scope}</m:SyncScope></m:SyncFolderItems>"
        )

    assert len(sync("NormalItems").attributes(".//m:Changes//t:ItemId", "Id")) == 1
    both = sync("NormalAndAssociatedItems")
    assert len(both.attributes(".//m:Changes//t:ItemId", "Id")) == 2
    mailbox.edit(hidden.number, properties={"item:Subject": "changed"})
    state = both.texts(".//m:SyncState")[0]
    assert sync("NormalItems", state).attributes(".//m:Changes//t:ItemId", "Id") == []
    assert len(sync("NormalAndAssociatedItems", state).attributes(".//m:Changes//t:ItemId", "Id")) == 1


@pytest.mark.parametrize(
    ("name", "order"), [("Exchange2010", [0, 1, 2, 3]), ("Exchange2010_SP2", [3, 2, 1, 0])]
)
def test_new_items_are_told_newest_first_since_2010_sp2(name: str, order: list[int], serve: Serve) -> None:
    exchange = make_exchange(name)
    delivered = [exchange.deliver(plain(number), [MAILBOX])[0] for number in range(4)]
    with serve(exchange) as simulator:
        client = Client(simulator)
        seen: list[str] = []
        state, done = "", False
        while not done:
            given = f"<m:SyncState>{state}</m:SyncState>" if state else ""
            reply = client.call(
                "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
                f'<m:SyncFolderId><t:DistinguishedFolderId Id="inbox"/></m:SyncFolderId>{given}'
                "<m:MaxChangesReturned>3</m:MaxChangesReturned></m:SyncFolderItems>",
                version="Exchange2010",
            )
            seen += reply.attributes(".//m:Changes//t:ItemId", "Id")
            state = reply.texts(".//m:SyncState")[0]
            done = reply.texts(".//m:IncludesLastItemInRange") == ["true"]
        client.close()
    assert seen == [delivered[number] for number in order]


def test_folders_are_found_by_their_container_class(client: Client) -> None:
    tag = '<t:ExtendedFieldURI PropertyTag="0x3613" PropertyType="String"/>'
    either = f"<t:Or>{compare('IsEqualTo', tag, 'IPF.Contact')}{compare('IsEqualTo', tag, 'IPF.Task')}</t:Or>"
    reply = client.call(
        '<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>'
        '<m:IndexedPageFolderView MaxEntriesReturned="500" Offset="0" BasePoint="Beginning"/>'
        f'{restriction(either)}<m:ParentFolderIds><t:DistinguishedFolderId Id="msgfolderroot"/></m:ParentFolderIds></m:FindFolder>'
    )
    assert reply.texts(".//t:DisplayName") == ["Contacts", "Tasks"]


def test_folders_show_the_properties_that_clients_ask_for(exchange: Exchange, client: Client) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    kinds = {
        "0x3008": "SystemTime",
        "0x6752": "Integer",
        "0x360A": "Boolean",
        "0x6751": "Integer",
        "0x3603": "Integer",
        "0x10F3": "String",
        "0x3613": "String",
        "0x3602": "Integer",
        "0x670A": "SystemTime",
        "0x670B": "Integer",
    }
    uris = "".join(
        f'<t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="{kind}"/>' for tag, kind in kinds.items()
    )
    reply = client.call(
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        f"{uris}</t:AdditionalProperties></m:FolderShape>"
        '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>'
    )
    values = dict(
        zip(reply.attributes(".//t:ExtendedFieldURI", "PropertyTag"), reply.texts(".//t:Value"), strict=True)
    )
    assert set(values) == set(kinds)
    assert (values["0x3603"], values["0x3602"], values["0x3613"], values["0x10F3"]) == (
        "1",
        "1",
        "IPF.Note",
        "/Inbox",
    )


def test_a_search_folder_finds_what_its_conditions_say(client: Client, four: list[str]) -> None:
    found = compare("IsEqualTo", SUBJECT, "Compiler 2")
    made = client.call(
        '<m:CreateFolder><m:ParentFolderId><t:DistinguishedFolderId Id="searchfolders"/></m:ParentFolderId><m:Folders>'
        '<t:SearchFolder><t:DisplayName>Twos</t:DisplayName><t:SearchParameters Traversal="Shallow">'
        f'<t:Restriction>{found}</t:Restriction><t:BaseFolderIds><t:DistinguishedFolderId Id="inbox"/></t:BaseFolderIds>'
        "</t:SearchParameters></t:SearchFolder></m:Folders></m:CreateFolder>"
    )
    assert made.codes == ["NoError"]
    (folder,) = made.attributes(".//t:SearchFolder/t:FolderId", "Id")
    assert find(client, folder=f'<t:FolderId Id="{folder}"/>').texts(".//t:Subject") == ["Compiler 2"]


def test_contacts_are_listed_by_their_names(client: Client) -> None:
    contacts = "".join(
        f"<t:Contact><t:DisplayName>{name}</t:DisplayName></t:Contact>" for name in ("Ada", "Ben", "Cleo")
    )
    client.call(f"<m:CreateItem><m:Items>{contacts}</m:Items></m:CreateItem>")
    view = '<m:ContactsView InitialName="B" FinalName="Cl"/>'
    assert sorted(find(client, view, folder="contacts").texts(".//t:Subject")) == ["Ben", "Cleo"]


def test_a_calendar_view_is_limited_to_two_years(client: Client) -> None:
    view = '<m:CalendarView StartDate="2026-01-01T00:00:00Z" EndDate="{}"/>'
    assert find(client, view.format("2028-03-01T00:00:00Z"), folder="calendar").codes == [
        "ErrorCalendarViewRangeTooBig"
    ]
    assert find(client, view.format("2025-03-01T00:00:00Z"), folder="calendar").codes == [
        "ErrorCalendarEndDateIsEarlierThanStartDate"
    ]
