"""Test Connection as a tree of steps: which ones, in which order, and what each depends on.

A step looks at one thing and ends with a result, a sentence, its evidence and, where something is to be done, the
remedy. What a step found out on the way (one address, one attempt) are its parts. A step whose groundwork failed is
not tried: it is skipped, and says because of what. Nothing here touches the network; an ``Examiner`` does.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from serversync.core.errors import ServiceError
from serversync.engine.remedies import remedy_for

Evidence = tuple[tuple[str, str], ...]
"""What was seen, as label and text, in the order in which it is shown. Never a secret."""


class Result(StrEnum):
    """How a step ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``needs`` are the keys of the steps without which it makes no sense."""

    key: str
    title: str
    needs: tuple[str, ...] = ()


STEPS: Final = (
    Step("profile", "Profile is complete"),
    Step("sample", "Sample mailbox may be tried", ("profile",)),
    Step("autodiscover", "Autodiscover finds the server", ("profile",)),
    Step("dns", "Host name resolves", ("profile", "autodiscover")),
    Step("tcp", "Server accepts connections", ("dns",)),
    Step("tls", "TLS and certificate", ("tcp",)),
    Step("http", "EWS address answers", ("tls",)),
    Step("offer", "Authentication is offered", ("http",)),
    Step("logon", "Account logs on", ("offer",)),
    Step("version", "Exchange version is supported", ("logon",)),
    Step("ews", "Exchange Web Services answer", ("version",)),
    Step("expiry", "Password stays valid", ("ews",)),
    Step("impersonation", "Account may act as the sample mailbox", ("ews", "sample")),
    Step("outside", "Mailboxes outside of the scope are denied", ("ews",)),
    Step("folders", "Folders open", ("impersonation",)),
    Step("sync", "Changes can be followed", ("folders",)),
    Step("throttling", "Parallel calls are answered", ("impersonation",)),
    Step("notification", "Changes are told at once", ("impersonation",)),
    Step("outgoing", "Server for sending answers", ("impersonation",)),
)
"""Every step, in the order in which they are taken."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step, or a part of one, came to.

    ``error`` is what a failure came of; ``remedy`` is empty where nothing is to be done.
    """

    result: Result
    sentence: str
    evidence: Evidence = ()
    remedy: str = ""
    error: ServiceError | None = None

    @property
    def code(self) -> str:
        """The code of the error, empty without one."""
        return "" if self.error is None else self.error.code


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a step looked at on its way: one address, one attempt, one folder."""

    title: str
    finding: Finding
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A step that is over."""

    step: Step
    finding: Finding
    milliseconds: int
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """A step begins."""

    step: Step


@dataclass(frozen=True, slots=True)
class PartFinished:
    """A part of the step under way is over."""

    step: Step
    part: Part


@dataclass(frozen=True, slots=True)
class Finished:
    """A step is over."""

    report: Report


Event = Started | PartFinished | Finished


class Examiner(Protocol):
    """Looks at the world, one step at a time; what a step finds out stays with it for the later ones."""

    def examine(self, key: str) -> AsyncIterator[Part | Finding]:
        """Give the parts of a step as they are over, and the finding about the step last.

        Raises:
            ServiceError: the step failed; the runner makes a finding of it.
        """
        ...


def ok(sentence: str, *evidence: tuple[str, str]) -> Finding:
    """Return the finding that all is well."""
    return Finding(Result.OK, sentence, evidence)


def warning(sentence: str, remedy: str, *evidence: tuple[str, str]) -> Finding:
    """Return the finding that it works, but somebody should look at it."""
    return Finding(Result.WARNING, sentence, evidence, remedy)


def not_needed(reason: str, remedy: str = "") -> Finding:
    """Return the finding that there was nothing to look at, and why; what follows is not affected."""
    return Finding(Result.SKIPPED, reason, (), remedy)


def failed(error: ServiceError, *evidence: tuple[str, str], remedy: str = "") -> Finding:
    """Return the finding that an error stands for."""
    request = error.details.get("request_id")
    known = (("Request id", str(request)),) if request else ()
    return Finding(Result.FAILED, str(error), (*evidence, *known), remedy or remedy_for(error), error)


async def run(
    examiner: Examiner,
    *,
    monotonic: Callable[[], float],
    profile: str = "PROFILE",
    steps: Sequence[Step] = STEPS,
) -> AsyncIterator[Event]:
    """Take every step in order and tell what happens as it happens.

    Args:
        examiner: Looks at the world.
        monotonic: A clock in seconds.
        profile: The name of the profile, which remedies that change it name.
        steps: The steps; each stands after those that it needs.
    """
    without_ground: dict[str, Step] = {}
    for step in steps:
        missing = next((without_ground[key] for key in step.needs if key in without_ground), None)
        if missing is not None:
            without_ground[step.key] = missing
            yield Finished(Report(step, not_needed(f"Not tried, because of: {missing.title}."), 0))
            continue
        yield Started(step)
        began = monotonic()
        parts: list[Part] = []
        finding: Finding | None = None
        try:
            async for found in examiner.examine(step.key):
                if isinstance(found, Part):
                    part = replace(found, finding=_naming(profile, found.finding))
                    parts.append(part)
                    yield PartFinished(step, part)
                else:
                    finding = found
        except ServiceError as error:
            finding = failed(error)
        if finding is None:
            raise RuntimeError(f"the step {step.key} ended without a finding")
        if finding.result is Result.FAILED:
            without_ground[step.key] = step
        finding = _naming(profile, finding)
        yield Finished(Report(step, finding, round((monotonic() - began) * 1000), tuple(parts)))


def _naming(profile: str, finding: Finding) -> Finding:
    """Return a finding whose remedy names the profile, ready to be copied into a shell."""
    remedy = finding.remedy.replace("profile edit PROFILE", f"profile edit '{profile}'")
    return finding if remedy == finding.remedy else replace(finding, remedy=remedy)


def overall(reports: Sequence[Report]) -> Result:
    """Return how the test ended as a whole: the worst of its steps; a step that was skipped spoils nothing."""
    results = {report.finding.result for report in reports}
    for worst in (Result.FAILED, Result.WARNING):
        if worst in results:
            return worst
    return Result.OK


def first_failure(reports: Sequence[Report]) -> Report | None:
    """Return the first step that failed, which is the one to repair first."""
    return next((report for report in reports if report.finding.result is Result.FAILED), None)
