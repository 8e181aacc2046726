"""The field maps of all kinds, series and service activities among them, for whoever asks which way a field goes."""

from typing import Final

from serversync.mapping.fields import FIELDS, FieldMap
from serversync.mapping.series import SERIES
from serversync.mapping.service import SERVICE
from serversync.rules.record import Kind

MAPS: Final[dict[Kind, tuple[FieldMap, ...]]] = {**FIELDS, Kind.SERIES: SERIES, Kind.SERVICE: SERVICE}
"""The map of each kind."""
WORDS: Final = {
    "contact": Kind.CONTACT,
    "task": Kind.TASK,
    "phonecall": Kind.PHONECALL,
    "letter": Kind.LETTER,
    "fax": Kind.FAX,
    "appointment": Kind.APPOINTMENT,
    "series": Kind.SERIES,
    "service": Kind.SERVICE,
}
"""What people call the kinds."""
