"""The reference pages name everything that exists, with its type, bounds and default."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from django.apps import apps
from django.db.models import ForeignKey

from serversync.cli.main import app
from serversync.crm.models import Organization
from serversync.crm.models.columns import BigWholeNumberField, PicklistField, WholeNumberField
from serversync.simulator.main import arguments
from serversync.simulator.operations import OPERATIONS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "serversync"
REFERENCE = ROOT / "docs" / "reference"


def rows_of(page: str) -> dict[str, list[str]]:
    """The rows of a page's tables by each name in code that stands in the first cell."""
    rows = {}
    for line in (REFERENCE / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for name in re.findall(r"`([^`]+)`", cells[0]):
                rows[name] = cells
    return rows


SETTINGS = [
    field
    for field in Organization._meta.concrete_fields
    if field.column not in {"organizationid", "createdon", "modifiedon"}
]


def bounds(field: Any) -> str:
    if isinstance(field, ForeignKey):
        return "the name of a profile, or none"
    if isinstance(field, PicklistField):
        return ", ".join(f"{value} ({label})" for value, label in field.flatchoices)
    if isinstance(field, WholeNumberField | BigWholeNumberField):
        return (
            f"{field.lowest} to {field.highest}" if field.highest is not None else f"{field.lowest} or more"
        )
    if field.get_internal_type() == "BooleanField":
        return "yes or no"
    return f"at most {field.max_length} characters" if field.max_length else "any text"


def default(field: Any) -> str:
    value = field.get_default()
    if isinstance(field, PicklistField):
        return f"{int(value)} ({dict(field.flatchoices)[value]})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"`{value}`" if value else "empty"
    return "none" if value is None else str(value)


@pytest.mark.parametrize("field", SETTINGS, ids=lambda field: field.column)
def test_a_setting_is_documented_with_its_bounds_and_default(field: Any) -> None:
    _, _, allowed, given, meaning = rows_of("settings.md")[field.column]
    assert allowed == bounds(field)
    assert given == default(field)
    assert meaning.endswith(".")


def test_the_documentation_names_no_setting_that_does_not_exist() -> None:
    assert set(rows_of("settings.md")) == {field.column for field in SETTINGS}


def test_settings_that_steer_nothing_yet_are_said_to() -> None:
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    in_force, _, stored = text.partition("## Stored, without effect yet")
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in SOURCE.rglob("*.py")
        if path.parent.name not in {"models", "migrations", "simulator", "demo", "cli", "settings"}
    )
    for field in SETTINGS:
        if field.column in {"name", "hashfilterkeywords"}:
            continue
        page = in_force if re.search(rf"\b{field.column}\b", code) else stored
        assert f"| `{field.column}` |" in page, field.column


def test_every_table_is_documented() -> None:
    text = (REFERENCE / "tables.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^### )(\w+)", text, flags=re.MULTILINE))
    assert {model._meta.db_table for model in apps.get_app_config("crm").get_models()} <= named


@pytest.mark.parametrize(
    "table",
    [
        "mailboxfolder",
        "messagetrace",
        "mailboxaction",
        "exchangesyncidmapping",
        "exchangesyncitem",
        "exchangesyncfolder",
        "exchangesyncmailbox",
        "exchangesyncrecord",
        "recurringappointmentmaster",
    ],
)
def test_a_table_of_our_own_is_documented_column_by_column(table: str) -> None:
    text = (REFERENCE / "tables.md").read_text(encoding="utf-8")
    section = text.split(f"### {table}\n", 1)[1].split("\n#", 1)[0]
    columns = {field.column for field in apps.get_model("crm", table)._meta.concrete_fields}
    first_cells = " ".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", first_cells)) == columns


def test_columns_of_our_own_exist() -> None:
    text = (REFERENCE / "tables.md").read_text(encoding="utf-8")
    section = text.split("## Columns of our own", 1)[1].split("\n## ", 1)[0]
    found = re.findall(r"^\| `(\w+)` \| (.+?) \|", section, flags=re.MULTILINE)
    assert len(found) >= 5
    for table, cell in found:
        columns = {field.column for field in apps.get_model("crm", table)._meta.concrete_fields}
        assert set(re.findall(r"`(\w+)`", cell)) <= columns


def test_every_variable_of_the_environment_has_a_row() -> None:
    wanted = {"DATABASE_URL"}
    for path in SOURCE.rglob("*.py"):
        wanted |= set(re.findall(r"\bSERVERSYNC_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert set(rows_of("configuration.md")) >= wanted
    variables = {name for name in rows_of("configuration.md") if name.isupper()}
    assert variables == wanted


def commands() -> dict[str, Any]:
    """Every command of the program by the words that call it."""
    found = {}
    root = typer.main.get_command(app)
    assert hasattr(root, "commands")
    for name, command in root.commands.items():
        if hasattr(command, "commands"):
            found |= {f"{name} {inner}": one for inner, one in command.commands.items()}
        else:
            found[name] = command
    return found


@pytest.mark.parametrize("words", sorted(commands()))
def test_a_command_is_documented(words: str) -> None:
    cells = [cell for cell in rows_of("cli.md") if re.match(rf"{words}(?= |$)", cell)]
    assert cells, f"docs/reference/cli.md has no row for {words}"


def test_the_documentation_names_no_command_that_does_not_exist() -> None:
    known = sorted(commands())
    for cell in rows_of("cli.md"):
        if cell.isdigit() or cell.startswith("-"):
            continue
        assert any(re.match(rf"{words}(?= |$)", cell) for words in known), cell


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_of_the_simulator_is_documented(operation: str) -> None:
    assert rows_of("simulator.md")[operation]


def test_the_simulator_documents_no_operation_that_it_has_not() -> None:
    named = {name for name in rows_of("simulator.md") if re.fullmatch(r"(?:[A-Z][a-z]+)+(?:DL)?", name)}
    assert named == set(OPERATIONS)


def test_every_option_of_the_simulator_has_a_row() -> None:
    options = {
        option
        for action in arguments()._actions
        for option in action.option_strings
        if option.startswith("--")
    }
    named = {name.split()[0] for name in rows_of("simulator.md") if name.startswith("--")}
    assert named == options - {"--help"}
