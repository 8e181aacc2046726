"""SMTP addresses of people whom Exchange names by the directory (routing type ``EX``), in messages of one mailbox.

Colleagues who have left, and some who have not, stand in From, To and Cc with the distinguished name that they had.
Who that is, is asked in this order: the SMTP address that Exchange noted of the sender when the message came; the
directory (``ResolveNames``), which knows the names of everybody who is there, former ones (``X500``) too; the headers
with which the message arrived, where the same name stands beside an SMTP address. Whoever cannot be found keeps the
distinguished name as address. Each name is asked for once a pass.

Source: [MS-OXWSRSLNM]; [MS-OXOMSG], PidTagSenderSmtpAddress; [MS-OXOABK], distinguished names.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from serversync.core.errors import Permanent
from serversync.exchange import outcome as ews
from serversync.exchange.client import EwsClient
from serversync.exchange.operations.get_item import GetItem
from serversync.exchange.operations.resolve_names import ResolveNames
from serversync.exchange.types.fields import ExtendedFieldURI, FieldURI
from serversync.exchange.types.ids import ItemId
from serversync.exchange.types.message import Mailbox, Message
from serversync.exchange.types.shapes import ItemShape
from serversync.rules.email.headers import addresses_by_name
from serversync.rules.email.message import Address, ReceivedMessage

LEGACY: Final = "EX"
"""The routing type of an address that is a distinguished name of the directory."""
_SENDER_SMTP: Final = ExtendedFieldURI(property_type="String", property_tag=0x5D01)
_FROM_SMTP: Final = ExtendedFieldURI(property_type="String", property_tag=0x5D02)
_HEADERS: Final = ExtendedFieldURI(property_type="String", property_tag=0x007D)
_SHAPE: Final = ItemShape(
    additional_properties=(FieldURI("message:Sender"), _SENDER_SMTP, _FROM_SMTP, _HEADERS)
)
"""Who sent it, the SMTP addresses that Exchange has kept of both though their mailboxes may be gone, the headers."""


def is_nameless(message: ReceivedMessage) -> bool:
    """Tell whether somebody of the message is to be looked up: no sender, or anybody named by the directory."""
    sender = message.sender
    if sender is None or sender.routing == LEGACY:
        return True
    for parties in (message.to, message.cc, message.bcc):
        for party in parties:
            if party.routing == LEGACY:
                return True
    return False


class DirectoryNames:
    """Looks people up for messages of one mailbox; remembers what it has found."""

    def __init__(self, client: EwsClient, mailbox: str | None) -> None:
        self._client = client
        self._mailbox = mailbox
        self._known: dict[str, str | None] = {}

    async def name(self, messages: Sequence[ReceivedMessage]) -> None:
        """Put SMTP addresses in the place of distinguished names, and a sender where From was empty.

        Raises:
            ServiceError: transient trouble, or anything that concerns more than one message.
        """
        ids = tuple([ItemId(message.item_id) for message in messages])
        outcomes = await self._client.call_bisecting(GetItem(ids, _SHAPE), mailbox=self._mailbox)
        for message, outcome in zip(messages, outcomes, strict=True):
            told = outcome.value if not isinstance(outcome, ews.Failure) else None
            await self._name(message, told if isinstance(told, Message) else Message())

    async def _name(self, message: ReceivedMessage, told: Message) -> None:
        kept = told.extended_properties
        if message.sender is None and told.sender is not None:
            message.sender = _address(told.sender)
        if message.sender is not None and message.sender.routing == LEGACY:
            smtp = kept.get(_FROM_SMTP) or kept.get(_SENDER_SMTP)
            if isinstance(smtp, str) and "@" in smtp:
                message.sender = Address(message.sender.name, smtp)
        headers = kept.get(_HEADERS)
        by_name = addresses_by_name(headers) if isinstance(headers, str) else {}
        if message.sender is not None:
            message.sender = await self._smtp(message.sender, by_name)
        message.to = [await self._smtp(party, by_name) for party in message.to]
        message.cc = [await self._smtp(party, by_name) for party in message.cc]
        message.bcc = [await self._smtp(party, by_name) for party in message.bcc]

    async def _smtp(self, party: Address, by_name: dict[str, str]) -> Address:
        if party.routing != LEGACY:
            return party
        key = party.address.lower()
        if key not in self._known:
            self._known[key] = await self._ask(party.address)
        found = self._known[key] or by_name.get(party.name.casefold())
        return party if found is None else Address(party.name, found)

    async def _ask(self, distinguished_name: str) -> str | None:
        """Return the SMTP address that the directory has; nobody where it knows none or several."""
        if not distinguished_name.startswith("/"):
            return None
        request = ResolveNames(unresolved_entry=distinguished_name)
        (outcome,) = await self._client.call(request, mailbox=self._mailbox)
        if isinstance(outcome, ews.Failure):
            if isinstance(outcome.error, Permanent):
                return None
            raise outcome.error
        found = {one.lower(): one for one in _smtp_addresses(outcome.value)}
        return found.popitem()[1] if len(found) == 1 else None


def _smtp_addresses(people: Sequence[Mailbox]) -> Iterator[str]:
    for one in people:
        if one.email_address and "@" in one.email_address and one.routing_type != LEGACY:
            yield one.email_address


def _address(mailbox: Mailbox) -> Address:
    return Address(mailbox.name or "", mailbox.email_address or "", mailbox.routing_type or "SMTP")
