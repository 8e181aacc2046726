"""node-ews, which builds its requests from the WSDL and the schemas that it fetches, works with a mailbox of the simulator.

It is installed by npm into ``build/node-ews`` at its first use; where there is no npm, or no registry that has it, the test
is skipped and says so. It logs on by Basic, where nothing else is offered; its NTLM does not run on Node 16 and later.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD, SCHEMAS, Serve, make_exchange, plain
from tests.simulator.test_operation_matrix import spoken

PACKAGES = ("node-ews@3.5.0", "ntlm-client@0.1.1")
SCRIPT = Path(__file__).parent / "javascript" / "node_ews.js"
HERE = Path(__file__).parents[2] / "build" / "node-ews"


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder with the packages."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed")
    names = (one.rpartition("@")[0] for one in PACKAGES)
    if not all((HERE / "node_modules" / name / "package.json").exists() for name in names):
        HERE.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", *PACKAGES, "--no-save", "--no-audit", "--no-fund", "--prefix", str(HERE)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        if done.returncode:
            pytest.skip("npm could not install node-ews: " + done.stderr.strip()[-200:])
    return HERE / "node_modules"


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="../shared/ews-schema, whose WSDL is served, is not here")
@pytest.mark.parametrize("product", ["Exchange2010_SP3", "Exchange2013_SP1", "Exchange2016", "ExchangeSE"])
def test_requests_are_built_from_the_description_that_is_served(
    product: str, serve: Serve, modules: Path, tmp_path: Path
) -> None:
    exchange = make_exchange(product)
    exchange.deliver(plain(1), [MAILBOX])
    with serve(exchange, schemes=("Basic",), schema_dir=SCHEMAS) as simulator:
        environment = {
            **os.environ,
            "NODE_PATH": str(modules),
            "NODE_EXTRA_CA_CERTS": str(simulator.ca_file),
            "TMPDIR": str(tmp_path),
            "SIMULATOR_URL": simulator.url,
            "SIMULATOR_VERSION": spoken(exchange),
            "SIMULATOR_ACCOUNT": ACCOUNT,
            "SIMULATOR_PASSWORD": PASSWORD,
            "SIMULATOR_MAILBOX": MAILBOX,
        }
        done = subprocess.run(
            ["node", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"step"')]
    ok = {"class": "Success", "code": "NoError"}
    assert {row["step"]: row["found"] for row in rows} == {
        "folder": {**ok, "found": ["Inbox", 1]},
        "create": {**ok, "found": ["Message"]},
        "item": {**ok, "found": ["Größe", "a < b"]},
        "find": {**ok, "found": "2"},
        "name": {"class": "Error", "code": "ErrorNameResolutionNoResults", "found": "No results were found."},
    }
