"""What a record is about, and which company a contact belongs to: one reference, chosen on either side.

A reference is a text, ``account:`` and an id, the same on both sides. In Exchange it stands in a property of its own,
which most items do not have and some clients take away; what is missing takes nothing away unless it was there, and the
item still has our stamp. The company that Outlook shows is the name of the parent, and follows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from serversync.rules.diff import Common
from serversync.rules.merge import Merged
from serversync.rules.record import Direction, Fields, Kind, Side, Value

REGARDING: Final = "regardingobjectid"
"""The field; of a contact it is its parent."""
COMPANY: Final = "parentcustomerid"
"""The name of a contact's parent, which Outlook shows as the company."""
_CUSTOMERS: Final = frozenset({"account", "contact"})
_ANYBODY: Final = frozenset({"account", "contact", "lead"})


def targets(kind: Kind) -> frozenset[str]:
    """Return the tables that a record of a kind can be about, where that is chosen in Exchange."""
    return _CUSTOMERS if kind is Kind.CONTACT else _ANYBODY


def reference(table: str, key: UUID) -> str:
    """Return the text that names a record.

    >>> reference("account", UUID(int=7))
    'account:00000000-0000-0000-0000-000000000007'
    """
    return f"{table}:{key}"


def parsed(text: str) -> tuple[str, UUID] | None:
    """Return table and id of the record that a text names; ``None`` where it names none.

    >>> parsed(" Account:{00000000-0000-0000-0000-000000000007} ")
    ('account', UUID('00000000-0000-0000-0000-000000000007'))
    >>> parsed("account") is parsed("account:7") is None
    True
    """
    table, colon, key = text.strip().partition(":")
    table = table.strip().lower()
    try:
        return (table, UUID(key.strip())) if colon and table else None
    except ValueError:
        return None


def normal(text: str) -> str | None:
    """Return a text in the one way in which both sides write it; one that names nothing stays what it is.

    >>> normal(" Lead:0000000000000000000000000000000A"), normal("  "), normal(" Harbour ")
    ('lead:00000000-0000-0000-0000-00000000000a', None, 'Harbour')
    """
    found = parsed(text)
    return reference(*found) if found else text.strip() or None


def without_dropped(base: Common, exchange: Fields) -> Common:
    """Return the common state of a pair whose item has lost our stamp, given what the item says now.

    Whoever takes the reference away leaves the stamp. Where both have gone, a client has dropped everything that it does
    not know, and nobody has said anything: then nothing is known of before, and the reference goes to the item again.
    """
    if exchange.get(REGARDING) is not None or base.exchange.get(REGARDING) is None:
        return base
    return Common(*({n: v for n, v in each.items() if n != REGARDING} for each in (base.crm, base.exchange)))


@dataclass(frozen=True, slots=True)
class Company:
    """What is known of the parent that somebody has chosen for a contact in Outlook.

    Attributes:
        reference: The parent; ``None`` where a company that was typed names none.
        name: What it is called.
        is_typed: Whether it was typed as the company, so that the item does not say the reference yet.
        why: What came of a company that was typed, in words for a person.
    """

    reference: str | None = None
    name: str | None = None
    is_typed: bool = False
    why: str = ""


def newly_said(name: str, base: Common | None, crm: Fields | None, exchange: Fields) -> str | None:
    """Return what an item says in a field that neither the common state nor the record knows; ``None`` for nothing."""
    said = exchange.get(name)
    if not isinstance(said, str) or not said:
        return None
    is_known = crm is not None and said in (crm.get(name), None if base is None else base.exchange.get(name))
    return None if is_known else said


def with_company(
    merged: Merged,
    company: Company | None,
    *,
    crm: Fields,
    exchange: Fields,
    directions: Mapping[str, Direction],
) -> Merged:
    """Return what both sides get, with the parent that was typed, and the company that follows a chosen parent.

    Args:
        merged: What they get so far.
        company: What is known of the parent that was chosen in Outlook.
        crm: The contact in the CRM.
        exchange: The contact in Exchange.
        directions: The fields that count, with the way each goes.
    """
    to_crm: dict[str, Value] = dict(merged.to_crm)
    to_exchange: dict[str, Value] = dict(merged.to_exchange)
    if company is not None and company.is_typed and company.reference is not None and _is_free(merged):
        to_crm[REGARDING] = to_exchange[REGARDING] = company.reference
    if REGARDING not in to_crm or not directions.get(COMPANY, Direction.NONE).goes_to(Side.EXCHANGE):
        return Merged(to_crm, to_exchange, merged.conflicts)
    shown = exchange.get(COMPANY)
    if to_crm[REGARDING] is None:
        if shown is not None and shown == crm.get(COMPANY):
            to_exchange[COMPANY] = None
    elif company is not None and company.reference == to_crm[REGARDING] and shown != (company.name or None):
        to_exchange[COMPANY] = company.name or None
    return Merged(to_crm, to_exchange, merged.conflicts)


def _is_free(merged: Merged) -> bool:
    """Tell whether nothing else decides on the parent: a choice of somebody's comes before what was typed."""
    return REGARDING not in merged.to_crm and REGARDING not in merged.to_exchange
