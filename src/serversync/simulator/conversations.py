"""Conversations: the messages of a mailbox that belong together, and what is told of them as a whole."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from serversync.simulator.addresses import Address
from serversync.simulator.bodytext import preview
from serversync.simulator.exchange import Exchange
from serversync.simulator.foldertree import Folder
from serversync.simulator.itemview import ItemView
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.shape import Shape
from serversync.simulator.versions import Schema
from serversync.simulator.xmltext import boolean, text, timestamp

CONVERSATION_ID = "item:ConversationId"
_RANKS = {"Low": 0, "Normal": 1, "High": 2}


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages of one conversation.

    Attributes:
        identity: ``ConversationId@Id``.
        here: Those in the folder that was asked for, the newest first.
        everywhere: Those in all folders of the mailbox, the newest first.
    """

    identity: str
    here: Sequence[ItemView]
    everywhere: Sequence[ItemView]

    @property
    def delivered(self) -> datetime:
        """When its newest message of the folder came."""
        return self.here[0].item.received


def grouped(
    exchange: Exchange, mailbox: Mailbox, folders: Iterable[Folder], schema: Schema
) -> Mapping[str, list[ItemView]]:
    """Return the messages in some folders by conversation, the newest first."""
    found: dict[str, list[ItemView]] = {}
    shape = Shape(schema)
    for folder in folders:
        for number in folder.items:
            view = exchange.view(mailbox, mailbox.item(number), shape)
            if view.kind.is_message:
                found.setdefault(view.get(CONVERSATION_ID), []).append(view)
    for views in found.values():
        views.sort(key=lambda view: view.item.received, reverse=True)
    return found


def mail_folders(mailbox: Mailbox) -> list[Folder]:
    """Return the folders whose messages belong to conversations: all that a person sees."""
    top = mailbox.find_distinguished_folder("msgfolderroot")
    return [] if top is None else [one for one in mailbox.below(top) if one.search is None]


def in_folder(exchange: Exchange, mailbox: Mailbox, folder: Folder, schema: Schema) -> list[Conversation]:
    """Return the conversations of a folder, the one with the newest message first."""
    here = grouped(exchange, mailbox, [folder], schema)
    others = mail_folders(mailbox)
    everywhere = grouped(exchange, mailbox, others if folder in others else [*others, folder], schema)
    found = [Conversation(identity, views, everywhere[identity]) for identity, views in here.items()]
    return sorted(found, key=lambda one: one.delivered, reverse=True)


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _names(people: Iterable[Address | None]) -> list[str]:
    return _unique(one.name or one.address for one in people if one is not None)


def _sender(view: ItemView) -> Address | None:
    found = view.get("message:From") or view.get("message:Sender")
    return found if isinstance(found, Address) else None


def _strings(name: str, values: Iterable[str], entry: str = "String") -> str:
    inner = "".join(f"<t:{entry}>{text(value)}</t:{entry}>" for value in values)
    return f"<t:{name}>{inner}</t:{name}>" if inner else ""


def _ids(name: str, views: Iterable[ItemView]) -> str:
    inner = "".join(
        f'<t:ItemId Id="{view.mailbox.item_id(view.item)}" ChangeKey="{view.mailbox.change_key(view.item)}"/>'
        for view in views
    )
    return f"<t:{name}>{inner}</t:{name}>" if inner else ""


def _plain(name: str, value: object) -> str:
    return f"<t:{name}>{value}</t:{name}>"


def _flag(views: Iterable[ItemView]) -> str:
    states = {(view.get("item:Flag") or {}).get("FlagStatus") for view in views}
    return next((state for state in ("Flagged", "Complete") if state in states), "NotFlagged")


def _importance(views: Iterable[ItemView]) -> str:
    return max(
        (view.get("item:Importance") or "Normal" for view in views), key=lambda one: _RANKS.get(one, 1)
    )


Views = Sequence[ItemView]
_OF_MESSAGES: tuple[tuple[str, Callable[[str, Views], str]], ...] = (
    (
        "UniqueRecipients",
        lambda name, views: _strings(
            name, _names(one for view in views for one in view.get("message:ToRecipients") or ())
        ),
    ),
    (
        "UniqueUnreadSenders",
        lambda name, views: _strings(name, _names(_sender(view) for view in views if not view.item.is_read)),
    ),
    ("UniqueSenders", lambda name, views: _strings(name, _names(map(_sender, views)))),
    ("LastDeliveryTime", lambda name, views: _plain(name, timestamp(views[0].item.received))),
    (
        "Categories",
        lambda name, views: _strings(
            name, _unique(one for view in views for one in view.get("item:Categories") or ())
        ),
    ),
    ("FlagStatus", lambda name, views: _plain(name, _flag(views))),
    ("HasAttachments", lambda name, views: _plain(name, boolean(any(view.attachments for view in views)))),
    ("MessageCount", lambda name, views: _plain(name, len(views))),
    ("UnreadCount", lambda name, views: _plain(name, sum(not view.item.is_read for view in views))),
    ("Size", lambda name, views: _plain(name, sum(view.size for view in views))),
    (
        "ItemClasses",
        lambda name, views: _strings(name, _unique(view.item_class for view in views), "ItemClass"),
    ),
    ("Importance", lambda name, views: _plain(name, _importance(views))),
    ("ItemIds", _ids),
)
"""What is told twice: of the messages in the folder, and of those in all folders (``Global...``)."""


def render(conversation: Conversation, wanted: frozenset[str] | None, schema: Schema) -> str:
    """Return a ``Conversation`` element.

    Args:
        conversation: The conversation.
        wanted: Names of the elements beside the id; ``None`` for all.
        schema: The schema step of the request.
    """
    newest = conversation.here[0]
    rows = [("ConversationTopic", _plain("ConversationTopic", text(newest.conversation_topic)))]
    for name, write in _OF_MESSAGES:
        rows += [
            (name, write(name, conversation.here)),
            (f"Global{name}", write(f"Global{name}", conversation.everywhere)),
        ]
    if schema >= Schema.EXCHANGE2013:
        rows += _since_2013(conversation)
    chosen = "".join(xml for name, xml in rows if wanted is None or name in wanted)
    return f'<t:Conversation><t:ConversationId Id="{conversation.identity}"/>{chosen}</t:Conversation>'


def _since_2013(conversation: Conversation) -> list[tuple[str, str]]:
    newest = conversation.here[0]
    changed = max(view.item.modified or view.item.received for view in conversation.here)
    return [
        ("LastModifiedTime", _plain("LastModifiedTime", timestamp(changed))),
        ("Preview", _plain("Preview", text(preview(newest.body("Text")[1])))),
        ("IconIndex", _plain("IconIndex", "Default")),
        ("GlobalIconIndex", _plain("GlobalIconIndex", "Default")),
        ("DraftItemIds", _ids("DraftItemIds", (one for one in conversation.here if one.item.is_draft))),
        ("HasIrm", _plain("HasIrm", "false")),
        ("GlobalHasIrm", _plain("GlobalHasIrm", "false")),
    ]
