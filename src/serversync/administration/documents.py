"""Records as programs get them: the same from the commands with ``--json`` and from the API."""

from collections.abc import Sequence
from typing import Any, Final

from serversync.administration import alerts as alerting
from serversync.administration.emails import EmailDetails
from serversync.administration.mailboxes import MailboxState
from serversync.administration.records import as_dict, plain
from serversync.administration.traces import Explanation
from serversync.crm.models import Email, EmailServerProfile, TraceLog

_LISTED: Final = (
    "activityid",
    "subject",
    "sender",
    "torecipients",
    "receivedon",
    "senton",
    "messageid",
    "attachmentcount",
    "statecode",
    "statuscode",
    "directioncode",
)
"""What a list shows of an e-mail."""


def of_mailbox(state: MailboxState) -> dict[str, Any]:
    """Return a mailbox with its state."""
    profile = state.mailbox.emailserverprofile
    return {
        **as_dict(state.mailbox),
        "emailserverprofilename": profile.name if profile else None,
        "mayrun": state.readiness.may_run,
        "state": state.readiness.code,
        "sentence": state.readiness.sentence,
        "remedy": state.readiness.remedy or None,
    }


def of_explanation(one: Explanation) -> dict[str, Any]:
    """Return what became of a message, and why; only that where the message was never seen."""
    return {
        **(as_dict(one.trace) if one.trace else {}),
        "sentence": one.sentence,
        "reasons": list(one.reasons),
    }


def of_profile(profile: EmailServerProfile, mailboxes: int) -> dict[str, Any]:
    """Return a profile with the number of its mailboxes."""
    return {**as_dict(profile), "mailboxes": mailboxes}


def of_alerts(alerts: Sequence[TraceLog]) -> list[dict[str, Any]]:
    """Return alerts, each with the address of its mailbox."""
    addresses = alerting.addresses_of(list(alerts))
    return [{**as_dict(one), "emailaddress": addresses.get(str(one.regardingobjectid))} for one in alerts]


def of_listed_email(email: Email) -> dict[str, Any]:
    """Return what a list shows of an e-mail."""
    return {name: plain(getattr(email, name)) for name in _LISTED}


def of_email(found: EmailDetails) -> dict[str, Any]:
    """Return an e-mail with its parties, attachments and reports."""
    return {
        **as_dict(found.email),
        "activityparties": [as_dict(one) for one in found.parties],
        "activitymimeattachments": [as_dict(one) for one in found.attachments],
        "deliveryreports": [as_dict(one) for one in found.reports],
    }
