"""Server rules of a mailbox: what happens to mail as it arrives, above all that it is forwarded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from dataclasses import field as default
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
}
