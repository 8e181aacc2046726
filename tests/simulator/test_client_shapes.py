"""Requests in the shape in which further programs write them, and the parts of the answers that their parsers cannot do without.

The shapes are those of ews-rs (Thunderbird), the Managed API, PHP's SoapClient with php-ews, Go programs that fill templates, suds
with pyews, evolution-ews and akonadi-ews; the texts are our own.
"""

import gzip
from dataclasses import dataclass

import pytest
from lxml import etree

from serversync.simulator import Exchange
from tests.simulator.conftest import MAILBOX, NS, SCHEMAS, Client, Reply, Serve, make_exchange, plain

SOAP, M, T = NS["s"], NS["m"], NS["t"]


@dataclass(frozen=True)
class Dialect:
    """How a program writes an envelope: ``soap``, ``m`` and ``t`` are its prefixes, empty for a default namespace."""

    soap: str
    m: str
    t: str
    version: str
    headers: tuple[tuple[str, str], ...] = ()
    declaration: str = '<?xml version="1.0" encoding="utf-8"?>'
    further_header: str = ""

    def envelope(self, body: str) -> str:
        """Return the request; ``m:`` and ``t:`` in the body become the prefixes of the program."""
        s = f"{self.soap}:" if self.soap else ""
        declared = f'xmlns{":" if self.soap else ""}{self.soap}="{SOAP}"'
        declared += "".join(f' xmlns:{name}="{uri}"' for name, uri in ((self.m, M), (self.t, T)) if name)
        own = f'<t:RequestServerVersion Version="{self.version}"/>{self.further_header}'
        own += (
            f"<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{MAILBOX}</t:PrimarySmtpAddress>"
            "</t:ConnectingSID></t:ExchangeImpersonation>"
        )
        whole = f"<{s}Header>{self._renamed(own)}</{s}Header><{s}Body>{self._renamed(body)}</{s}Body>"
        return f"{self.declaration}<{s}Envelope {declared}>{whole}</{s}Envelope>"

    def _renamed(self, xml: str) -> str:
        root = etree.fromstring(f'<x xmlns:m="{M}" xmlns:t="{T}">{xml}</x>')
        return "".join(self._written(one, "") for one in root)

    def _written(self, element: etree._Element, inherited: str) -> str:
        name = etree.QName(element)
        prefix = self.m if name.namespace == M else self.t
        declared = "" if prefix or inherited == name.namespace else f' xmlns="{name.namespace}"'
        tag = f"{prefix}:{name.localname}" if prefix else name.localname
        attributes = "".join(f' {key}="{value}"' for key, value in reversed(element.attrib.items()))
        within = inherited if prefix else str(name.namespace)
        inner = "".join(self._written(one, within) for one in element) or (element.text or "")
        return f"<{tag}{declared}{attributes}>{inner}</{tag}>" if inner else f"<{tag}{declared}{attributes}/>"


