"""Programs for Node that npm installs below ``build/`` at their first use, and what they found in a simulator."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from serversync.simulator import SimulatorThread
from tests.simulator.conftest import ACCOUNT, MAILBOX, PASSWORD

SCRIPTS = Path(__file__).parent / "javascript"
_BUILD = Path(__file__).parents[2] / "build"


def install(folder: str, *packages: str) -> Path:
    """Return the folder that has the packages; the test is skipped where there is no npm, or no registry with them."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed")
    here = _BUILD / folder
    names = [one.rpartition("@")[0] for one in packages]
    if not all((here / "node_modules" / name / "package.json").exists() for name in names):
        here.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", *packages, "--no-save", "--no-audit", "--no-fund", "--prefix", str(here)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install {' and '.join(names)}: {done.stderr.strip()[-200:]}")
    return here / "node_modules"


def run(
    script: str, simulator: SimulatorThread, modules: Path, version: str, **settings: str
) -> dict[str, Any]:
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
    command: Sequence[str] = ["node", str(SCRIPTS / script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"step"')]
    return {row["step"]: row["found"] for row in rows}
