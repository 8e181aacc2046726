"""The recipients of a message as the CRM knows them; worked out once a page for all messages to the same people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from serversync.rules.email.acceptance import Decision
from serversync.rules.email.filtering import Acceptance, Principal
from serversync.rules.email.message import Address, ReceivedMessage
from serversync.rules.email.ownership import Ownership, owner_of
from serversync.rules.email.parties import Record, resolve_recipient
from serversync.rules.email.settings import EmailSettings


class Taken(NamedTuple):
    """Who takes messages of nobody known to this circle, as the reader ``reader`` sees it."""

    reader: Principal | None
    acceptance: Acceptance
    decision: Decision


@dataclass(slots=True)
class Circle:
    """Everybody to whom a message went.

    Attributes:
        found: The records of each address that has some, in lower case.
        named: The users and queues among them, in the order To, Cc, Bcc.
        owners: For To, Cc and Bcc the users that may own the activity.
        queues: The queues among them in which it waits.
        taken: What was decided before about messages to them, by whether they belong to an e-mail; only those whose
            sender the CRM does not know, for which nothing else counts.
    """

    found: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    named: Sequence[Principal] = ()
    owners: tuple[Sequence[UUID], Sequence[UUID], Sequence[UUID]] = ((), (), ())
    queues: tuple[UUID, ...] = ()
    taken: dict[bool, Taken] = field(default_factory=dict)
    _owned: dict[UUID | None, Ownership] = field(default_factory=dict)

    def ownership(
        self, *, correlated_owner: UUID | None, sender_owner: UUID | None, fallback: UUID | None
    ) -> Ownership:
        """Return whose the activity is; see ``owner_of``."""
        if correlated_owner is None and sender_owner is None:
            known = self._owned.get(fallback)
            if known is None:
                known = self._owned[fallback] = owner_of(
                    self.owners, correlated_owner=None, sender_owner=None, fallback=fallback
                )
            return known
        return owner_of(
            self.owners, correlated_owner=correlated_owner, sender_owner=sender_owner, fallback=fallback
        )


@dataclass(frozen=True, slots=True)
class People:
    """Who the addresses of a page are: records by address (lower case), users and queues by their id."""

    records: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    principals: Mapping[UUID, Principal] = field(default_factory=dict)
    _circles: dict[tuple[tuple[Address, ...], ...], Circle] = field(
        default_factory=dict, repr=False, compare=False
    )

    def of(self, address: str) -> Sequence[Record]:
        """Return the records that carry an address."""
        return self.records.get(address.lower(), ()) if self.records else ()

    def circle(self, message: ReceivedMessage, settings: EmailSettings) -> Circle:
        """Return the recipients of a message; the settings are the same for all messages of a page."""
        key = tuple(message.to), tuple(message.cc), tuple(message.bcc)
        circle = self._circles.get(key)
        if circle is None:
            circle = self._circles[key] = self._new_circle(message, settings)
        return circle

    def _new_circle(self, message: ReceivedMessage, settings: EmailSettings) -> Circle:
        if not self.records:
            return Circle()
        found: dict[str, Sequence[Record]] = {}
        named: dict[UUID, Principal] = {}
        owners: tuple[list[UUID], list[UUID], list[UUID]] = ([], [], [])
        for parties, mine in zip((message.to, message.cc, message.bcc), owners, strict=True):
            for party in parties:
                address = party.address.lower()
                records = self.records.get(address)
                if records is None:
                    continue
                if address not in found:
                    found[address] = resolve_recipient(
                        records, unresolve_multiple=settings.unresolveemailaddressifmultiplematch
                    )
                for record in records:
                    principal = self.principals.get(record.recordid)
                    if principal is not None:
                        named.setdefault(principal.recordid, principal)
                for record in found[address]:
                    principal = self.principals.get(record.recordid)
                    if principal is not None and principal.enabled and principal.ownerid is not None:
                        mine.append(principal.ownerid)
        queues = tuple(
            [
                one.recordid
                for one in named.values()
                if one.table == "queue"
                and one.enabled
                and (one.approved or not settings.requireapprovalforqueueemail)
            ]
        )
        return Circle(found, list(named.values()), owners, queues)
