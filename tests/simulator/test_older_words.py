"""What a server or a request of an older version does not know, and what a newer one limits or adds."""

import base64
from contextlib import ExitStack

import pytest
from lxml import etree

from serversync.simulator import Exchange, SimulatorThread, ThrottlingPolicy
from serversync.simulator.response import SoapFault
from serversync.simulator.versions import SERVER_VERSIONS
from tests.simulator.conftest import (
    ACCOUNT,
    GET_INBOX,
    MAILBOX,
    NS,
    PLAIN,
    Client,
    Serve,
    envelope,
    impersonate,
    make_exchange,
    plain,
)

OLD = "Exchange2010_SP2"
NEWER = [
    "folder:DistinguishedFolderId",
    "item:Flag",
    "item:TextBody",
    "calendar:StartTimeZoneId",
    "calendar:IsOrganizer",
]


def asks_for(uri: str) -> str:
    fields = f'<t:AdditionalProperties><t:FieldURI FieldURI="{uri}"/></t:AdditionalProperties>'
    if uri.startswith("folder:"):
        return GET_INBOX.replace("</m:FolderShape>", f"{fields}</m:FolderShape>")
    return (
        f'<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{fields}</m:ItemShape>'
        '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>'
    )


@pytest.mark.parametrize("uri", NEWER)
def test_properties_of_2013_are_no_words_of_2010_and_none_of_an_old_request(uri: str) -> None:
    codes = {}
    for product in ("Exchange2010_SP3", "Exchange2016"):
        with SimulatorThread(make_exchange(product)) as simulator:
            client = Client(simulator)
            reply = client.call(asks_for(uri), version=OLD)
            codes[product] = (reply.status, reply.codes)
            if product == "Exchange2016":
                assert client.call(asks_for(uri)).codes == ["NoError"]
            client.close()
    assert codes == {
        "Exchange2010_SP3": (500, ["ErrorSchemaValidation"]),
        "Exchange2016": (200, ["ErrorInvalidPropertyRequest"]),
    }


@pytest.mark.parametrize(
    ("product", "name", "code"),
    [
        ("Exchange2016", "nonsense", "ErrorSchemaValidation"),
        ("Exchange2010_SP3", "archiveinbox", "ErrorSchemaValidation"),
        ("Exchange2010_SP3", "voicemail", "ErrorFolderNotFound"),
        ("Exchange2007_SP1", "recoverableitemsroot", "ErrorSchemaValidation"),
        ("Exchange2016", "yammerroot", "ErrorFolderNotFound"),
    ],
)
def test_folders_that_no_schema_of_the_server_names_are_violations(
    product: str, name: str, code: str, serve: Serve
) -> None:
    with serve(make_exchange(product)) as simulator:
        client = Client(simulator)
        reply = client.call(GET_INBOX.replace("inbox", name), version=None)
        client.close()
    assert reply.codes == [code]
    faults = reply.texts("s:Body/s:Fault/faultstring")
    assert bool(faults) == (code == "ErrorSchemaValidation")
    assert all("The Enumeration constraint failed." in one for one in faults)


ELSEWHERE = (
    '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>S</t:Subject>'
    "<t:Start>2026-01-01T10:00:00Z</t:Start><t:End>2026-01-01T11:00:00Z</t:End>"
    "<t:LegacyFreeBusyStatus>WorkingElsewhere</t:LegacyFreeBusyStatus></t:CalendarItem></m:Items></m:CreateItem>"
)


def test_who_works_elsewhere_is_free_for_older_requests_and_no_word_of_2010(serve: Serve) -> None:
    with serve(make_exchange("Exchange2010_SP3")) as simulator:
        client = Client(simulator)
        assert client.call(ELSEWHERE, version=OLD).codes == ["ErrorSchemaValidation"]
        client.close()
    with serve(make_exchange("Exchange2016")) as simulator:
        client = Client(simulator)
        item = client.call(ELSEWHERE).attributes(".//t:ItemId", "Id")[0]
        get = (
            "<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>"
            f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:GetItem>'
        )
        told = {
            version: client.call(get, version=version).texts(".//t:LegacyFreeBusyStatus")
            for version in (OLD, "Exchange2013_SP1")
        }
        client.close()
    assert told == {OLD: ["Free"], "Exchange2013_SP1": ["WorkingElsewhere"]}


@pytest.mark.parametrize(
    ("item_class", "old", "new"),
    [
        ("IPM.Schedule.Meeting.Notification.Forward", "Message", "Message"),
        ("IPM.TaskRequest.Accept", "Message", "Message"),
        ("IPM.Outlook.Recall", "Message", "Message"),
        ("IPM.Recall.Report.Success", "Message", "Message"),
        ("IPM.Note.SMIME.MultipartSigned", "Message", "Message"),
        ("REPORT.IPM.Note.NDR", "Message", "Message"),
        ("IPM.Appointment.Live Meeting Request", "CalendarItem", "CalendarItem"),
        ("IPM.StickyNote", "Item", "Message"),
        ("IPM.Activity", "Item", "Message"),
    ],
)
def test_item_classes_are_the_elements_of_their_version(
    item_class: str, old: str, new: str, exchange: Exchange, client: Client
) -> None:
    mailbox = exchange.mailbox(MAILBOX)
    stored = mailbox.receive(PLAIN, exchange.now(), item_class=item_class)
    get = (
        "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        f'<m:ItemIds><t:ItemId Id="{mailbox.item_id(stored)}"/></m:ItemIds></m:GetItem>'
    )
    found = [
        etree.QName(client.call(get, version=version).xml.find(".//m:Items/*", NS)).localname
        for version in (OLD, "Exchange2013_SP1")
    ]
    assert found == [old, new]


