"""Everything about a mailbox that helps somebody else to help, as JSON or Markdown; nothing in it is secret.

Titles, subjects and values of what is in the mailbox are not in it either: it is made to be given away.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db.models import Count

from serversync import __version__
from serversync.administration import (
    connection_report,
    mailboxes,
    privileges,
    records,
    synchronization,
    timeline,
    unsynchronized,
)
from serversync.administration.act_schedule import schedule_of
from serversync.core import clock
from serversync.crm.models import (
    EmailServerProfile,
    ExchangeSyncIdMapping,
    Mailbox,
    MailboxFolder,
    MailboxStatistics,
    MessageTrace,
    TraceLog,
)
from serversync.crm.models.exchangesyncidmapping import SyncStage
from serversync.crm.privileges import Privilege

_LEFT_OUT: Final = frozenset({"syncstate"})
_EVENTS: Final = 20
_CALLS: Final = 20
_PASSES: Final = 20
"""Of the latest so many passes the calls are taken."""
_OF_THE_TEST: Final = frozenset({"lasttestrequest", "lasttestresponse"})
"""Columns of the profile that are shown as the test that they keep."""


def document(mailbox: Mailbox) -> dict[str, Any]:
    """Return the diagnostics of a mailbox as JSON can hold them.

    Raises:
        PrivilegeMissing: the actor may not read the mailbox.
    """
    privileges.require_for(Privilege.READ_MAILBOX, [mailbox])
    state = mailboxes.state_of(mailbox).readiness
    profile = mailbox.emailserverprofile
    open_alerts = TraceLog.objects.filter(regardingobjectid=mailbox.pk, resolvedon=None)
    outcomes = Counter(
        str(trace.get_outcome_display())
        for trace in MessageTrace.objects.filter(mailboxid=mailbox).order_by("-receivedon")[:1000]
    )
    return {
        "program": f"serversync {__version__}",
        "at": records.iso(clock.now()),
        "state": {"code": state.code, "sentence": state.sentence, "remedy": state.remedy or None},
        "mailbox": records.as_dict(mailbox),
        "profile": _profile(profile) if profile is not None else None,
        "connectiontest": connection_report.kept(profile.lasttestresponse) if profile is not None else None,
        "folders": [
            {name: value for name, value in records.as_dict(folder).items() if name not in _LEFT_OUT}
            for folder in MailboxFolder.objects.filter(mailboxid=mailbox)
        ],
        "appointmentscontactstasks": _synchronization(mailbox),
        "exchangecalls": _calls(mailbox),
        "alerts": [
            {
                "code": one.code,
                "text": one.text,
                "occurrences": one.occurrences,
                "laston": records.iso(one.laston),
            }
            for one in open_alerts
        ],
        "latest1000messages": dict(outcomes),
        "timeline": [
            {
                "at": records.iso(one.at),
                "kind": one.kind.value,
                "sentence": one.sentence,
                **({"pass_id": one.pass_id} if one.pass_id else {}),
            }
            for one in timeline.of(mailbox, limit=_EVENTS)
        ],
    }


def _profile(profile: EmailServerProfile) -> dict[str, Any]:
    return {name: value for name, value in records.as_dict(profile).items() if name not in _OF_THE_TEST}


def _synchronization(mailbox: Mailbox) -> dict[str, Any]:
    """Return how keeping appointments, contacts and tasks in step stands: when, how much, and what could not be."""
    schedule, state = schedule_of(mailbox), synchronization.state_of(mailbox)
    pairs = ExchangeSyncIdMapping.objects.filter(mailboxid=mailbox).order_by("objecttypecode", "stage")
    counts = pairs.values_list("objecttypecode", "stage").annotate(count=Count("pk"))
    return {
        "state": {"code": state.code, "sentence": state.sentence, "remedy": state.remedy or None},
        "startedon": records.plain(schedule.startedon),
        "succeededon": records.plain(schedule.succeededon),
        "nextpasson": records.plain(schedule.nextpasson),
        "failures": schedule.failures,
        "lastsyncerror": schedule.lastsyncerror,
        "isplanapproved": schedule.isplanapproved,
        "plannedon": records.plain(schedule.plannedon),
        "deletionsthatwait": len(schedule.held or ()),
        "pairs": {f"{kind} {SyncStage(stage).label.lower()}": count for kind, stage, count in counts},
        "notsynchronized": dict(
            Counter(f"{one.kind} {one.code}" for one in unsynchronized.find_all(mailbox))
        ),
    }


def _calls(mailbox: Mailbox) -> list[dict[str, Any]]:
    """Return the latest calls to Exchange of passes that did something or failed, the latest first."""
    passes = MailboxStatistics.objects.filter(mailboxid=mailbox, mailboxprocessstartedon__isnull=False)
    found = [
        {**call, "direction": row.get_operationtypeid_display(), "pass_id": str(row.asynceventid or "")}
        for row in passes.order_by("-mailboxprocessstartedon")[:_PASSES]
        for call in row.exchangecalls or ()
    ]
    return sorted(found, key=lambda call: str(call["at"]), reverse=True)[:_CALLS]


def as_json(mailbox: Mailbox) -> str:
    """Return the diagnostics as JSON text."""
    return json.dumps(document(mailbox), ensure_ascii=False, indent=2)


def as_markdown(mailbox: Mailbox) -> str:
    """Return the diagnostics as Markdown, for a ticket."""
    return "\n".join(_lines(document(mailbox))) + "\n"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield from (f"# Mailbox {found['mailbox']['name']}", "", f"{found['program']}, {found['at']}", "")
    yield from (_sentence(found["state"]), "")
    for title in ("mailbox", "profile"):
        if found[title]:
            yield from _section(title.capitalize(), _values(found[title]))
    yield from _section("Folders", (f"- `{json.dumps(one, ensure_ascii=False)}`" for one in found["folders"]))
    synchronized = dict(found["appointmentscontactstasks"])
    state = synchronized.pop("state")
    yield from _section("Appointments, contacts and tasks", [_sentence(state), "", *_values(synchronized)])
    yield from _section(
        "Latest calls to Exchange",
        (
            f"- {one['at']} {one['direction']}: {one['operation']}, HTTP {one['status']},"
            f" request id `{one['requestid']}`, pass `{one['pass_id']}`"
            for one in found["exchangecalls"]
        ),
    )
    yield from _section(
        "Open alerts", (f"- `{one['code']}` {one['text']} ({one['occurrences']})" for one in found["alerts"])
    )
    yield from _section(
        "Latest 1000 messages", (f"- {word}: {count}" for word, count in found["latest1000messages"].items())
    )
    yield from _section(
        "Timeline",
        (
            f"- {one['at']} {one['kind']}: {one['sentence']} {one.get('pass_id', '')}".rstrip()
            for one in found["timeline"]
        ),
    )
    if found["connectiontest"]:
        yield from connection_report.markdown_of(found["connectiontest"]).splitlines()


def _sentence(state: dict[str, Any]) -> str:
    return f"**{state['sentence']}** {state['remedy'] or ''}".strip()


def _values(row: dict[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if value not in (None, "", {}):
            yield f"- {name}: `{value}`"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from (f"## {title}", "", *lines, "")
