"""The category that marks what is tracked: the same one in a mailbox, whatever people call it.

In a mailbox the category has an id and a name; people may rename it, and by the id it is still known. Names that it had
before go on meaning it, because items keep the name with which they were marked. Source: Microsoft, "Use Outlook
category to track appointments and emails".
"""

from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

COLOR = 1
"""The colour with which it is made (orange); people may choose another."""


class InMailbox(NamedTuple):
    """A category of the mailbox's list."""

    categoryid: str
    name: str
    color: int


class TrackingCategory(NamedTuple):
    """What is known of the category in a mailbox.

    Attributes:
        name: What it is called there.
        wanted: What the organization calls it now.
        wanted_before: What the organization called it when the list was last looked at; empty before the first time.
        categoryid: Its id there, where it has one.
        color: The number of its colour there.
        former: Names that it had there before, and that items may still carry.
        others: Names of other categories that were seen there; an unknown one may be a new name of this one.
        is_on: Whether categories count at all.
        is_due: Whether the list is to be looked at.
    """

    name: str
    wanted: str
    wanted_before: str = ""
    categoryid: str | None = None
    color: int = COLOR
    former: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()
    is_on: bool = True
    is_due: bool = False


class Step(Enum):
    """What is to be done to the list."""

    NOTHING = "nothing"
    ADD = "add"
    RENAME = "rename"
    REMOVE = "remove"


class Move(NamedTuple):
    """What is to be done, and the category as it is then; the id is empty for a new one."""

    step: Step
    category: InMailbox


def next_move(known: TrackingCategory, found: Collection[InMailbox]) -> Move:
    """Return what is to be done to the list of a mailbox.

    A category that people renamed keeps their name, until the organization chooses another one. One that they deleted
    is made again. One that is there already under the wanted name is taken over.
    """
    own = next((one for one in found if known.categoryid and one.categoryid == known.categoryid), None)
    if not known.is_on:
        return Move(Step.REMOVE, own) if own else Move(Step.NOTHING, InMailbox("", known.name, COLOR))
    has_changed = known.wanted != known.wanted_before
    name = known.wanted if has_changed or not known.name else known.name
    namesake = next((one for one in found if one.name.casefold() == name.casefold()), None)
    if own is None:
        if namesake is not None:
            return Move(Step.NOTHING, namesake)
        return Move(Step.ADD, InMailbox(known.categoryid or "", name, COLOR))
    if not has_changed or own.name == name:
        return Move(Step.NOTHING, own)
    if namesake is not None and namesake.categoryid != own.categoryid:
        return Move(Step.NOTHING, namesake)
    return Move(Step.RENAME, own._replace(name=name))


def after(known: TrackingCategory, now: InMailbox, found: Collection[InMailbox]) -> TrackingCategory:
    """Return what is known once the list was looked at and is as it should be."""
    former = [one for one in (*known.former, known.name) if one and one != now.name]
    return known._replace(
        name=now.name,
        wanted_before=known.wanted,
        categoryid=now.categoryid or None,
        color=now.color,
        former=tuple(dict.fromkeys(former)),
        others=frozenset(one.name for one in found if one.categoryid != now.categoryid) | known.others,
        is_due=False,
    )
