"""Subscriptions of the simulator, over the wire; every answer is held against Microsoft's schemas."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue

import pytest
from lxml import etree

from serversync.simulator import Exchange, Fault
from tests.simulator.conftest import (
    ACCOUNT,
    MAILBOX,
    NS,
    PASSWORD,
    Client,
    Serve,
    basic,
    envelope,
    impersonate,
    make_exchange,
    plain,
)

ALL = "".join(
    f"<t:EventType>{kind}Event</t:EventType>"
    for kind in ("Copied", "Created", "Deleted", "Modified", "Moved", "NewMail")
)
INBOX = '<t:FolderIds><t:DistinguishedFolderId Id="inbox"/></t:FolderIds>'


def subscribe(
    kind: str = "Pull", rest: str = "<t:Timeout>10</t:Timeout>", *, where: str = INBOX, mark: str = ""
) -> str:
    everywhere = "" if where else ' SubscribeToAllFolders="true"'
    watermark = f"<t:Watermark>{mark}</t:Watermark>" if mark else ""
    return (
        f"<m:Subscribe><m:{kind}SubscriptionRequest{everywhere}>{where}<t:EventTypes>{ALL}</t:EventTypes>{watermark}"
        f"{rest}</m:{kind}SubscriptionRequest></m:Subscribe>"
    )


def get_events(subscription: str, watermark: str) -> str:
    return (
        f"<m:GetEvents><m:SubscriptionId>{subscription}</m:SubscriptionId>"
        f"<m:Watermark>{watermark}</m:Watermark></m:GetEvents>"
    )


def get_stream(*subscriptions: str) -> str:
    ids = "".join(f"<t:SubscriptionId>{one}</t:SubscriptionId>" for one in subscriptions)
    return (
        f"<m:GetStreamingEvents><m:SubscriptionIds>{ids}</m:SubscriptionIds>"
        "<m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents>"
    )


def unsubscribe(subscription: str) -> str:
    return f"<m:Unsubscribe><m:SubscriptionId>{subscription}</m:SubscriptionId></m:Unsubscribe>"


def made(client: Client, request: str) -> tuple[str, str]:
    reply = client.call(request)
    assert reply.codes == ["NoError"]
    return reply.texts(".//m:SubscriptionId")[0], "".join(reply.texts(".//m:Watermark"))


class Follower:
    """Reads the envelopes of a stream from a connection of its own."""

    def __init__(self, client: Client, *subscriptions: str, headers: dict[str, str] | None = None) -> None:
        self._client = Client(client.simulator)
        connection = self._client.connection
        body = envelope(get_stream(*subscriptions), header=impersonate(MAILBOX))
        sent = {"Content-Type": "text/xml", "Authorization": basic(), **(headers or {})}
        connection.request("POST", "/EWS/Exchange.asmx", body.encode(), sent)
        self.reply = connection.getresponse()
        self._rest = b""

    def next(self):
        """The next envelope; ``None`` at the end."""
        while b"</Envelope>" not in self._rest:
            piece = self.reply.read1(65536)
            if not piece:
                return None
            self._rest += piece
        document, end, self._rest = self._rest.partition(b"</Envelope>")
        return etree.fromstring(document + end)

    def events(self, count: int) -> list[str]:
        """The next events, by name."""
        found: list[str] = []
        while len(found) < count:
            found += [
                etree.QName(one).localname
                for one in self.next().iterfind(".//t:Notification/*", NS)
                if one.tag.endswith("Event")
            ]
        return found

    def close(self) -> None:
        self._client.close()


@contextmanager
def following(client: Client, *subscriptions: str) -> Iterator[Follower]:
    follower = Follower(client, *subscriptions)
    try:
        yield follower
    finally:
        follower.close()


def code(document) -> str:
    return document.findtext(".//m:ResponseCode", namespaces=NS)


def names(reply) -> list[str]:
    return [
        etree.QName(one).localname
        for one in reply.xml.iterfind(".//m:Notification/*", NS)
        if one.tag.endswith("Event")
    ]


def test_a_pull_subscription_tells_everything_that_happens(exchange: Exchange, client: Client) -> None:
    subscription, mark = made(client, subscribe(where=""))
    (item,) = exchange.deliver(plain(1), [MAILBOX])
    exchange.mark_read(item)
    moved = exchange.move(item, "drafts")
    exchange.delete(moved)
    reply = client.call(get_events(subscription, mark))
    folder = "ModifiedEvent"
    assert names(reply) == [
        "CreatedEvent",
        folder,
        "NewMailEvent",
        "ModifiedEvent",
        folder,
        "MovedEvent",
        folder,
        "DeletedEvent",
        folder,
    ]
    assert reply.attributes(".//t:CreatedEvent/t:ItemId", "Id") == [item]
    assert reply.attributes(".//t:MovedEvent/t:ItemId", "Id") == [moved]
    assert reply.attributes(".//t:MovedEvent/t:OldItemId", "Id") == [item]
    assert reply.texts(".//t:UnreadCount")[:2] == ["1", "0"]
    last = reply.texts(".//t:Watermark")[-1]
    quiet = client.call(get_events(subscription, last))
    assert names(quiet) == ["StatusEvent"]
    assert names(client.call(get_events(subscription, mark)))[0] == "CreatedEvent"


def test_only_the_folders_that_were_named_are_told(exchange: Exchange, client: Client) -> None:
    subscription, mark = made(client, subscribe())
    exchange.mailbox(MAILBOX).put(
        plain(1), datetime.now(UTC), folder=exchange.mailbox(MAILBOX).distinguished_folder("drafts")
    )
    assert names(client.call(get_events(subscription, mark))) == ["StatusEvent"]


def test_many_events_are_told_in_parts(exchange: Exchange, client: Client) -> None:
    subscription, mark = made(client, subscribe())
    for number in range(40):
        exchange.deliver(plain(number), [MAILBOX])
    found = 0
    for expected in ("true", "true", "false"):
        reply = client.call(get_events(subscription, mark))
        assert reply.texts(".//t:MoreEvents") == [expected]
        mark = reply.texts(".//t:Watermark")[-1]
        found += len(names(reply))
    assert found == 120


def test_a_watermark_lets_a_new_subscription_go_on(exchange: Exchange, client: Client) -> None:
    first, mark = made(client, subscribe())
    exchange.deliver(plain(1), [MAILBOX])
    assert client.call(unsubscribe(first)).codes == ["NoError"]
    second, same = made(client, subscribe(mark=mark))
    assert same == mark
    assert names(client.call(get_events(second, same)))[0] == "CreatedEvent"


def test_events_that_are_no_longer_kept_are_missed(exchange: Exchange, client: Client) -> None:
    subscription, mark = made(client, subscribe())
    for number in range(400):
        exchange.deliver(plain(number), [MAILBOX])
    assert client.call(get_events(subscription, mark)).codes == ["ErrorMissedNotificationEvents"]


def test_a_watermark_of_nowhere_is_refused(client: Client) -> None:
    subscription, _ = made(client, subscribe())
    assert client.call(get_events(subscription, "bm9uc2Vuc2U=")).codes == ["ErrorInvalidWatermark"]
    assert client.call(subscribe(mark="bm9uc2Vuc2U=")).codes == ["ErrorInvalidWatermark"]


def test_a_subscription_expires_when_nobody_asks(serve: Serve) -> None:
    now = [datetime(2026, 1, 5, tzinfo=UTC)]
    exchange = Exchange("Exchange2016", now=lambda: now[0])
    exchange.add_account(ACCOUNT, password=PASSWORD, impersonation=True)
    exchange.add_mailbox(MAILBOX)
    with serve(exchange) as simulator:
        client = Client(simulator)
        subscription, mark = made(client, subscribe())
        now[0] += timedelta(minutes=9)
        assert client.call(get_events(subscription, mark)).codes == ["NoError"]
        now[0] += timedelta(minutes=11)
        assert client.call(get_events(subscription, mark)).codes == ["ErrorExpiredSubscription"]
        assert client.call(get_events(subscription, mark)).codes == ["ErrorSubscriptionNotFound"]
        client.close()


def test_a_subscription_belongs_to_the_account_that_made_it(exchange: Exchange, client: Client) -> None:
    exchange.add_account("other@example.org", password="secret", impersonation=True)
    subscription, mark = made(client, subscribe())
    sent = envelope(get_events(subscription, mark), header=impersonate(MAILBOX))
    reply = client.send(sent, authorization=basic("other@example.org", "secret"))
    assert reply.codes == ["ErrorSubscriptionAccessDenied"]


def test_delegates_cannot_subscribe(exchange: Exchange, client: Client) -> None:
    exchange.add_mailbox("ben@example.org", password="secret")
    exchange.mailbox(MAILBOX).delegates.add("ben@example.org")
    theirs = f'<t:FolderIds><t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>{MAILBOX}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></t:FolderIds>'
    reply = client.send(envelope(subscribe(where=theirs)), authorization=basic("ben@example.org", "secret"))
    assert reply.codes == ["ErrorSubscriptionDelegateAccessNotSupported"]


def test_too_many_subscriptions_of_a_mailbox_are_refused(exchange: Exchange, client: Client) -> None:
    exchange.subscriptions.most_a_mailbox = 2
    for _ in range(2):
        made(client, subscribe())
    assert client.call(subscribe()).codes == ["ErrorExceededSubscriptionCount"]


def test_a_stream_tells_what_happens_as_it_happens(exchange: Exchange, client: Client) -> None:
    subscription, mark = made(client, subscribe("Streaming", ""))
    assert mark == ""
    with following(client, subscription) as stream:
        assert stream.next().findtext(".//m:ConnectionStatus", namespaces=NS) == "OK"
        exchange.deliver(plain(1), [MAILBOX])
        assert stream.events(3) == ["CreatedEvent", "ModifiedEvent", "NewMailEvent"]


def test_events_between_two_streams_are_kept(exchange: Exchange, client: Client) -> None:
    subscription, _ = made(client, subscribe("Streaming", ""))
    exchange.deliver(plain(1), [MAILBOX])
    with following(client, subscription) as stream:
        assert stream.events(3)[0] == "CreatedEvent"


def test_a_quiet_stream_gives_signs_of_life_and_is_closed_in_time(exchange: Exchange, client: Client) -> None:
    exchange.subscriptions.heartbeat = timedelta(milliseconds=20)
    subscription, _ = made(client, subscribe("Streaming", ""))
    with following(client, subscription) as stream:
        assert [stream.next().findtext(".//m:ConnectionStatus", namespaces=NS) for _ in range(3)] == [
            "OK"
        ] * 3
        (opened,) = exchange.subscriptions.streams
        assert opened.duration == timedelta(minutes=1)


def test_a_stream_ends_closed_when_its_time_is_up(exchange: Exchange, client: Client, monkeypatch) -> None:
    monkeypatch.setattr("serversync.simulator.operations.get_streaming_events._minutes", lambda _: 1 / 600)
    subscription, _ = made(client, subscribe("Streaming", ""))
    with following(client, subscription) as stream:
        found = []
        while (document := stream.next()) is not None:
            found.append(document.findtext(".//m:ConnectionStatus", namespaces=NS))
        assert found == ["OK", "Closed"]


def test_a_second_stream_of_a_subscription_ends_the_first(exchange: Exchange, client: Client) -> None:
    subscription, _ = made(client, subscribe("Streaming", ""))
    with following(client, subscription) as first:
        first.next()
        with following(client, subscription) as second:
            assert code(first.next()) == "ErrorNewEventStreamConnectionOpened"
            assert first.next() is None
            second.next()
            exchange.deliver(plain(1), [MAILBOX])
            assert second.events(3)


def test_lost_subscriptions_end_their_stream_by_name(exchange: Exchange, client: Client) -> None:
    kept, _ = made(client, subscribe("Streaming", ""))
    lost, _ = made(client, subscribe("Streaming", ""))
    with following(client, kept, lost) as stream:
        stream.next()
        assert client.call(unsubscribe(lost)).codes == ["NoError"]
        end = stream.next()
        assert code(end) == "ErrorSubscriptionNotFound"
        assert [one.text for one in end.iterfind(".//m:ErrorSubscriptionIds/t:SubscriptionId", NS)] == [lost]
        assert stream.next() is None
    reply = client.call(get_stream(kept, lost))
    assert reply.codes == ["ErrorSubscriptionNotFound"]
    assert reply.texts(".//m:ErrorSubscriptionIds/t:SubscriptionId") == [lost]


def test_no_more_than_two_hundred_subscriptions_in_a_stream(client: Client) -> None:
    assert client.call(get_stream(*["x"] * 201)).codes == ["ErrorInvalidRequest"]


def test_a_pull_subscription_cannot_be_streamed_nor_the_other_way_round(client: Client) -> None:
    pull, mark = made(client, subscribe())
    streaming, _ = made(client, subscribe("Streaming", ""))
    assert client.call(get_stream(pull)).codes == ["ErrorInvalidSubscription"]
    assert client.call(get_events(streaming, mark)).codes == ["ErrorInvalidPullSubscriptionId"]


@pytest.mark.parametrize(
    ("version", "limit"), [("Exchange2013_SP1", 3), ("Exchange2016", 10), ("Exchange2010_SP3", 10)]
)
def test_a_budget_has_only_so_many_streams(version: str, limit: int, serve: Serve) -> None:
    exchange = make_exchange(version)
    with serve(exchange) as simulator:
        client = Client(simulator)
        schema = "Exchange2010_SP2" if "2010" in version else "Exchange2013_SP1"

        def call(request: str):
            return client.call(request, version=schema)

        ids = [call(subscribe("Streaming", "")).texts(".//m:SubscriptionId")[0] for _ in range(limit + 1)]
        open_ones = []
        for one in ids[:limit]:
            follower = Follower.__new__(Follower)
            follower._client, follower._rest = Client(simulator), b""
            body = envelope(get_stream(one), header=impersonate(MAILBOX), version=schema)
            follower._client.connection.request(
                "POST",
                "/EWS/Exchange.asmx",
                body.encode(),
                {"Content-Type": "text/xml", "Authorization": basic()},
            )
            follower.reply = follower._client.connection.getresponse()
            follower.next()
            open_ones.append(follower)
        refused = call(get_stream(ids[limit]))
        assert (refused.status, refused.codes) == (500, ["ErrorExceededConnectionCount"])
        for follower in open_ones:
            follower.close()
        client.close()


def test_streams_can_be_cut_on_command(exchange: Exchange, client: Client) -> None:
    subscription, _ = made(client, subscribe("Streaming", ""))
    with following(client, subscription) as stream:
        stream.next()
        assert exchange.subscriptions.cut_streams() == 1
        with pytest.raises((OSError, http.client.HTTPException)):
            stream.next()
    with following(client, subscription) as stream:
        assert stream.next() is not None


def test_a_stream_can_break_in_the_middle_of_an_envelope(exchange: Exchange, client: Client) -> None:
    subscription, _ = made(client, subscribe("Streaming", ""))
    exchange.faults.add(Fault(operation="GetStreamingEvents", truncate=200))
    stream = Follower(client, subscription)
    with pytest.raises((OSError, http.client.HTTPException)):
        stream.next()
    stream.close()


def test_a_fail_over_forgets_everything(exchange: Exchange, client: Client) -> None:
    subscription, mark = made(client, subscribe())
    exchange.subscriptions.fail_over()
    assert client.call(get_events(subscription, mark)).codes == ["ErrorSubscriptionNotFound"]
    assert len(exchange.subscriptions) == 0


def test_a_farm_needs_the_affinity_cookie(exchange: Exchange, client: Client) -> None:
    exchange.subscriptions.require_affinity = True
    prefers = {"X-PreferServerAffinity": "true"}
    sent = envelope(subscribe("Streaming", ""), header=impersonate(MAILBOX))
    answer = client.send(sent, headers=prefers)
    subscription = answer.texts(".//m:SubscriptionId")[0]
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith("X-BackEndOverrideCookie=")
    codes = [client.call(get_stream(subscription)).codes for _ in range(1)]
    assert codes == [["ErrorSubscriptionNotFound"]]
    stream = Follower(client, subscription, headers={**prefers, "Cookie": cookie})
    assert code(stream.next()) == "NoError"
    stream.close()


@contextmanager
def listener(answers: list[str]) -> Iterator[tuple[str, Queue]]:
    """A listener for pushes; gives its URL and what came."""
    came: Queue = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(self.rfile.read(int(self.headers["Content-Length"])))
            word = answers.pop(0) if len(answers) > 1 else answers[0]
            body = (
                f'<s:Envelope xmlns:s="{NS["s"]}"><s:Body><SendNotificationResult xmlns="{NS["m"]}">'
                f"<SubscriptionStatus>{word}</SubscriptionStatus></SendNotificationResult></s:Body></s:Envelope>"
            ).encode()
            self.send_response(200 if word else 500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/listen", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_push_calls_its_listener_until_it_is_told_to_stop(exchange: Exchange, client: Client) -> None:
    with listener(["OK", "OK", "Unsubscribe"]) as (url, came):
        made(client, subscribe("Push", f"<t:StatusFrequency>1</t:StatusFrequency><t:URL>{url}</t:URL>"))
        exchange.deliver(plain(1), [MAILBOX])
        seen = b""
        while b"NewMailEvent" not in seen:
            seen = came.get(timeout=10)
            message = etree.fromstring(seen)
            assert message.find(".//m:SendNotificationResponseMessage", NS) is not None
        exchange.deliver(plain(2), [MAILBOX])
        came.get(timeout=10)


def test_a_push_goes_only_to_this_machine(client: Client) -> None:
    rest = "<t:StatusFrequency>1</t:StatusFrequency><t:URL>http://192.0.2.1/</t:URL>"
    assert client.call(subscribe("Push", rest)).codes == ["ErrorInvalidPushSubscriptionUrl"]
    assert client.call(subscribe("Push", rest.replace("http://192.0.2.1", "ftp://localhost"))).codes == [
        "ErrorInvalidPushSubscriptionUrl"
    ]


def change_marks(client: Client, folder: str = "inbox") -> dict[str, str]:
    reply = client.call(
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:ExtendedFieldURI PropertyTag="0x670A" PropertyType="SystemTime"/>'
        '<t:ExtendedFieldURI PropertyTag="0x670B" PropertyType="Integer"/></t:AdditionalProperties></m:FolderShape>'
        f'<m:FolderIds><t:DistinguishedFolderId Id="{folder}"/></m:FolderIds></m:GetFolder>'
    )
    return {
        one.find("t:ExtendedFieldURI", NS).get("PropertyTag"): one.findtext("t:Value", namespaces=NS)
        for one in reply.xml.iterfind(".//t:ExtendedProperty", NS)
    }


def test_a_folder_says_when_it_changed(serve: Serve) -> None:
    now = [datetime(2026, 1, 5, tzinfo=UTC)]
    exchange = Exchange("Exchange2016", now=lambda: now[0])
    exchange.add_account(ACCOUNT, password=PASSWORD, impersonation=True)
    exchange.add_mailbox(MAILBOX)
    with serve(exchange) as simulator:
        client = Client(simulator)
        seen = [change_marks(client)]
        (item,) = exchange.deliver(plain(1), [MAILBOX])
        for change in (lambda: None, lambda: exchange.mark_read(item), lambda: exchange.delete(item)):
            change()
            seen.append(change_marks(client))
            now[0] += timedelta(seconds=1)
        assert seen == [
            {"0x670A": "1601-01-01T00:00:00Z", "0x670B": "0"},
            {"0x670A": "2026-01-05T00:00:00Z", "0x670B": "0"},
            {"0x670A": "2026-01-05T00:00:01Z", "0x670B": "0"},
            {"0x670A": "2026-01-05T00:00:02Z", "0x670B": "1"},
        ]
        exchange.mailbox(MAILBOX).change_marks = "constant"
        assert change_marks(client) == {"0x670A": "1601-01-01T00:00:00Z", "0x670B": "0"}
        exchange.mailbox(MAILBOX).change_marks = "absent"
        assert change_marks(client) == {}
        client.close()
