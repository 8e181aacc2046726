"""Envelopes, versions, impersonation, hostile input: what a request as a whole can come to."""

import gzip
import threading

import pytest

from serversync.simulator import Exchange, Fault
from serversync.simulator.versions import SERVER_VERSIONS
from tests.simulator.conftest import (
    ACCOUNT,
    GET_INBOX,
    MAILBOX,
    NS,
    PASSWORD,
    SCHEMAS,
    Client,
    Serve,
    basic,
    envelope,
    impersonate,
    make_exchange,
    plain,
)

needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="../shared/ews-schema is not here")


def test_the_inbox_is_found_by_the_impersonating_account(exchange: Exchange, client: Client) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    reply = client.call(GET_INBOX)
    assert reply.codes == ["NoError"]
    assert reply.texts(".//t:DisplayName") == ["Inbox"]
    assert reply.texts(".//t:TotalCount") == ["1"]
    assert reply.texts(".//t:UnreadCount") == ["1"]


@pytest.mark.parametrize("path", ["/EWS/Exchange.asmx", "/ews/exchange.asmx", "/EWS/EXCHANGE.ASMX"])
def test_the_path_is_case_insensitive(client: Client, path: str) -> None:
    assert client.send(envelope(GET_INBOX, header=impersonate(MAILBOX)), path=path).status == 200


def test_another_path_is_not_found(client: Client) -> None:
    assert client.send(b"", path="/owa/").status == 404


def test_answers_carry_the_headers_of_a_real_server(client: Client) -> None:
    reply = client.send(
        envelope(GET_INBOX, header=impersonate(MAILBOX)), headers={"client-request-id": "abc-1"}
    )
    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert reply.headers["Server"].startswith("Microsoft-IIS/")
    assert reply.headers["client-request-id"] == "abc-1"
    assert reply.headers["request-id"]
    assert reply.headers["X-FEServer"]


