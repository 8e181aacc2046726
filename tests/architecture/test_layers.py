"""Who may import whom, and what a module must have."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "serversync"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "shared", "stuff"}
PURE = ("core", "rules")
MAY_IMPORT = {"core": {"core"}, "rules": {"core", "rules"}}
"""Packages of ours that a pure package may import."""
NO_EFFECTS = {
    "asyncio",
    "http",
    "logging",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
}
"""Modules of the standard library that do something, or say something else each time."""
EDGES = {"core.clock", "core.faults", "core.ids"}
"""The places that may ask the machine: for the time, for being killed by a test, for random numbers."""


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")


def imports_of(tree: ast.AST) -> set[str]:
    """Every module that a tree imports, by its full name."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def layers_of_the_contract() -> list[list[str]]:
    """The layers, highest first, each with its siblings."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = [one for one in settings["contracts"] if one["type"] == "layers"]
    return [[name.strip() for name in line.split("|")] for line in contract["layers"]]


def test_the_picture_of_the_layers_is_the_contract() -> None:
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    picture = page.split("## Layers", 1)[1].split("```")[1]
    drawn = [
        re.split(r" {2,}", line.strip())[0] for line in picture.strip("\n").split("\n\n")[0].splitlines()
    ]
    assert drawn == [
        " │ ".join(name.removeprefix("serversync.") for name in layer) for layer in layers_of_the_contract()
    ]


def test_every_layer_of_the_contract_exists() -> None:
    for layer in chain.from_iterable(layers_of_the_contract()):
        path = ROOT / "src" / layer.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), layer


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_bytes()))
    assert said, f"{path} has no docstring"
    assert len(said.splitlines()[0]) <= 120


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_a_drawer(path: Path) -> None:
    assert not DRAWERS & set(name_of(path).split("."))


@pytest.mark.parametrize(
    "path", [path for path in MODULES if name_of(path).split(".")[0] in PURE], ids=name_of
)
def test_what_decides_does_nothing(path: Path) -> None:
    package = name_of(path).split(".")[0]
    imported = imports_of(ast.parse(path.read_bytes()))
    ours = {name.split(".")[1] for name in imported if name.startswith("serversync.")}
    assert ours <= MAY_IMPORT[package]
    others = {name.split(".")[0] for name in imported} - {"serversync"}
    assert others <= sys.stdlib_module_names
    if name_of(path) not in EDGES:
        assert not others & NO_EFFECTS


def test_only_the_clock_says_now() -> None:
    guilty = []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if "datetime.now(" in text and name_of(path) != "core.clock" and "simulator" not in path.parts:
            guilty.append(name_of(path))
    assert guilty == []


def test_the_simulator_and_the_client_share_no_code() -> None:
    for package, other in (("simulator", "exchange"), ("exchange", "simulator")):
        for path in (SOURCE / package).rglob("*.py"):
            imported = imports_of(ast.parse(path.read_bytes()))
            assert not {name for name in imported if name.startswith(f"serversync.{other}")}, path
