"""Products by their builds, and the gate in front of them."""

import pytest

from serversync.core.errors import VersionUnsupported
from serversync.exchange.product import Gate, is_supported, product_name, request_version
from serversync.exchange.version import RequestServerVersion, ServerVersionInfo
from tests.unit.exchange.answers import CONTEXT

IIS = {"Server": "Microsoft-IIS/10.0"}


def build(number: str) -> ServerVersionInfo:
    return ServerVersionInfo(*[int(part) for part in number.split(".")], version="V2017_07_11")


@pytest.mark.parametrize(
    ("number", "name", "passes"),
    [
        ("8.0.685.25", "Exchange Server 2007 RTM", False),
        ("8.1.436.0", "Exchange Server 2007 SP1", False),
        ("8.3.517.0", "Exchange Server 2007 SP3", False),
        ("14.0.639.21", "Exchange Server 2010 RTM", False),
        ("14.1.218.15", "Exchange Server 2010 SP1", False),
        ("14.2.328.9", "Exchange Server 2010 SP2", False),
        ("14.3.123.4", "Exchange Server 2010 SP3", True),
        ("14.3.513.0", "Exchange Server 2010 SP3", True),
        ("15.0.516.32", "Exchange Server 2013 RTM", False),
        ("15.0.775.38", "Exchange Server 2013 CU3", False),
        ("15.0.846.99", "Exchange Server 2013 CU3", False),
        ("15.0.847.32", "Exchange Server 2013 SP1", True),
        ("15.0.913.22", "Exchange Server 2013 CU5", True),
        ("15.0.1497.2", "Exchange Server 2013 CU23", True),
        ("15.1.225.42", "Exchange Server 2016 RTM", True),
        ("15.1.2375.7", "Exchange Server 2016 CU22", True),
        ("15.1.2507.61", "Exchange Server 2016 CU23", True),
        ("15.2.221.12", "Exchange Server 2019 RTM", True),
        ("15.2.1258.12", "Exchange Server 2019 CU13", True),
        ("15.2.1748.10", "Exchange Server 2019 CU15", True),
        ("15.2.2562.17", "Exchange Server Subscription Edition", True),
        ("15.2.3000.1", "Exchange Server Subscription Edition", True),
        ("15.20.8000.3", "Exchange Online", False),
        ("15.3.1.1", None, False),
        ("6.5.7683.0", None, False),
        ("9.0.0.0", None, False),
    ],
)
def test_a_build_has_its_name_and_passes_or_not(number: str, name: str | None, passes: bool) -> None:
    info = build(number)
    assert product_name(info) == name
    assert is_supported(info) is passes
    if passes:
        Gate().check(info, IIS, CONTEXT)
        return
    with pytest.raises(VersionUnsupported) as refused:
        Gate().check(info, IIS, CONTEXT)
    assert f"{name} ({number}) is not supported." == str(refused.value) or name is None
    assert refused.value.remedy_text != VersionUnsupported.remedy


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("8.1.436.0", "Exchange 2016 or later"),
        ("14.2.328.9", "Service Pack 3"),
        ("15.0.775.38", "CU23"),
        ("15.20.8000.3", "Exchange Online"),
    ],
)
def test_each_refusal_says_what_to_do(number: str, words: str) -> None:
    with pytest.raises(VersionUnsupported) as refused:
        Gate().check(build(number), IIS, CONTEXT)
    assert words in refused.value.remedy_text


@pytest.mark.parametrize(
    ("number", "headers"),
    [
        ("15.1.2507.6", {"Server": "gromox"}),
        ("15.1.2507.6", {}),
        (None, IIS),
        ("15.7.1.1", IIS),
        (None, {}),
    ],
)
def test_what_is_no_exchange_passes_only_where_experts_allow_it(
    number: str | None, headers: dict[str, str]
) -> None:
    info = build(number) if number else None
    with pytest.raises(VersionUnsupported, match="is no Exchange Server") as refused:
        Gate().check(info, headers, CONTEXT)
    assert "SERVERSYNC_OTHER_SERVERS=allow" in refused.value.remedy_text
    Gate(allows_other_servers=True).check(info, headers, CONTEXT)


@pytest.mark.parametrize("trace", ["X-FEServer", "X-DiagInfo", "X-CalculatedBETarget"])
def test_an_exchange_behind_a_proxy_that_hides_iis_passes(trace: str) -> None:
    Gate().check(build("15.1.2507.6"), {"Server": "nginx", trace: "EXCH01"}, CONTEXT)


def test_experts_do_not_get_old_exchanges_in() -> None:
    with pytest.raises(VersionUnsupported, match="2007 SP1"):
        Gate(allows_other_servers=True).check(build("8.1.436.0"), IIS, CONTEXT)


@pytest.mark.parametrize(
    ("number", "version"),
    [
        ("8.3.517.0", RequestServerVersion.EXCHANGE2007_SP1),
        ("14.3.513.0", RequestServerVersion.EXCHANGE2010_SP2),
        ("15.0.847.32", RequestServerVersion.EXCHANGE2013_SP1),
        ("15.2.2562.17", RequestServerVersion.EXCHANGE2013_SP1),
    ],
)
def test_what_a_server_calls_itself_is_never_sent_back(number: str, version: RequestServerVersion) -> None:
    assert request_version(build(number)) is version
