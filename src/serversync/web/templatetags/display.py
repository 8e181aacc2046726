"""How times, sizes and statuses look, the same on every page."""

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Final

from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from serversync.administration import audit, occurrences, timed
from serversync.administration.activities import Activity
from serversync.administration.readiness import Readiness
from serversync.administration.sentences import Sentence
from serversync.core.clock import now
from serversync.crm.models import (
    Appointment,
    Audit,
    MessageTrace,
    RecurringAppointmentMaster,
    ServiceAppointment,
)
from serversync.rules.email.acceptance import REASONS
from serversync.rules.record import Kind
from serversync.web.ways import in_pages

_READINESS: Final = {
    "inactive": "idle",
    "method": "idle",
    "act-method": "idle",
    "plan-waiting": "warn",
    "retrying": "warn",
    "stopped": "bad",
    "account-stopped": "bad",
    "rejected": "bad",
}

register = template.Library()

_NOTHING: Final = "\N{EN DASH}"

_SHAPES: Final = {0: ("idle", "Not run"), 1: ("good", "Success"), 2: ("bad", "Failure")}
_APPROVALS: Final = {
    0: ("idle", "Empty"),
    1: ("good", "Approved"),
    2: ("warn", "Pending approval"),
    3: ("bad", "Rejected"),
}
_LEVELS: Final = {1: ("info", "Information"), 2: ("warn", "Warning"), 3: ("bad", "Error")}
_EXECUTIONS: Final = {
    None: ("idle", "Never tested"),
    0: ("bad", "Failure"),
    1: ("good", "Success"),
    2: ("warn", "Warning"),
}
_STEPS: Final = {
    "ok": ("good", "OK"),
    "warning": ("warn", "Warning"),
    "failed": ("bad", "Failed"),
    "skipped": ("idle", "Skipped"),
}
_JOBS: Final = {
    0: ("idle", "Waiting"),
    10: ("idle", "Waiting"),
    20: ("info", "In progress"),
    22: ("warn", "Stopping"),
    30: ("good", "Succeeded"),
    31: ("bad", "Some failed"),
    32: ("idle", "Cancelled"),
}
_EMAIL: Final = {4: "good", 3: "good", 2: "good", 6: "warn", 7: "warn", 8: "bad"}


def status(kind: str, text: str) -> SafeString:
    """Return a status with shape and text; ``kind`` is good, warn, bad, info or idle."""
    return format_html('<span class="status {}">{}</span>', kind, text)


@register.filter
def test_result(value: int) -> SafeString:
    """Show Not run, Success or Failure."""
    return status(*_SHAPES[value])


test_result.__test__ = False  # type: ignore[attr-defined]


@register.filter
def test_result_of(value: int, what: str) -> SafeString:
    """Show what a result is of, the result itself as a shape: in words where it is a failure, and to who has it read."""
    kind, text = _SHAPES[value]
    said = " failed" if kind == "bad" else format_html('<span class="unseen">: {}</span>', text)
    return status(kind, format_html("<span>{}{}</span>", what, said))


test_result_of.__test__ = False  # type: ignore[attr-defined]


@register.filter
def approval(value: int) -> SafeString:
    """Show the e-mail address status."""
    return status(*_APPROVALS[value])


@register.filter
def level(value: int) -> SafeString:
    """Show how serious an alert is."""
    return status(*_LEVELS[value])


@register.filter
def email_status(email: object) -> SafeString:
    """Show Received, Sent, Failed and so on."""
    return status(
        _EMAIL.get(getattr(email, "statuscode", 0), "idle"), getattr(email, "get_statuscode_display", str)()
    )


@register.filter
def record_state(value: int) -> SafeString:
    """Show Active or Inactive."""
    return status("idle", "Inactive") if value else status("good", "Active")


@register.filter
def kinds(value: str, count: int = 2) -> str:
    """Say what people call so many records of a table that is kept in step."""
    kind = Kind(value)
    return kind.noun if count == 1 else kind.plural


@register.filter
def activity_status(row: Activity) -> SafeString:
    """Show the state of an activity, with the reason where it says more."""
    kind = {1: "good", 2: "warn"}.get(row.statecode, "info")
    state, reason = row.get_statecode_display(), row.get_statuscode_display()
    return status(kind, state if state == reason else f"{state}, {reason.lower()}")


@register.filter
def first_day(row: Appointment | ServiceAppointment) -> SafeString:
    """Show the first of whole days, which no time zone shifts."""
    return _day(timed.days_of(row)[0])


@register.filter
def last_day(row: Appointment | ServiceAppointment) -> SafeString:
    """Show the last of whole days."""
    return _day(timed.days_of(row)[1])


