"""node-ews, which builds its requests from the WSDL and the schemas that it fetches, works with a mailbox of the simulator.

It is installed by npm into ``build/node-ews`` at its first use; where there is no npm, or no registry that has it, the test
is skipped and says so. It logs on by Basic, where nothing else is offered; its NTLM does not run on Node 16 and later.
"""

from pathlib import Path

import pytest

from tests.simulator import npm
from tests.simulator.conftest import MAILBOX, SCHEMAS, Serve, make_exchange, plain
from tests.simulator.test_operation_matrix import spoken


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder with the packages."""
    return npm.install("node-ews", "node-ews@3.5.0", "ntlm-client@0.1.1")


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="../shared/ews-schema, whose WSDL is served, is not here")
@pytest.mark.parametrize("product", ["Exchange2010_SP3", "Exchange2013_SP1", "Exchange2016", "ExchangeSE"])
def test_requests_are_built_from_the_description_that_is_served(
    product: str, serve: Serve, modules: Path, tmp_path: Path
) -> None:
    exchange = make_exchange(product)
    exchange.deliver(plain(1), [MAILBOX])
    with serve(exchange, schemes=("Basic",), schema_dir=SCHEMAS) as simulator:
        found = npm.run("node_ews.js", simulator, modules, spoken(exchange), TMPDIR=str(tmp_path))
    ok = {"class": "Success", "code": "NoError"}
    assert found == {
        "folder": {**ok, "found": ["Inbox", 1]},
        "create": {**ok, "found": ["Message"]},
        "item": {**ok, "found": ["Größe", "a < b"]},
        "find": {**ok, "found": "2"},
        "name": {"class": "Error", "code": "ErrorNameResolutionNoResults", "found": "No results were found."},
    }
