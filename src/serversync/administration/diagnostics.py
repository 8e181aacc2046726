"""Everything about a mailbox that helps somebody else to help, as JSON or Markdown; nothing in it is secret."""

import json
from typing import Any, Final

from serversync import __version__
from serversync.administration import mailboxes, privileges, records, timeline
from serversync.core import clock
from serversync.crm.models import Mailbox, MailboxFolder, MessageTrace, TraceLog
from serversync.crm.privileges import Privilege

_LEFT_OUT: Final = frozenset({"syncstate"})
_EVENTS: Final = 20


def document(mailbox: Mailbox) -> dict[str, Any]:
    """Return the diagnostics of a mailbox as JSON can hold them.

    Raises:
        PrivilegeMissing: the actor may not read the mailbox.
    """
    privileges.require_for(Privilege.READ_MAILBOX, [mailbox])
    state = mailboxes.state_of(mailbox).readiness
    profile = mailbox.emailserverprofile
    open_alerts = TraceLog.objects.filter(regardingobjectid=mailbox.pk, resolvedon=None)
    outcomes: dict[str, int] = {}
    for trace in MessageTrace.objects.filter(mailboxid=mailbox).order_by("-receivedon")[:1000]:
        word = str(trace.get_outcome_display())
        outcomes[word] = outcomes.get(word, 0) + 1
    return {
        "program": f"serversync {__version__}",
        "at": records.iso(clock.now()),
        "state": {"code": state.code, "sentence": state.sentence, "remedy": state.remedy or None},
        "mailbox": records.as_dict(mailbox),
        "profile": records.as_dict(profile) if profile is not None else None,
        "folders": [
            {name: value for name, value in records.as_dict(folder).items() if name not in _LEFT_OUT}
            for folder in MailboxFolder.objects.filter(mailboxid=mailbox)
        ],
        "alerts": [
            {
                "code": one.code,
                "text": one.text,
                "occurrences": one.occurrences,
                "laston": records.iso(one.laston),
            }
            for one in open_alerts
        ],
        "latest1000messages": outcomes,
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


def as_json(mailbox: Mailbox) -> str:
    """Return the diagnostics as JSON text."""
    return json.dumps(document(mailbox), ensure_ascii=False, indent=2)


def as_markdown(mailbox: Mailbox) -> str:
    """Return the diagnostics as Markdown, for a ticket."""
    found = document(mailbox)
    lines = [f"# Mailbox {found['mailbox']['name']}", "", f"{found['program']}, {found['at']}", ""]
    lines += [f"**{found['state']['sentence']}** {found['state']['remedy'] or ''}".strip(), ""]
    for title in ("mailbox", "profile"):
        if found[title]:
            lines += [f"## {title.capitalize()}", ""]
            lines += [
                f"- {name}: `{value}`" for name, value in found[title].items() if value not in (None, "")
            ]
            lines.append("")
    lines += [
        "## Folders",
        "",
        *[f"- `{json.dumps(one, ensure_ascii=False)}`" for one in found["folders"]],
        "",
    ]
    lines += [
        "## Open alerts",
        "",
        *[f"- `{one['code']}` {one['text']} ({one['occurrences']})" for one in found["alerts"]],
        "",
    ]
    lines += [
        "## Latest 1000 messages",
        "",
        *[f"- {word}: {count}" for word, count in found["latest1000messages"].items()],
        "",
    ]
    lines += [
        "## Timeline",
        "",
        *[
            f"- {one['at']} {one['kind']}: {one['sentence']} {one.get('pass_id', '')}".rstrip()
            for one in found["timeline"]
        ],
    ]
    return "\n".join(lines) + "\n"
