"""The identity of a meeting: its clean global object id in Exchange, and the record that it is in the CRM.

A meeting has the same clean global object id in every mailbox that it stands in. One that the CRM has made is made with an
id that holds the record's; one that was made in Exchange becomes the record whose id follows from it. So two mailboxes that
meet the same meeting at the same time can only ever make the same record of it.

Source: MS-OXOCAL 2.2.1.27 (PidLidGlobalObjectId): sixteen bytes that are always the same, the day of an occurrence,
a time, eight reserved bytes, the size of what follows, and that.
"""

from datetime import date
from struct import pack, unpack_from
from typing import Final
from uuid import UUID

from serversync.core.ids import named_uuid

_HEAD: Final = bytes.fromhex("040000008200E00074C5B7101A82E008")
_PLAIN: Final = _HEAD + bytes(4 + 8 + 8) + pack("<I", 24)
"""No day, no time, and how long the rest is."""
_OURS: Final = (_PLAIN + b"CRM-rec\x00").hex().upper()
"""What an id begins with that holds a record's: a mark of ours stands before the record's id."""
_OUR_SERIES: Final = (_PLAIN + b"CRM-ser\x00").hex().upper()
"""The same of a series; another mark, because a guest at one of its occurrences has that one as a meeting of its own."""
_MEETINGS: Final = UUID("5b0f6a1e-3d59-4c07-9b2c-4e5d8f6a7c21")
_SERIES: Final = UUID("c1b8d5d2-7f0c-4f5e-8b7c-2f9a60a4d3b6")


def global_object_id(record: UUID) -> str:
    """Return the id of the meeting that a record is made into, in hexadecimal digits; it is its UID too.

    >>> record_of(global_object_id(UUID(int=7)))
    UUID('00000000-0000-0000-0000-000000000007')
    """
    return f"{_OURS}{record.int:032X}"


def record_of(global_id: str) -> UUID:
    """Return the record that a meeting with this clean global object id is, or becomes.

    >>> record_of("0400") == record_of("0400"), record_of("0400") == record_of("0500")
    (True, False)
    """
    return _record_of(global_id, _OURS, _MEETINGS)


def global_object_id_of_series(record: UUID) -> str:
    """Return the id of the meeting that the record of a series is made into.

    >>> series_of(global_object_id_of_series(UUID(int=7)))
    UUID('00000000-0000-0000-0000-000000000007')
    """
    return f"{_OUR_SERIES}{record.int:032X}"


def series_of(global_id: str) -> UUID:
    """Return the record that a series with this clean global object id is, or becomes.

    An appointment that is made a series keeps its id in Exchange and is another record in the CRM.

    >>> series_of("0400") == record_of("0400")
    False
    """
    return _record_of(global_id, _OUR_SERIES, _SERIES)


def day_of_occurrence(global_id: bytes) -> date | None:
    """Return the day on which its pattern puts the occurrence with this global object id, by the calendar of its series.

    ``None`` where it is the id of a whole series, of a single meeting, or none.

    >>> day_of_occurrence(_HEAD + bytes.fromhex("07EA0708") + bytes(20))
    datetime.date(2026, 7, 8)
    >>> day_of_occurrence(_HEAD + bytes(24)) is None
    True
    """
    if not global_id.startswith(_HEAD) or len(global_id) < len(_PLAIN):
        return None
    try:
        return date(*unpack_from(">HBB", global_id, len(_HEAD)))
    except ValueError:
        return None


def _record_of(global_id: str, ours: str, namespace: UUID) -> UUID:
    digits = global_id.upper()
    if digits.startswith(ours) and len(digits) == len(ours) + 32:
        return UUID(hex=digits[len(ours) :])
    return named_uuid(namespace, digits)
