"""What the item of an attendee newly says while another mailbox speaks, and the record has not heard of yet.

One mailbox speaks for a meeting: its organizer's, as long as that is synchronized, and otherwise the next one that has it. The
others are silent, and what their items say becomes the common state without going to the record, which hears of it from the one that
speaks. Should that one stop before, its successor must not take such a change for known. So the common state of what
an update of the organizer changes, and the record does not say yet, stays what it was.

What an attendee changes of the own copy (how it shows, notes in its body) is nothing that the organizer would tell.
"""

from typing import Final

from serversync.rules.diff import Common
from serversync.rules.record import Fields, Value
from serversync.rules.series.changes import PREFIX
from serversync.rules.series.timetable import PATTERN, TIMES

_TOLD: Final = ("subject", "location", "isalldayevent", "scheduledstart", PATTERN, TIMES)
_INVITED: Final = ("requiredattendees", "optionalattendees", "resources")
"""Who stays invited is not told that others are or are not, so that an old list alone is no change."""
_STATUS: Final = "statecode"
_CANCELED: Final[Value] = (2, 4)


def unheard(base: Common | None, crm: Fields, exchange: Fields) -> frozenset[str]:
    """Return the fields of a silent item that were changed, of which the record says nothing yet.

    >>> base = Common({"subject": "Tea"}, {"subject": "Tea", "statecode": (0, 2)})
    >>> sorted(unheard(base, {"subject": "Tea"}, {"subject": "Coffee", "statecode": (3, 5)}))
    ['subject']
    >>> sorted(unheard(base, {"subject": "Coffee"}, {"subject": "Coffee", "statecode": (2, 4)}))
    ['statecode']

    Args:
        base: The last common state; where there is none, whatever differs may be such a change.
        crm: The record.
        exchange: The item.
    """
    before = crm if base is None else base.exchange
    names = {*_TOLD, *(name for each in (before, exchange) for name in each if name.startswith(PREFIX))}
    if base is not None:
        names.update(_INVITED)
    if exchange.get(_STATUS) == _CANCELED:
        names.add(_STATUS)
    return frozenset(name for name in names if exchange.get(name) not in (before.get(name), crm.get(name)))
