"""The examples that docstrings give are true."""

import doctest
import importlib
from pathlib import Path

import pytest

import serversync

ROOT = Path(serversync.__file__).parent
MODULES = sorted(
    ".".join(("serversync", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def test_there_are_examples():
    assert len(MODULES) > 20


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name):
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted
    assert not outcome.failed
