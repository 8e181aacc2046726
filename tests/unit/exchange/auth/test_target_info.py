"""What a challenge tells before any password is sent."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serversync.exchange.auth.evidence import LogOnEvidence
from serversync.exchange.auth.target_info import read_target_info, target_info_of
from serversync.simulator.negotiate import wrap_challenge
from serversync.simulator.ntlm import Handshake

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CHALLENGE = Handshake(b"", domain="CORP", dns_domain="corp.example.org", host="EXCH01", now=NOW).challenge
NTLM = "NTLM " + b64encode(CHALLENGE).decode()
NEGOTIATE = "Negotiate " + b64encode(wrap_challenge(CHALLENGE)).decode()


@pytest.mark.parametrize("value", [NTLM, NEGOTIATE, f"  {NTLM} "])
def test_the_names_and_the_clock_of_the_server_are_read(value: str) -> None:
    info = target_info_of(["Basic realm=x", value])
    assert info is not None
    assert (info.netbios_domain, info.computer) == ("CORP", "EXCH01")
    assert (info.dns_domain, info.dns_computer) == ("corp.example.org", "exch01.corp.example.org")
    assert info.server_time == NOW


@pytest.mark.parametrize("values", [[], ["NTLM"], ["NTLM !!!"], ["Basic TlRMTVNTUAACAAAA"], ["NTLM AAAA"]])
def test_without_a_challenge_nothing_is_told(values: list[str]) -> None:
    assert target_info_of(values) is None


@given(st.data())
def test_no_damaged_challenge_can_break_it(data: st.DataObject) -> None:
    raw = bytearray(CHALLENGE)
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    info = read_target_info(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    assert info is None or isinstance(info.computer, str)


def test_the_evidence_holds_offers_clock_and_what_stands_in_between() -> None:
    evidence = LogOnEvidence()
    late = NOW - timedelta(seconds=90)
    evidence.see(["Negotiate", "NTLM", 'Basic realm="mail"'], {"Server": "nginx", "Via": "1.1 edge"}, late)
    assert evidence.offered_schemes == ("Negotiate", "NTLM", "Basic")
    assert evidence.offers_basic_beside_windows
    assert evidence.clock_skew_seconds is None
    assert evidence.proxies == {"nginx", "1.1 edge"}
    evidence.see([NTLM], {"Server": "Microsoft-IIS/10.0", "X-FEServer": "EXCH02"}, late)
    assert evidence.clock_skew_seconds == 90
    assert evidence.front_ends == {"EXCH01", "EXCH02"}


def test_the_date_header_tells_the_clock_where_no_challenge_does() -> None:
    evidence = LogOnEvidence()
    evidence.see(['Basic realm="mail"'], {"Date": "Wed, 25 Nov 2026 12:10:00 GMT"}, NOW)
    assert evidence.clock_skew_seconds == 600
    assert not evidence.offers_basic_beside_windows


@pytest.mark.parametrize("date", ["", "yesterday", "Wed, 99 Nov 2026 12:10:00 GMT"])
def test_a_date_that_is_none_tells_no_clock(date: str) -> None:
    evidence = LogOnEvidence()
    evidence.see(["Basic"], {"Date": date}, NOW)
    assert evidence.clock_skew_seconds is None
