"""The outcome of Test Connection as text to copy: JSON for programs, Markdown for people. Nothing in it is secret."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from serversync import __version__
from serversync.administration.records import iso
from serversync.engine.probe import Evidence, Finding, Report, Result

_MARKS: Final = {
    Result.OK: "OK",
    Result.WARNING: "WARNING",
    Result.FAILED: "FAILED",
    Result.SKIPPED: "skipped",
}


class Tested(Protocol):
    """A test that is over; see ``ConnectionTest``."""

    @property
    def profile(self) -> str: ...  # noqa: D102 - as there
    @property
    def mailbox(self) -> str | None: ...  # noqa: D102 - as there
    @property
    def outside(self) -> str | None: ...  # noqa: D102 - as there
    @property
    def startedon(self) -> datetime: ...  # noqa: D102 - as there
    @property
    def milliseconds(self) -> int: ...  # noqa: D102 - as there
    @property
    def reports(self) -> Sequence[Report]: ...  # noqa: D102 - as there
    @property
    def result(self) -> Result: ...  # noqa: D102 - as there


def as_document(test: Tested) -> dict[str, Any]:
    """Return a test as JSON can hold it."""
    return {
        "profile": test.profile,
        "mailbox": test.mailbox,
        "outside": test.outside,
        "result": test.result.value,
        "startedon": iso(test.startedon),
        "milliseconds": test.milliseconds,
        "program": f"serversync {__version__}",
        "steps": [_step(report) for report in test.reports],
    }


def as_json(test: Tested) -> str:
    """Return a test as JSON text."""
    return json.dumps(as_document(test), ensure_ascii=False)


def request(test: Tested) -> str:
    """Return in one line what was tried."""
    mailbox = test.mailbox or "the account's own mailbox"
    outside = f", {test.outside} to be denied" if test.outside else ""
    return f"Test Connection of {test.profile}: {mailbox}{outside}"


def as_markdown(test: Tested) -> str:
    """Return a test as Markdown, for a ticket or a mail."""
    return "\n".join(_lines(test)) + "\n"


def _step(report: Report) -> dict[str, Any]:
    return {
        "key": report.step.key,
        "title": report.step.title,
        "milliseconds": report.milliseconds,
        **_finding(report.finding),
        "parts": [
            {"title": part.title, "milliseconds": part.milliseconds, **_finding(part.finding)}
            for part in report.parts
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "result": finding.result.value,
        "sentence": finding.sentence,
        "code": finding.code or None,
        "remedy": finding.remedy or None,
        "evidence": [{"label": label, "text": text} for label, text in finding.evidence],
    }


def _lines(test: Tested) -> Iterator[str]:
    yield f"# Test Connection of {test.profile}: {_MARKS[test.result]}"
    yield ""
    yield f"{iso(test.startedon)}, {test.milliseconds} ms, serversync {__version__}. {request(test)}."
    for report in test.reports:
        finding = report.finding
        yield ""
        yield f"## {report.step.title}: {_MARKS[finding.result]} ({report.milliseconds} ms)"
        yield ""
        code = f" (`{finding.code}`)" if finding.code else ""
        yield f"{finding.sentence}{code}"
        if finding.remedy:
            yield ""
            yield f"**What to do:** {finding.remedy}"
        listed = [*_evidence(finding.evidence), *(_part(part.title, part.finding) for part in report.parts)]
        if listed:
            yield ""
            yield from listed


def _evidence(evidence: Evidence) -> list[str]:
    return [f"- {label}: `{text}`" for label, text in evidence]


def _part(title: str, finding: Finding) -> str:
    return f"- {title}: {_MARKS[finding.result]}. {finding.sentence}"
