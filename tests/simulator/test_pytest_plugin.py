"""The example on the page for other projects runs, with the plugin as its only help."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "simulator-in-your-tests.md"


def test_the_example_of_the_page_passes_in_a_project_of_its_own(tmp_path: Path) -> None:
    conftest, example = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_example.py").write_text(example)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:django", "-p", "no:randomly"]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_plugin_does_nothing_by_itself() -> None:
    entry_points = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert "pytest11" not in entry_points