ZONE = (
    '<t:TimeZoneContext><t:TimeZoneDefinition Name="(UTC+01:00) Berlin" Id="W. Europe Standard Time"><t:Periods>'
    '<t:Period Bias="-P0DT1H0M0.0S" Name="Standard" Id="std"/><t:Period Bias="-P0DT2H0M0.0S" Name="Daylight" Id="dst"/>'
    '</t:Periods><t:TransitionsGroups><t:TransitionsGroup Id="0"><t:RecurringDayTransition><t:To Kind="Period">dst</t:To>'
    "<t:TimeOffset>P0DT2H0M0.0S</t:TimeOffset><t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek><t:Occurrence>-1</t:Occurrence>"
    '</t:RecurringDayTransition><t:RecurringDayTransition><t:To Kind="Period">std</t:To><t:TimeOffset>P0DT3H0M0.0S</t:TimeOffset>'
    "<t:Month>10</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek><t:Occurrence>-1</t:Occurrence></t:RecurringDayTransition>"
    '</t:TransitionsGroup></t:TransitionsGroups><t:Transitions><t:Transition><t:To Kind="Group">0</t:To></t:Transition>'
    "</t:Transitions></t:TimeZoneDefinition></t:TimeZoneContext>"
)
DIALECTS = {
    "ews-rs": Dialect("soap", "", "t", "Exchange2013_SP1"),
    "Managed API": Dialect(
        "soap",
        "m",
        "t",
        "Exchange2010_SP2",
        (
            ("X-PreferServerAffinity", "true"),
            ("X-AnchorMailbox", MAILBOX),
            ("client-request-id", "8d7c1c5e-0000-4000-8000-000000000001"),
            ("return-client-request-id", "true"),
            ("Accept", "text/xml"),
            ("Accept-Encoding", "gzip,deflate"),
        ),
        further_header=ZONE,
    ),
    "PHP": Dialect("SOAP-ENV", "ns2", "ns1", "Exchange2007_SP1", (("SOAPAction", f'"{M}/Operation"'),)),
    "Go": Dialect(
        "soap", "m", "t", "Exchange2013_SP1", declaration='<?xml version="1.0" encoding="utf-8" ?>\n'
    ),
    "suds": Dialect("ns1", "ns2", "ns0", "Exchange2010", (("SOAPAction", '""'),), declaration=""),
    "evolution": Dialect("SOAP-ENV", "messages", "", "Exchange2007_SP1", (("Connection", "Keep-Alive"),)),
    "akonadi": Dialect("", "", "", "Exchange2007_SP1"),
    "a mixture": Dialect("t", "soap", "m", "Exchange2010_SP1"),
}


class Program:
    """Sends requests as one of the programs does."""

    def __init__(self, client: Client, dialect: Dialect) -> None:
        self.client, self.dialect = client, dialect

    def call(self, body: str) -> Reply:
        headers = {"Content-Type": "text/xml; charset=utf-8", **dict(self.dialect.headers)}
        return self.client.send(self.dialect.envelope(body), headers=headers)


@pytest.fixture(params=DIALECTS)
def program(request: pytest.FixtureRequest, exchange: Exchange, serve: Serve):
    """One of the programs, at a server that judges each request by the schemas where they are here."""
    options = {"schema_dir": SCHEMAS} if SCHEMAS.is_dir() else {}
    with serve(exchange, **options) as simulator:
        client = Client(simulator)
        yield Program(client, DIALECTS[request.param])
        client.close()


INBOX = '<t:DistinguishedFolderId Id="inbox"/>'


def decoded(reply: Reply) -> Reply:
    """The answer, unpacked where the program asked for that."""
    if reply.headers.get("Content-Encoding") == "gzip":
        reply.body = gzip.decompress(reply.body)
    return reply


def test_folders_and_items_are_followed(exchange: Exchange, program: Program) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    hierarchy = decoded(
        program.call(
            "<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>"
            '<m:SyncFolderId><t:DistinguishedFolderId Id="msgfolderroot"/></m:SyncFolderId></m:SyncFolderHierarchy>'
        )
    )
    assert hierarchy.codes == ["NoError"]
    assert hierarchy.texts(".//m:SyncState")[0]
    assert hierarchy.texts(".//m:IncludesLastFolderInRange") == ["true"]
    inbox = next(
        one
        for one in hierarchy.xml.iterfind(".//t:Create/t:Folder", NS)
        if one.findtext("t:DisplayName", None, NS) == "Inbox"
    )
    names = [etree.QName(one).localname for one in inbox]
    assert {
        "FolderId",
        "ParentFolderId",
        "FolderClass",
        "TotalCount",
        "ChildFolderCount",
        "UnreadCount",
    } <= set(names)
    page = decoded(
        program.call(
            "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
            f"<m:SyncFolderId>{INBOX}</m:SyncFolderId><m:MaxChangesReturned>100</m:MaxChangesReturned></m:SyncFolderItems>"
        )
    )
    (item,) = page.attributes(".//t:Create/t:Message/t:ItemId", "Id")
    got = decoded(
        program.call(
            "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>"
            '<t:AdditionalProperties><t:FieldURI FieldURI="message:IsRead"/><t:FieldURI FieldURI="item:DateTimeSent"/>'
            '<t:ExtendedFieldURI PropertyType="Integer" PropertyTag="0x0E07"/></t:AdditionalProperties></m:ItemShape>'
            f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:GetItem>'
        )
    )
    assert (got.codes, got.texts(".//t:IsRead")) == (["NoError"], ["false"])
    assert got.xml.find(".//t:MimeContent", NS).get("CharacterSet") == "UTF-8"
    assert got.texts(".//t:ExtendedProperty/t:Value") != []


