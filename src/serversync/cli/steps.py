"""Shows Test Connection as it happens: a tree of steps with times, evidence and remedies."""

from typing import TYPE_CHECKING, Final

from serversync.cli import output
from serversync.cli.output import visible
from serversync.engine.probe import Event, Finding, Finished, PartFinished, Report, Result, Started

if TYPE_CHECKING:
    from rich.text import Text

    from serversync.administration.connection_test import ConnectionTest

_MARKS: Final = {
    Result.OK: ("ok", "green"),
    Result.WARNING: ("warning", "yellow"),
    Result.FAILED: ("FAILED", "bold red"),
    Result.SKIPPED: ("skipped", "dim"),
}
_WIDTH: Final = 8
_INDENT: Final = " " * (_WIDTH + 2)


def tell(event: Event) -> None:
    """Write what happened; on a terminal also what is under way."""
    match event:
        case Started(step):
            if (console := output.console()).is_terminal:
                console.print(f"{_INDENT}{step.title} ...", style="dim", end="\r")
        case PartFinished():
            return
        case Finished(report):
            _step(report)


def end(test: "ConnectionTest") -> None:
    """Write how it ended as a whole."""
    console = output.console()
    word, style = _MARKS[test.result]
    console.print()
    console.print(f"{test.profile}: {word}, {test.milliseconds} ms.", style=style)


def _step(report: Report) -> None:
    console = output.console()
    console.print(_line(report.finding, report.step.title, report.milliseconds), soft_wrap=True)
    finding = report.finding
    _below(finding.sentence)
    for part in report.parts:
        console.print(_line(part.finding, part.title, part.milliseconds, indent=_INDENT), soft_wrap=True)
        if part.finding.result is not Result.OK:
            _below(part.finding.sentence, indent=_INDENT * 2)
    if finding.result is not Result.SKIPPED:
        for label, text in finding.evidence:
            _below(f"{label}: {text}", style="dim")
    if finding.remedy:
        _below(f"What to do: {finding.remedy}", style="bold")


def _line(finding: Finding, title: str, milliseconds: int, *, indent: str = "") -> "Text":
    from rich.text import Text

    word, style = _MARKS[finding.result]
    line = Text(indent)
    line.append(f"{word:<{_WIDTH}}  ", style=style)
    line.append(visible(title))
    if finding.result is not Result.SKIPPED:
        line.append(f"  {milliseconds} ms", style="dim")
    return line


def _below(text: str, *, indent: str = _INDENT, style: str = "") -> None:
    from rich.padding import Padding
    from rich.text import Text

    output.console().print(Padding(Text(visible(text), style=style), (0, 0, 0, len(indent)), expand=False))
