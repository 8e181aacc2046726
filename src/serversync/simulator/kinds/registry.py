"""All kinds of items, by element name and by item class."""

from functools import lru_cache

from serversync.simulator.kinds.calendar_item import CALENDAR_ITEM
from serversync.simulator.kinds.contact import CONTACT
from serversync.simulator.kinds.distribution_list import DISTRIBUTION_LIST
from serversync.simulator.kinds.meeting_message import (
    MEETING_CANCELLATION,
    MEETING_MESSAGE,
    MEETING_REQUEST,
    MEETING_RESPONSE,
)
from serversync.simulator.kinds.message import ITEM, MESSAGE
from serversync.simulator.kinds.post_item import POST_ITEM
from serversync.simulator.kinds.property import ItemKind
from serversync.simulator.kinds.task import TASK
from serversync.simulator.versions import Schema

KINDS: dict[str, ItemKind] = {
    kind.element: kind
    for kind in (
        ITEM,
        MESSAGE,
        CALENDAR_ITEM,
        CONTACT,
        DISTRIBUTION_LIST,
        MEETING_MESSAGE,
        MEETING_REQUEST,
        MEETING_RESPONSE,
        MEETING_CANCELLATION,
        TASK,
        POST_ITEM,
    )
}
"""Every kind by the name of its element."""

_BY_CLASS = sorted(
    ((prefix, kind) for kind in KINDS.values() for prefix in kind.classes),
    key=lambda pair: len(pair[0]),
    reverse=True,
)


@lru_cache(maxsize=1024)
def kind_of(item_class: str, schema: Schema) -> ItemKind:
    """Return the kind of an item class; an unknown one is a message from 2013 on and an item before.

    The longest matching class wins; a class matches itself and everything below it (``IPM.Note.SMIME``).
    """
    wanted = item_class.upper()
    for prefix, kind in _BY_CLASS:
        if wanted == prefix or wanted.startswith(prefix + "."):
            return kind
    return MESSAGE if schema >= Schema.EXCHANGE2013 else ITEM