def test_gzip_is_used_when_asked_for(client: Client) -> None:
    request = envelope(GET_INBOX, header=impersonate(MAILBOX))
    packed = client.send(request, headers={"Accept-Encoding": "gzip, deflate"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == client.send(request).body


@pytest.mark.parametrize("name", SERVER_VERSIONS)
def test_each_product_reports_its_build_and_answers_valid_xml(name: str, serve: Serve) -> None:
    exchange = make_exchange(name)
    item = exchange.deliver(plain(1), [MAILBOX])[0]
    with serve(exchange) as simulator:
        client = Client(simulator)
        for version in (
            None,
            exchange.version.label if exchange.version.label.startswith("E") else "Exchange2007_SP1",
        ):
            reply = client.call(GET_INBOX.replace("Default", "AllProperties"), version=version)
            info = reply.xml.find(".//t:ServerVersionInfo", NS)
            build = tuple(
                int(info.get(part))
                for part in ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")
            )
            assert build == SERVER_VERSIONS[name].build
            assert client.get_items(item).status in {200, 500}
            shape = (
                "<t:BaseShape>AllProperties</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>"
            )
            full = client.call(
                f'<m:GetItem><m:ItemShape>{shape}</m:ItemShape><m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:GetItem>',
                version=version,
            )
            assert full.codes == ["NoError"]
        client.close()


@pytest.mark.parametrize("version", ["Exchange2013_SP1", "Exchange2016", "V2017_07_11", "Nonsense"])
def test_a_version_newer_than_the_server_is_refused_with_the_servers_own(version: str, serve: Serve) -> None:
    with serve(make_exchange("Exchange2010_SP3")) as simulator:
        client = Client(simulator)
        reply = client.call(GET_INBOX, version=version)
        assert (reply.status, reply.codes) == (500, ["ErrorInvalidServerVersion"])
        assert reply.attributes(".//t:ServerVersionInfo", "Version") == ["Exchange2010_SP2"]
        client.close()


@pytest.mark.parametrize("element", ["PrimarySmtpAddress", "SmtpAddress", "PrincipalName"])
def test_impersonation_takes_each_form_of_an_address(client: Client, element: str) -> None:
    reply = client.send(envelope(GET_INBOX, header=impersonate(MAILBOX.upper(), element)))
    assert reply.codes == ["NoError"]


def test_impersonation_takes_a_security_identifier(exchange: Exchange, client: Client) -> None:
    sid = exchange.mailbox(MAILBOX).sid
    assert client.send(envelope(GET_INBOX, header=impersonate(sid, "SID"))).codes == ["NoError"]
    assert client.send(envelope(GET_INBOX, header=impersonate("S-1-1", "SID"))).codes == [
        "ErrorInvalidUserSid"
    ]


def test_a_proxy_address_is_no_primary_address_and_the_answer_names_the_right_one(
    exchange: Exchange, client: Client
) -> None:
    exchange.add_proxy_address(exchange.mailbox(MAILBOX), "countess@example.org")
    reply = client.send(envelope(GET_INBOX, header=impersonate("countess@example.org")))
    assert (reply.status, reply.codes) == (500, ["ErrorNonPrimarySmtpAddress"])
    assert MAILBOX in reply.body.decode()
    other = client.send(envelope(GET_INBOX, header=impersonate("countess@example.org", "SmtpAddress")))
    assert other.codes == ["NoError"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (impersonate("nobody@example.org"), "ErrorNonExistentMailbox"),
        (impersonate(""), "ErrorInvalidExchangeImpersonationHeaderData"),
        ("<t:ExchangeImpersonation/>", "ErrorInvalidExchangeImpersonationHeaderData"),
    ],
)
def test_impersonating_nobody_is_a_fault(client: Client, header: str, code: str) -> None:
    reply = client.send(envelope(GET_INBOX, header=header))
    assert (reply.status, reply.codes) == (500, [code])


def test_impersonation_needs_the_right_and_keeps_to_its_scope(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox("grace@example.org", password="g")
    exchange.add_account("scoped@example.org", password="s", impersonation={"Grace@example.org"})
    request = envelope(GET_INBOX, header=impersonate(MAILBOX))
    denied = client.send(request, authorization=basic("grace@example.org", "g"))
    assert (denied.status, denied.codes) == (500, ["ErrorImpersonateUserDenied"])
    assert client.send(request, authorization=basic("scoped@example.org", "s")).codes == [
        "ErrorImpersonateUserDenied"
    ]
    inside = envelope(GET_INBOX, header=impersonate("grace@example.org"))
    assert client.send(inside, authorization=basic("scoped@example.org", "s")).codes == ["NoError"]


def test_an_account_without_mailbox_has_no_inbox(client: Client) -> None:
    assert client.call(GET_INBOX, mailbox=None).codes == ["ErrorMissingEmailAddress"]


def test_a_person_reads_the_own_mailbox_but_not_those_of_others(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox("grace@example.org", password="g")
    other = exchange.deliver(plain(1), [MAILBOX])[0]
    user = basic("grace@example.org", "g")
    assert client.send(envelope(GET_INBOX), authorization=user).codes == ["NoError"]
    address = f'<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>{MAILBOX}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>'
    theirs = GET_INBOX.replace('<t:DistinguishedFolderId Id="inbox"/>', address)
    assert client.send(envelope(theirs), authorization=user).codes == ["ErrorAccessDenied"]
    item = f'<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:ItemIds><t:ItemId Id="{other}"/></m:ItemIds></m:GetItem>'
    assert client.send(envelope(item), authorization=user).codes == ["ErrorItemNotFound"]
    exchange.mailbox(MAILBOX).delegates.add("grace@example.org")
    assert client.send(envelope(theirs), authorization=user).codes == ["NoError"]


BILLION = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html/>",
        "not xml",
        f'<s:Envelope xmlns:s="{NS["s"]}"/>',
        f'<s:Envelope xmlns:s="{NS["s"]}"><s:Body/></s:Envelope>',
        BILLION + envelope(GET_INBOX.replace("inbox", "&c;")),
        '<!DOCTYPE l SYSTEM "file:///etc/passwd">' + envelope(GET_INBOX),
        envelope(GET_INBOX)[:-10],
    ],
)
def test_what_is_no_envelope_is_a_schema_fault(client: Client, body: str) -> None:
    reply = client.send(body)
    assert (reply.status, reply.codes) == (500, ["ErrorSchemaValidation"])
    assert client.call(GET_INBOX).codes == ["NoError"]


def test_an_operation_that_nobody_knows_is_an_invalid_request(client: Client) -> None:
    reply = client.call("<m:MakeCoffee/>")
    assert (reply.status, reply.codes) == (500, ["ErrorInvalidRequest"])


@needs_schemas
def test_with_schemas_a_request_is_validated_as_by_a_real_server(exchange: Exchange, serve: Serve) -> None:
    with serve(exchange, schema_dir=SCHEMAS) as simulator:
        client = Client(simulator)
        assert client.call(GET_INBOX).codes == ["NoError"]
        reply = client.call(GET_INBOX.replace('Id="inbox"', 'Id="invalidparentid"'))
        assert (reply.status, reply.codes) == (500, ["ErrorSchemaValidation"])
        assert "invalidparentid" in reply.texts(".//t:Violation")[0]
        newer = GET_INBOX.replace(
            "</t:BaseShape>",
            '</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="folder:DistinguishedFolderId"/></t:AdditionalProperties>',
        )
        assert client.call(newer).codes == ["NoError"]
        assert client.call(newer, version="Exchange2010_SP2").codes == ["ErrorSchemaValidation"]
        assert b"EmailAddressType" in client.send(b"", path="/EWS/types.xsd", method="GET").body
        client.close()


def test_a_body_beyond_64_mb_is_refused(client: Client) -> None:
    reply = client.send(b" " * (64 * 1024 * 1024 + 1))
    assert reply.status == 413


def test_many_clients_at_once_are_served(exchange: Exchange, client: Client) -> None:
    exchange.deliver(plain(1), [MAILBOX])
    codes: list[list[str]] = []

    def ask() -> None:
        other = Client(client.simulator)
        codes.extend(other.call(GET_INBOX).codes for _ in range(5))
        other.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [["NoError"]] * 100


class TestFaults:
    """Everything that can be broken on command."""

    def test_server_busy_is_a_fault_with_the_pause_asked_for(
        self, exchange: Exchange, client: Client
    ) -> None:
        exchange.faults.add(
            Fault(operation="GetFolder", response_code="ErrorServerBusy", back_off_milliseconds=1500)
        )
        reply = client.call(GET_INBOX)
        assert (reply.status, reply.codes) == (500, ["ErrorServerBusy"])
        assert reply.texts(".//t:Value[@Name='BackOffMilliseconds']") == ["1500"]
        assert client.call(GET_INBOX).codes == ["NoError"]

    def test_any_response_code_for_the_nth_call(self, exchange: Exchange, client: Client) -> None:
        exchange.faults.add(
            Fault(operation="GetFolder", response_code="ErrorMailboxStoreUnavailable", nth=2, times=2)
        )
        codes = [client.call(GET_INBOX).codes[0] for _ in range(4)]
        assert codes == ["NoError", "ErrorMailboxStoreUnavailable", "ErrorMailboxStoreUnavailable", "NoError"]

    def test_one_corrupt_item_leaves_the_others_alone(self, exchange: Exchange, client: Client) -> None:
        good, bad, gone = (exchange.deliver(plain(number), [MAILBOX])[0] for number in range(3))
        exchange.delete(gone)
        exchange.faults.add(
            Fault(operation="GetItem", item_id=bad, response_code="ErrorItemCorrupt", times=None)
        )
        reply = client.get_items(good, bad, gone, "rubbish")
        assert reply.codes == ["NoError", "ErrorItemCorrupt", "ErrorItemNotFound", "ErrorInvalidIdMalformed"]
        assert client.get_items(bad).codes == ["ErrorItemCorrupt"]

    def test_only_the_mailbox_named_is_concerned(self, exchange: Exchange, client: Client) -> None:
        exchange.add_mailbox("grace@example.org")
        exchange.faults.add(
            Fault(mailbox="GRACE@example.org", response_code="ErrorMailboxFailover", times=None)
        )
        assert client.call(GET_INBOX).codes == ["NoError"]
        assert client.call(GET_INBOX, mailbox="grace@example.org").codes == ["ErrorMailboxFailover"]

    @pytest.mark.parametrize("status", [401, 403, 404, 413, 500, 503])
    def test_any_http_status(self, exchange: Exchange, client: Client, status: int) -> None:
        exchange.faults.add(Fault(http_status=status, headers={"Retry-After": "7"}))
        reply = client.call(GET_INBOX)
        assert (reply.status, reply.headers["Retry-After"]) == (status, "7")
        assert client.call(GET_INBOX).status == 200

    def test_a_planned_401_offers_the_schemes_like_a_real_one(
        self, exchange: Exchange, client: Client
    ) -> None:
        exchange.faults.add(Fault(http_status=401))
        assert client.call(GET_INBOX).headers.get_all("WWW-Authenticate") == [
            "NTLM",
            "Negotiate",
            'Basic realm="localhost"',
        ]

    @pytest.mark.parametrize("when", ["reset_before", "reset_after"])
    def test_a_broken_connection(self, exchange: Exchange, client: Client, when: str) -> None:
        fault = exchange.faults.add(
            Fault(reset_before=when == "reset_before", reset_after=when == "reset_after")
        )
        with pytest.raises(OSError, match=r"(?i)reset|closed|eof|aborted|remote end"):
            client.call(GET_INBOX)
        client.close()
        assert fault.happened == 1
        assert client.call(GET_INBOX).status == 200

    def test_a_truncated_answer(self, exchange: Exchange, client: Client) -> None:
        import http.client

        exchange.faults.add(Fault(truncate=100))
        with pytest.raises(http.client.IncompleteRead) as caught:
            client.call(GET_INBOX)
        assert len(caught.value.partial) == 100
        client.close()

    def test_another_body(self, exchange: Exchange, client: Client) -> None:
        exchange.faults.add(Fault(body=b"<html>Proxy</html>"))
        assert client.call(GET_INBOX).body == b"<html>Proxy</html>"

    def test_clearing_ends_it(self, exchange: Exchange, client: Client) -> None:
        exchange.faults.add(Fault(http_status=503, times=None))
        assert client.call(GET_INBOX).status == 503
        exchange.faults.clear()
        assert client.call(GET_INBOX).status == 200


def test_the_password_is_what_the_account_has() -> None:
    made = make_exchange()
    found = made.directory.check_password(ACCOUNT, PASSWORD)
    assert found is not None
    assert PASSWORD not in repr(found)
