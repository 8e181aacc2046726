"""Copies of meeting messages for the delegates of a mailbox, as its owner wants them delivered."""

from typing import TYPE_CHECKING

from serversync.simulator.addresses import Address
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.storeditem import StoredItem

if TYPE_CHECKING:
    from serversync.simulator.exchange import Exchange


def hand_to_delegates(exchange: "Exchange", mailbox: Mailbox, item: StoredItem) -> StoredItem:
    """Give delegates their copies of a meeting message that arrived, and return where the owner's own is then.

    A delegate's copy says that it is one (``IsDelegated``) and whom it was for; the attendant leaves it alone.

    Args:
        exchange: The server.
        mailbox: The owner's mailbox.
        item: The owner's message.
    """
    wanted = [address for address, rights in mailbox.delegate_rights.items() if rights.receives_copies]
    if mailbox.meeting_requests_to == "NoForward" or not wanted:
        return item
    owner = Address(mailbox.display_name, mailbox.primary_smtp_address)
    for address in wanted:
        other = exchange.find_mailbox(address)
        if other is None:
            continue
        copy = StoredItem(
            0,
            0,
            mailbox.mime(item),
            item.received,
            item_class=item.item_class,
            properties={
                **(item.properties or {}),
                "meeting:IsDelegated": True,
                "meeting:HasBeenProcessed": True,
                "meeting:AssociatedCalendarItemId": None,
                "message:ReceivedRepresenting": owner,
            },
            exceptions=item.exceptions,
        )
        other.receive_item(copy)
    if mailbox.meeting_requests_to == "DelegatesOnly":
        return mailbox.move(item.number, mailbox.distinguished_folder("deleteditems"))
    return item
