"""Single fields of a pair that are set aside: the others go on, and the common state of these stays what it was.

So whatever looks at the pair again finds them still to be done.
"""

from collections.abc import Iterator, Mapping

from serversync.core.errors import ServiceError
from serversync.engine.act_ports import NOTHING_ASIDE, Item, Written
from serversync.rules.diff import Common
from serversync.rules.record import Fields, is_among

Aside = Mapping[str, ServiceError | None]


def aside_of(item: Item | None, written: Written | None) -> Aside:
    """Return what the item could not say, and what Exchange has not taken."""
    unread = NOTHING_ASIDE if item is None else item.aside
    unwritten = NOTHING_ASIDE if written is None else written.aside
    return {**unread, **unwritten} if unread or unwritten else NOTHING_ASIDE


def troubles_of(aside: Aside) -> Iterator[ServiceError]:
    """Yield the errors, for people; what was only not looked at is none."""
    return (error for error in aside.values() if error is not None)


def keeping(names: frozenset[str], before: Common | None, after: Common) -> Common:
    """Return the common state, in which these fields stay what they were."""
    if not names:
        return after
    return Common(
        kept_aside(names, {} if before is None else before.crm, after.crm),
        kept_aside(names, {} if before is None else before.exchange, after.exchange),
    )


def kept_aside(names: frozenset[str], before: Fields, after: Fields) -> Fields:
    """Return the picture of one side, in which these fields stay what they were.

    >>> kept_aside(frozenset({"fax"}), {"fax": "1"}, {"fax": "2", "pager": "3"})
    {'pager': '3', 'fax': '1'}
    """
    kept = {name: value for name, value in after.items() if not is_among(name, names)}
    return kept | {name: value for name, value in before.items() if is_among(name, names)}
