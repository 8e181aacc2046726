"""The outcome of Test Connection as text to copy: JSON for programs, Markdown for people. Nothing in it is secret."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from serversync import __version__
from serversync.administration.records import iso
from serversync.engine.probe import Finding, Report, Result

_MARKS: Final = {
    Result.OK.value: "OK",
    Result.WARNING.value: "WARNING",
    Result.FAILED.value: "FAILED",
    Result.SKIPPED.value: "skipped",
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
    return _request(test.profile, test.mailbox, test.outside)


def _request(profile: str, mailbox: str | None, outside: str | None) -> str:
    whose = mailbox or "the account's own mailbox"
    denied = f", {outside} to be denied" if outside else ""
    return f"Test Connection of {profile}: {whose}{denied}"


def as_markdown(test: Tested) -> str:
    """Return a test as Markdown, for a ticket or a mail."""
    return markdown_of(as_document(test))


def markdown_of(document: Mapping[str, Any]) -> str:
    """Return the Markdown of a test that was kept as JSON."""
    return "\n".join(_lines(document)) + "\n"


def kept(text: str | None) -> dict[str, Any] | None:
    """Return what a profile keeps of its last test; ``None`` for none, or for one of an older release."""
    try:
        document = json.loads(text or "")
    except ValueError:
        return None
    return document if isinstance(document, dict) and {"steps", "program"} <= document.keys() else None


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


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Test Connection of {document['profile']}: {_MARKS[document['result']]}"
    yield ""
    about = _request(document["profile"], document["mailbox"], document["outside"])
    yield f"{document['startedon']}, {document['milliseconds']} ms, {document['program']}. {about}."
    for step in document["steps"]:
        yield ""
        yield f"## {step['title']}: {_MARKS[step['result']]} ({step['milliseconds']} ms)"
        yield ""
        code = f" (`{step['code']}`)" if step["code"] else ""
        yield f"{step['sentence']}{code}"
        if step["remedy"]:
            yield ""
            yield f"**What to do:** {step['remedy']}"
        listed = [f"- {one['label']}: `{one['text']}`" for one in step["evidence"]]
        listed += [f"- {one['title']}: {_MARKS[one['result']]}. {one['sentence']}" for one in step["parts"]]
        if listed:
            yield ""
            yield from listed
