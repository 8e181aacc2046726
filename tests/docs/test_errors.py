"""docs/errors.md has every error, word for word, and every error keeps its promises."""

import inspect
import pickle
import re
from pathlib import Path

import pytest

from serversync.core import errors
from serversync.core.errors import Misconfigured, Permanent, ServiceError, Transient

TEXT = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
FAMILIES = (Transient, Permanent, Misconfigured)
CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, FAMILIES) and kind not in FAMILIES
]
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^#|\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))


def family(kind: type[ServiceError]) -> str:
    return next(one.__name__ for one in FAMILIES if issubclass(kind, one))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.code)
def test_an_error_has_its_section_with_its_own_words(kind: type[ServiceError]) -> None:
    section = SECTIONS[kind.code]
    assert f"`{kind.__name__}` · stops: {kind.scope.value}\n" in section
    assert f"\n> {kind.summary}\n" in section
    assert f"\n**Remedy:** {kind.remedy}\n" in section
    assert re.search(r"\n\*\*Next:\*\* \S.*\.\n", section)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.code)
def test_an_error_stands_under_its_family(kind: type[ServiceError]) -> None:
    headings = re.findall(r"^## (\w+): |^### (\S+)", TEXT, flags=re.MULTILINE)
    under = ""
    for title, code in headings:
        under = title or under
        if code == kind.code:
            assert under == family(kind)


def test_the_documentation_names_no_error_that_does_not_exist() -> None:
    assert set(SECTIONS) == {kind.code for kind in CLASSES}


def test_codes_are_unique() -> None:
    assert len({kind.code for kind in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.code)
def test_sentence_and_remedy_are_sentences(kind: type[ServiceError]) -> None:
    assert kind.summary.endswith(".")
    assert kind.remedy.endswith(".")
    assert kind.__doc__


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.code)
def test_an_error_survives_pickling_with_its_details(kind: type[ServiceError]) -> None:
    error = kind(host="mail.example.org", mailbox="ada@example.org", reason="so it was", nth=3)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes, made in this line
    assert type(again) is kind
    assert again.details == error.details
    assert str(again) == str(error)
    assert again.remedy_text == error.remedy_text


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.code)
def test_a_detail_that_is_missing_hides_no_error(kind: type[ServiceError]) -> None:
    assert "{" not in str(kind())
    assert "{" not in kind().remedy_text