def test_mail_is_written_marked_moved_and_deleted(exchange: Exchange, program: Program) -> None:
    created = decoded(
        program.call(
            '<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId><t:DistinguishedFolderId Id="drafts"/>'
            '</m:SavedItemFolderId><m:Items><t:Message><t:Subject>S</t:Subject><t:Body BodyType="HTML">x</t:Body>'
            "<t:ToRecipients><t:Mailbox><t:EmailAddress>grace@example.com</t:EmailAddress></t:Mailbox></t:ToRecipients>"
            "</t:Message></m:Items></m:CreateItem>"
        )
    )
    (item,), (key,) = created.attributes(".//t:ItemId", "Id"), created.attributes(".//t:ItemId", "ChangeKey")
    marked = decoded(
        program.call(
            '<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly"><m:ItemChanges><t:ItemChange>'
            f'<t:ItemId Id="{item}" ChangeKey="{key}"/><t:Updates><t:SetItemField><t:FieldURI FieldURI="message:IsRead"/>'
            "<t:Message><t:IsRead>false</t:IsRead></t:Message></t:SetItemField></t:Updates></t:ItemChange></m:ItemChanges>"
            "</m:UpdateItem>"
        )
    )
    assert marked.codes == ["NoError"]
    assert marked.xml.find(".//m:UpdateItemResponseMessage/m:Items", NS) is not None
    moved = decoded(
        program.call(
            f'<m:MoveItem><m:ToFolderId>{INBOX}</m:ToFolderId><m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:MoveItem>'
        )
    )
    (again,) = moved.attributes(".//t:ItemId", "Id")
    deleted = decoded(
        program.call(
            f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="{again}"/><t:ItemId Id="{item}"/></m:ItemIds>'
            "</m:DeleteItem>"
        )
    )
    assert deleted.codes == ["NoError", "ErrorItemNotFound"]
    assert deleted.attributes(".//m:DeleteItemResponseMessage", "ResponseClass") == ["Success", "Error"]
    assert exchange.mailbox(MAILBOX).inbox.items.tolist() == []


def test_a_fault_says_in_every_dialect_what_is_wrong(program: Program) -> None:
    fault = decoded(program.call("<m:MakeCoffee/>"))
    assert (fault.status, fault.codes) == (500, ["ErrorInvalidRequest"])
    element = fault.xml.find("s:Body/s:Fault", NS)
    assert [etree.QName(one).localname for one in element] == ["faultcode", "faultstring", "detail"]
    assert fault.attributes(".//t:ServerVersionInfo", "MajorVersion") == ["15"]


def test_the_zone_that_a_header_defines_is_the_clock_of_the_answer(serve: Serve) -> None:
    exchange = make_exchange()
    with serve(exchange) as simulator:
        program = Program(Client(simulator), DIALECTS["Managed API"])
        created = decoded(
            program.call(
                '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>S</t:Subject>'
                "<t:Start>2026-07-01T09:00:00</t:Start><t:End>2026-07-01T10:00:00</t:End></t:CalendarItem></m:Items></m:CreateItem>"
            )
        )
        (item,) = created.attributes(".//t:ItemId", "Id")
        got = decoded(
            program.call(
                "<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>"
                f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:GetItem>'
            )
        )
        program.client.close()
    assert got.texts(".//t:Start") == ["2026-07-01T09:00:00+02:00"]
    assert got.headers["client-request-id"] == "8d7c1c5e-0000-4000-8000-000000000001"
