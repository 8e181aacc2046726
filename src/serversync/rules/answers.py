"""What a mailbox has newly heard of the answers to a meeting.

Each mailbox of a meeting has its own word on who has answered what: an attendee's knows its own answer, the
organizer's those that reached it. An answer that was given without a response never reaches the organizer. So an item
says only what it did not say before; that it still knows of no answer takes away none that another mailbox has told.

Whoever answers a single occurrence of a series otherwise than the series has one more word, which names the day of that
occurrence. Where the word is gone, the occurrence is answered as the series is, also when that is answered otherwise later:
such news names the day and no answer.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from serversync.rules.record import Fields, Value

RESPONSES: Final = "responsestatus"
"""The field that says who has answered what: address, name and answer of each, where the mailbox knows them.

An answer to one occurrence of a series stands behind them, with the day of the occurrence by its pattern.
"""
NO_ANSWER: Final = frozenset({None, 0, 5})
"""What is no answer: ``Unknown`` and ``NoResponseReceived`` are none."""
_Said = tuple[Value, ...]
_OF_WHOLE: Final = len(("address", "name", "answer"))
_NO_NEWS: Final = {(before, now) for before in (0, 5) for now in (0, 5)} | {(None, 0)}
"""Answers before and now of which the later one tells nothing: ``Unknown`` and ``NoResponseReceived`` are no answer."""


def newly_heard(to_crm: Fields, before: Fields, *, is_anew: bool = False) -> Fields:
    """Return what goes to the CRM, of the answers only those that the item did not have before.

    Args:
        to_crm: What the CRM is to get from an item.
        before: The item in the last common state.
        is_anew: Whether what was answered to single occurrences before is about other ones than now.

    >>> before = {"responsestatus": (("ben@example.org", None, 0), ("cleo@example.org", None, 0))}
    >>> now = {"responsestatus": (("ben@example.org", None, 0), ("cleo@example.org", None, 3))}
    >>> newly_heard(now, before)
    {'responsestatus': (('cleo@example.org', None, 3),)}
    """
    if RESPONSES not in to_crm:
        return to_crm
    known = {_which(each): each for each in _each(before.get(RESPONSES))}
    gone = [each for each in known.values() if len(each) > _OF_WHOLE and to_crm[RESPONSES] is not None]
    if is_anew:
        known = {_which(each): each for each in of_the_whole(before.get(RESPONSES))}
    now = {_which(each): each for each in _each(to_crm[RESPONSES])}
    news: list[Value] = []
    for which, (address, name, answer, *day) in now.items():
        _, old_name, old_answer, *_ = known.get(which, (address, None, None))
        is_new = answer not in (None, old_answer) and (old_answer, answer) not in _NO_NEWS
        if is_new or (name != old_name and not day):
            news.append((address, name, answer if is_new else None, *day))
    news += [(address, name, None, day) for address, name, _, day in gone if (address, day) not in now]
    rest = {name: value for name, value in to_crm.items() if name != RESPONSES}
    return rest | {RESPONSES: tuple(news)} if news else rest


def with_occurrences(series: Value, single: Mapping[date, Value]) -> Value:
    """Return the answers to a series together with those to single occurrences that are other ones.

    >>> ben = ("ben@example.org", None, 3)
    >>> with_occurrences((ben,), {date(2026, 7, 1): (ben,), date(2026, 7, 8): (("ben@example.org", None, 4),)})
    (('ben@example.org', None, 3), ('ben@example.org', None, 4, '2026-07-08'))
    """
    of_series = {address: answer for address, _, answer, *_ in _each(series)}
    others = [
        (address, name, answer, day.isoformat())
        for day, said in sorted(single.items())
        for address, name, answer, *_ in _each(said)
        if is_other(answer, of_series.get(address))
    ]
    return (*_each(series), *others) or None


def of_occurrences(said: Value) -> dict[date, list[_Said]]:
    """Return the answers to single occurrences (address, name, answer), by their days; none says: as the series."""
    found: dict[date, list[_Said]] = {}
    for each in _each(said):
        if len(each) > _OF_WHOLE:
            found.setdefault(date.fromisoformat(str(each[3])), []).append(each[:3])
    return found


def of_the_whole(said: Value) -> list[_Said]:
    """Return the answers to a meeting, or to a series as a whole: address, name and answer."""
    return [each for each in _each(said) if len(each) == _OF_WHOLE]


def whole_alone(exchange: Fields) -> Fields:
    """Return the answers of an item as they are when a new pattern has taken those to single occurrences away."""
    return {RESPONSES: tuple(of_the_whole(exchange.get(RESPONSES)))}


def as_heard_before(exchange: Fields, former: Fields) -> Fields:
    """Return an item with what the CRM has heard of single occurrences from the one in whose place it is made.

    >>> former = {"responsestatus": (("ben@example.org", None, 3), ("cleo@example.org", None, 4, "2026-07-08"))}
    >>> as_heard_before({"responsestatus": (("ben@example.org", None, 0),)}, former)
    {'responsestatus': (('ben@example.org', None, 0), ('cleo@example.org', None, 4, '2026-07-08'))}
    """
    heard = [each for each in _each(former.get(RESPONSES)) if len(each) > _OF_WHOLE]
    return {**exchange, RESPONSES: (*of_the_whole(exchange.get(RESPONSES)), *heard)} if heard else exchange


def own_answer(exchange: Fields, address: str) -> Value:
    """Return what the owner of a mailbox has answered to a meeting, as far as the item says so.

    >>> own_answer({"responsestatus": (("ben@example.org", None, 3),)}, "Ben@example.org")
    3
    """
    said = {name: answer for name, _, answer in of_the_whole(exchange.get(RESPONSES))}
    return said.get(address.lower())


def is_other(answer: Value, before: Value) -> bool:
    """Tell whether an answer is another one than before; one that nobody knows is none, and of no answer there are several kinds.

    >>> is_other(3, 2), is_other(5, 3), is_other(5, None), is_other(None, 3)
    (True, True, False, False)
    """
    return answer not in (None, before) and not NO_ANSWER.issuperset((answer, before))


def _which(said: _Said) -> tuple[Value, Value]:
    """Return whose answer it is, and to which occurrence; none for the whole."""
    return said[0], said[3] if len(said) > _OF_WHOLE else ""


def _each(value: Value) -> list[_Said]:
    everybody = value if isinstance(value, tuple) else ()
    return [each for each in everybody if isinstance(each, tuple)]
