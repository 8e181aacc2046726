"""Guests of one occurrence of a series alone: what they have answered is told by their own items.

Such an item has the id of the series and is none. It becomes no record, because the series is one with all of its
occurrences (``act_identity``); but where somebody answers without a response, nothing else knows of the answer.
"""

from collections.abc import Sequence
from datetime import datetime

from serversync.core.errors import ItemGone, Permanent, ServiceError
from serversync.engine.act_ports import ActMailbox, ActRun, ActStore, GuestAnswer, Item
from serversync.rules.answers import RESPONSES, own_answer
from serversync.rules.record import Direction, Kind, Side


async def tell(
    run: ActRun, mailbox: ActMailbox, store: ActStore, items: Sequence[Item], now: datetime
) -> None:
    """Let the CRM know what the owner of the mailbox has answered to single occurrences; then the items are done.

    Args:
        run: The run.
        mailbox: The mailbox; it is asked for the days of those that say anything of an answer, be it that there is none.
        store: The store.
        items: Items that are part of a series of the CRM.
        now: The time.

    Raises:
        ServiceError: Exchange or the database cannot be asked now; the items stay due.
    """
    said = {item.item_id: item for item in items if _says_something(run, item)}
    days = await mailbox.occurrence_days(list(said)) if said else []
    done = [item.item_id for item in items if item.item_id not in said]
    answers: list[GuestAnswer] = []
    for item, day in zip(said.values(), days, strict=True):
        if day is None or isinstance(day, ItemGone):
            done.append(item.item_id)
        elif isinstance(day, ServiceError):
            if not isinstance(day, Permanent):
                raise day
            # It was read a moment ago; it stays due.
        elif item.appointment is not None:
            answer = own_answer(item.fields, run.address)
            series = str(item.fields.get("globalobjectid"))
            ends_on = item.appointment.ends_on
            answers.append(GuestAnswer(item.item_id, series, day, run.address.lower(), answer, ends_on))
    if done:
        await store.done(run, Kind.APPOINTMENT, done)
    if answers:
        await store.hear_guests(run, answers, now)


def _says_something(run: ActRun, item: Item) -> bool:
    """Tell whether an item says what its owner has answered, and whether the CRM is to hear of it."""
    rules = run.rules.get(Kind.SERIES)
    direction = Direction.NONE if rules is None else rules.effective.get(RESPONSES, Direction.NONE)
    if not direction.goes_to(Side.CRM) or item.appointment is None or item.appointment.is_cancelled:
        return False
    return own_answer(item.fields, run.address) is not None
