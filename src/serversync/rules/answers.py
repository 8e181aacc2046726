"""What a mailbox has newly heard of the answers to a meeting.

Each mailbox of a meeting has its own word on who has answered what: an attendee's knows its own answer, the
organizer's those that reached it. An answer that was given without a response never reaches the organizer. So an item
says only what it did not say before; that it still knows of no answer takes away none that another mailbox has told.
"""

from typing import Final

from serversync.rules.record import Fields, Value

RESPONSES: Final = "responsestatus"
"""The field that says who has answered what: address, name and answer of each, where the mailbox knows them."""
_NO_NEWS: Final = {(before, now) for before in (0, 5) for now in (0, 5)} | {(None, 0)}
"""Answers before and now of which the later one tells nothing: ``Unknown`` and ``NoResponseReceived`` are no answer."""


def newly_heard(to_crm: Fields, before: Fields) -> Fields:
    """Return what goes to the CRM, of the answers only those that the item did not have before.

    Args:
        to_crm: What the CRM is to get from an item.
        before: The item in the last common state.

    >>> before = {"responsestatus": (("ben@example.org", None, 0), ("cleo@example.org", None, 0))}
    >>> now = {"responsestatus": (("ben@example.org", None, 0), ("cleo@example.org", None, 3))}
    >>> newly_heard(now, before)
    {'responsestatus': (('cleo@example.org', None, 3),)}
    """
    if RESPONSES not in to_crm:
        return to_crm
    known = {each[0]: each for each in _each(before.get(RESPONSES))}
    news: list[Value] = []
    for address, name, answer in _each(to_crm[RESPONSES]):
        _, old_name, old_answer = known.get(address, (address, None, None))
        is_new = answer not in (None, old_answer) and (old_answer, answer) not in _NO_NEWS
        if is_new or name != old_name:
            news.append((address, name, answer if is_new else None))
    rest = {name: value for name, value in to_crm.items() if name != RESPONSES}
    return rest | {RESPONSES: tuple(news)} if news else rest


def _each(value: Value) -> list[tuple[Value, Value, Value]]:
    """Return address, name and answer of everybody."""
    everybody = value if isinstance(value, tuple) else ()
    return [(each[0], each[1], each[2]) for each in everybody if isinstance(each, tuple)]
