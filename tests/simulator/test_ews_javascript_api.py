"""ews-javascript-api, a port of Microsoft's Managed API, works with a mailbox of the simulator.

It is installed by npm into ``build/javascript`` at its first use; where there is no npm, or no registry that has it, the
tests are skipped and say so.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from serversync.simulator import Exchange, SimulatorThread
from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD, SCHEMAS, Serve, make_exchange

PACKAGES = ("ews-javascript-api@0.15.3", "@ewsjs/xhr@3.1.3")
SCRIPT = Path(__file__).parent / "javascript" / "client.js"
HERE = Path(__file__).parents[2] / "build" / "javascript"


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
            pytest.skip(
                "npm could not install ews-javascript-api and @ewsjs/xhr: " + done.stderr.strip()[-200:]
            )
    return HERE / "node_modules"


def run(simulator: SimulatorThread, modules: Path, version: str, **settings: str) -> dict[str, Any]:
    """Let the script do everything; what it found, by step."""
    environment = {
        **os.environ,
        "NODE_PATH": str(modules),
        "NODE_EXTRA_CA_CERTS": str(simulator.ca_file),
        "SIMULATOR_URL": simulator.url,
        "SIMULATOR_ACCOUNT": ACCOUNT,
        "SIMULATOR_PASSWORD": PASSWORD,
        "SIMULATOR_MAILBOX": MAILBOX,
        "SIMULATOR_VERSION": version,
        **settings,
    }
    done = subprocess.run(
        ["node", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"step"')]
    return {row["step"]: row["found"] for row in rows}


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
        found = run(simulator, modules, version)
        url = simulator.url
    assert found == expected(url)


def test_the_managed_api_logs_on_by_ntlm(serve: Serve, modules: Path) -> None:
    exchange = make_exchange("Exchange2019")
    with serve(exchange, schemes=("NTLM",)) as simulator:
        settings = {"SIMULATOR_NTLM": "1", "SIMULATOR_ACCOUNT": "EXAMPLE\\svc-crm"}
        found = run(simulator, modules, "Exchange2013_SP1", **settings)
        url = simulator.url
    assert found == expected(url)


def test_a_wrong_password_by_ntlm_is_refused(serve: Serve, modules: Path) -> None:
    exchange = make_exchange("Exchange2019")
    with serve(exchange, schemes=("NTLM",)) as simulator:
        settings = {"SIMULATOR_NTLM": "1", "SIMULATOR_PASSWORD": "wrong"}
        found = run(simulator, modules, "Exchange2013_SP1", **settings)
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
