"""What items newly say of what their records are about: looked up in the CRM before it is believed.

One question for all of a batch, and none where nothing is newly said. What cannot be used is set aside with its reason;
everything else of the item goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from msgspec import structs

from serversync.core.errors import RegardingNotSynchronized
from serversync.engine.act_identity import Meeting
from serversync.engine.act_ports import ActRun, ActStore, Record
from serversync.rules.plan import Pair
from serversync.rules.record import Direction, Kind, Side
from serversync.rules.regarding import COMPANY, REGARDING, Company, newly_said, parsed, targets

Pairs = dict[UUID, tuple[Pair, Meeting, Record | None]]
_SHOWN: Final = 80


async def look_up(run: ActRun, store: ActStore, pairs: Pairs) -> None:
    """Take into the pairs what can be made of what their items newly say.

    Raises:
        ServiceError: the database cannot be read now.
    """
    await _look_up_references(run, store, pairs)
    if run.takes_companies:
        await _look_up_companies(run, store, pairs)


async def _look_up_references(run: ActRun, store: ActStore, pairs: Pairs) -> None:
    said = {
        key: reference
        for key, (pair, _, _) in pairs.items()
        if pair.exchange is not None
        and REGARDING in pair.exchange
        and _counts(run, pair)
        and (reference := newly_said(REGARDING, pair.base, pair.crm, pair.exchange)) is not None
    }
    if not said:
        return
    reasons = {key: _reason_against(pairs[key][0], reference) for key, reference in said.items()}
    asked = {said[key] for key, reason in reasons.items() if reason is None}
    names = await store.names_of(run, sorted(asked)) if asked else {}
    for key, said_of_it in said.items():
        pair, meeting, record = pairs[key]
        reason = reasons[key]
        if reason is None and said_of_it not in names:
            reason = "there is no such record that the user of the mailbox may read"
        if reason is not None:
            pairs[key] = (_aside(pair, meeting, reason, run.address), meeting, record)
        elif pair.kind is Kind.CONTACT:
            pairs[key] = (replace(pair, company=Company(said_of_it, names[said_of_it])), meeting, record)


def _counts(run: ActRun, pair: Pair) -> bool:
    """Tell whether what the item says would go to the CRM."""
    if pair.base is None and pair.crm is None and not (pair.takes_part and pair.facts.may_be_taken_in):
        return False
    direction = pair.facts.within(run.rules[pair.kind].effective).get(REGARDING, Direction.NONE)
    return direction.goes_to(Side.CRM)


def _reason_against(pair: Pair, reference: str) -> str | None:
    """Return why a record cannot be about this, as far as the text itself tells."""
    found = parsed(reference)
    allowed = sorted(targets(pair.kind))
    if found is None:
        return "it has to be the name of a table, a colon and an id"
    if found[0] not in allowed:
        return f"the table has to be one of {', '.join(allowed)}"
    if found == (pair.kind.value, pair.crmid):
        return "it names the record itself"
    return None


def _aside(pair: Pair, meeting: Meeting, reason: str, mailbox: str) -> Pair:
    """Set the field aside; of what may have come with somebody else's invitation nobody needs to hear."""
    item = meeting.item
    assert item is not None  # noqa: S101 - it has said something
    is_own = item.appointment is None or item.appointment.is_organizer
    value = str(item.fields.get(REGARDING))[:_SHOWN]
    error = RegardingNotSynchronized(value=value, mailbox=mailbox, reason=reason) if is_own else None
    meeting.item = structs.replace(item, aside={**item.aside, REGARDING: error})
    return replace(pair, facts=replace(pair.facts, aside=pair.facts.aside | {REGARDING}))


async def _look_up_companies(run: ActRun, store: ActStore, pairs: Pairs) -> None:
    typed = {
        key: name
        for key, (pair, _, _) in pairs.items()
        if pair.kind is Kind.CONTACT and (name := _typed(run, pair)) is not None
    }
    if not typed:
        return
    found = await store.accounts_called(run, sorted(set(typed.values())))
    for key, name in typed.items():
        pair, meeting, record = pairs[key]
        pairs[key] = (replace(pair, company=_company(name, found.get(name, ()))), meeting, record)


def _typed(run: ActRun, pair: Pair) -> str | None:
    """Return the company that somebody has typed for a contact of which nobody has chosen the parent meanwhile."""
    if pair.exchange is None or pair.company is not None or REGARDING in pair.facts.aside:
        return None
    name = newly_said(COMPANY, pair.base, pair.crm, pair.exchange)
    if name is None or not _counts(run, pair):
        return None
    crm, exchange = (pair.crm or {}).get(REGARDING), pair.exchange.get(REGARDING)
    if pair.base is None:
        return name if crm is None and exchange is None else None
    is_as_it_was = crm == pair.base.crm.get(REGARDING) and exchange == pair.base.exchange.get(REGARDING)
    return name if is_as_it_was else None


def _company(name: str, accounts: Sequence[tuple[str, str]]) -> Company:
    """Return what comes of a company that was typed, given reference and name of the accounts that it can mean."""
    match accounts:
        case [(reference, called)]:
            return Company(reference, called, is_typed=True, why=f"the account {called!r} becomes its parent")
        case []:
            count = "no active account"
        case _:
            count = "more than one active account"
    return Company(why=f"the parent stays: {count} that the user may read is called {name!r}")
