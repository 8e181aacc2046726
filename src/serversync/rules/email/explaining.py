"""The reasons of a decision in words: who was asked and said what, what was looked for, what was left out."""

from collections.abc import Mapping
from typing import Any

from serversync.rules.email.content import LEFT_OUT

FILTERS = {
    0: "all e-mail messages",
    1: "answers to e-mails of the CRM",
    2: "messages from leads, contacts and accounts",
    3: "messages from records that are email enabled",
    4: "no e-mail messages",
}
METHODS = {3: "In-Reply-To and References", 4: "tracking token", 5: "conversation index", 6: "smart matching"}
ANSWERS = {
    "filter-all": "takes it",
    "filter-response": "takes it: it is an answer",
    "filter-sender": "takes it: the sender is one",
    "filter-recipient": "takes it: a recipient is one",
    "no-correlation": "does not take it: it answers nothing",
    "sender-unknown": "does not take it: the sender is none",
    "no-recipient": "does not take it: no recipient is one",
    "takes-nothing": "does not take it",
    "not-named": "does not take it: the message does not name this mailbox",
    "not-approved": "is not asked: the address is not approved",
    "not-enabled": "is not asked: the mailbox is not synchronized",
}


def reasons(detail: Mapping[str, Any]) -> list[str]:
    """Return the reasons that a trace keeps, one sentence each, in the order in which they were decided."""
    told = []
    if forwarder := detail.get("forwarder"):
        told.append(f"It was forwarded by {forwarder}.")
    for method, wanted, result in detail.get("tried", ()):
        told.append(f"By {METHODS.get(method, method)} ({wanted}): {result}.")
    for name, wanted, answer in detail.get("asked", ()):
        told.append(f"{name}, who wants {FILTERS.get(wanted, wanted)}, {ANSWERS.get(answer, answer)}.")
    if internal := detail.get("internal"):
        told.append(f"Mail between users: {internal}.")
    if owner := detail.get("owner"):
        told.append(f"Its owner is the {owner}." if not owner.startswith("it ") else f"Its owner: {owner}.")
    for name, size, reason in detail.get("leftout", ()):
        told.append(f"Left out: {name} ({size} bytes): {LEFT_OUT.get(reason, reason)}.")
    if text := detail.get("text"):
        told.append(str(text))
    return told
