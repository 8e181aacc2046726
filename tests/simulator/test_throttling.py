"""The budgets of the simulator, and that a client which knows nothing of us understands their refusals."""

import gc
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import exchangelib
import pytest
from exchangelib.errors import ErrorExceededConnectionCount, ErrorServerBusy, RateLimitError

from serversync.simulator import Exchange, Fault, ThrottlingPolicy
from serversync.simulator.response import SoapFault
from serversync.simulator.throttling import Throttle
from serversync.simulator.versions import SERVER_VERSIONS
from tests.simulator.conftest import ACCOUNT, GET_INBOX, MAILBOX, Client, make_exchange
from tests.simulator.test_exchangelib import account

SHORT = ThrottlingPolicy(
    max_burst=timedelta(seconds=1), recharge_rate=timedelta(hours=1), cutoff_balance=timedelta(seconds=2)
)


class Clock:
    def __init__(self):
        self.time = datetime(2026, 3, 2, tzinfo=UTC)

    def __call__(self):
        return self.time

    def pass_by(self, **duration):
        self.time += timedelta(**duration)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    made = Throttle(clock)
    made.policy = SHORT
    return made


def spend(throttle, clock, seconds, mailbox=MAILBOX):
    with throttle.request(ACCOUNT, mailbox, "GetItem") as delay:
        clock.pass_by(seconds=seconds + delay.total_seconds())
    return delay


def refusal(throttle, mailbox=MAILBOX):
    with pytest.raises(SoapFault) as caught, throttle.request(ACCOUNT, mailbox, "GetItem"):
        pass
    return caught.value


def test_without_a_policy_nothing_is_limited(exchange, client):
    assert exchange.throttling is None
    assert [client.call(GET_INBOX).codes for _ in range(5)] == [["NoError"]] * 5


def test_a_budget_in_debt_delays_and_one_beyond_its_cutoff_refuses_until_it_is_recharged(throttle, clock):
    throttle.policy = replace(SHORT, recharge_rate=timedelta(minutes=6))  # a tenth of a second each second
    assert spend(throttle, clock, 2) == timedelta()
    assert spend(throttle, clock, 3) > timedelta(), "its balance was below zero"
    busy = refusal(throttle)
    assert busy.response_code == "ErrorServerBusy"
    wait = int(busy.message_xml["BackOffMilliseconds"])
    clock.pass_by(milliseconds=wait - 1)
    assert refusal(throttle).response_code == "ErrorServerBusy"
    clock.pass_by(milliseconds=2)
    spend(throttle, clock, 0)


def test_each_mailbox_has_a_budget_of_its_own(throttle, clock):
    throttle.exhaust(ACCOUNT, MAILBOX, wait=timedelta(minutes=1))
    assert refusal(throttle).message_xml == {"BackOffMilliseconds": "60000"}
    spend(throttle, clock, 0, mailbox="ben@example.org")
    assert (throttle.refused(ACCOUNT, MAILBOX), throttle.refused(ACCOUNT, "ben@example.org")) == (1, 0)


def test_no_more_requests_and_streams_at_once_than_the_policy_says(throttle):
    throttle.policy = ThrottlingPolicy(max_concurrency=2, hanging_connections=1)
    with (
        throttle.request(ACCOUNT, MAILBOX, "GetItem"),
        throttle.request(ACCOUNT, MAILBOX, "GetStreamingEvents", hanging=True),
        throttle.request(ACCOUNT, MAILBOX, "GetItem"),
    ):
        assert refusal(throttle).response_code == "ErrorExceededConnectionCount"
        with (
            pytest.raises(SoapFault, match="ErrorExceededConnectionCount"),
            throttle.request(ACCOUNT, MAILBOX, "GetStreamingEvents", hanging=True),
        ):
            pass
    with throttle.request(ACCOUNT, MAILBOX, "GetItem"):
        pass


def test_finds_at_once_share_a_number_of_results(throttle):
    with throttle.request(ACCOUNT, MAILBOX, "FindItem", find=600):
        with (
            pytest.raises(SoapFault, match="ErrorExceededFindCountLimit"),
            throttle.request(ACCOUNT, MAILBOX, "FindFolder", find=500),
        ):
            pass
        with throttle.request(ACCOUNT, MAILBOX, "FindItem", find=400):
            pass


