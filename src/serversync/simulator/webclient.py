"""Where Outlook on the web opens an item: the links that items tell."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from serversync.simulator.versions import Schema

if TYPE_CHECKING:
    from serversync.simulator.itemview import ItemView

_FIRST_WITHOUT_EDIT_FORM = (15, 2)
"""Exchange 2019 does not tell it any more (Microsoft, Interop test suites)."""


def read_form(view: "ItemView") -> str | None:
    """Return the link to read an item: a query of 2010, a whole URL since 2013; ``None`` for an attached one."""
    if view.path:
        return None
    found = quote(view.mailbox.item_id(view.item), safe="")
    if view.server.schema < Schema.EXCHANGE2013:
        return f"?ae=Item&a=Open&t={quote(view.item_class)}&id={found}&exvsurl=1"
    return f"{_owa(view)}?ItemID={found}&exvsurl=1&viewmodel=ReadMessageItem"


def edit_form(view: "ItemView") -> str | None:
    """Return the link to change an item, where the server tells one."""
    if view.path or view.server.build >= _FIRST_WITHOUT_EDIT_FORM:
        return None
    found = quote(view.mailbox.item_id(view.item), safe="")
    if view.server.schema < Schema.EXCHANGE2013:
        return f"?ae=Item&a=Open&t={quote(view.item_class)}&id={found}&s=Draft&exvsurl=1"
    return f"{_owa(view)}?ItemID={found}&exvsurl=1&viewmodel=ComposeItem"


def _owa(view: "ItemView") -> str:
    return f"https://mail.{view.mailbox.primary_smtp_address.rpartition('@')[2]}/owa/"