@register.filter(name="day")
def whole_day(day: date) -> SafeString:
    """Show a day."""
    return _day(day)


@register.filter
def series_sentence(row: RecurringAppointmentMaster) -> str:
    """Say on which days a series is, when, and by whose clock."""
    return occurrences.sentence(row)


def _day(day: date) -> SafeString:
    pattern = "{:%-d %b}" if day.year == now().year else "{:%-d %b %Y}"
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), pattern.format(day))


@register.filter
def execution(value: int | None) -> SafeString:
    """Show how Test Connection ended."""
    return status(*_EXECUTIONS[value])


@register.filter
def step_result(value: str) -> SafeString:
    """Show how a step of Test Connection ended."""
    return status(*_STEPS[value])


@register.filter
def job_status(value: int) -> SafeString:
    """Show how a job stands."""
    return status(*_JOBS.get(value, ("idle", "Waiting")))


@register.filter
def readiness_kind(readiness: Readiness) -> str:
    """Return the status (good, warn, bad, idle) that goes with the sentence about a mailbox."""
    return _READINESS.get(readiness.code, "good" if readiness.may_run else "warn")


@register.filter
def reason(trace: MessageTrace) -> str:
    """Say why a message was not tracked; its code where there is no sentence for it."""
    code = trace.reasoncode or ""
    return REASONS.get(code, code).format_map(defaultdict(str, trace.detail or {}))


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """Show a point in time in the zone of who looks, to the minute; the title has it in UTC with its seconds."""
    if value is None:
        return _NOTHING
    at = value.astimezone(UTC)
    seen = timezone.localtime(value)
    pattern = "{:%-d %b, %H:%M}" if seen.year == now().year else "{:%-d %b %Y, %H:%M}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        f"{at:%Y-%m-%d %H:%M:%S} UTC",
        pattern.format(seen),
    )


@register.filter
def sentence(text: str) -> SafeString | str:
    """Show a sentence with its times as they look on every page."""
    if not isinstance(text, Sentence):
        return in_pages(text)
    shown = {name: moment(one) if isinstance(one, datetime) else one for name, one in text.values.items()}
    return format_html(text.pattern, **shown)


@register.filter
def up_to(count: int, most: int) -> str:
    """Show a number that was counted no farther than one more than ``most``."""
    return str(count) if count <= most else f"{most}+"


@register.filter(name="in_pages")
def ways_in_pages(text: str | None) -> str:
    """Show a remedy with the ways in the pages in place of commands."""
    return in_pages(text) if text else ""


@register.filter
def distance(value: datetime | None) -> SafeString | str:
    """Show how far a point in time is away: ``in 20 s``, ``4 min ago``."""
    if value is None:
        return _NOTHING
    seconds = int((value - now()).total_seconds())
    at = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        f"{at:%Y-%m-%d %H:%M:%S} UTC",
        away(seconds),
    )


def away(seconds: int) -> str:
    """Return in words when something is (positive) or was (negative).

    >>> away(-250), away(20), away(0)
    ('4 min ago', 'in 20 s', 'now')
    """
    if seconds == 0:
        return "now"
    size = abs(seconds)
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    length, unit = next((length, unit) for length, unit in units if size >= length)
    text = f"{size // length} {unit}"
    return f"in {text}" if seconds > 0 else f"{text} ago"


@register.filter
def duration(seconds: int) -> str:
    """Show a length of time.

    >>> duration(40), duration(400), duration(8000)
    ('40 s', '7 min', '2.2 h')
    """
    if seconds < 100:
        return f"{seconds} s"
    return f"{round(seconds / 60)} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@register.filter
def audit_told(row: Audit) -> str:
    """Say what an act changed."""
    return audit.told(row)


@register.filter
def size(value: int | None) -> str:
    """Show a number of bytes.

    >>> size(999), size(1_500), size(2_340_000)
    ('999 B', '1.5 kB', '2.3 MB')
    """
    if value is None:
        return _NOTHING
    if value < 1_000:
        return f"{value} B"
    if value < 1_000_000:
        return f"{value / 1_000:.1f} kB"
    return f"{value / 1_000_000:.1f} MB"


@register.simple_tag(takes_context=True)
def query_with(context: dict[str, object], **changes: object) -> str:
    """Return the address's query with some values changed; an empty value leaves the name out."""
    request = context["request"]
    if not isinstance(request, HttpRequest):
        raise TypeError("query_with needs the request in the context")
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in ("", None):
            query[name] = str(value)
    return f"?{query.urlencode()}"