def test_tokens_are_offered_and_none_is_accepted(serve: Serve) -> None:
    with serve(make_exchange(), schemes=("Bearer", "NTLM", "Basic")) as simulator:
        client = Client(simulator)
        reply = client.send(envelope(GET_INBOX), authorization=None)
        offers = reply.headers.get_all("WWW-Authenticate") or []
        token = base64.urlsafe_b64encode(b"{}").decode()
        refused = client.send(envelope(GET_INBOX), authorization=f"Bearer {token}")
        served = client.send(envelope(GET_INBOX, header=impersonate(MAILBOX)))
        client.close()
    assert [one.split(" ")[0] for one in offers] == ["Bearer", "NTLM", "Basic"]
    assert 'client_id="00000002-0000-0ff1-ce00-000000000000"' in offers[0]
    assert refused.status == 401
    assert served.codes == ["NoError"]


@pytest.mark.parametrize(("product", "most"), [("Exchange2010_SP3", 300), ("Exchange2013_SP1", 250)])
def test_a_search_gives_250_items_at_a_time_since_2013(product: str, most: int, serve: Serve) -> None:
    exchange = make_exchange(product)
    for number in range(300):
        exchange.mailbox(MAILBOX).put(plain(number), exchange.now())
    condition = (
        '<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="message:IsRead"/><t:FieldURIOrConstant>'
        '<t:Constant Value="false"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>'
    )
    counts = []
    with serve(exchange) as simulator:
        client = Client(simulator)
        for conditions in ("", condition):
            reply = client.call(
                '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>'
                f"{conditions}<m:ParentFolderIds>"
                '<t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>',
                version=OLD,
            )
            (root,) = reply.xml.iterfind(".//m:RootFolder", NS)
            counts.append(len(reply.attributes(".//t:ItemId", "Id")))
        client.close()
    assert counts == [300, most]
    assert (root.get("IncludesLastItemInRange"), root.get("TotalItemsInView")) == (
        "true" if most == 300 else "false",
        "300",
    )


def test_2010_takes_requests_of_35_megabytes(serve: Serve) -> None:
    with serve(make_exchange("Exchange2010_SP3")) as simulator:
        client = Client(simulator)
        head = {"Expect": "100-continue", "Content-Length": str(35 * 1024 * 1024 + 1)}
        assert client.send(b"", headers=head).status == 413
        client.close()


def test_answers_name_their_servers_since_2013_and_2010_keeps_clients_by_a_cookie(serve: Serve) -> None:
    body = envelope(GET_INBOX, version=OLD, header=impersonate(MAILBOX))
    with serve(make_exchange("Exchange2013_SP1")) as simulator:
        client = Client(simulator)
        newer = client.send(body).headers
        client.close()
    with serve(make_exchange("Exchange2010_SP3")) as simulator:
        client = Client(simulator)
        older = client.send(body).headers
        again = client.send(body, headers={"Cookie": older["Set-Cookie"].partition(";")[0]}).headers
        client.close()
    assert (newer["X-FEServer"], newer["X-BEServer"], newer["X-DiagInfo"]) == ("EXCH01",) * 3
    assert newer["X-CalculatedBETarget"] == "exch01.example.org"
    assert older["Set-Cookie"].startswith("exchangecookie=")
    assert (again["Set-Cookie"], older["X-BEServer"]) == (None, None)


def test_the_list_of_changes_before_ends_with_the_latest(exchange: Exchange, client: Client) -> None:
    (item,) = exchange.deliver(PLAIN, [MAILBOX])
    tags = "".join(
        f'<t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="Binary"/>' for tag in ("0x65E2", "0x65E3")
    )
    shape = f"<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{tags}</t:AdditionalProperties>"

    def told() -> list[bytes]:
        return [base64.b64decode(one) for one in client.get_items(item, shape=shape).texts(".//t:Value")]

    key, before = told()
    assert before == bytes((len(key),)) + key
    exchange.edit(item, subject="Another")
    assert told()[0] != key


@pytest.mark.parametrize(("product", "most"), [("Exchange2013_SP1", 8), ("Exchange2016", 5)])
def test_so_many_folders_are_followed_at_a_time(product: str, most: int) -> None:
    exchange = make_exchange(product)
    exchange.throttling = ThrottlingPolicy.of(SERVER_VERSIONS[product])
    with ExitStack() as stack:
        for _ in range(most):
            stack.enter_context(exchange.throttle.request(ACCOUNT, MAILBOX, "SyncFolderItems"))
        stack.enter_context(exchange.throttle.request(ACCOUNT, MAILBOX, "GetItem"))
        if most == 5:
            with (
                pytest.raises(SoapFault, match="ErrorExceededConnectionCount"),
                exchange.throttle.request(ACCOUNT, MAILBOX, "SyncFolderItems"),
            ):
                pytest.fail("a sixth call was let in")
    with exchange.throttle.request(ACCOUNT, MAILBOX, "SyncFolderItems") as delay:
        assert delay.total_seconds() == 0