@pytest.mark.parametrize(
    ("version", "concurrency", "streams"),
    [
        ("Exchange2010_SP3", 10, 10),
        ("Exchange2013_SP1", 27, 3),
        ("Exchange2016", 27, 10),
        ("ExchangeSE", 27, 10),
    ],
)
def test_each_version_comes_with_its_own_policy(version, concurrency, streams):
    policy = ThrottlingPolicy.of(SERVER_VERSIONS[version])
    assert (policy.max_concurrency, policy.hanging_connections) == (concurrency, streams)


def test_a_refusal_goes_over_the_wire_as_a_soap_fault_with_the_time_to_wait(exchange, client):
    exchange.throttling = SHORT
    exchange.throttle.exhaust(ACCOUNT, MAILBOX, wait=timedelta(seconds=90))
    reply = client.call(GET_INBOX)
    assert (reply.status, reply.codes) == (500, ["ErrorServerBusy"])
    wait = int(reply.texts(".//t:Value")[0])
    assert 80_000 < wait <= 90_000


def test_requests_at_the_same_time_are_counted_and_refused_beyond_the_limit(exchange, serve):
    exchange.throttling = ThrottlingPolicy(max_concurrency=1)
    exchange.faults.add(Fault(operation="GetFolder", delay=0.5))
    with serve(exchange) as simulator:
        first, second = Client(simulator), Client(simulator)
        codes = []
        asking = threading.Thread(target=lambda: codes.append(first.call(GET_INBOX).codes))
        asking.start()
        while not exchange.load.requests[ACCOUNT]:
            time.sleep(0.005)
        assert second.call(GET_INBOX).codes == ["ErrorExceededConnectionCount"]
        asking.join()
        assert codes == [["NoError"]]
        first.close()
        second.close()
    assert exchange.load.most_requests[ACCOUNT] == 2
    assert exchange.load.requests[ACCOUNT] == 0


def told_to_wait(reader):
    try:
        reader.inbox.refresh()
    except ErrorServerBusy as busy:
        return busy.back_off
    raise AssertionError("it was not refused")


def test_exchangelib_is_told_to_wait_as_long_as_we_said(exchange, serve, monkeypatch):
    exchange.throttling = SHORT
    with serve(exchange) as simulator, account(simulator, monkeypatch) as reader:
        assert reader.inbox.total_count == 0
        exchange.throttle.exhaust(ACCOUNT, MAILBOX, wait=timedelta(seconds=30))
        assert 25 < told_to_wait(reader) <= 30
        gc.collect()  # exchangelib leaves the connection of a refused request to the collector


def test_exchangelib_waits_out_a_pause_and_goes_on(exchange, serve, monkeypatch):
    exchange.throttling = SHORT
    with serve(exchange) as simulator, account(simulator, monkeypatch) as reader:
        assert reader.inbox.total_count == 0
        reader.protocol.config.retry_policy = exchangelib.FaultTolerance(max_wait=60)
        exchange.throttle.exhaust(ACCOUNT, MAILBOX, wait=timedelta(seconds=1))
        reader.inbox.refresh()
        assert exchange.throttle.refused(ACCOUNT, MAILBOX) == 1, "it did not come back too early"


def test_exchangelib_knows_that_it_has_too_many_connections(exchange, serve, monkeypatch):
    with serve(exchange) as simulator, account(simulator, monkeypatch) as reader:
        assert reader.inbox.total_count == 0
        exchange.throttling = ThrottlingPolicy(max_concurrency=0)
        with pytest.raises((ErrorExceededConnectionCount, RateLimitError)):
            reader.inbox.refresh()


def test_a_new_policy_begins_with_full_budgets():
    exchange: Exchange = make_exchange()
    exchange.throttling = SHORT
    exchange.throttle.exhaust(ACCOUNT, MAILBOX, wait=timedelta(minutes=1))
    exchange.throttling = SHORT
    with exchange.throttle.request(ACCOUNT, MAILBOX, "GetItem") as delay:
        assert delay == timedelta()
