"""Server rules of a mailbox: what happens to mail as it arrives, above all that it is forwarded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from dataclasses import field as default
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serversync.simulator.itemview import ItemView


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a message must be like; a condition that is not given holds, of a tuple one value is enough.

    Attributes:
        subject: Texts in the subject.
        subject_or_body: Texts in subject or body.
        body: Texts in the body.
        sender: Texts in the sender's address.
        from_addresses: Senders.
        sent_to: Addresses among the recipients.
        categories: Categories.
        item_classes: Item classes.
        importance: Its importance.
        has_attachments: Whether it must have attachments.
        sent_to_me: Whether the owner must be among To.
        is_automatic_reply: Whether it must be an automatic reply.
        headers: Texts in the headers.
        recipients: Texts in the recipients' addresses.
        flagged: What it must ask for, a value of ``FlaggedForActionType``; ``Any`` for anything.
        is_approval_request: Whether it must ask for an approval.
        is_automatic_forward: Whether a rule must have sent it on.
        is_encrypted: Whether it must be encrypted.
        is_meeting_request: Whether it must be an invitation.
        is_meeting_response: Whether it must answer one.
        is_ndr: Whether it must be a report that something was not delivered.
        is_permission_controlled: Whether its use must be restricted.
        is_read_receipt: Whether it must be a read receipt.
        is_signed: Whether it must be signed.
        is_voicemail: Whether it must be a voice message.
        not_sent_to_me: Whether the owner must not be among To.
        sent_cc_me: Whether the owner must be among Cc.
        sent_only_to_me: Whether it must be for the owner alone.
        sent_to_or_cc_me: Whether the owner must be among To or Cc.
        sensitivity: Its sensitivity.
        received: From when, and until when, it must have come; ``None`` for no limit.
        size: Least and most size in kilobytes; ``None`` for no limit.
    """

    subject: tuple[str, ...] = ()
    subject_or_body: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    sender: tuple[str, ...] = ()
    from_addresses: tuple[str, ...] = ()
    sent_to: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    item_classes: tuple[str, ...] = ()
    importance: str | None = None
    has_attachments: bool = False
    sent_to_me: bool = False
    is_automatic_reply: bool = False
    headers: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    flagged: str | None = None
    is_approval_request: bool = False
    is_automatic_forward: bool = False
    is_encrypted: bool = False
    is_meeting_request: bool = False
    is_meeting_response: bool = False
    is_ndr: bool = False
    is_permission_controlled: bool = False
    is_read_receipt: bool = False
    is_signed: bool = False
    is_voicemail: bool = False
    not_sent_to_me: bool = False
    sent_cc_me: bool = False
    sent_only_to_me: bool = False
    sent_to_or_cc_me: bool = False
    sensitivity: str | None = None
    received: tuple[datetime | None, datetime | None] | None = None
    size: tuple[int | None, int | None] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked of a message."""
        return self == Conditions()

    def hold(self, view: "ItemView") -> bool:
        """Whether a message is so."""
        return all(
            test(view, value)
            for name, test in _TESTS.items()
            if (value := getattr(self, name))  # what is not asked for is empty or false
        )


@dataclass(frozen=True, slots=True)
class Actions:
    """What is done with a message.

    Attributes:
        forward_as_attachment: Addresses that get it attached to a message of the owner.
        forward: Addresses that get it as a forward of the owner.
        redirect: Addresses that get it as it is, from the original sender.
        move_to: Id of the folder it is moved into; empty for none.
        copy_to: Id of the folder it is copied into.
        categories: Categories that it gets.
        mark_as_read: Whether it is marked as read.
        importance: Importance that it gets; empty for none.
        reply_with: Id of the message that its sender is answered with; empty for none.
        delete: Whether it goes to Deleted Items.
        permanent_delete: Whether it vanishes.
        stop: Whether later rules are not looked at.
    """

    forward_as_attachment: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    redirect: tuple[str, ...] = ()
    move_to: str = ""
    copy_to: str = ""
    categories: tuple[str, ...] = ()
    mark_as_read: bool = False
    importance: str = ""
    reply_with: str = ""
    delete: bool = False
    permanent_delete: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True)
class InboxRule:
    """One rule.

    Attributes:
        rule_id: Its id, as EWS tells it.
        name: Its name.
        priority: Place in the order, from 1.
        is_enabled: Whether it is applied.
        conditions: When it applies.
        exceptions: When it does not, although the conditions hold.
        actions: What it does.
    """

    rule_id: str
    name: str
    priority: int = 1
    is_enabled: bool = True
    conditions: Conditions = default(default_factory=Conditions)
    exceptions: Conditions = default(default_factory=Conditions)
    actions: Actions = default(default_factory=Actions)

    def applies(self, view: "ItemView") -> bool:
        """Whether it is to be carried out for a message."""
        if not self.is_enabled or not self.conditions.hold(view):
            return False
        return self.exceptions.is_empty or not self.exceptions.hold(view)

    def renumbered(self, rule_id: str) -> "InboxRule":
        """Return the rule with an id."""
        return replace(self, rule_id=rule_id)


def _contains(value: str, wanted: Iterable[str]) -> bool:
    return any(one.casefold() in value.casefold() for one in wanted)


def _author(view: "ItemView") -> str:
    author = view.get("message:From")
    return author.address if author is not None else ""


def _to(view: "ItemView", *uris: str) -> set[str]:
    return {person.address.lower() for uri in uris for person in view.get(uri) or ()}


_TO, _CC = "message:ToRecipients", "message:CcRecipients"


def _is_of(*classes: str) -> Callable[["ItemView", Any], bool]:
    """Return the test whether a message is of one of some classes, or of one below them."""

    def test(view: "ItemView", _wanted: object) -> bool:
        given = view.item_class.casefold()
        return any(given == one or given.startswith(one + ".") for one in classes)

    return test


def _headers(view: "ItemView") -> list[tuple[str, str]]:
    return [(name.casefold(), value) for name, value in view.content.internet_message_headers]


def _is_flagged(view: "ItemView", wanted: str) -> bool:
    """Whether a message asks for an action, as ``X-Message-Flag`` says it in words."""
    said = [value.replace(" ", "").casefold() for name, value in _headers(view) if name == "x-message-flag"]
    return any(said) if wanted == "Any" else wanted.casefold() in said


def _is_within(value: Any, limits: tuple[Any, Any]) -> bool:
    low, high = limits
    return (low is None or value >= low) and (high is None or value <= high)


_TESTS: dict[str, Callable[["ItemView", Any], bool]] = {
    "subject": lambda view, wanted: _contains(view.subject, wanted),
    "subject_or_body": lambda view, wanted: _contains(f"{view.subject}\n{view.body('Text')[1]}", wanted),
    "body": lambda view, wanted: _contains(view.body("Text")[1], wanted),
    "sender": lambda view, wanted: _contains(_author(view), wanted),
    "from_addresses": lambda view, wanted: _author(view).lower() in {one.lower() for one in wanted},
    "sent_to": lambda view, wanted: bool(
        _to(view, "message:ToRecipients", "message:CcRecipients") & {one.lower() for one in wanted}
    ),
    "categories": lambda view, wanted: bool(set(view.get("item:Categories") or ()) & set(wanted)),
    "item_classes": lambda view, wanted: view.item_class.casefold() in {one.casefold() for one in wanted},
    "importance": lambda view, wanted: view.get("item:Importance") == wanted,
    "has_attachments": lambda view, _wanted: bool(view.attachments),
    "sent_to_me": lambda view, _wanted: bool(_to(view, "message:ToRecipients") & view.mailbox.addresses()),
    "is_automatic_reply": lambda view, _wanted: view.content.is_auto_submitted,
    "headers": lambda view, wanted: _contains("\n".join(f"{a}: {b}" for a, b in _headers(view)), wanted),
    "recipients": lambda view, wanted: _contains("\n".join(_to(view, _TO, _CC)), wanted),
    "flagged": _is_flagged,
    "is_approval_request": _is_of("ipm.note.microsoft.approval.request"),
    "is_automatic_forward": lambda view, _wanted: any(
        name == "x-ms-exchange-inbox-rules-loop" and not view.content.is_auto_submitted
        for name, _ in _headers(view)
    ),
    "is_encrypted": lambda view, _wanted: view.item_class.casefold() == "ipm.note.smime",
    "is_meeting_request": _is_of("ipm.schedule.meeting.request"),
    "is_meeting_response": _is_of("ipm.schedule.meeting.resp"),
    "is_ndr": lambda view, _wanted: (
        view.item_class.casefold().startswith("report.") and view.item_class.casefold().endswith(".ndr")
    ),
    "is_permission_controlled": lambda view, _wanted: any(
        one.name.casefold() == "message.rpmsg" for one in view.attachments
    ),
    "is_read_receipt": lambda view, _wanted: view.item_class.casefold().endswith(".ipnrn"),
    "is_signed": _is_of("ipm.note.smime.multipartsigned"),
    "is_voicemail": _is_of("ipm.note.microsoft.voicemail", "ipm.note.microsoft.conversation.voice"),
    "not_sent_to_me": lambda view, _wanted: not _to(view, _TO) & view.mailbox.addresses(),
    "sent_cc_me": lambda view, _wanted: bool(_to(view, _CC) & view.mailbox.addresses()),
    "sent_only_to_me": lambda view, _wanted: (
        bool(_to(view, _TO)) and _to(view, _TO, _CC) <= view.mailbox.addresses()
    ),
    "sent_to_or_cc_me": lambda view, _wanted: bool(_to(view, _TO, _CC) & view.mailbox.addresses()),
    "sensitivity": lambda view, wanted: view.get("item:Sensitivity") == wanted,
    "received": lambda view, wanted: _is_within(view.item.received, wanted),
    "size": lambda view, wanted: _is_within(view.size / 1024, wanted),
}
