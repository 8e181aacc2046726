"""Fixtures for the tests of other projects: a fresh Exchange for each test, served over HTTPS.

Nothing happens unless a test asks for a fixture. Enable it with ``pytest_plugins = ["serversync.simulator.pytest_plugin"]``
in a ``conftest.py``, or with ``-p serversync.simulator.pytest_plugin``.
"""

from collections.abc import Iterator

import pytest

from serversync.simulator.exchange import Exchange
from serversync.simulator.thread import SimulatorThread


@pytest.fixture
def exchange_version() -> str:
    """The product that is imitated; override it, or parametrize it, for another one."""
    return "Exchange2019"


@pytest.fixture
def simulated_exchange(exchange_version: str) -> Exchange:
    """An Exchange with the mailbox ``ada@example.org``, whose owner logs in with the password ``ada``."""
    exchange = Exchange(exchange_version, domain="example.org")
    exchange.add_mailbox("ada@example.org", display_name="Ada Lovelace", password="ada")  # noqa: S106 - for tests alone
    return exchange


@pytest.fixture
def exchange_server(
    simulated_exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimulatorThread]:
    """That Exchange, served while the test lasts; programs that use requests trust its certificate meanwhile."""
    with SimulatorThread(simulated_exchange) as simulator:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(simulator.ca_file))
        yield simulator
