"""ews-javascript-api, a port of Microsoft's Managed API, works with a mailbox of the simulator.

It is installed by npm into ``build/javascript`` at its first use; where there is no npm, or no registry that has it, the
tests are skipped and say so.
"""

from pathlib import Path
from typing import Any

import pytest

from serversync.simulator import Exchange
from tests.simulator import npm
from tests.simulator.conftest import SCHEMAS, Serve, make_exchange


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder with the packages."""
    return npm.install("javascript", "ews-javascript-api@0.15.3", "@ewsjs/xhr@3.1.3")


@pytest.mark.parametrize(
    ("product", "version"),
    [
        ("Exchange2010_SP3", "Exchange2010_SP2"),
        ("Exchange2013_SP1", "Exchange2013_SP1"),
        ("ExchangeSE", "Exchange2016"),
    ],
)
def test_the_managed_api_finds_what_it_expects(
    product: str, version: str, serve: Serve, modules: Path
) -> None:
    exchange: Exchange = make_exchange(product)
    schema_dir = SCHEMAS if SCHEMAS.is_dir() else None
    with serve(exchange, schema_dir=schema_dir) as simulator:
        found = npm.run("client.js", simulator, modules, version)
        url = simulator.url
    assert found == expected(url)


def test_the_managed_api_logs_on_by_ntlm(serve: Serve, modules: Path) -> None:
    exchange = make_exchange("Exchange2019")
    with serve(exchange, schemes=("NTLM",)) as simulator:
        settings = {"SIMULATOR_NTLM": "1", "SIMULATOR_ACCOUNT": "EXAMPLE\\svc-crm"}
        found = npm.run("client.js", simulator, modules, "Exchange2013_SP1", **settings)
        url = simulator.url
    assert found == expected(url)


def test_a_wrong_password_by_ntlm_is_refused(serve: Serve, modules: Path) -> None:
    exchange = make_exchange("Exchange2019")
    with serve(exchange, schemes=("NTLM",)) as simulator:
        settings = {"SIMULATOR_NTLM": "1", "SIMULATOR_PASSWORD": "wrong"}
        found = npm.run("client.js", simulator, modules, "Exchange2013_SP1", **settings)
    assert all("problem" in one for one in found.values()), found
    assert found["folders"]["problem"] == "401 Unauthorized"


def expected(url: str) -> dict[str, Any]:
    """What each step finds."""
    return {
        "folders": ["Inbox", ["Projects"]],
        "items": ["Two", "Hello", 1, 0],
        "pull": ["Created"],
        "streaming": ["Created"],
        "recurrence": [["Occurrence"] * 4, "2026-03-09", "Stand-up", 4],
        "autodiscover": [url, "Ada Lovelace"],
    }
